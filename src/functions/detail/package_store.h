// The packages of all functions on disk: packages/<hash>.zip as it came, code/<hash>/ unpacked
// once. A package's files go when its last reference does. Blocking; safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/result.h"
#include "functions/package.h"
#include "io/file.h"

namespace scones::functions {

struct Package {
  std::string hash;  // SHA-256 of the zip, hexadecimal
  io::Path code;
  std::int64_t zip_bytes = 0;
  bool native_marker = false;
};

class PackageStore : public std::enable_shared_from_this<PackageStore> {
 public:
  // `later` runs a job on a thread that may block, or drops it.
  using Later = std::function<void(std::function<void()>)>;
  static Result<std::shared_ptr<PackageStore>> Open(io::Path directory, PackageLimits limits,
                                                    Later later);

  // Durable on return. Errors: those of UnpackZip and of files.
  Result<std::shared_ptr<const Package>> Add(std::string_view zip);
  // A package that is stored; unpacks it again where its code is missing.
  Result<std::shared_ptr<const Package>> Find(const std::string& hash);
  Result<std::string> ReadZip(const Package& package) const;
  // Removes what is stored under other hashes, and leftovers of what was cut short.
  Result<void> Sweep(const std::set<std::string>& used);
  // References that end from now on keep their files.
  void Close();

 private:
  PackageStore(io::Path directory, PackageLimits limits, Later later);
  Result<std::shared_ptr<const Package>> Unpack(const std::string& hash, std::string_view zip);
  std::shared_ptr<const Package> Share(Package package);
  void RemoveIfUnused(const std::string& hash);
  io::Path ZipPath(const std::string& hash) const {
    return directory_ / "packages" / (hash + ".zip");
  }
  io::Path CodePath(const std::string& hash) const { return directory_ / "code" / hash; }

  const io::Path directory_;
  const PackageLimits limits_;
  const Later later_;
  std::mutex mutex_;  // guards everything below, and the files
  bool closed_ = false;
  std::map<std::string, std::weak_ptr<const Package>> packages_;
};

}  // namespace scones::functions

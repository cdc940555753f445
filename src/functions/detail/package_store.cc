#include "functions/detail/package_store.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "io/crash_point.h"

namespace scones::functions {
namespace {

// Makes a whole new tree durable at once: cheaper than an fsync of each of thousands of files.
Result<void> SyncFileSystem(const io::Path& directory) {
  TRY(const io::File handle, io::File::Open(directory, io::File::Mode::kRead));
  if (::syncfs(handle.descriptor()) != 0) return io::FileError(errno, "sync", directory);
  return {};
}

Result<void> RemoveUnnamed(const io::Path& directory, const std::set<std::string>& keep) {
  std::error_code failed;
  std::vector<io::Path> extra;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    if (!keep.contains(entry.path().stem().native())) extra.push_back(entry.path());
  }
  if (failed) return io::FileError(failed.value(), "list", directory);
  for (const io::Path& path : extra) TRY_VOID(io::RemoveAll(path));
  return {};
}

}  // namespace

Result<std::shared_ptr<PackageStore>> PackageStore::Open(io::Path directory, PackageLimits limits,
                                                         Later later) {
  for (const char* part : {"packages", "code", "partial"}) {
    TRY_VOID(io::MakeDirectories(directory / part));
  }
  TRY_VOID(io::SyncDirectory(directory));
  return std::shared_ptr<PackageStore>(
      new PackageStore(std::move(directory), limits, std::move(later)));
}

PackageStore::PackageStore(io::Path directory, PackageLimits limits, Later later)
    : directory_(std::move(directory)), limits_(limits), later_(std::move(later)) {}

Result<std::shared_ptr<const Package>> PackageStore::Add(std::string_view zip) {
  const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, zip));
  const std::lock_guard lock(mutex_);
  if (auto known = packages_[hash].lock()) return known;
  TRY(auto package, Unpack(hash, zip));
  TRY_VOID(io::WriteFileDurably(ZipPath(hash), zip, 0600));
  return package;
}

Result<std::shared_ptr<const Package>> PackageStore::Find(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  if (auto known = packages_[hash].lock()) return known;
  std::error_code failed;
  const auto zip_bytes = std::filesystem::file_size(ZipPath(hash), failed);
  if (failed) return io::FileError(failed.value(), "find", ZipPath(hash));
  if (!std::filesystem::is_directory(CodePath(hash), failed)) {
    TRY(const std::string zip, io::ReadFile(ZipPath(hash)));
    return Unpack(hash, zip);
  }
  const bool native = std::filesystem::exists(CodePath(hash) / kNativeMarker, failed);
  return Share({.hash = hash,
                .code = CodePath(hash),
                .zip_bytes = static_cast<std::int64_t>(zip_bytes),
                .native_marker = native});
}

Result<std::shared_ptr<const Package>> PackageStore::Unpack(const std::string& hash,
                                                            std::string_view zip) {
  const io::Path partial = directory_ / "partial" / RandomUuid();
  TRY_VOID(io::MakeDirectories(partial));
  auto contents = UnpackZip(zip, partial, limits_);
  if (!contents) {
    (void)io::RemoveAll(partial);  // swept at the next start otherwise
    return contents.error();
  }
  TRY_VOID(SyncFileSystem(partial));
  SCONES_CRASH_POINT("functions.package.unpacked");
  TRY_VOID(io::RemoveAll(CodePath(hash)));
  TRY_VOID(io::Rename(partial, CodePath(hash)));
  TRY_VOID(io::SyncDirectory(directory_ / "code"));
  return Share({.hash = hash,
                .code = CodePath(hash),
                .zip_bytes = static_cast<std::int64_t>(zip.size()),
                .native_marker = contents->native_marker});
}

std::shared_ptr<const Package> PackageStore::Share(Package package) {
  const auto release = [store = weak_from_this()](const Package* released) {
    const std::string hash = released->hash;
    delete released;
    const auto alive = store.lock();
    if (!alive) return;
    alive->later_([store, hash] {
      if (const auto still = store.lock()) still->RemoveIfUnused(hash);
    });
  };
  std::shared_ptr<const Package> shared(new Package(std::move(package)), release);
  packages_[shared->hash] = shared;
  return shared;
}

void PackageStore::RemoveIfUnused(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = packages_.find(hash);
  if (closed_ || found == packages_.end() || !found->second.expired()) return;
  packages_.erase(found);
  for (const io::Path& path : {ZipPath(hash), CodePath(hash)}) {
    if (auto removed = io::RemoveAll(path); !removed) {
      LogWarning("functions.package-left", "path={} cause={}", LogValue(path.native()),
                 LogValue(removed.error().message()));
    }
  }
}

Result<std::string> PackageStore::ReadZip(const Package& package) const {
  return io::ReadFile(ZipPath(package.hash));
}

Result<void> PackageStore::Sweep(const std::set<std::string>& used) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(RemoveUnnamed(directory_ / "packages", used));
  TRY_VOID(RemoveUnnamed(directory_ / "code", used));
  return RemoveUnnamed(directory_ / "partial", {});
}

void PackageStore::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

}  // namespace scones::functions

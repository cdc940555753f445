// The access keys that a server accepts: an AWS shared credentials file, one principal a profile.
// Safe from any thread; secrets are never logged.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "auth/signature.h"
#include "base/result.h"

namespace scones::auth {

struct Profile {
  std::string name;  // "default"
  KeyPair keys;
};

// The profiles of an AWS shared credentials file that hold both keys; other keys and profiles
// without are skipped. Errors: kInvalid with the line's number.
Result<std::vector<Profile>> ParseCredentialsFile(std::string_view text);

class Credentials {
 public:
  // Reads `path`, or makes it with a random key pair (profile "default", mode 0600, durably).
  // Errors: kDenied where others than its owner may read it; kInvalid for bad content or two
  // profiles with one access key.
  static Result<std::unique_ptr<Credentials>> OpenOrCreate(std::filesystem::path path);

  // The profile of that access key, or null. Sees changes of the file within a second; a file that
  // has become unreadable or wrong leaves the old keys in force, with a log line.
  std::shared_ptr<const Profile> Find(std::string_view access_key_id) const;

  // Profile "default", or else the first: for our own client and what we start.
  Profile Default() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Snapshot {
    std::map<std::string, std::shared_ptr<const Profile>, std::less<>> by_key;
    std::string default_key;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
  };
  explicit Credentials(std::filesystem::path path) : path_(std::move(path)) {}
  static Result<std::shared_ptr<const Snapshot>> Load(const std::filesystem::path& path);
  std::shared_ptr<const Snapshot> Current() const;

  const std::filesystem::path path_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
  mutable std::atomic<std::int64_t> next_check_ms_{0};
};

}  // namespace scones::auth

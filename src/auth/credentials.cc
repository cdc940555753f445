#include "auth/credentials.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/random.h"
#include "io/file.h"

namespace scones::auth {
namespace {

constexpr std::string_view kUpperAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kMaxFileBytes = 1024 * 1024;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t ModifiedNs(const struct stat& status) {
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<void> Create(const std::filesystem::path& path) {
  const std::string text = fmt::format(
      "# Keys that this server accepts; a further [profile] is a further principal.\n"
      "[default]\naws_access_key_id = AKIA{}\naws_secret_access_key = {}\n",
      RandomText(16, kUpperAndDigits), RandomText(40, kSecretAlphabet));
  // Under its own name only once it is whole; link() leaves a file that is there already alone.
  const std::filesystem::path fresh = path.string() + ".new-" + RandomText(8, kUpperAndDigits);
  TRY(io::File file, io::File::Open(fresh, io::File::Mode::kCreateNew, 0600));
  Result<void> written = file.Write(text);
  if (written) written = file.Sync();
  if (written && ::link(fresh.c_str(), path.c_str()) != 0) {
    written = io::FileError(errno, "create", path);
  }
  ::unlink(fresh.c_str());
  if (!written) return written;
  return io::SyncDirectory(path.parent_path().empty() ? "." : path.parent_path());
}

}  // namespace

Result<std::vector<Profile>> ParseCredentialsFile(std::string_view text) {
  std::vector<Profile> profiles;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      if (!line.ends_with(']') || Trim(line.substr(1, line.size() - 2)).empty()) {
        return Error(Code::kInvalid, fmt::format("line {}: a section is '[profile]'", number));
      }
      profiles.push_back({.name = std::string(Trim(line.substr(1, line.size() - 2)))});
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || profiles.empty()) {
      return Error(Code::kInvalid,
                   fmt::format("line {}: expected 'name = value' below a '[profile]'", number));
    }
    const std::string_view name = Trim(line.substr(0, equals));
    const std::string_view value = Trim(line.substr(equals + 1));
    KeyPair& keys = profiles.back().keys;
    if (name == "aws_access_key_id") keys.access_key_id = value;
    if (name == "aws_secret_access_key") keys.secret_access_key = value;
    if (name == "aws_session_token") keys.session_token = value;
  }
  std::erase_if(profiles, [](const Profile& profile) {
    return profile.keys.access_key_id.empty() || profile.keys.secret_access_key.empty();
  });
  return profiles;
}

Result<std::unique_ptr<Credentials>> Credentials::OpenOrCreate(std::filesystem::path path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    const Result<void> created = Create(path);
    // Another process may have been first: then its file counts.
    if (!created && created.error().code() != Code::kExists) return created.error();
  }
  std::unique_ptr<Credentials> credentials(new Credentials(std::move(path)));
  TRY(credentials->snapshot_, Load(credentials->path_));
  credentials->next_check_ms_ = NowMs() + 1000;
  return credentials;
}

Result<std::shared_ptr<const Credentials::Snapshot>> Credentials::Load(
    const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return io::FileError(errno, "stat", path);
  if ((status.st_mode & 077) != 0) {
    return Error(Code::kDenied,
                 fmt::format("others than its owner may read {0}, which holds secret keys; run: "
                             "chmod 600 {0}",
                             path.string()));
  }
  TRY(const std::string text, io::ReadFile(path, kMaxFileBytes));
  Result<std::vector<Profile>> profiles = ParseCredentialsFile(text);
  if (!profiles) return profiles.error().Within(path.string());
  if (profiles->empty()) {
    return Error(Code::kInvalid, fmt::format("{} holds no profile with aws_access_key_id and "
                                             "aws_secret_access_key; remove it to have one made",
                                             path.string()));
  }
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->modified_ns = ModifiedNs(status);
  snapshot->inode = status.st_ino;
  snapshot->default_key = profiles->front().keys.access_key_id;
  for (Profile& profile : *profiles) {
    std::string key = profile.keys.access_key_id;
    if (profile.name == "default") snapshot->default_key = key;
    const std::string name = profile.name;
    if (!snapshot->by_key.emplace(key, std::make_shared<Profile>(std::move(profile))).second) {
      return Error(Code::kInvalid,
                   fmt::format("{}: profile '{}' has the access key of another profile; each "
                               "needs its own",
                               path.string(), name));
    }
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

std::shared_ptr<const Credentials::Snapshot> Credentials::Current() const {
  std::int64_t due = next_check_ms_.load(std::memory_order_relaxed);
  const std::int64_t now = NowMs();
  std::shared_ptr<const Snapshot> current;
  {
    const std::lock_guard lock(mutex_);
    current = snapshot_;
  }
  if (now < due || !next_check_ms_.compare_exchange_strong(due, now + 1000)) return current;
  struct stat status {};
  const bool same = ::stat(path_.c_str(), &status) == 0 &&
                    ModifiedNs(status) == current->modified_ns && status.st_ino == current->inode;
  if (same) return current;
  Result<std::shared_ptr<const Snapshot>> loaded = Load(path_);
  if (!loaded) {
    LogWarning("credentials.reload_failed", "what={}", LogValue(loaded.error().message()));
    return current;
  }
  LogInfo("credentials.reloaded", "profiles={}", (*loaded)->by_key.size());
  const std::lock_guard lock(mutex_);
  snapshot_ = *loaded;
  return snapshot_;
}

std::shared_ptr<const Profile> Credentials::Find(std::string_view access_key_id) const {
  const std::shared_ptr<const Snapshot> current = Current();
  const auto found = current->by_key.find(access_key_id);
  return found == current->by_key.end() ? nullptr : found->second;
}

Profile Credentials::Default() const {
  const std::shared_ptr<const Snapshot> current = Current();
  return *current->by_key.at(current->default_key);
}

}  // namespace scones::auth

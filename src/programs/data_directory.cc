#include "programs/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace scones::programs {

Result<DataDirectory> DataDirectory::Open(const io::Path& path) {
  // Others may pass through to functions/, which runs as users of its own where the server is root;
  // everything else in here is for the owner alone.
  TRY_VOID(io::MakeDirectories(path, 0711));
  const io::Path absolute = std::filesystem::absolute(path).lexically_normal();
  const io::Path lock_path = absolute / "lock";
  const int descriptor = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return io::FileError(errno, "open", lock_path);
  io::File lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io::FileError(errno, "lock", lock_path);
    const std::string holder = io::ReadFile(lock_path, 32).value_or("");
    return Error(
        Code::kUnavailable,
        fmt::format("the data directory '{}' is in use by another scones process{}; stop it, "
                    "or choose another with --data-dir",
                    absolute.string(), holder.empty() ? "" : " (pid " + holder + ")"));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::write(descriptor, pid.data(), pid.size()) < 0) {
    return io::FileError(errno, "write", lock_path);
  }
  return DataDirectory(absolute, std::move(lock));
}

io::Path DefaultDataDirectory() {
  if (const char* set = std::getenv("SCONES_DATA_DIR"); set != nullptr && *set != '\0') return set;
  const char* home = std::getenv("HOME");
  return io::Path(home != nullptr && *home != '\0' ? home : ".") / ".scones";
}

}  // namespace scones::programs

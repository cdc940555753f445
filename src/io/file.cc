#include "io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/check.h"
#include "base/random.h"
#include "io/crash_point.h"

namespace scones::io {
namespace {

Code CodeOf(int number) {
  switch (number) {
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kExists;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return Code::kExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kDenied;
    default:
      return Code::kInternal;
  }
}

int OpenFlags(File::Mode mode) {
  switch (mode) {
    case File::Mode::kRead:
      return O_RDONLY;
    case File::Mode::kCreateNew:
      return O_WRONLY | O_CREAT | O_EXCL;
    case File::Mode::kCreateOrTruncate:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case File::Mode::kAppend:
      return O_WRONLY | O_CREAT | O_APPEND;
  }
  return O_RDONLY;
}

Result<File> OpenDirectory(const Path& directory) {
  const Path name = directory.empty() ? Path(".") : directory;
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", name);
  return File(descriptor);
}

}  // namespace

Error FileError(int number, std::string_view what, const Path& path) {
  const std::string cause = number == ENOSPC ? "the disk is full; free some space and try again"
                                             : std::generic_category().message(number);
  return Error(CodeOf(number), fmt::format("cannot {} '{}': {}", what, path.string(), cause));
}

Result<File> File::Open(const Path& path, Mode mode, unsigned permissions) {
  const int descriptor = ::open(path.c_str(), OpenFlags(mode) | O_CLOEXEC, permissions);
  if (descriptor < 0) return FileError(errno, "open", path);
  File file(descriptor);
  file.name_ = path.string();
  return file;
}

File::~File() { Close(); }

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), name_(std::move(other.name_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(name_, other.name_);
  return *this;
}

void File::Close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Result<std::size_t> File::ReadAt(char* buffer, std::size_t size, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(descriptor_, buffer + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, "read", name_);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<void> File::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, "write", name_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> File::Sync() {
  if (::fsync(descriptor_) != 0) return FileError(errno, "fsync", name_);
  return {};
}

Result<std::uint64_t> File::Size() const {
  struct stat status;
  if (::fstat(descriptor_, &status) != 0) return FileError(errno, "stat", name_);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::string> ReadFile(const Path& path, std::uint64_t max_bytes) {
  TRY(const File file, File::Open(path, File::Mode::kRead));
  TRY(const std::uint64_t size, file.Size());
  if (size > max_bytes) {
    return Error(Code::kInvalid, fmt::format("'{}' has {} bytes, more than the {} allowed",
                                             path.string(), size, max_bytes));
  }
  std::string bytes(size, '\0');
  TRY(const std::size_t count, file.ReadAt(bytes.data(), size, 0));
  bytes.resize(count);
  return bytes;
}

Result<void> WriteFileDurably(const Path& path, std::string_view bytes, unsigned permissions) {
  Path temporary = path;
  temporary += "." + RandomUuid() + ".tmp";
  const auto write = [&]() -> Result<void> {
    TRY(File file, File::Open(temporary, File::Mode::kCreateNew, permissions));
    TRY_VOID(file.Write(bytes));
    TRY_VOID(file.Sync());
    SCONES_CRASH_POINT("io.file.written");
    TRY_VOID(Rename(temporary, path));
    SCONES_CRASH_POINT("io.file.renamed");
    return SyncDirectory(path.parent_path());
  };
  Result<void> written = write();
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<void> SyncDirectory(const Path& directory) {
  TRY(File opened, OpenDirectory(directory));
  return opened.Sync();
}

Result<void> SyncFileSystem(const Path& directory) {
  TRY(const File opened, OpenDirectory(directory));
  if (::syncfs(opened.descriptor()) != 0) return FileError(errno, "sync", directory);
  return {};
}

Result<void> Rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FileError(errno, "rename to", to);
  return {};
}

Result<void> MakeDirectories(const Path& path, unsigned permissions) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  if (path.has_parent_path() && path.parent_path() != path) {
    TRY_VOID(MakeDirectories(path.parent_path()));
  }
  if (::mkdir(path.c_str(), permissions) != 0 && errno != EEXIST) {
    return FileError(errno, "create directory", path);
  }
  if (!std::filesystem::is_directory(path, error)) {
    return FileError(ENOTDIR, "create directory", path);
  }
  return {};
}

Result<void> RemoveAll(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return FileError(error.value(), "remove", path);
  return {};
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "scones-XXXXXX").string();
  SCONES_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() { (void)RemoveAll(path_); }

}  // namespace scones::io

// Files that survive power loss: write to a temporary name, fsync, rename, fsync of the directory.
// All calls block; run them on a BlockingPool where a shard would wait. Safe from any thread.
// Errors: kNotFound, kExhausted ("the disk is full"), kDenied, kInternal, with path and cause.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace scones::io {

using Path = std::filesystem::path;

// Owns one file descriptor.
class File {
 public:
  enum class Mode { kRead, kCreateNew, kCreateOrTruncate, kAppend };
  static Result<File> Open(const Path& path, Mode mode, unsigned permissions = 0644);

  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  int descriptor() const { return descriptor_; }
  // Reads up to `size` bytes at `offset`; fewer only at the end of the file.
  Result<std::size_t> ReadAt(char* buffer, std::size_t size, std::uint64_t offset) const;
  // Writes all of `bytes` at the file's position.
  Result<void> Write(std::string_view bytes);
  Result<void> Sync();
  Result<std::uint64_t> Size() const;
  void Close();

 private:
  int descriptor_ = -1;
  std::string name_;
};

Result<std::string> ReadFile(const Path& path, std::uint64_t max_bytes = std::uint64_t(-1));
// On return `path` holds all of `bytes`, durably; before, it holds what it held.
Result<void> WriteFileDurably(const Path& path, std::string_view bytes,
                              unsigned permissions = 0644);
Result<void> SyncDirectory(const Path& directory);
// Everything written to the file system that holds `directory`: cheaper than a sync of each of many
// files.
Result<void> SyncFileSystem(const Path& directory);
Result<void> Rename(const Path& from, const Path& to);
Result<void> MakeDirectories(const Path& path, unsigned permissions = 0755);
// Removes a file or a whole tree; absent is success.
Result<void> RemoveAll(const Path& path);

// The Error for errno value `number` of doing `what` ("open", "write") to `path`.
Error FileError(int number, std::string_view what, const Path& path);

// A directory of its own under the system's temporary directory, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const Path& path() const { return path_; }

 private:
  Path path_;
};

}  // namespace scones::io

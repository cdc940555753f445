// The folder in which a server keeps everything, held by one process at a time.
#pragma once

#include "base/result.h"
#include "io/file.h"

namespace scones::programs {

class DataDirectory {
 public:
  // Makes the folder (mode 0711) where absent and locks it for the life of the object.
  // Errors: kUnavailable where another process holds it, naming that; those of files.
  static Result<DataDirectory> Open(const io::Path& path);

  const io::Path& path() const { return path_; }

 private:
  DataDirectory(io::Path path, io::File lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  io::Path path_;
  io::File lock_;
};

// In the data directory: the URL of the server that runs or ran last, and its region, a line each.
inline constexpr char kAddressFile[] = "address";

// $SCONES_DATA_DIR, else ~/.scones.
io::Path DefaultDataDirectory();

}  // namespace scones::programs

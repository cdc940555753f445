#include "programs/program_files.h"

namespace scones::programs {
namespace {

io::Path Beside(const char* name) {
  std::error_code error;
  const io::Path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? io::Path(name) : self.parent_path() / name;
}

}  // namespace

io::Path TrainProgram() { return Beside("scones-train"); }

io::Path FunctionsProgram() { return Beside("scones-functions"); }

}  // namespace scones::programs

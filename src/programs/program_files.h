// The programs that belong to this one. They lie beside it.
#pragma once

#include "io/file.h"

namespace scones::programs {

io::Path TrainProgram();      // scones-train
io::Path FunctionsProgram();  // scones-functions

}  // namespace scones::programs

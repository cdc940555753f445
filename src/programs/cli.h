// Reads the command line.
#pragma once

#include <optional>

#include "programs/flags.h"

namespace scones::programs {

// The command, or nothing where help, the version or a fault has been printed: `exit_code` is then
// 0, or 2 for a fault.
std::optional<Command> ParseCommandLine(int argc, char** argv, int& exit_code);

}  // namespace scones::programs

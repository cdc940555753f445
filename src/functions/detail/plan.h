// What a function's process gets to see: its program, its environment variables (those that Lambda
// defines and the user's, nothing of the server's), its directory.
#pragma once

#include <string>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "functions/detail/environment.h"
#include "functions/detail/registry.h"

namespace scones::functions {

// Who runs a function's processes.
enum class RunAs { kServersUser, kOtherUser };

struct PlanContext {
  Identity identity;
  io::Path runtime_directory;
  std::string endpoint_url;
  std::string access_key_id;
  std::string secret_access_key;
  RunAs run_as = RunAs::kServersUser;
  Timestamp now;
};

// Looks for the Python interpreter on the server's PATH.
EnvironmentPlan MakeEnvironmentPlan(const Version& version, const PlanContext& context);

// The interpreter for "python3.N": python3.N, else python3 of the PATH, else /usr/bin/python3.
// Skips what the function's user can't run, and version managers' scripts, which need their owner's
// environment to find the interpreter proper.
io::Path FindPython(const std::string& runtime, RunAs run_as);

// Writes what the runtimes need below `directory`. Blocks.
Result<void> InstallRuntimes(const io::Path& directory);

// Whether users other than the owner may enter `directory` (or run that file) and all that it lies
// in, links followed.
bool OthersCanReach(const io::Path& directory);

}  // namespace scones::functions

// One training job under SageMaker's contract, from the root directory's input/ to model/ or
// output/failure. Blocking; one job in a process.
#pragma once

#include <atomic>
#include <filesystem>

#include "train/job_log.h"

namespace scones::train {

enum ExitCode : int {
  kSuccess = 0,
  kAlgorithmError = 1,
  kClientError = 2,  // the user can mend it: output/failure starts with "ClientError: "
};

struct JobOptions {
  // Where to write the weights as a backbone for models/ too; empty: nowhere.
  std::filesystem::path backbone;
};

// Returns the process's exit code. When `stop` becomes true, training ends after the current step
// and the model so far is written: that is success.
ExitCode RunJob(const std::filesystem::path& root, const std::atomic<bool>& stop, JobLog& log,
                const JobOptions& options = {});

}  // namespace scones::train

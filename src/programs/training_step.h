// Step 4: a training job, followed to its end.
#pragma once

#include <map>
#include <string>

#include "programs/aws.h"
#include "programs/pictures_step.h"

namespace scones::programs {

struct TrainedModel {
  std::string job_name;
  S3Uri artifact;
  double train_seconds = 0;
};

// Trains on the pictures below `prefix`. A completed job of the same pictures and hyperparameters
// is used as it is; one that runs is followed. Ctrl-C stops the job (kCancelled). Errors: kInternal
// with the job's FailureReason.
Result<TrainedModel> Train(Aws& aws, const Pictures& pictures, const S3Uri& prefix,
                           const std::map<std::string, std::string>& hyperparameters,
                           Progress::Style style);

// ARN of the role that the workflow's resources name.
Result<std::string> WorkflowRole(Aws& aws);

}  // namespace scones::programs

// SageMaker's training operations: rows of its JSON 1.1 dialect.
#pragma once

#include "api/json_dialect.h"
#include "training/training.h"

namespace scones::api {

// Adds CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs and StopTrainingJob. Both outlive
// the dialect.
void AddTrainingOperations(JsonDialect& dialect, training::Training& training);

}  // namespace scones::api

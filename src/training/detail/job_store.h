// The rows of training jobs. Calls on the writer's or a reader's connection; see db/database.h.
#pragma once

#include <vector>

#include "db/database.h"
#include "training/training_job.h"

namespace scones::training::detail {

extern const std::vector<db::Migration> kMigrations;

// Errors: kExists/ResourceInUse.
Result<void> InsertJob(db::Connection& connection, const TrainingJob& job);
Result<void> UpdateJob(db::Connection& connection, const TrainingJob& job);
// Errors: kNotFound/ValidationException.
Result<TrainingJob> FindJob(db::Connection& connection, std::string_view name);
// In order of creation, newest first.
Result<std::vector<TrainingJob>> AllJobs(db::Connection& connection);
// Oldest first: those that have not ended.
Result<std::vector<TrainingJob>> OpenJobs(db::Connection& connection);

}  // namespace scones::training::detail

// A training job as values: what was asked for, and what has become of it. SageMaker's vocabulary.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/json.h"
#include "base/time.h"

namespace scones::training {

// One input channel: every object whose key starts with `source.key` becomes a file below
// input/data/NAME/, named by the rest of its key.
struct Channel {
  std::string name;
  S3Uri source;
  std::string content_type;
};

struct TrainingJobSpec {
  std::string name;
  std::string image;  // of the algorithm: ends in "/image-classification:1" for the built-in one
  std::map<std::string, std::string> hyperparameters;
  std::vector<Channel> channels;
  S3Uri output;  // model.tar.gz goes to OUTPUT/NAME/output/
  std::int64_t max_runtime_s = 86'400;
  std::map<std::string, std::string> environment;
  // Members of the request that this service doesn't use and gives back unchanged (RoleArn,
  // ResourceConfig, DebugHookConfig, Tags ...).
  json::object echoed;
};

enum class JobStatus { kInProgress, kCompleted, kFailed, kStopping, kStopped };
const char* JobStatusName(JobStatus status);

// A phase of the job: "Starting", "Downloading", "Training", "Uploading", "Completed", ...
struct SecondaryStatusTransition {
  std::string status;
  Timestamp start;
  std::optional<Timestamp> end;
  std::string message;
};

struct Metric {
  std::string name;  // "train:accuracy"
  double value = 0;
  Timestamp time;
};

struct TrainingJob {
  TrainingJobSpec spec;
  JobStatus status = JobStatus::kInProgress;
  std::vector<SecondaryStatusTransition> transitions;  // never empty
  std::string failure_reason;
  std::optional<S3Uri> model_artifact;
  std::vector<Metric> final_metrics;  // the last value of each name
  Timestamp created;
  Timestamp modified;
  std::optional<Timestamp> training_start;
  std::optional<Timestamp> training_end;
};

// Spec and job as JSON, the form in which the database keeps them.
json::value ToJsonValue(const TrainingJob& job);
Result<TrainingJob> TrainingJobFromJson(const json::value& value);

}  // namespace scones::training

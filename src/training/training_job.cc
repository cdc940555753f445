#include "training/training_job.h"

#include <array>

namespace scones::training {
namespace {

constexpr std::array<const char*, 5> kStatusNames = {"InProgress", "Completed", "Failed",
                                                     "Stopping", "Stopped"};

json::object ToObject(const std::map<std::string, std::string>& values) {
  json::object object;
  for (const auto& [name, value] : values) object[name] = value;
  return object;
}

std::map<std::string, std::string> ToMap(const json::object& object) {
  std::map<std::string, std::string> values;
  for (const auto& member : object) values[member.key()] = std::string(member.value().as_string());
  return values;
}

json::value OptionalTime(const std::optional<Timestamp>& time) {
  return time ? json::value(EpochMilliseconds(*time)) : json::value(nullptr);
}

std::optional<Timestamp> TimeOf(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return FromEpochMilliseconds(value.as_int64());
}

json::object SpecToJson(const TrainingJobSpec& spec) {
  json::array channels;
  for (const Channel& channel : spec.channels) {
    channels.push_back({{"name", channel.name},
                        {"source", channel.source.ToString()},
                        {"content_type", channel.content_type}});
  }
  return {{"name", spec.name},
          {"image", spec.image},
          {"hyperparameters", ToObject(spec.hyperparameters)},
          {"channels", std::move(channels)},
          {"output", spec.output.ToString()},
          {"max_runtime_s", spec.max_runtime_s},
          {"environment", ToObject(spec.environment)},
          {"echoed", spec.echoed}};
}

TrainingJobSpec SpecFromJson(const json::object& object) {
  TrainingJobSpec spec;
  spec.name = object.at("name").as_string();
  spec.image = object.at("image").as_string();
  spec.hyperparameters = ToMap(object.at("hyperparameters").as_object());
  for (const json::value& channel : object.at("channels").as_array()) {
    spec.channels.push_back({.name = std::string(channel.at("name").as_string()),
                             .source = S3Uri::Parse(channel.at("source").as_string()).value(),
                             .content_type = std::string(channel.at("content_type").as_string())});
  }
  spec.output = S3Uri::Parse(object.at("output").as_string()).value();
  spec.max_runtime_s = object.at("max_runtime_s").as_int64();
  spec.environment = ToMap(object.at("environment").as_object());
  spec.echoed = object.at("echoed").as_object();
  return spec;
}

TrainingJob JobFromJson(const json::object& object) {
  TrainingJob job;
  job.spec = SpecFromJson(object.at("spec").as_object());
  job.status = static_cast<JobStatus>(object.at("status").as_int64());
  for (const json::value& phase : object.at("transitions").as_array()) {
    job.transitions.push_back({.status = std::string(phase.at("status").as_string()),
                               .start = TimeOf(phase.at("start")).value(),
                               .end = TimeOf(phase.at("end")),
                               .message = std::string(phase.at("message").as_string())});
  }
  job.failure_reason = object.at("failure_reason").as_string();
  if (const json::value& artifact = object.at("model_artifact"); artifact.is_string()) {
    job.model_artifact = S3Uri::Parse(artifact.as_string()).value();
  }
  for (const json::value& metric : object.at("final_metrics").as_array()) {
    job.final_metrics.push_back({.name = std::string(metric.at("name").as_string()),
                                 .value = metric.at("value").to_number<double>(),
                                 .time = TimeOf(metric.at("time")).value()});
  }
  job.created = TimeOf(object.at("created")).value();
  job.modified = TimeOf(object.at("modified")).value();
  job.training_start = TimeOf(object.at("training_start"));
  job.training_end = TimeOf(object.at("training_end"));
  return job;
}

}  // namespace

const char* JobStatusName(JobStatus status) {
  return kStatusNames[static_cast<std::size_t>(status)];
}

json::value ToJsonValue(const TrainingJob& job) {
  json::array transitions;
  for (const SecondaryStatusTransition& phase : job.transitions) {
    transitions.push_back({{"status", phase.status},
                           {"start", EpochMilliseconds(phase.start)},
                           {"end", OptionalTime(phase.end)},
                           {"message", phase.message}});
  }
  json::array metrics;
  for (const Metric& metric : job.final_metrics) {
    metrics.push_back(
        {{"name", metric.name}, {"value", metric.value}, {"time", EpochMilliseconds(metric.time)}});
  }
  json::value artifact;
  if (job.model_artifact) artifact = job.model_artifact->ToString();
  return {{"spec", SpecToJson(job.spec)},
          {"status", static_cast<std::int64_t>(job.status)},
          {"transitions", std::move(transitions)},
          {"failure_reason", job.failure_reason},
          {"model_artifact", std::move(artifact)},
          {"final_metrics", std::move(metrics)},
          {"created", EpochMilliseconds(job.created)},
          {"modified", EpochMilliseconds(job.modified)},
          {"training_start", OptionalTime(job.training_start)},
          {"training_end", OptionalTime(job.training_end)}};
}

Result<TrainingJob> TrainingJobFromJson(const json::value& value) {
  try {
    return JobFromJson(value.as_object());
  } catch (const std::exception& exception) {
    return Error(Code::kDataLoss, std::string("stored training job: ") + exception.what());
  }
}

}  // namespace scones::training

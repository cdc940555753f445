#include "api/sagemaker_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace scones::api {
namespace {

using training::Channel;
using training::JobStatus;
using training::TrainingJob;
using training::TrainingJobSpec;

constexpr std::size_t kMaxHyperparameters = 100;
constexpr std::size_t kMaxChannels = 20;
constexpr std::size_t kMaxPageSize = 100;
constexpr std::int64_t kMaxRuntimeSeconds = 28LL * 86'400;

// Members that become fields of the spec; the rest is echoed by DescribeTrainingJob.
constexpr std::array kConsumed = {"TrainingJobName", "HyperParameters", "Environment", "Tags"};

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Error Missing(std::string_view member) {
  return Invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                  "constraint: Member must not be null",
                  member));
}

bool IsResourceName(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.front() == '-' || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool IsChannelName(std::string_view name) {
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<std::map<std::string, std::string>> StringMap(const json::object& input,
                                                     std::string_view name) {
  std::map<std::string, std::string> values;
  const json::object* object = FindObject(input, name);
  if (object == nullptr) return values;
  if (object->size() > kMaxHyperparameters) {
    return Invalid(fmt::format("{} may have at most {} members", name, kMaxHyperparameters));
  }
  for (const auto& member : *object) {
    if (!member.value().is_string()) {
      return Error(Code::kInvalid, "SerializationException",
                   fmt::format("{}.{} must be a string", name, std::string_view(member.key())));
    }
    values[member.key()] = std::string(member.value().get_string());
  }
  return values;
}

Result<Channel> ParseChannel(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return Missing("inputDataConfig");
  Channel channel{.name = StringOr(*object, "ChannelName", ""),
                  .source = {},
                  .content_type = StringOr(*object, "ContentType", "")};
  if (!IsChannelName(channel.name)) {
    return Invalid(fmt::format("'{}' is not a valid ChannelName", channel.name));
  }
  const json::object* data_source = FindObject(*object, "DataSource");
  const json::object* s3 =
      data_source == nullptr ? nullptr : FindObject(*data_source, "S3DataSource");
  if (s3 == nullptr) {
    return Invalid(
        fmt::format("channel '{}': only DataSource.S3DataSource is supported", channel.name));
  }
  const std::string type = StringOr(*s3, "S3DataType", "S3Prefix");
  if (type != "S3Prefix") {
    return Invalid(fmt::format("channel '{}': S3DataType '{}' is not supported; use S3Prefix",
                               channel.name, type));
  }
  Result<S3Uri> source = S3Uri::Parse(StringOr(*s3, "S3Uri", ""));
  if (!source) {
    return Invalid(fmt::format("channel '{}': {}", channel.name, source.error().message()));
  }
  channel.source = *std::move(source);
  return channel;
}

Result<std::vector<Channel>> ParseChannels(const json::object& input) {
  std::vector<Channel> channels;
  const json::array* array = FindArray(input, "InputDataConfig");
  if (array == nullptr) return channels;
  if (array->size() > kMaxChannels) {
    return Invalid(fmt::format("InputDataConfig may have at most {} channels", kMaxChannels));
  }
  for (const json::value& value : *array) {
    TRY(Channel channel, ParseChannel(value));
    const auto same = [&channel](const Channel& other) { return other.name == channel.name; };
    if (std::any_of(channels.begin(), channels.end(), same)) {
      return Invalid(fmt::format("ChannelName '{}' comes twice", channel.name));
    }
    channels.push_back(std::move(channel));
  }
  return channels;
}

Result<std::int64_t> ParseMaxRuntime(const json::object& input) {
  const json::object* condition = FindObject(input, "StoppingCondition");
  if (condition == nullptr) return Missing("stoppingCondition");
  const std::int64_t seconds = FindInteger(*condition, "MaxRuntimeInSeconds").value_or(86'400);
  if (seconds < 1 || seconds > kMaxRuntimeSeconds) {
    return Invalid(fmt::format("MaxRuntimeInSeconds must be from 1 to {}", kMaxRuntimeSeconds));
  }
  return seconds;
}

Result<TrainingJobSpec> ParseSpec(const json::object& input) {
  TrainingJobSpec spec{.name = StringOr(input, "TrainingJobName", "")};
  if (!IsResourceName(spec.name)) {
    return Invalid(fmt::format(
        "1 validation error detected: Value '{}' at 'trainingJobName' failed to satisfy "
        "constraint: "
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){{0,62}}",
        spec.name));
  }
  const json::object* algorithm = FindObject(input, "AlgorithmSpecification");
  if (algorithm == nullptr) return Missing("algorithmSpecification");
  spec.image = StringOr(*algorithm, "TrainingImage", "");
  if (spec.image.empty()) return Missing("algorithmSpecification.trainingImage");
  const std::string mode = StringOr(*algorithm, "TrainingInputMode", "File");
  if (mode != "File" && mode != "FastFile" && mode != "Pipe") {
    return Invalid(fmt::format("TrainingInputMode '{}' is not one of File, FastFile, Pipe", mode));
  }
  if (mode == "Pipe") return Invalid("TrainingInputMode Pipe is not supported here; use File");
  TRY(spec.hyperparameters, StringMap(input, "HyperParameters"));
  TRY(spec.environment, StringMap(input, "Environment"));
  TRY(spec.channels, ParseChannels(input));
  TRY(spec.max_runtime_s, ParseMaxRuntime(input));
  const json::object* output = FindObject(input, "OutputDataConfig");
  if (output == nullptr) return Missing("outputDataConfig");
  Result<S3Uri> output_uri = S3Uri::Parse(StringOr(*output, "S3OutputPath", ""));
  if (!output_uri) return Invalid("OutputDataConfig.S3OutputPath: " + output_uri.error().message());
  spec.output = *std::move(output_uri);
  for (const auto& member : input) {
    const auto is_member = [&member](std::string_view name) { return member.key() == name; };
    if (std::none_of(kConsumed.begin(), kConsumed.end(), is_member)) {
      spec.echoed.emplace(member.key(), member.value());
    }
  }
  return spec;
}

json::object ToObject(const std::map<std::string, std::string>& values) {
  json::object object;
  for (const auto& [name, value] : values) object[name] = value;
  return object;
}

json::array SecondaryTransitions(const TrainingJob& job) {
  json::array transitions;
  for (const training::SecondaryStatusTransition& phase : job.transitions) {
    json::object transition{{"Status", phase.status},
                            {"StartTime", EpochSeconds(phase.start)},
                            {"StatusMessage", phase.message}};
    if (phase.end) transition["EndTime"] = EpochSeconds(*phase.end);
    transitions.push_back(std::move(transition));
  }
  return transitions;
}

json::array FinalMetrics(const TrainingJob& job) {
  json::array metrics;
  for (const training::Metric& metric : job.final_metrics) {
    metrics.push_back({{"MetricName", metric.name},
                       {"Value", metric.value},
                       {"Timestamp", EpochSeconds(metric.time)}});
  }
  return metrics;
}

json::value DescribeToJson(const TrainingJob& job, const std::string& arn) {
  json::object output = job.spec.echoed;
  output["TrainingJobName"] = job.spec.name;
  output["TrainingJobArn"] = arn;
  output["TrainingJobStatus"] = training::JobStatusName(job.status);
  output["SecondaryStatus"] = job.transitions.back().status;
  output["HyperParameters"] = ToObject(job.spec.hyperparameters);
  if (!job.spec.environment.empty()) output["Environment"] = ToObject(job.spec.environment);
  output["CreationTime"] = EpochSeconds(job.created);
  output["LastModifiedTime"] = EpochSeconds(job.modified);
  output["SecondaryStatusTransitions"] = SecondaryTransitions(job);
  output["ModelArtifacts"] = {
      {"S3ModelArtifacts", job.model_artifact ? job.model_artifact->ToString() : ""}};
  if (!job.final_metrics.empty()) output["FinalMetricDataList"] = FinalMetrics(job);
  if (!job.failure_reason.empty()) output["FailureReason"] = job.failure_reason;
  if (job.training_start) {
    output["TrainingStartTime"] = EpochSeconds(*job.training_start);
    if (job.training_end) {
      output["TrainingEndTime"] = EpochSeconds(*job.training_end);
      const auto seconds =
          std::chrono::ceil<std::chrono::seconds>(*job.training_end - *job.training_start);
      output["TrainingTimeInSeconds"] = seconds.count();
      output["BillableTimeInSeconds"] = seconds.count();
    }
  }
  for (const char* flag : {"EnableNetworkIsolation", "EnableInterContainerTrafficEncryption",
                           "EnableManagedSpotTraining"}) {
    if (!output.contains(flag)) output[flag] = false;
  }
  return output;
}

std::optional<JobStatus> ParseStatus(std::string_view name) {
  for (const JobStatus status : {JobStatus::kInProgress, JobStatus::kCompleted, JobStatus::kFailed,
                                 JobStatus::kStopping, JobStatus::kStopped}) {
    if (name == training::JobStatusName(status)) return status;
  }
  return std::nullopt;
}

std::optional<Timestamp> FindTime(const json::object& input, std::string_view name) {
  const json::value* member = FindMember(input, name);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  return FromEpochMilliseconds(static_cast<std::int64_t>(member->to_number<double>() * 1000));
}

void SortJobs(std::vector<TrainingJob>& jobs, const json::object& input) {
  const std::string key = StringOr(input, "SortBy", "CreationTime");
  const auto less = [&key](const TrainingJob& a, const TrainingJob& b) {
    if (key == "Name") return a.spec.name < b.spec.name;
    if (key == "Status") {
      return std::string_view(training::JobStatusName(a.status)) <
             training::JobStatusName(b.status);
    }
    return a.created < b.created;
  };
  std::stable_sort(jobs.begin(), jobs.end(), less);
  if (StringOr(input, "SortOrder", "Descending") != "Ascending")
    std::reverse(jobs.begin(), jobs.end());
}

json::object SummaryToJson(const TrainingJob& job, const std::string& arn) {
  json::object summary{{"TrainingJobName", job.spec.name},
                       {"TrainingJobArn", arn},
                       {"CreationTime", EpochSeconds(job.created)},
                       {"LastModifiedTime", EpochSeconds(job.modified)},
                       {"TrainingJobStatus", training::JobStatusName(job.status)}};
  if (job.training_end) summary["TrainingEndTime"] = EpochSeconds(*job.training_end);
  return summary;
}

io::Task<Result<json::value>> CreateTrainingJob(training::Training& training, json::object input) {
  CO_TRY(TrainingJobSpec spec, ParseSpec(input));
  const std::string arn = training.MakeJobArn(spec.name);
  CO_TRY_VOID(co_await training.Create(std::move(spec)));
  co_return json::value{{"TrainingJobArn", arn}};
}

Result<json::value> DescribeTrainingJob(training::Training& training, const json::object& input) {
  const std::string name = StringOr(input, "TrainingJobName", "");
  if (name.empty()) return Missing("trainingJobName");
  TRY(const TrainingJob job, training.Describe(name));
  return DescribeToJson(job, training.MakeJobArn(name));
}

Result<json::value> ListTrainingJobs(training::Training& training, const json::object& input) {
  training::ListFilter filter{.name_contains = StringOr(input, "NameContains", ""),
                              .status = std::nullopt,
                              .created_after = FindTime(input, "CreationTimeAfter"),
                              .created_before = FindTime(input, "CreationTimeBefore")};
  if (const json::string* status = FindString(input, "StatusEquals")) {
    filter.status = ParseStatus(*status);
    if (!filter.status) {
      return Invalid(fmt::format("'{}' is not a training job status", std::string_view(*status)));
    }
  }
  TRY(std::vector<TrainingJob> jobs, training.List(filter));
  SortJobs(jobs, input);
  const std::int64_t page = FindInteger(input, "MaxResults").value_or(10);
  if (page < 1 || page > static_cast<std::int64_t>(kMaxPageSize)) {
    return Invalid("MaxResults must be from 1 to 100");
  }
  // The token is the name of the last job of the page before.
  const std::string token = StringOr(input, "NextToken", "");
  auto first = jobs.begin();
  if (!token.empty()) {
    first = std::find_if(jobs.begin(), jobs.end(),
                         [&token](const TrainingJob& job) { return job.spec.name == token; });
    if (first == jobs.end()) return Invalid("Invalid NextToken");
    ++first;
  }
  const auto last = first + std::min<std::ptrdiff_t>(page, jobs.end() - first);
  json::array summaries;
  for (auto job = first; job != last; ++job) {
    summaries.push_back(SummaryToJson(*job, training.MakeJobArn(job->spec.name)));
  }
  json::object output{{"TrainingJobSummaries", std::move(summaries)}};
  if (last != jobs.end()) output["NextToken"] = std::prev(last)->spec.name;
  return output;
}

io::Task<Result<json::value>> StopTrainingJob(training::Training& training, json::object input) {
  const std::string name = StringOr(input, "TrainingJobName", "");
  if (name.empty()) co_return Missing("trainingJobName");
  CO_TRY_VOID(co_await training.Stop(name));
  co_return json::object();
}

// A row for a function that doesn't wait.
JsonOperation Immediate(training::Training& training,
                        Result<json::value> (*function)(training::Training&, const json::object&)) {
  return [&training, function](Call, json::object input) -> io::Task<Result<json::value>> {
    co_return function(training, input);
  };
}

JsonOperation Waiting(training::Training& training,
                      io::Task<Result<json::value>> (*function)(training::Training&,
                                                                json::object)) {
  return [&training, function](Call, json::object input) {
    return function(training, std::move(input));
  };
}

}  // namespace

void AddTrainingOperations(JsonDialect& dialect, training::Training& training) {
  dialect.Add("CreateTrainingJob", Waiting(training, CreateTrainingJob));
  dialect.Add("DescribeTrainingJob", Immediate(training, DescribeTrainingJob));
  dialect.Add("ListTrainingJobs", Immediate(training, ListTrainingJobs));
  dialect.Add("StopTrainingJob", Waiting(training, StopTrainingJob));
}

}  // namespace scones::api

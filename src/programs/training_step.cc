#include "programs/training_step.h"

#include <fmt/format.h>

#include <charconv>
#include <thread>

#include "base/encoding.h"
#include "base/hash.h"
#include "programs/interrupt.h"
#include "programs/workflow_names.h"

namespace scones::programs {
namespace {

constexpr char kLogGroup[] = "/aws/sagemaker/TrainingJobs";
constexpr std::chrono::milliseconds kPollInterval{250};
constexpr std::int64_t kMaxRuntimeSeconds = 3600;

std::string JobName(const Pictures& pictures,
                    const std::map<std::string, std::string>& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) text += name + "=" + value + "\n";
  return fmt::format("scones-{}-{}", pictures.fingerprint,
                     HexEncode(Digest(HashAlgorithm::kSha256, text)).substr(0, 8));
}

// AWS's registry of the built-in algorithm in us-east-1; our server looks at the name's end only.
std::string TrainingImage(const std::string& region) {
  return fmt::format("811284229777.dkr.ecr.{}.amazonaws.com/image-classification:1", region);
}

json::object Channel(const char* name, const S3Uri& prefix, const char* key) {
  const S3Uri source{.bucket = prefix.bucket, .key = prefix.key + key};
  return {{"ChannelName", name},
          {"ContentType", "application/x-image"},
          {"CompressionType", "None"},
          {"DataSource",
           {{"S3DataSource",
             {{"S3DataType", "S3Prefix"},
              {"S3Uri", source.ToString()},
              {"S3DataDistributionType", "FullyReplicated"}}}}}};
}

Result<void> CreateJob(Aws& aws, const std::string& name, const S3Uri& prefix,
                       const std::map<std::string, std::string>& hyperparameters) {
  TRY(const std::string role, WorkflowRole(aws));
  const S3Uri output{.bucket = prefix.bucket, .key = prefix.key + "models"};
  json::object request{
      {"TrainingJobName", name},
      {"RoleArn", role},
      {"AlgorithmSpecification",
       {{"TrainingImage", TrainingImage(aws.region())}, {"TrainingInputMode", "File"}}},
      {"HyperParameters", json::value_from(hyperparameters)},
      {"InputDataConfig",
       json::array{Channel("train", prefix, "train/"), Channel("validation", prefix, "test/"),
                   Channel("train_lst", prefix, "train.lst"),
                   Channel("validation_lst", prefix, "test.lst")}},
      {"OutputDataConfig", {{"S3OutputPath", output.ToString()}}},
      {"ResourceConfig",
       {{"InstanceType", "ml.p3.2xlarge"}, {"InstanceCount", 1}, {"VolumeSizeInGB", 50}}},
      {"StoppingCondition", {{"MaxRuntimeInSeconds", kMaxRuntimeSeconds}}}};
  TRY([[maybe_unused]] const json::object created,
      aws.Call("sagemaker", "CreateTrainingJob", std::move(request)));
  return {};
}

// The number after "Epoch[" in the job's newest log lines, and the accuracy beside it.
struct EpochProgress {
  std::uint64_t epoch = 0;
  std::uint64_t epochs = 0;  // in all; 0 until the log has said so
  std::string note;
};

class JobLog {
 public:
  JobLog(Aws& aws, std::string job) : aws_(aws), job_(std::move(job)) {}

  // Reads what is new. A log that can't be read is no fault of the job: the last state stays.
  const EpochProgress& Poll() {
    if (stream_.empty()) FindStream();
    if (!stream_.empty()) ReadOn();
    return progress_;
  }

 private:
  void FindStream() {
    const Result<json::object> found =
        aws_.Call("logs", "DescribeLogStreams",
                  {{"logGroupName", kLogGroup}, {"logStreamNamePrefix", job_ + "/"}});
    const json::array* streams = found ? FindArray(*found, "logStreams") : nullptr;
    if (streams == nullptr || streams->empty()) return;
    stream_ = StringOr(streams->back().as_object(), "logStreamName", "");
  }
  void ReadOn() {
    json::object request{
        {"logGroupName", kLogGroup}, {"logStreamName", stream_}, {"startFromHead", true}};
    if (!token_.empty()) request["nextToken"] = token_;
    const Result<json::object> page = aws_.Call("logs", "GetLogEvents", std::move(request));
    if (!page) return;
    token_ = StringOr(*page, "nextForwardToken", token_);
    const json::array* events = FindArray(*page, "events");
    if (events == nullptr) return;
    for (const json::value& event : *events) Take(StringOr(event.as_object(), "message", ""));
  }
  void Take(const std::string& line) {
    constexpr std::string_view kEpochs = "] epochs: ";
    constexpr std::string_view kEpoch = "Epoch[";
    if (const std::size_t at = line.find(kEpochs); at != std::string::npos) {
      std::from_chars(line.data() + at + kEpochs.size(), line.data() + line.size(),
                      progress_.epochs);
    }
    const std::size_t at = line.find(kEpoch);
    if (at == std::string::npos) return;
    std::from_chars(line.data() + at + kEpoch.size(), line.data() + line.size(), progress_.epoch);
    for (const char* name : {"Train-accuracy=", "Validation-accuracy="}) {
      const std::size_t value = line.find(name);
      if (value != std::string::npos) progress_.note = line.substr(value);
    }
  }

  Aws& aws_;
  std::string job_;
  std::string stream_;
  std::string token_;
  EpochProgress progress_;
};

Result<TrainedModel> ReadTrained(const std::string& name, const json::object& job) {
  const std::string status = StringOr(job, "TrainingJobStatus", "");
  if (status != "Completed") {
    return Error(Code::kInternal, fmt::format("training job {} is {}: {}", name, status,
                                              StringOr(job, "FailureReason", "no reason given")));
  }
  const json::object* artifacts = FindObject(job, "ModelArtifacts");
  TRY(S3Uri artifact,
      S3Uri::Parse(artifacts == nullptr ? "" : StringOr(*artifacts, "S3ModelArtifacts", "")));
  const auto number = [&job](const char* member) {
    const json::value* value = FindMember(job, member);
    return value != nullptr && value->is_number() ? value->to_number<double>() : 0.0;
  };
  return TrainedModel{.job_name = name,
                      .artifact = std::move(artifact),
                      .train_seconds = number("TrainingEndTime") - number("TrainingStartTime")};
}

bool HasEnded(const json::object& job) {
  const std::string status = StringOr(job, "TrainingJobStatus", "");
  return status != "InProgress" && status != "Stopping";
}

// The job once it is not being stopped, as a run that was cut off may have left it.
Result<json::object> DescribeUnlessStopping(Aws& aws, const std::string& name) {
  while (true) {
    TRY(json::object job,
        aws.Call("sagemaker", "DescribeTrainingJob", {{"TrainingJobName", name}}));
    if (StringOr(job, "TrainingJobStatus", "") != "Stopping") return job;
    if (Interrupted()) return Error(Code::kCancelled, "interrupted");
    std::this_thread::sleep_for(kPollInterval);
  }
}

Result<TrainedModel> Follow(Aws& aws, const std::string& name, Progress& progress) {
  JobLog log(aws, name);
  while (true) {
    TRY(const json::object job,
        aws.Call("sagemaker", "DescribeTrainingJob", {{"TrainingJobName", name}}));
    if (HasEnded(job)) {
      TRY(TrainedModel trained, ReadTrained(name, job));
      progress.Done(fmt::format("{} trained in {:.1f} s", name, trained.train_seconds));
      return trained;
    }
    if (Interrupted()) {
      (void)aws.Call("sagemaker", "StopTrainingJob", {{"TrainingJobName", name}});
      return Error(Code::kCancelled, "interrupted");
    }
    const EpochProgress& at = log.Poll();
    const std::string phase = StringOr(job, "SecondaryStatus", "");
    progress.Update(at.epoch, at.epochs, at.note.empty() ? phase : at.note);
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace

Result<std::string> WorkflowRole(Aws& aws) {
  TRY(const std::string account, aws.GetAccount());
  return fmt::format("arn:aws:iam::{}:role/{}", account, kRoleName);
}

Result<TrainedModel> Train(Aws& aws, const Pictures& pictures, const S3Uri& prefix,
                           const std::map<std::string, std::string>& hyperparameters,
                           Progress::Style style) {
  Progress progress(style, "training job");
  std::string name = JobName(pictures, hyperparameters);
  // A job that failed or was stopped keeps its name: later tries count up.
  for (int attempt = 2;; ++attempt) {
    const Result<json::object> job = DescribeUnlessStopping(aws, name);
    if (!job && !IsNotFound(job.error())) return job.error();
    if (!job) break;
    if (!HasEnded(*job)) break;
    if (StringOr(*job, "TrainingJobStatus", "") == "Completed") {
      TRY(TrainedModel trained, ReadTrained(name, *job));
      progress.Skip(
          fmt::format("{} has completed already ({:.1f} s)", name, trained.train_seconds));
      return trained;
    }
    name = fmt::format("{}-{}", JobName(pictures, hyperparameters), attempt);
  }
  Result<void> created = CreateJob(aws, name, prefix, hyperparameters);
  if (!created && created.error().reason() != "ResourceInUse") return created.error();
  return Follow(aws, name, progress);
}

}  // namespace scones::programs

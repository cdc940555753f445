// The phases of one job: download the channels, run the program, upload the model.

#include <fmt/format.h>
#include <signal.h>

#include "base/log.h"
#include "training/detail/job_directory.h"
#include "training/detail/metric_parser.h"
#include "training/detail/queue.h"

namespace scones::training::detail {
namespace {

constexpr char kLogGroup[] = "/aws/sagemaker/TrainingJobs";
constexpr int kUserErrorExit = 2;

// Why a program that ended badly did so, as SageMaker words it.
Error ExitError(const io::ProcessExit& exit, const io::Path& root) {
  const std::string written = ReadFailure(root);
  if (exit.signal != 0) {
    return Error(Code::kInternal,
                 fmt::format("AlgorithmError: the training program was ended by signal {}{}{}",
                             exit.signal, written.empty() ? "" : ": ", written));
  }
  const bool named = written.starts_with("ClientError") || written.starts_with("AlgorithmError");
  const char* kind = exit.code == kUserErrorExit ? "ClientError: " : "AlgorithmError: ";
  return Error(
      Code::kInternal,
      fmt::format("{}{}, exit code: {}", named ? "" : kind,
                  written.empty() ? "the training program gave no reason" : written, exit.code));
}

}  // namespace

io::Task<Result<void>> Queue::RunPhases(std::shared_ptr<ActiveJob> active) {
  const TrainingJobSpec spec = active->Snapshot().spec;
  const io::Path root = options_.directory / spec.name;
  CO_TRY_VOID(co_await active->Enter("Downloading", "Downloading input data"));
  auto prepare = [root, spec]() -> Result<void> {
    TRY_VOID(io::RemoveAll(root));
    return WriteJobDirectory(root, spec);
  };
  CO_TRY_VOID(co_await deps_.disk.Run(std::move(prepare)));
  CO_TRY_VOID(co_await Download(spec, root));
  if (active->StopRequested()) co_return Result<void>();

  CO_TRY_VOID(co_await active->Enter("Training",
                                     "Training image download completed. Training in progress."));
  CO_TRY(const io::ProcessExit exit, co_await Train(active, root));
  const bool asked_to_end = active->StopRequested() || active->TimedOut();
  if ((exit.code != 0 || exit.signal != 0) && !asked_to_end) co_return ExitError(exit, root);
  if (ShuttingDown()) co_return Result<void>();

  CO_TRY_VOID(co_await active->Enter("Uploading", "Uploading generated training model"));
  co_return co_await Upload(active, root);
}

io::Task<Result<void>> Queue::Download(TrainingJobSpec spec, io::Path root) {
  for (const Channel& channel : spec.channels) {
    CO_TRY(const std::vector<S3Uri> objects, co_await deps_.blobs.List(channel.source));
    if (objects.empty()) {
      co_return Error(
          Code::kNotFound,
          fmt::format("ClientError: Data download failed: no S3 objects found under S3 URL "
                      "\"{}\" given in input data source of channel {}",
                      channel.source.ToString(), channel.name));
    }
    for (const S3Uri& object : objects) {
      if (object.key.ends_with('/')) continue;
      CO_TRY(const io::Path file, ChannelFile(root, channel, object.key));
      if (file.parent_path() != root / "input/data" / channel.name) {
        CO_TRY_VOID(io::MakeDirectories(file.parent_path()));
      }
      CO_TRY_VOID(co_await deps_.blobs.ReadToFile(object, file));
    }
  }
  co_return Result<void>();
}

io::Task<Result<io::ProcessExit>> Queue::Train(std::shared_ptr<ActiveJob> active, io::Path root) {
  const TrainingJob job = active->Snapshot();
  CO_TRY(const io::Path program, FindAlgorithm(job.spec.image));
  const std::string stream =
      fmt::format("{}/algo-1-{}", job.spec.name, EpochMilliseconds(deps_.clock.Now()) / 1000);
  // Not owning the job, which owns the process: its thread may not be the one that ends them.
  const auto on_line = [this, owner = active.get(), stream](std::string_view line) {
    deps_.logs.Append(kLogGroup, stream, {{deps_.clock.Now(), std::string(line)}});
    if (auto metric = ParseMetric(line)) owner->Observe(std::move(metric->first), metric->second);
  };
  io::ProcessOptions options{.command = {program.string(), "train"},
                             .environment = job.spec.environment,
                             .directory = root,
                             .on_line = on_line};
  options.environment.insert_or_assign("PATH", "/usr/local/bin:/usr/bin:/bin");
  options.environment.insert_or_assign("SCONES_TRAINING_ROOT", root.string());
  options.environment.insert_or_assign("TRAINING_JOB_NAME", job.spec.name);
  // Else scones-train, whose libraries read it as they are loaded, sets it and starts once more.
  options.environment.try_emplace("OMP_WAIT_POLICY", "passive");
  options.environment.insert_or_assign(
      "TRAINING_JOB_ARN",
      options_.identity.MakeArn("sagemaker", "training-job/" + job.spec.name).ToString());
  auto start = [&options]() { return io::Process::Start(std::move(options)); };
  CO_TRY(std::unique_ptr<io::Process> process, start());
  const std::shared_ptr<io::Process> running = std::move(process);
  active->Attach(running);
  if (ShuttingDown()) {  // which may have looked for processes before this one was there
    running->Signal(SIGKILL);
    running->Wait();
  }
  LogInfo("training.started", "job={} program={} pid={}", LogValue(job.spec.name),
          LogValue(program.string()), running->pid());
  co_return co_await running->WaitAsync();
}

io::Task<Result<void>> Queue::Upload(std::shared_ptr<ActiveJob> active, io::Path root) {
  const TrainingJobSpec spec = active->Snapshot().spec;
  const io::Path archive = root / "model.tar.gz";
  auto pack = [root, archive, limit = options_.max_model_bytes] {
    return PackFolder(root / "model", archive, limit);
  };
  CO_TRY_VOID(co_await deps_.disk.Run(std::move(pack)));
  const std::string& prefix = spec.output.key;
  const S3Uri artifact{
      .bucket = spec.output.bucket,
      .key = fmt::format("{}{}{}/output/model.tar.gz", prefix,
                         prefix.empty() || prefix.ends_with('/') ? "" : "/", spec.name)};
  CO_TRY_VOID(co_await deps_.blobs.WriteFromFile(artifact, archive, "application/x-tar"));
  const auto set = [&artifact](TrainingJob& job) { job.model_artifact = artifact; };
  co_return co_await active->Change(set);
}

io::Task<void> Queue::Conclude(std::shared_ptr<ActiveJob> active, Result<void> outcome) {
  const std::string name = active->Snapshot().spec.name;
  active->Attach(nullptr);
  Result<void> stored;
  if (!outcome) {
    const std::string reason = outcome.error().message();
    stored = co_await active->End(JobStatus::kFailed, "Failed", "Training job failed", reason);
  } else if (active->TimedOut()) {
    stored = co_await active->End(JobStatus::kStopped, "MaxRuntimeExceeded",
                                  "Training job runtime exceeded MaxRuntimeInSeconds provided", "");
  } else if (active->StopRequested()) {
    stored = co_await active->End(JobStatus::kStopped, "Stopped", "Training job stopped", "");
  } else {
    stored = co_await active->End(JobStatus::kCompleted, "Completed", "Training job completed", "");
  }
  LogInfo("training.ended", "job={} status={} reason={}", LogValue(name),
          JobStatusName(active->Snapshot().status), LogValue(active->Snapshot().failure_reason));
  if (!stored) {
    LogError("training.not_recorded", "job={} cause={}", LogValue(name),
             LogValue(stored.error().message()));
  }
  auto clean = [root = options_.directory / name] { return io::RemoveAll(root); };
  (void)co_await deps_.disk.Run(std::move(clean));  // what stays is removed at the next start
}

}  // namespace scones::training::detail

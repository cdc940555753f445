// `scones run`: the whole workflow, step by step.

#include <fmt/format.h>

#include <cstdio>

#include "base/log.h"
#include "programs/capture_report.h"
#include "programs/commands.h"
#include "programs/connection.h"
#include "programs/data_directory.h"
#include "programs/dataset_step.h"
#include "programs/deployment_step.h"
#include "programs/evaluation.h"
#include "programs/exit_status.h"
#include "programs/interrupt.h"
#include "programs/program_files.h"
#include "programs/recipe.h"
#include "programs/run_summary.h"
#include "programs/simulation.h"
#include "programs/training_step.h"
#include "programs/workflow_names.h"

namespace scones::programs {
namespace {

// A server inside stores captures at once; another may take about a minute.
constexpr std::chrono::seconds kCapturePatience{90};

Result<void> CheckInterrupt() {
  if (Interrupted()) return Error(Code::kCancelled, "interrupted");
  return {};
}

Result<SimulationState> RunSimulation(Aws& aws, const RunFlags& flags, const RunSummary& summary,
                                      const Pictures& pictures, const std::string& bucket,
                                      Progress::Style style) {
  Progress progress(style, "simulation");
  SimulationPlan plan{.state_machine_arn = summary.state_machine_arn,
                      .bucket = bucket,
                      .pictures = {},
                      .seed = flags.seed,
                      .concurrency = flags.concurrency,
                      .max_executions = flags.executions};
  for (const Picture& picture : pictures.test) {
    plan.pictures.emplace_back("test/" + picture.name, picture.label);
  }
  const auto observe = [&](const SimulationState& state) {
    progress.Update(state.total.ended(), flags.executions);
  };
  TRY(SimulationState state, Simulate(aws, plan, observe));
  TRY_VOID(CheckInterrupt());
  progress.Done(fmt::format("{} succeeded, {} below the threshold, {} errors",
                            state.total.succeeded, state.total.failed, state.total.errored));
  return state;
}

Result<RunSummary> RunSteps(const RunFlags& flags, Connection& connection, Progress::Style style) {
  Aws& aws = connection.aws();
  const io::Path data_dir = flags.connect.data_dir;
  RunSummary summary{.classes = flags.classes, .threshold = flags.threshold};
  summary.keep_serving = connection.embedded();
  summary.data_dir = data_dir;

  TRY(const ObtainedDataset dataset, ObtainDataset(flags.dataset, style));
  summary.dataset = dataset.description;
  summary.synthetic = dataset.synthetic;
  TRY(const Pictures pictures,
      WritePictures(dataset.path, flags.classes, flags.image_size, data_dir / "workflow", style));
  std::string bucket = flags.bucket;
  if (bucket.empty()) {
    TRY(bucket, DefaultBucket(aws));
  }
  const S3Uri root{.bucket = bucket, .key = ""};
  TRY_VOID(UploadPictures(aws, pictures, root, flags.concurrency, style));
  TRY_VOID(CheckInterrupt());

  const auto hyperparameters = MakeRecipe(pictures, flags.seed, flags.hyperparameters);
  TRY(const TrainedModel model, Train(aws, pictures, root, hyperparameters, style));
  summary.train_seconds = model.train_seconds;
  const S3Uri capture{.bucket = bucket, .key = kCapturedPrefix};
  TRY_VOID(DeployEndpoint(aws, model, capture, flags.precision, style));
  TRY(summary.state_machine_arn,
      DeployStateMachine(aws, flags.threshold, FunctionsProgram(), style));
  TRY_VOID(CheckInterrupt());

  // Captures tell whole seconds.
  const Timestamp evaluation_start = std::chrono::floor<std::chrono::seconds>(SystemClock().Now());
  TRY(summary.evaluation, Evaluate(aws, pictures, flags.concurrency, style));
  TRY(summary.simulation, RunSimulation(aws, flags, summary, pictures, bucket, style));
  const io::Path out = flags.report_dir.empty() ? data_dir / "report" : io::Path(flags.report_dir);
  TRY(const CaptureReport report,
      WriteCaptureReport(aws,
                         {.capture = capture,
                          .endpoint = kEndpointName,
                          .out = out,
                          .threshold = flags.threshold,
                          .classes = flags.classes,
                          .labelled = summary.evaluation.answers,
                          .wanted = summary.evaluation.count + summary.simulation.total.ended(),
                          .since = evaluation_start,
                          .patience = kCapturePatience},
                         style));
  summary.report = report.page.string();
  return summary;
}

Result<RunSummary> Run(const RunFlags& flags, Progress::Style style) {
  if (flags.classes.size() < 2) {
    return Error(Code::kInvalid, "--classes needs two classes or more, as bicycle,motorcycle");
  }
  TRY(const std::unique_ptr<Connection> connection, Connection::Open(flags.connect));
  return RunSteps(flags, *connection, style);
}

}  // namespace

int RunRunCommand(const RunFlags& flags) {
  SetLogLevel(LogLevel::kError);
  const Progress::Style style = flags.quiet ? Progress::Style::kSilent : Progress::DetectStyle();
  const Result<RunSummary> summary = Run(flags, style);
  if (!summary) return ReportFailure(summary.error());
  if (!flags.quiet) PrintSummary(*summary);
  if (flags.json) fmt::print("{}\n", ToJson(SummaryToJson(*summary)));
  return 0;
}

}  // namespace scones::programs

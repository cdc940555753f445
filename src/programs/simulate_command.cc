// `scones simulate`: test pictures through the state machine for a while.

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "base/log.h"
#include "programs/capture_report.h"
#include "programs/commands.h"
#include "programs/connection.h"
#include "programs/exit_status.h"
#include "programs/progress.h"
#include "programs/run_summary.h"
#include "programs/simulation.h"
#include "programs/workflow_names.h"
#include "vision/lst.h"

namespace scones::programs {
namespace {

constexpr std::size_t kMaxConcurrency = 64;

struct Simulated {
  SimulationState state;
  std::vector<std::string> classes;
};

Result<std::vector<std::pair<std::string, int>>> FindPictures(Aws& aws, const S3Uri& prefix) {
  const S3Uri list{.bucket = prefix.bucket, .key = prefix.key + kTestList};
  const Result<std::string> text = aws.GetObject(list);
  if (!text) {
    return text.error().Within(
        fmt::format("{} can't be read (`scones run` makes it)", list.ToString()));
  }
  TRY(const std::vector<vision::LstEntry> entries, vision::ParseLst(*text, list.ToString()));
  std::vector<std::pair<std::string, int>> pictures;
  for (const vision::LstEntry& entry : entries) {
    pictures.emplace_back(prefix.key + "test/" + entry.path, entry.label);
  }
  return pictures;
}

Result<std::string> StateMachineArn(Aws& aws, const std::string& name_or_arn) {
  if (name_or_arn.starts_with("arn:")) return name_or_arn;
  TRY(const std::string account, aws.GetAccount());
  return fmt::format("arn:aws:states:{}:{}:stateMachine:{}", aws.region(), account, name_or_arn);
}

std::string Counters(const SimulationState& state) {
  const auto [p50, p95, p99] = Percentiles(state.latencies_ms);
  return fmt::format("{} started, {} ok, {} below, {} errors; p50 {:.1f} p95 {:.1f} p99 {:.1f} ms",
                     state.started, state.total.succeeded, state.total.failed, state.total.errored,
                     p50, p95, p99);
}

Result<Simulated> Run(const SimulateFlags& flags) {
  TRY(const std::unique_ptr<Connection> connection, Connection::Open(flags.connect));
  Aws& aws = connection->aws();
  S3Uri prefix{.bucket = flags.bucket, .key = flags.prefix};
  if (prefix.bucket.empty()) {
    TRY(prefix.bucket, DefaultBucket(aws));
  }
  SimulationPlan plan{.state_machine_arn = "", .bucket = prefix.bucket, .pictures = {}};
  TRY(plan.state_machine_arn, StateMachineArn(aws, flags.state_machine));
  TRY(plan.pictures, FindPictures(aws, prefix));
  plan.rate = flags.rate;
  plan.concurrency = std::min(kMaxConcurrency, static_cast<std::size_t>(std::ceil(flags.rate)) + 4);
  const auto milliseconds = static_cast<std::int64_t>(flags.minutes * 60'000);
  plan.max_duration = std::chrono::milliseconds(std::max<std::int64_t>(milliseconds, 1));

  Progress progress(Progress::DetectStyle(), "simulate");
  const auto start = std::chrono::steady_clock::now();
  const auto observe = [&](const SimulationState& state) {
    const auto passed = std::chrono::steady_clock::now() - start;
    progress.Update(static_cast<std::uint64_t>(passed / std::chrono::milliseconds(1)),
                    static_cast<std::uint64_t>(plan.max_duration.count()), Counters(state));
  };
  TRY(SimulationState state, Simulate(aws, plan, observe));
  progress.Done(Counters(state));
  return Simulated{.state = std::move(state), .classes = FindClassNames(aws, prefix)};
}

std::string ClassName(const std::vector<std::string>& classes, int label) {
  const auto index = static_cast<std::size_t>(label);
  return index < classes.size() ? classes[index] : fmt::format("class {}", label);
}

void PrintByClass(const Simulated& simulated) {
  fmt::print(stderr, "  {:<16}{:>10}{:>10}{:>10}\n", "class", "succeeded", "below", "errors");
  for (const auto& [label, outcomes] : simulated.state.by_label) {
    fmt::print(stderr, "  {:<16.16}{:>10}{:>10}{:>10}\n", ClassName(simulated.classes, label),
               outcomes.succeeded, outcomes.failed, outcomes.errored);
  }
  if (!simulated.state.first_error.empty()) {
    fmt::print(stderr, "First error: {}\n", simulated.state.first_error);
  }
}

json::object OutcomesToJson(const Outcomes& outcomes) {
  return {{"succeeded", outcomes.succeeded},
          {"failed", outcomes.failed},
          {"errored", outcomes.errored}};
}

json::object ToJsonObject(const Simulated& simulated) {
  json::object by_class;
  for (const auto& [label, outcomes] : simulated.state.by_label) {
    by_class[ClassName(simulated.classes, label)] = OutcomesToJson(outcomes);
  }
  return {{"started", simulated.state.started},
          {"executions", OutcomesToJson(simulated.state.total)},
          {"by_class", std::move(by_class)},
          {"latency_ms", LatenciesToJson(simulated.state.latencies_ms)}};
}

}  // namespace

int RunSimulateCommand(const SimulateFlags& flags) {
  SetLogLevel(LogLevel::kError);
  const Result<Simulated> simulated = Run(flags);
  if (!simulated) return ReportFailure(simulated.error());
  PrintByClass(*simulated);
  if (flags.json) fmt::print("{}\n", ToJson(ToJsonObject(*simulated)));
  return 0;
}

}  // namespace scones::programs

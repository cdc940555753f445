// Durable executions per second of the three-Task state machine, in process: no HTTP, functions
// that answer at once. `concurrency` executions are under way at any time, as with as many clients.
#include <benchmark/benchmark.h>

#include <latch>

#include "base/json.h"
#include "io/file.h"
#include "io/shards.h"
#include "workflows/workflows.h"

namespace scones::workflows {
namespace {

constexpr char kDefinition[] = R"({"StartAt":"A","States":{
  "A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","OutputPath":"$.Payload",
    "Parameters":{"FunctionName":"serialize","Payload.$":"$"},
    "Retry":[{"ErrorEquals":["Lambda.ServiceException"],"IntervalSeconds":2,"MaxAttempts":6}],
    "Next":"B"},
  "B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","OutputPath":"$.Payload",
    "Parameters":{"FunctionName":"infer","Payload.$":"$"},
    "Retry":[{"ErrorEquals":["Lambda.ServiceException"],"IntervalSeconds":2,"MaxAttempts":6}],
    "Next":"C"},
  "C":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","OutputPath":"$.Payload",
    "Parameters":{"FunctionName":"filter","Payload.$":"$"},"End":true}}})";
constexpr char kInput[] =
    R"({"image_data":"","s3_bucket":"scones-data","s3_key":"test/bicycle_s_000513.png"})";
constexpr char kAnswer[] =
    R"({"ExecutedVersion":"$LATEST","Payload":{"statusCode":200,"body":{"image_data":"",)"
    R"("s3_bucket":"scones-data","s3_key":"test/bicycle_s_000513.png","inferences":[0.98,0.02]}},)"
    R"("SdkHttpMetadata":{"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"r"},)"
    R"("StatusCode":200})";

class InstantRunner final : public TaskRunner {
 public:
  void Start(TaskRequest, TaskDone done) override { done(TaskOutcome::Succeeded(kAnswer)); }
  void Cancel(const std::string&, std::uint64_t) override {}
};

io::Task<void> Client(Workflows& service, std::string machine, std::atomic<std::int64_t>& left,
                      std::latch& done) {
  while (left.fetch_sub(1) > 0) {
    StartExecutionRequest request{.state_machine_arn = machine, .name = {}, .input = kInput};
    Result<StartedExecution> started = co_await service.StartExecution(std::move(request));
    if (!started) std::abort();
  }
  done.count_down();
}

void RunThreeTasks(benchmark::State& state) {
  io::TemporaryDirectory directory;
  SystemClock clock;
  InstantRunner runner;
  auto database = *db::Database::Open(directory.path() / "db", {});
  auto service = *Workflows::Open(*database, runner, clock, Identity{}, {});
  io::Shards shards(1);
  const std::string machine =
      shards
          .RunAndWait(service->CreateStateMachine({.name = "scones",
                                                   .definition = kDefinition,
                                                   .role_arn = "arn:aws:iam::000000000000:role/r"}))
          ->arn;
  constexpr std::int64_t kExecutions = 10'000;
  for (auto _ : state) {
    std::atomic<std::int64_t> left{kExecutions};
    std::latch done(state.range(0));
    const std::uint64_t target = service->counters().finished + kExecutions;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      shards.Spawn(Client(*service, machine, left, done));
    }
    done.wait();
    while (service->counters().finished < target) std::this_thread::yield();
  }
  const Counters counters = service->counters();
  state.SetItemsProcessed(state.iterations() * kExecutions);
  state.counters["executions_per_commit"] =
      static_cast<double>(counters.finished) / static_cast<double>(counters.commits);
  service.reset();
  database.reset();
  state.counters["bytes_per_execution"] =
      static_cast<double>(std::filesystem::file_size(directory.path() / "db")) /
      static_cast<double>(counters.finished);
}
BENCHMARK(RunThreeTasks)
    ->ArgName("concurrency")
    ->Arg(16)
    ->Arg(64)
    ->Arg(256)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace scones::workflows

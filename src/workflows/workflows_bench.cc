// Durable executions per second of the three-Task state machine, in process: no HTTP, functions
// that answer at once. `concurrency` executions are under way at any time, as with as many clients.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
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

std::int64_t ResidentBytes() {
  std::ifstream status("/proc/self/statm");
  std::int64_t pages = 0;
  status >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

class SilentRunner final : public TaskRunner {
 public:
  void Start(TaskRequest, TaskDone) override {}
  void Cancel(const std::string&, std::uint64_t) override {}
};

// What 100,000 executions that wait for a day take in memory, and for a task's answer.
void WaitingExecutions(benchmark::State& state) {
  constexpr char kWait[] =
      R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}})";
  constexpr char kTask[] = R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,)"
                           R"("Resource":"arn:aws:lambda:us-east-1:000000000000:function:f"}}})";
  constexpr std::int64_t kExecutions = 100'000;
  for (auto _ : state) {
    io::TemporaryDirectory directory;
    SystemClock clock;
    SilentRunner runner;
    const std::int64_t before = ResidentBytes();
    auto database = *db::Database::Open(directory.path() / "db", {});
    auto service = *Workflows::Open(*database, runner, clock, Identity{}, {});
    io::Shards shards(1);
    const std::string machine = shards
                                    .RunAndWait(service->CreateStateMachine(
                                        {.name = "m",
                                         .definition = state.range(0) == 0 ? kWait : kTask,
                                         .role_arn = "arn:aws:iam::000000000000:role/r"}))
                                    ->arn;
    std::atomic<std::int64_t> left{kExecutions};
    std::latch done(64);
    for (int i = 0; i < 64; ++i) shards.Spawn(Client(*service, machine, left, done));
    done.wait();
    state.counters["MiB"] = static_cast<double>(ResidentBytes() - before) / 1024 / 1024;
    state.counters["open"] = static_cast<double>(service->counters().open);
    service.reset();
  }
}
BENCHMARK(WaitingExecutions)
    ->ArgName("task")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// An object store whose one object is an array of numbers.
class NumbersData final : public MapData {
 public:
  explicit NumbersData(std::int64_t count) {
    text_ = "[0";
    for (std::int64_t i = 1; i < count; ++i) text_ += fmt::format(",{}", i);
    text_ += "]";
  }
  Result<std::string> Read(const asl::ItemFetch&, std::size_t) override { return text_; }
  Result<asl::ListedPage> List(const asl::ItemFetch&) override { return asl::ListedPage{}; }
  Result<void> Write(const std::string&, const std::string&, std::string bytes) override {
    written_ += bytes.size();
    return {};
  }

 private:
  std::string text_;
  std::atomic<std::size_t> written_{0};
};

// A distributed Map whose children are one Pass state each, from the start to the last result
// written: the time for an item should not grow with their number.
void DistributedMap(benchmark::State& state) {
  const std::string definition = fmt::format(
      R"({{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,"Label":"numbers",)"
      R"("ItemReader":{{"Resource":"arn:aws:states:::s3:getObject",)"
      R"("ReaderConfig":{{"InputType":"JSON"}},"Parameters":{{"Bucket":"b","Key":"k"}}}},)"
      R"("ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{}"}},)"
      R"("StartAt":"P","States":{{"P":{{"Type":"Pass","End":true}}}}}},)"
      R"("ResultWriter":{{"Resource":"arn:aws:states:::s3:putObject",)"
      R"("Parameters":{{"Bucket":"b","Prefix":"p"}}}}}}}}}})",
      state.range(1) == 0 ? "STANDARD" : "EXPRESS");
  for (auto _ : state) {
    io::TemporaryDirectory directory;
    SystemClock clock;
    SilentRunner runner;
    NumbersData data(state.range(0));
    auto database = *db::Database::Open(directory.path() / "db", {});
    auto service = *Workflows::Open(*database, runner, clock, Identity{}, {}, &data);
    io::Shards shards(1);
    const std::string machine = shards
                                    .RunAndWait(service->CreateStateMachine(
                                        {.name = "m",
                                         .definition = definition,
                                         .role_arn = "arn:aws:iam::000000000000:role/r"}))
                                    ->arn;
    const std::string arn =
        shards.RunAndWait(service->StartExecution({.state_machine_arn = machine}))->arn;
    while (service->DescribeExecution(arn)->status == asl::ExecutionStatus::kRunning) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (service->DescribeExecution(arn)->status != asl::ExecutionStatus::kSucceeded) {
      state.SkipWithError("the execution failed");
    }
    service.reset();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(DistributedMap)
    ->ArgNames({"items", "express"})
    ->ArgsProduct({{25'000, 100'000}, {0, 1}})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// One page of a machine with a million ended executions, of which one in a thousand failed.
void ListOfAMillion(benchmark::State& state) {
  io::TemporaryDirectory directory;
  SystemClock clock;
  InstantRunner runner;
  auto database = *db::Database::Open(directory.path() / "db", {});
  auto service = *Workflows::Open(*database, runner, clock, Identity{}, {});
  const std::string machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
  const Result<void> filled = database->WriteAndWait([](db::Connection& connection) {
    return connection.Execute(
        "INSERT INTO state_machines (id, name, type, status, created_us, revision) "
        "VALUES (1, 'm', 0, 0, 0, 1);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
        "INSERT INTO executions (id, machine, revision, status, start_us, stop_us, seed, name, "
        "input) "
        "SELECT i, 1, 1, CASE WHEN i % 1000 = 0 THEN 2 ELSE 1 END, i * 1000,"
        " i * 1000 + 5, i, printf('execution-%032d', i), '{\"s3_key\":\"a\"}' FROM n");
  });
  if (!filled) return state.SkipWithError(filled.error().message().c_str());
  const auto status = state.range(0) == 0
                          ? std::optional<asl::ExecutionStatus>()
                          : std::optional(static_cast<asl::ExecutionStatus>(state.range(0)));
  std::string token;
  for (auto _ : state) {
    auto page =
        service->ListExecutions(machine, status, {.max_results = 1000, .next_token = token});
    if (!page || page->items.empty()) return state.SkipWithError("no page");
    token = page->next_token;
  }
}
BENCHMARK(ListOfAMillion)->ArgName("status")->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace scones::workflows

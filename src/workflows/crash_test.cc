// Ends a child process at each crash point while executions run, then opens what it left: every
// start that was acknowledged is there and runs to its end, and no step is recorded twice.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "io/blocking_pool.h"
#include "io/process.h"
#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

constexpr char kDirectory[] = "SCONES_WORKFLOWS_CRASH_DIRECTORY";
constexpr int kCrashed = 86;
constexpr int kExecutions = 30;

// Adds one to a number, on threads of its own.
class AddingRunner final : public TaskRunner {
 public:
  void Start(TaskRequest request, TaskDone done) override {
    const auto value = ParseJson(request.task.input);
    const std::int64_t next = value && value->is_int64() ? value->get_int64() + 1 : -1;
    (void)pool_.TryPost(
        [next, done = std::move(done)] { done(TaskOutcome::Succeeded(std::to_string(next))); });
  }
  void Cancel(const std::string&, std::uint64_t) override {}

 private:
  io::BlockingPool pool_{"tasks", 2, 10'000};
};

std::string Machine() { return Chain({"A", "B", "C"}); }

// The child's part: run with SCONES_CRASH_POINT set.
TEST(WorkflowsCrashChild, DISABLED_RunsExecutionsUntilItCrashes) {
  const char* directory = std::getenv(kDirectory);
  ASSERT_NE(directory, nullptr);
  auto acknowledged = io::File::Open(io::Path(directory) / "acknowledged", io::File::Mode::kAppend);
  ASSERT_TRUE(acknowledged);
  io::Shards shards(1);
  auto database = db::Database::Open(io::Path(directory) / "db", {});
  ASSERT_TRUE(database);
  AddingRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service);
  auto machine = shards.RunAndWait((*service)->CreateStateMachine(
      {.name = "m", .definition = Machine(), .role_arn = "arn:aws:iam::000000000000:role/r"}));
  ASSERT_TRUE(machine);
  for (int i = 0; i < kExecutions; ++i) {
    auto started = shards.RunAndWait((*service)->StartExecution(
        {.state_machine_arn = machine->arn, .name = "e" + std::to_string(i), .input = "1"}));
    if (started) ASSERT_TRUE(acknowledged->Write(started->arn + "\n"));
  }
  ASSERT_TRUE(Eventually([&] { return (*service)->counters().finished >= kExecutions; }));
}

class WorkflowsCrash : public ::testing::TestWithParam<const char*> {};

TEST_P(WorkflowsCrash, NothingAcknowledgedIsLostAndNothingIsRecordedTwice) {
  const io::TemporaryDirectory directory;
  auto child = io::Process::Start(
      {.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                   "--gtest_filter=WorkflowsCrashChild.*", "--gtest_also_run_disabled_tests"},
       .environment = {{kDirectory, directory.path().string()}, {"SCONES_CRASH_POINT", GetParam()}},
       .directory = directory.path(),
       .on_line = {}});
  ASSERT_TRUE(child) << child.error().message();
  ASSERT_EQ((*child)->Wait().code, kCrashed) << "the point was not passed";

  auto database = db::Database::Open(directory.path() / "db", {});
  ASSERT_TRUE(database) << database.error().message();
  AddingRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service) << service.error().message();
  std::istringstream acknowledged(
      io::ReadFile(directory.path() / "acknowledged").value_or(std::string()));
  std::set<std::string> arns;
  for (std::string arn; std::getline(acknowledged, arn);) arns.insert(arn);
  const auto listed =
      (*service)->ListExecutions("arn:aws:states:us-east-1:000000000000:stateMachine:m", {}, {});
  if (listed) {
    std::set<std::string> there;
    for (const ExecutionSummary& item : listed->items) there.insert(item.arn);
    for (const std::string& arn : arns) EXPECT_TRUE(there.contains(arn)) << arn;
    arns = there;
  }
  for (const std::string& arn : arns) {
    ASSERT_TRUE(Eventually([&] {
      const auto described = (*service)->DescribeExecution(arn);
      return described && described->status != asl::ExecutionStatus::kRunning;
    })) << arn;
    EXPECT_EQ((*service)->DescribeExecution(arn)->output, "4");
    const auto history = (*service)->GetExecutionHistory(arn, HistoryOrder::kOldestFirst, {});
    ASSERT_TRUE(history) << history.error().message();
    ASSERT_EQ(history->items.size(), 17u) << arn;  // 1 + 3 × 5 + 1
    for (std::size_t i = 0; i < history->items.size(); ++i) {
      EXPECT_EQ(history->items[i].id, static_cast<std::int64_t>(i) + 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Points, WorkflowsCrash,
                         ::testing::Values("workflows.change.begun:1", "workflows.change.begun:40",
                                           "workflows.committed:1", "workflows.committed:2",
                                           "workflows.committed:25", "workflows.settling:1",
                                           "workflows.settling:50", "workflows.carried_out:1",
                                           "workflows.carried_out:37", "db.before_commit:20",
                                           "db.after_commit:20"));

// ---- Map runs -----------------------------------------------------------------------------------

constexpr int kItems = 700;

std::string MapItems() {
  std::string items;
  for (int i = 0; i < kItems; ++i) items += (i == 0 ? "[" : ",") + std::to_string(i);
  return items + "]";
}

std::string MapResults() {
  std::string results;
  for (int i = 0; i < kItems; ++i) results += (i == 0 ? "[" : ",") + std::to_string(i + 1);
  return results + "]";
}

std::string MapMachine(const std::string& type) {
  return R"({"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":100,"ItemProcessor":{
      "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":")" +
         type + R"("},"StartAt":"A","States":{"A":{"Type":"Task","Resource":
      "arn:aws:lambda:us-east-1:000000000000:function:A","End":true}}},"End":true}}})";
}

// The child's part.
TEST(WorkflowsCrashChild, DISABLED_RunsAMapUntilItCrashes) {
  const char* directory = std::getenv(kDirectory);
  const char* type = std::getenv("SCONES_WORKFLOWS_CRASH_CHILDREN");
  ASSERT_NE(directory, nullptr);
  ASSERT_NE(type, nullptr);
  io::Shards shards(1);
  auto database = db::Database::Open(io::Path(directory) / "db", {});
  ASSERT_TRUE(database);
  AddingRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service);
  auto machine = shards.RunAndWait(
      (*service)->CreateStateMachine({.name = "m",
                                      .definition = MapMachine(type),
                                      .role_arn = "arn:aws:iam::000000000000:role/r"}));
  ASSERT_TRUE(machine);
  auto started = shards.RunAndWait((*service)->StartExecution(
      {.state_machine_arn = machine->arn, .name = "e", .input = MapItems()}));
  ASSERT_TRUE(started);
  ASSERT_TRUE(Eventually([&] {
    return (*service)->DescribeExecution(started->arn)->status != asl::ExecutionStatus::kRunning;
  }));
}

struct MapCrash {
  const char* point;
  const char* children;
};
class WorkflowsMapCrash : public ::testing::TestWithParam<MapCrash> {};

TEST_P(WorkflowsMapCrash, TheRunGoesOnAndNoChildCountsTwice) {
  const io::TemporaryDirectory directory;
  auto child = io::Process::Start(
      {.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                   "--gtest_filter=*RunsAMapUntilItCrashes", "--gtest_also_run_disabled_tests"},
       .environment = {{kDirectory, directory.path().string()},
                       {"SCONES_CRASH_POINT", GetParam().point},
                       {"SCONES_WORKFLOWS_CRASH_CHILDREN", GetParam().children}},
       .directory = directory.path(),
       .on_line = {}});
  ASSERT_TRUE(child) << child.error().message();
  ASSERT_EQ((*child)->Wait().code, kCrashed) << "the point was not passed";

  auto database = db::Database::Open(directory.path() / "db", {});
  ASSERT_TRUE(database) << database.error().message();
  AddingRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service) << service.error().message();
  const std::string arn = "arn:aws:states:us-east-1:000000000000:execution:m:e";
  ASSERT_TRUE((*service)->DescribeExecution(arn)) << "the start had been acknowledged";
  ASSERT_TRUE(Eventually([&] {
    return (*service)->DescribeExecution(arn)->status != asl::ExecutionStatus::kRunning;
  }));
  EXPECT_EQ((*service)->DescribeExecution(arn)->output, MapResults());
  const auto runs = (*service)->ListMapRuns(arn, {});
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->items.size(), 1u);
  const auto run = (*service)->DescribeMapRun(runs->items[0].arn);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->executions.succeeded, kItems);
  EXPECT_EQ(run->executions.total, kItems);
  const auto children =
      (*service)->ListMapRunExecutions(runs->items[0].arn, {}, {.max_results = 1000});
  ASSERT_TRUE(children);
  const bool standard = std::string(GetParam().children) == "STANDARD";
  EXPECT_EQ(children->items.size(), standard ? std::size_t{kItems} : 0u);
}

INSTANTIATE_TEST_SUITE_P(Points, WorkflowsMapCrash,
                         ::testing::Values(MapCrash{"workflows.map_run.slice:1", "STANDARD"},
                                           MapCrash{"workflows.map_run.slice:2", "EXPRESS"},
                                           MapCrash{"workflows.map_run.prepared:1", "STANDARD"},
                                           MapCrash{"workflows.change.begun:150", "STANDARD"},
                                           MapCrash{"workflows.committed:5", "STANDARD"},
                                           MapCrash{"workflows.settling:300", "STANDARD"},
                                           MapCrash{"workflows.settling:300", "EXPRESS"},
                                           MapCrash{"workflows.carried_out:650", "STANDARD"},
                                           MapCrash{"workflows.map_run.joined:1", "STANDARD"},
                                           MapCrash{"workflows.map_run.joined:1", "EXPRESS"}));

}  // namespace
}  // namespace scones::workflows::testing

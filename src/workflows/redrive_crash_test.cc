// Ends a child process at each crash point while executions fail and are redriven, then opens what
// it left: a redrive that was acknowledged goes on to its end, one that was not happened wholly or
// not at all, and no step is recorded twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "io/blocking_pool.h"
#include "io/process.h"
#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

constexpr char kDirectory[] = "SCONES_WORKFLOWS_REDRIVE_CRASH_DIRECTORY";
constexpr int kCrashed = 86;
constexpr int kExecutions = 12;

// Fails until the execution has been redriven, on threads of its own.
class RepairedRunner final : public TaskRunner {
 public:
  void Start(TaskRequest request, TaskDone done) override {
    const bool redriven = request.task.input != R"({"n":0})";
    (void)pool_.TryPost([redriven, done = std::move(done)] {
      done(redriven ? TaskOutcome::Succeeded("1") : TaskOutcome::Failed("E", "not yet"));
    });
  }
  void Cancel(const std::string&, std::uint64_t) override {}

 private:
  io::BlockingPool pool_{"tasks", 2, 10'000};
};

bool HasEnded(Workflows& service, const std::string& arn) {
  const auto described = service.DescribeExecution(arn);
  return described && described->status != asl::ExecutionStatus::kRunning;
}

// The child's part: run with SCONES_CRASH_POINT set.
TEST(RedriveCrashChild, DISABLED_RedrivesExecutionsUntilItCrashes) {
  const char* directory = std::getenv(kDirectory);
  ASSERT_NE(directory, nullptr);
  auto acknowledged = io::File::Open(io::Path(directory) / "acknowledged", io::File::Mode::kAppend);
  ASSERT_TRUE(acknowledged);
  io::Shards shards(1);
  auto database = db::Database::Open(io::Path(directory) / "db", {});
  ASSERT_TRUE(database);
  RepairedRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service);
  auto machine = shards.RunAndWait((*service)->CreateStateMachine(
      {.name = "m",
       .definition = Chain({"A"}, R"("Parameters":{"n.$":"$$.Execution.RedriveCount"},)"),
       .role_arn = "arn:aws:iam::000000000000:role/r"}));
  ASSERT_TRUE(machine);
  for (int i = 0; i < kExecutions; ++i) {
    auto started = shards.RunAndWait((*service)->StartExecution(
        {.state_machine_arn = machine->arn, .name = "e" + std::to_string(i), .input = "{}"}));
    ASSERT_TRUE(started);
    ASSERT_TRUE(Eventually([&] { return HasEnded(**service, started->arn); }));
    if (shards.RunAndWait((*service)->RedriveExecution(started->arn, ""))) {
      ASSERT_TRUE(acknowledged->Write(started->arn + "\n"));
    }
  }
  ASSERT_TRUE(Eventually([&] { return (*service)->counters().finished >= 2 * kExecutions; }));
}

class RedriveCrash : public ::testing::TestWithParam<const char*> {};

TEST_P(RedriveCrash, ARedriveHappenedWhollyOrNotAtAll) {
  const io::TemporaryDirectory directory;
  auto child = io::Process::Start(
      {.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                   "--gtest_filter=RedriveCrashChild.*", "--gtest_also_run_disabled_tests"},
       .environment = {{kDirectory, directory.path().string()}, {"SCONES_CRASH_POINT", GetParam()}},
       .directory = directory.path(),
       .on_line = {}});
  ASSERT_TRUE(child) << child.error().message();
  ASSERT_EQ((*child)->Wait().code, kCrashed) << "the point was not passed";

  io::Shards shards(1);
  auto database = db::Database::Open(directory.path() / "db", {});
  ASSERT_TRUE(database) << database.error().message();
  RepairedRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service) << service.error().message();
  std::istringstream lines(io::ReadFile(directory.path() / "acknowledged").value_or(std::string()));
  std::set<std::string> acknowledged;
  for (std::string arn; std::getline(lines, arn);) acknowledged.insert(arn);
  const auto listed =
      (*service)->ListExecutions("arn:aws:states:us-east-1:000000000000:stateMachine:m", {}, {});
  ASSERT_TRUE(listed) << listed.error().message();
  ASSERT_GE(listed->items.size(), acknowledged.size());
  for (const ExecutionSummary& item : listed->items) {
    ASSERT_TRUE(Eventually([&] { return HasEnded(**service, item.arn); })) << item.arn;
    if ((*service)->DescribeExecution(item.arn)->status == asl::ExecutionStatus::kFailed) {
      EXPECT_FALSE(acknowledged.contains(item.arn)) << item.arn << ": the redrive is lost";
      ASSERT_TRUE(shards.RunAndWait((*service)->RedriveExecution(item.arn, "")));
      ASSERT_TRUE(Eventually([&] { return HasEnded(**service, item.arn); })) << item.arn;
    }
    const auto ended = (*service)->DescribeExecution(item.arn);
    EXPECT_EQ(ended->output, "1");
    EXPECT_EQ(ended->redrives.count, 1);
    const auto history = (*service)->GetExecutionHistory(item.arn, HistoryOrder::kOldestFirst, {});
    ASSERT_TRUE(history) << history.error().message();
    ASSERT_EQ(history->items.size(), 12u) << item.arn;  // 6, then 6 behind the redrive
    for (std::size_t i = 0; i < history->items.size(); ++i) {
      EXPECT_EQ(history->items[i].id, static_cast<std::int64_t>(i) + 1);
    }
    EXPECT_EQ(history->items[6].type, asl::EventType::kExecutionRedriven);
  }
}

INSTANTIATE_TEST_SUITE_P(Points, RedriveCrash,
                         ::testing::Values("workflows.change.begun:3", "workflows.change.begun:11",
                                           "workflows.committed:3", "workflows.committed:12",
                                           "workflows.settling:3", "workflows.settling:11",
                                           "workflows.carried_out:3", "workflows.carried_out:11",
                                           "db.before_commit:9", "db.after_commit:9"));

}  // namespace
}  // namespace scones::workflows::testing

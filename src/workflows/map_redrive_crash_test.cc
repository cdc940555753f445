// Ends a child process at each crash point while a distributed Map fails and is redriven, then
// opens what it left: the same run goes on to its end, and no child is lost or counted twice.
#include <gtest/gtest.h>

#include <cstdlib>

#include "io/blocking_pool.h"
#include "io/process.h"
#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

constexpr char kDirectory[] = "SCONES_WORKFLOWS_MAP_REDRIVE_CRASH_DIRECTORY";
constexpr char kType[] = "SCONES_WORKFLOWS_MAP_REDRIVE_CRASH_CHILDREN";
constexpr char kParent[] = "arn:aws:states:us-east-1:000000000000:execution:m:e";
constexpr int kCrashed = 86;
constexpr int kItems = 600;

// Item 3 fails until it is redriven.
class RepairedRunner final : public TaskRunner {
 public:
  void Start(TaskRequest request, TaskDone done) override {
    const bool fails = request.task.input == R"({"i":3,"n":0})";
    const auto input = ParseJson(request.task.input);
    std::string item = input ? ToJson(input->at("i")) : "";
    (void)pool_.TryPost([fails, item = std::move(item), done = std::move(done)] {
      done(fails ? TaskOutcome::Failed("E", "not yet") : TaskOutcome::Succeeded(item));
    });
  }
  void Cancel(const std::string&, std::uint64_t) override {}

 private:
  io::BlockingPool pool_{"tasks", 2, 10'000};
};

std::string Items() {
  std::string items = "[0";
  for (int i = 1; i < kItems; ++i) items += "," + std::to_string(i);
  return items + "]";
}

std::string Machine(const std::string& type) {
  return R"~({"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":100,"ItemProcessor":{
      "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":")~" +
         type + R"~("},"StartAt":"A","States":{"A":{"Type":"Task","Resource":
      "arn:aws:lambda:us-east-1:000000000000:function:A",
      "Parameters":{"i.$":"$","n.$":"$$.Execution.RedriveCount"},"End":true}}},"End":true}}})~";
}

bool HasEnded(Workflows& service) {
  const auto described = service.DescribeExecution(kParent);
  return described && described->status != asl::ExecutionStatus::kRunning;
}

// The child's part: run with SCONES_CRASH_POINT set.
TEST(MapRedriveCrashChild, DISABLED_RedrivesAMapUntilItCrashes) {
  const char* directory = std::getenv(kDirectory);
  const char* type = std::getenv(kType);
  ASSERT_NE(directory, nullptr);
  ASSERT_NE(type, nullptr);
  io::Shards shards(1);
  auto database = db::Database::Open(io::Path(directory) / "db", {});
  ASSERT_TRUE(database);
  RepairedRunner runner;
  SystemClock clock;
  auto service = Workflows::Open(**database, runner, clock, Identity{}, {});
  ASSERT_TRUE(service);
  auto machine = shards.RunAndWait((*service)->CreateStateMachine(
      {.name = "m", .definition = Machine(type), .role_arn = "arn:aws:iam::000000000000:role/r"}));
  ASSERT_TRUE(machine);
  ASSERT_TRUE(shards.RunAndWait((*service)->StartExecution(
      {.state_machine_arn = machine->arn, .name = "e", .input = Items()})));
  ASSERT_TRUE(Eventually([&] { return HasEnded(**service); }));
  ASSERT_TRUE(shards.RunAndWait((*service)->RedriveExecution(kParent, "")));
  auto acknowledged = io::File::Open(io::Path(directory) / "acknowledged", io::File::Mode::kAppend);
  ASSERT_TRUE(acknowledged);
  ASSERT_TRUE(Eventually([&] { return HasEnded(**service); }));
}

struct Crash {
  const char* point;
  const char* children;
};
class MapRedriveCrash : public ::testing::TestWithParam<Crash> {};

TEST_P(MapRedriveCrash, TheRunGoesOnAndNoChildCountsTwice) {
  const io::TemporaryDirectory directory;
  auto child = io::Process::Start(
      {.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                   "--gtest_filter=MapRedriveCrashChild.*", "--gtest_also_run_disabled_tests"},
       .environment = {{kDirectory, directory.path().string()},
                       {kType, GetParam().children},
                       {"SCONES_CRASH_POINT", GetParam().point}},
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
  ASSERT_TRUE(Eventually([&] { return HasEnded(**service); }));
  if ((*service)->DescribeExecution(kParent)->status == asl::ExecutionStatus::kFailed) {
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "acknowledged"))
        << "the redrive is lost";
    ASSERT_TRUE(shards.RunAndWait((*service)->RedriveExecution(kParent, "")));
    ASSERT_TRUE(Eventually([&] { return HasEnded(**service); }));
  }
  const auto ended = (*service)->DescribeExecution(kParent);
  EXPECT_EQ(ended->output, Items());
  EXPECT_EQ(ended->redrives.count, 1);
  const auto runs = (*service)->ListMapRuns(kParent, {});
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->items.size(), 1u);
  const auto run = (*service)->DescribeMapRun(runs->items[0].arn);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->redrives.count, 1);
  EXPECT_EQ(run->executions.succeeded, kItems);
  EXPECT_EQ(run->executions.ended(), kItems);
  EXPECT_EQ(run->executions.pending_redrive, 0);
  EXPECT_EQ(run->items.succeeded, kItems);
  const auto children =
      (*service)->ListMapRunExecutions(runs->items[0].arn, {}, {.max_results = 1000});
  ASSERT_TRUE(children);
  const bool standard = std::string(GetParam().children) == "STANDARD";
  EXPECT_EQ(children->items.size(), standard ? std::size_t{kItems} : 0u);
}

INSTANTIATE_TEST_SUITE_P(Points, MapRedriveCrash,
                         ::testing::Values(Crash{"workflows.map_run.marking:1", "STANDARD"},
                                           Crash{"workflows.map_run.marking:2", "EXPRESS"},
                                           Crash{"workflows.map_run.marked:1", "STANDARD"},
                                           Crash{"workflows.map_run.marked:1", "EXPRESS"},
                                           Crash{"workflows.change.begun:250", "STANDARD"},
                                           Crash{"workflows.settling:150", "STANDARD"},
                                           Crash{"workflows.settling:500", "STANDARD"},
                                           Crash{"workflows.settling:400", "EXPRESS"},
                                           Crash{"workflows.carried_out:700", "STANDARD"},
                                           Crash{"workflows.map_run.joined:1", "STANDARD"}));

}  // namespace
}  // namespace scones::workflows::testing

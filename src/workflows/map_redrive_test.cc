// Redriving executions whose distributed Map failed or was given up: the same run goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

using asl::ExecutionStatus;
using ::testing::ElementsAre;

class Objects final : public MapData {
 public:
  Result<std::string> Read(const asl::ItemFetch& object, std::size_t) override {
    const std::lock_guard lock(mutex);
    const auto found = stored.find(object.key);
    if (found != stored.end()) return found->second;
    return Error(Code::kNotFound, "NoSuchKey", "The specified key does not exist.");
  }
  Result<asl::ListedPage> List(const asl::ItemFetch&) override { return asl::ListedPage(); }
  Result<void> Write(const std::string&, const std::string& key, std::string bytes) override {
    const std::lock_guard lock(mutex);
    stored[key] = std::move(bytes);
    return {};
  }

  std::mutex mutex;
  std::map<std::string, std::string> stored;
};

class MapRedriveTest : public WorkflowsTest {
 protected:
  void SetUp() override {
    map_data = &objects;
    WorkflowsTest::SetUp();
  }
  // A Map over the input whose children run a task T that gets the item and the redrive count.
  std::string Machine(const std::string& type, const std::string& fields = "") {
    return R"~({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",)~" + fields +
           R"~("ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":")~" +
           type +
           R"~("},"StartAt":"P","States":{"P":{"Type":"Pass","Next":"T"},"T":{"Type":"Task",
           "Resource":"arn:aws:lambda:us-east-1:000000000000:function:T",
           "Parameters":{"i.$":"$","n.$":"$$.Execution.RedriveCount"},"End":true}}},"End":true}}})~";
  }
  // Items below 0 fail until they are repaired, the others succeed.
  void Answer(bool repaired) {
    runner.On("T", [repaired](const TaskRequest& request) {
      const auto input = ParseJson(request.task.input);
      if (!repaired && input->at("i").as_int64() < 0) return TaskOutcome::Failed("E", "negative");
      return TaskOutcome::Succeeded(request.task.input);
    });
  }
  std::string RunOf(const std::string& execution) {
    const auto listed = service->ListMapRuns(execution, {});
    EXPECT_TRUE(listed && listed->items.size() == 1);
    return listed && !listed->items.empty() ? listed->items[0].arn : "";
  }
  MapRun Described(const std::string& run) {
    auto described = service->DescribeMapRun(run);
    EXPECT_TRUE(described) << described.error().message();
    return described.value_or(MapRun{});
  }
  std::vector<ExecutionSummary> Children(const std::string& run, const ChildFilter& filter = {}) {
    const auto listed = service->ListMapRunExecutions(run, filter, {.max_results = 1000});
    EXPECT_TRUE(listed) << listed.error().message();
    return listed ? listed->items : std::vector<ExecutionSummary>();
  }
  void Redrive(const std::string& arn) {
    const auto redriven = Await(service->RedriveExecution(arn, ""));
    ASSERT_TRUE(redriven) << redriven.error().message();
  }

  Objects objects;
};

TEST_F(MapRedriveTest, TheSameRunGoesOnWithWhatDidNotSucceed) {
  Answer(false);
  const std::string parent =
      Start(Create("m", Machine("STANDARD", R"("MaxConcurrency":1,)")), "e", "[1,-2,3]");
  ASSERT_EQ(Ended(parent).status, ExecutionStatus::kFailed);
  const std::string run = RunOf(parent);
  EXPECT_EQ(Described(run).executions.failed, 1);
  EXPECT_EQ(Described(run).executions.pending(), 1);
  EXPECT_EQ(Described(run).redrives.count, 0);
  const auto before = Children(run);
  ASSERT_EQ(before.size(), 2u);  // the third has not started
  const std::string failed = before[0].arn;
  EXPECT_EQ(service->DescribeExecution(failed)->redrive_status, RedriveStatus::kRedrivableByMapRun);

  clock.Advance(std::chrono::seconds(5));
  Answer(true);
  Redrive(parent);
  EXPECT_EQ(Ended(parent).output, R"([{"i":1,"n":0},{"i":-2,"n":1},{"i":3,"n":0}])");
  EXPECT_EQ(RunOf(parent), run);
  EXPECT_THAT(EventTypes(parent),
              ElementsAre("ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted",
                          "MapRunFailed", "MapStateFailed", "ExecutionFailed", "ExecutionRedriven",
                          "MapRunRedriven", "MapRunSucceeded", "MapStateSucceeded",
                          "MapStateExited", "ExecutionSucceeded"));
  const auto history = service->GetExecutionHistory(parent, HistoryOrder::kOldestFirst, {});
  ASSERT_TRUE(history);
  EXPECT_EQ(history->items[8].previous_id, 3);
  EXPECT_EQ(history->items[8].details, (json::object{{"mapRunArn", run}, {"redriveCount", 1}}));
  const MapRun described = Described(run);
  EXPECT_EQ(described.status, MapRunStatus::kSucceeded);
  EXPECT_EQ(described.redrives.count, 1);
  EXPECT_EQ(described.redrives.last, clock.Now());
  EXPECT_EQ(described.executions.succeeded, 3);
  EXPECT_EQ(described.executions.failed, 0);
  EXPECT_EQ(described.executions.pending_redrive, 0);
  EXPECT_EQ(described.items.succeeded, 3);
  EXPECT_EQ(runner.starts("T"), 4) << "what had succeeded ran again";
  EXPECT_THAT(EventTypes(failed),
              ElementsAre("ExecutionStarted", "PassStateEntered", "PassStateExited",
                          "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
                          "LambdaFunctionFailed", "ExecutionFailed", "ExecutionRedriven",
                          "LambdaFunctionScheduled", "LambdaFunctionStarted",
                          "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded"));
  ASSERT_EQ(Children(run, {.redriven = true}).size(), 1u);
  EXPECT_EQ(Children(run, {.redriven = true})[0].arn, failed);
  EXPECT_EQ(Children(run, {.redriven = true})[0].redrives.count, 1);
  EXPECT_EQ(Children(run, {.redriven = false}).size(), 2u);
}

TEST_F(MapRedriveTest, FailuresAreCountedAnewAndTheRunMayFailAgain) {
  Answer(false);
  const std::string parent =
      Start(Create("m", Machine("STANDARD", R"("ToleratedFailureCount":1,)")), "e", "[-1,-2,3]");
  ASSERT_EQ(Ended(parent).status, ExecutionStatus::kFailed);
  const std::string run = RunOf(parent);
  for (int round = 1; round <= 2; ++round) {
    Redrive(parent);
    ASSERT_EQ(Ended(parent).error, "States.ExceedToleratedFailureThreshold");
    ASSERT_TRUE(Eventually([&] { return Described(run).executions.pending_redrive == 0; }));
    EXPECT_EQ(Described(run).redrives.count, round);
    const asl::MapRunCounts counts = Described(run).executions;
    EXPECT_EQ(counts.ended(), 3) << "every child counts where it ended";
    EXPECT_EQ(Ended(parent).redrives.count, round);
  }
  runner.On("T", [](const TaskRequest& request) {
    if (ParseJson(request.task.input)->at("i") == -1) return TaskOutcome::Failed("E", "still");
    return TaskOutcome::Succeeded(request.task.input);
  });
  Redrive(parent);
  EXPECT_EQ(Ended(parent).status, ExecutionStatus::kSucceeded) << "one failure is tolerated";
  EXPECT_EQ(Described(run).executions.failed, 1);
  EXPECT_EQ(Described(run).executions.succeeded, 2);
}

TEST_F(MapRedriveTest, ExpressChildrenRunAgainUnderTheirArn) {
  Answer(false);
  const std::string parent =
      Start(Create("m", Machine("EXPRESS",
                                R"("ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",
                          "Parameters":{"Bucket":"b","Prefix":"p"}},"MaxConcurrency":1,)")),
            "e", "[1,-2,3]");
  ASSERT_EQ(Ended(parent).status, ExecutionStatus::kFailed);
  const std::string run = RunOf(parent);
  const std::string prefix = "p/" + run.substr(run.rfind(':') + 1) + "/";
  Answer(true);
  Redrive(parent);
  const Execution ended = Ended(parent);
  ASSERT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  EXPECT_EQ(ParseJson(*ended.output)->at("ResultWriterDetails").at("Key"),
            json::value(prefix + "Redrive-1/manifest.json"));
  const std::lock_guard lock(objects.mutex);
  const auto failed = ParseJson(objects.stored[prefix + "FAILED_0.json"]);
  const auto redriven = ParseJson(objects.stored[prefix + "Redrive-1/SUCCEEDED_0.json"]);
  ASSERT_TRUE(failed && redriven);
  ASSERT_EQ(redriven->as_array().size(), 2u) << "only what this redrive ran";
  EXPECT_EQ(redriven->at(0).at("ExecutionArn"), failed->at(0).at("ExecutionArn"));
  EXPECT_EQ(redriven->at(0).at("Output"), R"({"i":-2,"n":1})");
  EXPECT_EQ(redriven->at(0).at("RedriveCount"), 1);
  EXPECT_EQ(redriven->at(1).at("Output"), R"({"i":3,"n":0})");
  EXPECT_EQ(runner.starts("T"), 4);
}

TEST_F(MapRedriveTest, ExpressChildrenComeToTheirOwnEndWhenTheRunHasFailed) {
  const std::string parent = Start(Create("m", Machine("EXPRESS")), "e", "[1,2]");
  ASSERT_TRUE(TaskWaits(2));
  const auto waiting = runner.waiting();
  waiting[0].done(TaskOutcome::Failed("E", "x"));
  const std::string run = RunOf(parent);
  ASSERT_TRUE(Eventually([&] { return Described(run).executions.failed == 1; }));
  EXPECT_EQ(Described(run).executions.running, 1);
  waiting[1].done(TaskOutcome::Succeeded("0"));
  ASSERT_EQ(Ended(parent).status, ExecutionStatus::kFailed);
  EXPECT_EQ(Described(run).executions.succeeded, 1);
  EXPECT_EQ(Described(run).executions.aborted, 0);
}

TEST_F(MapRedriveTest, ChildrenOfAStoppedParentGoOnAndThoseWithoutRoomArePendingRedrive) {
  const std::string parent = Start(Create("m", Machine("STANDARD")), "e", "[1,2]");
  ASSERT_TRUE(TaskWaits(2));
  const std::string run = RunOf(parent);
  ASSERT_TRUE(Await(service->UpdateMapRun({.arn = run, .max_concurrency = 1})));
  ASSERT_TRUE(Await(service->StopExecution(parent, "", "")));
  Redrive(parent);  // the children may still be stopping
  ASSERT_TRUE(TaskWaits(3));
  ASSERT_TRUE(Eventually([&] { return Described(run).executions.running == 1; }));
  EXPECT_EQ(Described(run).status, MapRunStatus::kRunning);
  EXPECT_EQ(Described(run).executions.pending_redrive, 1);
  EXPECT_EQ(Described(run).executions.aborted, 0);
  const auto pending = Children(run, {.pending_redrive = true});
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_TRUE(service->DescribeExecution(pending[0].arn)->pending_redrive);
  EXPECT_TRUE(Children(run, {.status = ExecutionStatus::kAborted}).empty());
  EXPECT_EQ(Children(run, {.status = ExecutionStatus::kRunning}).size(), 1u);
  Answer(true);
  for (const auto& one : runner.waiting()) one.done(TaskOutcome::Succeeded("7"));
  EXPECT_EQ(Ended(parent).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(Described(run).executions.succeeded, 2);
}

TEST_F(MapRedriveTest, ARedrivenRunGoesOnAfterARestart) {
  const std::string parent = Start(Create("m", Machine("STANDARD")), "e", "[1,2]");
  ASSERT_TRUE(TaskWaits(2));
  const std::string run = RunOf(parent);
  ASSERT_TRUE(Await(service->StopExecution(parent, "", "")));
  ASSERT_TRUE(Eventually([&] { return Described(run).executions.aborted == 2; }));
  Reopen();
  Redrive(parent);
  ASSERT_TRUE(TaskWaits(2));
  runner.waiting()[0].done(TaskOutcome::Succeeded("5"));
  ASSERT_TRUE(Eventually([&] { return Described(run).executions.succeeded == 1; }));
  Reopen();
  ASSERT_TRUE(TaskWaits(1));
  ASSERT_TRUE(Eventually([&] { return Described(run).executions.running == 1; }));
  EXPECT_EQ(Described(run).executions.pending_redrive, 0);
  EXPECT_EQ(Described(run).redrives.count, 1);
  runner.waiting()[0].done(TaskOutcome::Succeeded("5"));
  EXPECT_EQ(Ended(parent).output, "[5,5]");
  EXPECT_EQ(Described(run).executions.succeeded, 2);
  for (const ExecutionSummary& child : Children(run)) EXPECT_EQ(child.redrives.count, 1);
}

TEST_F(MapRedriveTest, AReaderThatFailedReadsAgainInTheSameRun) {
  Answer(true);
  const std::string parent = Start(
      Create("m", Machine("STANDARD", R"("ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
          "ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b","Key":"k"}},)")),
      "e");
  ASSERT_EQ(Ended(parent).error, "States.ItemReaderFailed");
  const std::string run = RunOf(parent);
  ASSERT_TRUE(objects.Write("b", "k", "[4]"));
  Redrive(parent);
  EXPECT_EQ(Ended(parent).output, R"([{"i":4,"n":0}])");
  EXPECT_EQ(RunOf(parent), run);
}

TEST_F(MapRedriveTest, AChildIsNotRedrivenByItself) {
  Answer(false);
  const std::string parent = Start(Create("m", Machine("STANDARD")), "e", "[-1]");
  ASSERT_EQ(Ended(parent).status, ExecutionStatus::kFailed);
  const auto refused = Await(service->RedriveExecution(Children(RunOf(parent)).at(0).arn, ""));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "ValidationException");
  EXPECT_EQ(refused.error().message(), "Labeled Execution ARNs are not supported for this API");
}

TEST_F(MapRedriveTest, AfterDataThatCannotBeProcessedANewRunBegins) {
  runner.On("T", [](const TaskRequest&) {
    return TaskOutcome::Succeeded(ToJsonString(std::string(150 * 1024, 'a')));
  });
  const std::string parent = Start(Create("m", Machine("STANDARD")), "e", "[1,2]");
  ASSERT_EQ(Ended(parent).error, "States.DataLimitExceeded");
  Answer(true);
  Redrive(parent);
  EXPECT_EQ(Ended(parent).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(service->ListMapRuns(parent, {})->items.size(), 2u);
}

}  // namespace
}  // namespace scones::workflows::testing

// RedriveExecution over the durable service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;

class RedriveTest : public WorkflowsTest {
 protected:
  // A machine of two tasks, A and B; B fails.
  std::string Failed(const std::string& name = "e") {
    if (machine_.empty()) machine_ = Create("m", Chain({"A", "B"}));
    runner.On("A", [](const TaskRequest&) { return TaskOutcome::Succeeded("1"); });
    runner.On("B", [](const TaskRequest&) { return TaskOutcome::Failed("E", "why"); });
    const std::string arn = Start(machine_, name);
    EXPECT_EQ(Ended(arn).status, asl::ExecutionStatus::kFailed);
    return arn;
  }
  void Repair() {
    runner.On("B", [](const TaskRequest&) { return TaskOutcome::Succeeded("2"); });
  }
  Result<Timestamp> Redrive(const std::string& arn, const std::string& token = "") {
    return Await(service->RedriveExecution(arn, token));
  }
  void ExpectRefused(const std::string& arn, const std::string& reason) {
    const auto described = service->DescribeExecution(arn);
    ASSERT_TRUE(described);
    EXPECT_EQ(described->redrive_status, RedriveStatus::kNotRedrivable);
    EXPECT_EQ(described->redrive_status_reason, reason);
    const auto refused = Redrive(arn);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), "ExecutionNotRedrivable");
    EXPECT_EQ(refused.error().message(), "Execution " + arn + " invalid for redrive as: " + reason);
  }

  std::string machine_;
};

TEST_F(RedriveTest, AFailedExecutionGoesOnWithTheSameHistory) {
  const std::string arn = Failed();
  const auto failed = service->DescribeExecution(arn);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->redrive_status, RedriveStatus::kRedrivable);
  EXPECT_EQ(failed->redrives.count, 0);
  clock.Advance(seconds(5));
  Repair();
  const auto redriven = Redrive(arn);
  ASSERT_TRUE(redriven) << redriven.error().message();
  EXPECT_EQ(*redriven, clock.Now());
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, asl::ExecutionStatus::kSucceeded);
  EXPECT_EQ(ended.output, "2");
  EXPECT_EQ(ended.error, std::nullopt);
  EXPECT_EQ(ended.redrives.count, 1);
  EXPECT_EQ(ended.redrives.last, clock.Now());
  EXPECT_EQ(runner.starts("A"), 1) << "what had succeeded ran again";
  EXPECT_THAT(EventTypes(arn),
              ElementsAre("ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled",
                          "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited",
                          "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
                          "LambdaFunctionFailed", "ExecutionFailed", "ExecutionRedriven",
                          "LambdaFunctionScheduled", "LambdaFunctionStarted",
                          "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded"));
  ExpectRefused(arn, "Execution is SUCCEEDED and cannot be redriven");
}

TEST_F(RedriveTest, ItRunsAndCanBeStoppedAndRedrivenAgain) {
  machine_ = Create("m", Chain({"A"}));
  const std::string arn = Start(machine_, "e");
  ASSERT_TRUE(TaskWaits());
  ExpectRefused(arn, "Execution is RUNNING and cannot be redriven");
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(Await(service->StopExecution(arn, "Stopped", "by hand")));
    ASSERT_TRUE(Redrive(arn));
    EXPECT_EQ(StatusOf(arn), asl::ExecutionStatus::kRunning);
    EXPECT_EQ(service->DescribeExecution(arn)->stopped, std::nullopt);
    EXPECT_EQ(service->counters().open, 1u);
  }
  const auto listed = service->ListExecutions(machine_, asl::ExecutionStatus::kRunning, {});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->items.size(), 1u);
  EXPECT_EQ(listed->items[0].redrives.count, 3);
  ASSERT_TRUE(TaskWaits(4));
  runner.waiting().back().done(TaskOutcome::Succeeded("1"));
  EXPECT_EQ(Ended(arn).status, asl::ExecutionStatus::kSucceeded);
}

TEST_F(RedriveTest, ARestartGoesOnWithARedrivenExecution) {
  machine_ = Create("m", Chain({"A"}, R"("Parameters":{"n.$":"$$.Execution.RedriveCount"},)"));
  const std::string arn = Start(machine_, "e");
  ASSERT_TRUE(TaskWaits());
  ASSERT_TRUE(Await(service->StopExecution(arn, "", "")));
  Reopen();
  ASSERT_TRUE(Redrive(arn));
  ASSERT_TRUE(TaskWaits());
  Reopen();
  ASSERT_TRUE(TaskWaits());
  const auto waiting = runner.waiting();
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].request.task.input, R"({"n":1})");
  waiting[0].done(TaskOutcome::Failed("E", ""));
  EXPECT_EQ(Ended(arn).error, "E");
  ASSERT_TRUE(Redrive(arn));
  EXPECT_EQ(service->DescribeExecution(arn)->redrives.count, 2);
}

TEST_F(RedriveTest, TheSameTokenAnswersAsTheFirstTime) {
  const std::string arn = Failed();
  const auto first = Redrive(arn, "one");
  ASSERT_TRUE(first);
  (void)Ended(arn);
  clock.Advance(seconds(60));
  EXPECT_EQ(Redrive(arn, "one").value_or(Timestamp()), *first);
  EXPECT_EQ(service->DescribeExecution(arn)->redrives.count, 1);
  const auto second = Redrive(arn, "two");
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  (void)Ended(arn);
  EXPECT_EQ(Redrive(arn, "one").value_or(Timestamp()), *first);
  // Fifteen minutes later the token means nothing any more.
  clock.Advance(std::chrono::minutes(15));
  ASSERT_TRUE(Redrive(arn, "one"));
  EXPECT_EQ(service->DescribeExecution(arn)->redrives.count, 3);
}

TEST_F(RedriveTest, TheDefinitionIsThatOfTheStart) {
  const std::string arn = Failed();
  ASSERT_TRUE(
      Await(service->UpdateStateMachine({.arn = machine_, .definition = Chain({"A", "C"})})));
  Repair();
  ASSERT_TRUE(Redrive(arn));
  EXPECT_EQ(Ended(arn).output, "2");
}

TEST_F(RedriveTest, AfterFourteenDaysOrAYearItIsTooLate) {
  const std::string arn = Failed();
  clock.Advance(hours(14 * 24));
  EXPECT_EQ(service->DescribeExecution(arn)->redrive_status, RedriveStatus::kRedrivable);
  clock.Advance(seconds(1));
  ExpectRefused(arn, "Execution redrivable period exceeded");
  // What was kept of it is forgotten as others end.
  (void)Failed("f");
  const auto kept = database->Read([](db::Connection& connection) -> Result<std::int64_t> {
    db::Statement select = connection.Prepare("SELECT count(*) FROM redrivable_executions");
    TRY(const bool found, select.Step());
    return found ? select.Int(0) : -1;
  });
  EXPECT_EQ(kept.value_or(-1), 1);
}

TEST_F(RedriveTest, ADeletedMachinesExecutionsStayEnded) {
  const std::string arn = Failed();
  ASSERT_TRUE(Await(service->DeleteStateMachine(machine_)));
  ExpectRefused(arn, "State machine is in DELETING status");
}

TEST_F(RedriveTest, AHistoryThatIsFullCannotGoOn) {
  const std::string machine = Create("loop", R"({"StartAt":"C","States":{"S":{"Type":"Succeed"},
      "C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":true,"Next":"S"}],
           "Default":"C2"},
      "C2":{"Type":"Pass","Next":"C"}}})");
  const std::string arn = Start(machine, "e");
  ASSERT_EQ(Ended(arn).error, "States.Runtime");
  ExpectRefused(arn, "Execution history event limit exceeded");
}

TEST_F(RedriveTest, AnExpressExecutionHasNoneAndAnUnknownOneDoesNotExist) {
  EXPECT_EQ(Redrive("arn:aws:states:us-east-1:000000000000:execution:m:none").error().reason(),
            "ExecutionDoesNotExist");
  EXPECT_EQ(Redrive("arn:aws:states:us-east-1:000000000000:express:m:e:r").error().message(),
            "Invalid Arn: 'Resource type not valid in this context: express'");
}

}  // namespace
}  // namespace scones::workflows::testing

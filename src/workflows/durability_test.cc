// What a new process finds: executions in flight go on, timers are armed again, tasks are asked for
// again, a commit that fails loses nothing.
#include <gmock/gmock.h>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

using asl::ExecutionStatus;

TEST_F(WorkflowsTest, ATaskWithoutAnAnswerIsStartedAgainAfterARestart) {
  const std::string arn = Start(Create("m", Chain({"A", "B"})), "e", R"({"x":1})");
  ASSERT_TRUE(TaskWaits());
  const FakeRunner::Waiting before = runner.waiting()[0];
  Reopen();
  ASSERT_TRUE(TaskWaits());
  const FakeRunner::Waiting after = runner.waiting()[0];
  EXPECT_EQ(after.request.task.seq, before.request.task.seq);
  EXPECT_EQ(after.request.task.input, before.request.task.input);
  before.done(TaskOutcome::Succeeded("0"));  // of a service that is gone
  after.done(TaskOutcome::Succeeded("1"));
  ASSERT_TRUE(TaskWaits(2));
  runner.waiting()[1].done(TaskOutcome::Succeeded("2"));
  EXPECT_EQ(Ended(arn).output, "2");
  const auto types = EventTypes(arn);
  EXPECT_EQ(std::count(types.begin(), types.end(), "LambdaFunctionScheduled"), 2);
}

TEST_F(WorkflowsTest, WaitsAndRetriesAreArmedAgainAfterARestart) {
  const std::string wait = Start(
      Create("w", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})"),
      "e");
  std::atomic<int> attempts{0};
  runner.On("A", [&](const TaskRequest&) {
    return ++attempts == 1 ? TaskOutcome::Failed("Busy", "") : TaskOutcome::Succeeded("1");
  });
  const std::string retry = Start(
      Create("r", Chain({"A"}, R"("Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":90}],)")),
      "e");
  ASSERT_TRUE(Eventually([&] { return EventTypes(retry).back() == "LambdaFunctionFailed"; }));
  Reopen();
  ASSERT_TRUE(Eventually([&] { return service->counters().open == 2; }));
  Advance(std::chrono::seconds(59));
  EXPECT_EQ(StatusOf(wait), ExecutionStatus::kRunning);
  Advance(std::chrono::seconds(2));
  EXPECT_EQ(Ended(wait).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(attempts, 1);
  Advance(std::chrono::seconds(30));
  EXPECT_EQ(Ended(retry).output, "1");
  EXPECT_TRUE(Eventually([&] { return service->counters().open == 0; }));
}

TEST_F(WorkflowsTest, ATimeoutStillHoldsAfterARestart) {
  const std::string arn = Start(Create("m", Chain({"A"}, R"("TimeoutSeconds":30,)")), "e");
  ASSERT_TRUE(TaskWaits());
  Reopen();
  ASSERT_TRUE(TaskWaits());
  Advance(std::chrono::seconds(31));
  EXPECT_EQ(Ended(arn).error, "States.Timeout");
}

TEST_F(WorkflowsTest, AMapInFlightGoesOnWhereItWas) {
  const std::string map = R"({"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":2,
    "End":true,"ItemProcessor":)" +
                          Chain({"I"}) + "}}}";
  const std::string arn = Start(Create("m", map), "e", "[10,11,12,13,14]");
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(TaskWaits());
    const FakeRunner::Waiting next = runner.waiting()[0];
    next.done(TaskOutcome::Succeeded(next.request.task.input));
    const auto finished = [&] {
      const auto types = EventTypes(arn);
      return std::count(types.begin(), types.end(), "MapIterationSucceeded") == round + 1;
    };
    ASSERT_TRUE(Eventually(finished)) << round;
    Reopen();
  }
  EXPECT_EQ(Ended(arn).output, "[10,11,12,13,14]");
}

TEST_F(WorkflowsTest, ManyOpenExecutionsAreThereAtOnceAfterARestart) {
  const std::string machine =
      Create("w", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
  std::vector<std::string> arns;
  for (int i = 0; i < 600; ++i) arns.push_back(Start(machine, "e" + std::to_string(i)));
  Reopen();
  // Before the thread has come to it, too.
  ASSERT_TRUE(Await(service->StopExecution(arns.back(), "", "")));
  EXPECT_EQ(StatusOf(arns.back()), ExecutionStatus::kAborted);
  EXPECT_TRUE(Eventually([&] { return service->counters().open == 599; }));
  Advance(std::chrono::seconds(61));
  arns.pop_back();
  for (const std::string& arn : arns) {
    ASSERT_EQ(Ended(arn).status, ExecutionStatus::kSucceeded);
  }
  EXPECT_TRUE(Eventually([&] { return service->counters().open == 0; }));
}

TEST_F(WorkflowsTest, AnAcceptedExpressExecutionRunsAgainAfterARestart) {
  const std::string machine = Create("x", Chain({"A"}), asl::MachineType::kExpress);
  Start(machine, "e", "[5]");
  ASSERT_TRUE(TaskWaits());
  Reopen();
  ASSERT_TRUE(TaskWaits());
  EXPECT_EQ(runner.waiting()[0].request.task.input, "[5]");
  runner.waiting()[0].done(TaskOutcome::Succeeded("1"));
  ASSERT_TRUE(Eventually([&] { return service->counters().finished == 1; }));
  Reopen();
  EXPECT_EQ(service->counters().started, 0u);
}

// Makes all commits fail while it is held: a trigger refuses every change of open executions.
class BrokenDisk {
 public:
  explicit BrokenDisk(db::Database& database) : database_(database) {
    Execute(
        "CREATE TRIGGER broken BEFORE UPDATE ON open_executions BEGIN "
        "SELECT RAISE(ABORT, 'broken'); END; "
        "CREATE TRIGGER broken_insert BEFORE INSERT ON executions BEGIN "
        "SELECT RAISE(ABORT, 'broken'); END");
  }
  void Mend() { Execute("DROP TRIGGER broken; DROP TRIGGER broken_insert"); }

 private:
  void Execute(const std::string& sql) {
    const Result<void> done =
        database_.WriteAndWait([&](db::Connection& connection) { return connection.Execute(sql); });
    EXPECT_TRUE(done) << done.error().message();
  }
  db::Database& database_;
};

TEST_F(WorkflowsTest, AStepThatCannotBeStoredIsStoredLaterAndATaskIsNotRunTwice) {
  const std::string machine = Create("m", Chain({"A", "B"}));
  const std::string arn = Start(machine, "e");
  ASSERT_TRUE(TaskWaits());
  BrokenDisk disk(*database);
  runner.waiting()[0].done(TaskOutcome::Succeeded("1"));
  ASSERT_TRUE(Eventually([&] { return service->counters().commit_failures > 0; }));
  EXPECT_EQ(runner.starts("B"), 0) << "B may start only after A's answer is stored";
  disk.Mend();
  Advance(std::chrono::seconds(2));
  ASSERT_TRUE(TaskWaits(2));
  runner.waiting()[1].done(TaskOutcome::Succeeded("2"));
  EXPECT_EQ(Ended(arn).output, "2");
  EXPECT_EQ(runner.starts("A"), 1);
}

TEST_F(WorkflowsTest, AStartThatCannotBeStoredIsRefusedAndLeavesNothing) {
  const std::string machine = Create("m", Chain({"A"}));
  BrokenDisk disk(*database);
  EXPECT_FALSE(TryStart(machine, "e"));
  disk.Mend();
  Advance(std::chrono::seconds(2));
  EXPECT_EQ(runner.starts("A"), 0);
  EXPECT_TRUE(Eventually([&] { return service->counters().open == 0; }));
  Start(machine, "e");
  EXPECT_TRUE(TaskWaits());
}

}  // namespace
}  // namespace scones::workflows::testing

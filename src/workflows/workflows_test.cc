#include <gmock/gmock.h>

#include "base/random.h"
#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

using asl::ExecutionStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPass[] = R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})";
constexpr char kWaitMinute[] =
    R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})";

TaskOutcome Echo(const TaskRequest& request) { return TaskOutcome::Succeeded(request.task.input); }

TEST_F(WorkflowsTest, AnExecutionRunsItsTasksInOrderAndKeepsItsHistory) {
  runner.On("A", [](const TaskRequest&) { return TaskOutcome::Succeeded(R"({"a":1})"); });
  runner.On("B", Echo);
  const std::string arn = Start(Create("m", Chain({"A", "B"})), "e", R"({"x":1})");
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(ended.input, R"({"x":1})");
  EXPECT_EQ(ended.output, R"({"a":1})");
  EXPECT_TRUE(ended.stopped);
  EXPECT_THAT(EventTypes(arn),
              ElementsAre("ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled",
                          "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited",
                          "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
                          "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded"));
}

TEST_F(WorkflowsTest, ATaskIsStartedOnlyAfterItsExecutionHasBeenCommitted) {
  const std::string machine = Create("m", Chain({"A"}));
  std::atomic<bool> was_there{false};
  runner.On("A", [&](const TaskRequest& request) {
    was_there = service->DescribeExecution(request.execution_arn).has_value();
    return TaskOutcome::Succeeded("{}");
  });
  Ended(Start(machine, "e"));
  EXPECT_TRUE(was_there);
}

TEST_F(WorkflowsTest, StartingAgainWithTheSameNameAndInputAnswersAsTheFirstTime) {
  const std::string machine = Create("m", kWaitMinute);
  const auto first = TryStart(machine, "e", R"({"x":1})");
  clock.Advance(std::chrono::seconds(5));
  const auto second = TryStart(machine, "e", R"({"x":1})");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->arn, second->arn);
  EXPECT_EQ(first->started, second->started);
  const auto other = TryStart(machine, "e", R"({"x":2})");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason(), "ExecutionAlreadyExists");
  EXPECT_TRUE(Eventually([&] { return service->counters().open == 1; }));
}

TEST_F(WorkflowsTest, ANameOfAnEndedExecutionCannotBeUsedAgain) {
  const std::string machine = Create("m", kPass);
  Ended(Start(machine, "e"));
  const auto again = TryStart(machine, "e");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(),
            "Execution Already Exists: 'arn:aws:states:us-east-1:000000000000:execution:m:e'");
}

TEST_F(WorkflowsTest, ATaskThatFailsIsTriedAgainAfterItsInterval) {
  std::atomic<int> attempts{0};
  runner.On("A", [&](const TaskRequest&) {
    return ++attempts < 3 ? TaskOutcome::Failed("Busy", "try later")
                          : TaskOutcome::Succeeded("\"done\"");
  });
  const std::string machine = Create(
      "m",
      Chain({"A"}, R"("Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":10,"BackoffRate":2}],)"));
  const std::string arn = Start(machine, "e");
  ASSERT_TRUE(Eventually([&] { return attempts == 1; }));
  ASSERT_TRUE(Eventually([&] { return EventTypes(arn).back() == "LambdaFunctionFailed"; }));
  Advance(std::chrono::seconds(9));
  EXPECT_EQ(attempts, 1);
  Advance(std::chrono::seconds(1));
  ASSERT_TRUE(Eventually([&] { return attempts == 2; }));
  ASSERT_TRUE(Eventually([&] { return EventTypes(arn).back() == "LambdaFunctionFailed"; }));
  ASSERT_TRUE(Eventually([&] {
    Advance(std::chrono::seconds(20));
    return attempts == 3;
  }));
  EXPECT_EQ(Ended(arn).output, "\"done\"");
}

TEST_F(WorkflowsTest, ATaskThatTakesTooLongTimesOutAndIsCancelled) {
  const std::string arn = Start(Create("m", Chain({"A"}, R"("TimeoutSeconds":30,)")), "e");
  ASSERT_TRUE(TaskWaits());
  Advance(std::chrono::seconds(31));
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, ExecutionStatus::kFailed);
  EXPECT_EQ(ended.error, "States.Timeout");
  const std::vector<std::uint64_t> seqs = {runner.waiting()[0].request.task.seq};
  EXPECT_TRUE(Eventually([&] { return runner.cancelled() == seqs; }));
}

TEST_F(WorkflowsTest, BranchesAndIterationsRunSideBySide) {
  const std::string branches = R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
    "Branches":[)" + Chain({"A"}) +
                               "," + Chain({"B"}) + R"(]}}})";
  const std::string arn = Start(Create("parallel", branches), "e");
  ASSERT_TRUE(TaskWaits(2));
  const auto waiting = runner.waiting();
  waiting[1].done(TaskOutcome::Succeeded("2"));
  waiting[0].done(TaskOutcome::Succeeded("1"));
  EXPECT_EQ(Ended(arn).output, waiting[0].request.task.state_name == "A" ? "[1,2]" : "[2,1]");

  runner.On("I", Echo);
  const std::string map = R"({"StartAt":"M","States":{"M":{"Type":"Map","End":true,
    "ItemProcessor":)" + Chain({"I"}) +
                          "}}}";
  EXPECT_EQ(Ended(Start(Create("map", map), "e", "[1,2,3,4,5]")).output, "[1,2,3,4,5]");
}

TEST_F(WorkflowsTest, AnAnswerThatComesTwiceIsRecordedOnce) {
  const std::string arn = Start(Create("m", Chain({"A", "B"})), "e");
  ASSERT_TRUE(TaskWaits());
  const TaskDone done = runner.waiting()[0].done;
  done(TaskOutcome::Succeeded("1"));
  done(TaskOutcome::Failed("Twice", ""));
  done(TaskOutcome::Succeeded("2"));
  ASSERT_TRUE(TaskWaits(2));
  runner.waiting()[1].done(TaskOutcome::Succeeded("3"));
  EXPECT_EQ(Ended(arn).output, "3");
  done(TaskOutcome::Succeeded("4"));
  const auto types = EventTypes(arn);
  EXPECT_EQ(std::count(types.begin(), types.end(), "LambdaFunctionSucceeded"), 2);
}

TEST_F(WorkflowsTest, StoppingEndsAnExecutionOnce) {
  const std::string arn = Start(Create("m", kWaitMinute), "e");
  const auto stopped = Await(service->StopExecution(arn, "Enough", "because"));
  ASSERT_TRUE(stopped) << stopped.error().message();
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, ExecutionStatus::kAborted);
  EXPECT_EQ(ended.error, "Enough");
  EXPECT_EQ(ended.cause, "because");
  EXPECT_EQ(ended.stopped, *stopped);
  clock.Advance(std::chrono::seconds(100));
  EXPECT_EQ(Await(service->StopExecution(arn, "", "")).value_or(Timestamp()), *stopped);
  EXPECT_EQ(EventTypes(arn).back(), "ExecutionAborted");
}

TEST_F(WorkflowsTest, ATaskTokenLetsTheWorldAnswer) {
  constexpr char kToken[] = R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,
    "Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}}}}})";
  const std::string arn = Start(Create("m", kToken), "e");
  ASSERT_TRUE(TaskWaits());
  const std::string token = runner.waiting()[0].request.task.task_token;
  runner.waiting()[0].done(TaskOutcome::Submitted("{}"));
  ASSERT_TRUE(Eventually([&] { return EventTypes(arn).back() == "TaskSubmitted"; }));

  Reopen();
  const auto bad = Await(service->SendTaskSuccess(token, "{not json"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().reason(), "InvalidOutput");
  const auto sent = Await(service->SendTaskSuccess(token, R"({"ok":true})"));
  ASSERT_TRUE(sent) << sent.error().message();
  EXPECT_EQ(Ended(arn).output, R"({"ok":true})");
  EXPECT_EQ(runner.starts("T"), 1) << "an accepted task is not submitted again";
  const auto late = Await(service->SendTaskSuccess(token, "{}"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason(), "TaskTimedOut");
  EXPECT_EQ(Await(service->SendTaskFailure("nonsense", "", "")).error().reason(), "InvalidToken");
}

TEST_F(WorkflowsTest, WhoeverAwaitsAnExecutionLearnsWhenItHasEnded) {
  const std::string arn = Start(Create("m", kWaitMinute), "e");
  std::atomic<int> ended{0};
  const auto count = [&](const Result<void>& outcome) {
    if (outcome && StatusOf(arn) == ExecutionStatus::kAborted) ++ended;
  };
  service->WhenEnded(arn, count);
  service->WhenEnded(arn, count);
  ASSERT_TRUE(Await(service->StopExecution(arn, "", "")));
  EXPECT_TRUE(Eventually([&] { return ended == 2; }));
  service->WhenEnded(arn, count);
  EXPECT_EQ(ended, 3);
  std::string reason;
  service->WhenEnded(arn + "x",
                     [&](const Result<void>& outcome) { reason = outcome.error().reason(); });
  EXPECT_EQ(reason, "ExecutionDoesNotExist");
}

TEST_F(WorkflowsTest, AnIntegrationThatIsNotHereIsRefusedAtCreationByName) {
  const auto create = [&](const std::string& resource) {
    const std::string definition = R"({"StartAt":"A","States":{"A":{"Type":"Task","End":true,)"
                                   R"("Parameters":{},"Resource":")" +
                                   resource + "\"}}}";
    return Await(service->CreateStateMachine(
        {.name = "m" + RandomUuid(), .definition = definition, .role_arn = kRole}));
  };
  for (const char* resource :
       {"arn:aws:states:::sqs:sendMessage", "arn:aws:states:::sagemaker:createTransformJob.sync",
        "arn:aws-cn:states:::aws-sdk:dynamodb:getItem"}) {
    const auto refused = create(resource);
    ASSERT_FALSE(refused) << resource;
    EXPECT_EQ(refused.error().reason(), "InvalidDefinition");
    EXPECT_THAT(refused.error().message(), HasSubstr(resource));
    EXPECT_THAT(refused.error().message(), HasSubstr("/States/A/Resource"));
  }
  for (const char* resource :
       {"arn:aws:states:::sagemaker:createTrainingJob.sync",
        "arn:aws-cn:states:::aws-sdk:s3:getObject", "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:eu-west-1:123456789012:activity:work"}) {
    const auto created = create(resource);
    EXPECT_TRUE(created) << resource << ": " << created.error().message();
  }
}

TEST_F(WorkflowsTest, HeartbeatsKeepATaskAlive) {
  constexpr char kToken[] = R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,
    "HeartbeatSeconds":10,"Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}}}}})";
  const std::string arn = Start(Create("m", kToken), "e");
  ASSERT_TRUE(TaskWaits());
  const std::string token = runner.waiting()[0].request.task.task_token;
  for (int i = 0; i < 3; ++i) {
    Advance(std::chrono::seconds(8));
    const auto beat = Await(service->SendTaskHeartbeat(token));
    ASSERT_TRUE(beat) << beat.error().message();
  }
  Advance(std::chrono::seconds(11));
  EXPECT_EQ(Ended(arn).status, ExecutionStatus::kFailed);
  EXPECT_EQ(Await(service->SendTaskHeartbeat(token)).error().reason(), "TaskTimedOut");
}

TEST_F(WorkflowsTest, ADeletedMachineFinishesItsExecutionsAndTakesNoNewOnes) {
  const std::string machine = Create("m", kWaitMinute);
  const std::string arn = Start(machine, "e");
  ASSERT_TRUE(Await(service->DeleteStateMachine(machine)));
  EXPECT_EQ(service->DescribeStateMachine(machine)->status, StateMachineStatus::kDeleting);
  EXPECT_EQ(TryStart(machine, "other").error().reason(), "StateMachineDeleting");
  Advance(std::chrono::seconds(61));
  EXPECT_EQ(Ended(arn).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(service->DescribeStateMachine(machine).error().reason(), "StateMachineDoesNotExist");
  EXPECT_EQ(TryStart(machine, "other").error().reason(), "StateMachineDoesNotExist");
  EXPECT_TRUE(Await(service->DeleteStateMachine(machine)));

  Create("m", kPass);
  EXPECT_TRUE(service->ListExecutions(machine, {}, {})->items.empty());
  EXPECT_EQ(service->DescribeStateMachineForExecution(arn)->definition, kWaitMinute);
}

TEST_F(WorkflowsTest, ARunningExecutionKeepsTheDefinitionItStartedWith) {
  const std::string machine = Create("m", Chain({"A"}));
  const std::string before = Start(machine, "before");
  ASSERT_TRUE(TaskWaits());
  const auto updated = Await(service->UpdateStateMachine({.arn = machine, .definition = kPass}));
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ(Ended(Start(machine, "after", "7")).output, "7");
  runner.waiting()[0].done(TaskOutcome::Succeeded("8"));
  EXPECT_EQ(Ended(before).output, "8");
  EXPECT_EQ(service->DescribeStateMachine(machine)->revision_id, updated->revision_id);
}

TEST_F(WorkflowsTest, AnExpressExecutionAnswersItsCallerAndLeavesNoHistory) {
  runner.On("A", Echo);
  const std::string machine = Create("x", Chain({"A"}), asl::MachineType::kExpress);
  const auto ended = Await(service->StartSyncExecution(
      {.state_machine_arn = machine, .name = "e", .input = "[1]", .trace_header = ""}));
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_EQ(ended->output, "[1]");
  EXPECT_EQ(ended->status, ExecutionStatus::kSucceeded);
  EXPECT_THAT(ended->arn, HasSubstr(":express:x:e:"));
  EXPECT_EQ(service->DescribeExecution(ended->arn).error().message(),
            "Invalid Arn: 'Resource type not valid in this context: express'");
  EXPECT_EQ(service->ListExecutions(machine, {}, {}).error().reason(),
            "StateMachineTypeNotSupported");
  const std::string standard = Create("s", kPass);
  EXPECT_EQ(Await(service->StartSyncExecution({.state_machine_arn = standard})).error().reason(),
            "StateMachineTypeNotSupported");
}

TEST_F(WorkflowsTest, AnExpressExecutionEndsAfterFiveMinutes) {
  const std::string machine = Create("x", Chain({"A"}), asl::MachineType::kExpress);
  std::thread later([&] {
    ASSERT_TRUE(TaskWaits());
    Advance(std::chrono::seconds(301));
  });
  const auto ended = Await(service->StartSyncExecution({.state_machine_arn = machine}));
  later.join();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, ExecutionStatus::kTimedOut);
  EXPECT_TRUE(Eventually([&] { return service->counters().loaded == 0; }));
}

TEST_F(WorkflowsTest, ListsComeByPageLatestFirstAndByStatus) {
  const std::string machine = Create("m", kPass);
  const std::string waiting = Create("w", kWaitMinute);
  for (int i = 0; i < 25; ++i) Ended(Start(machine, "e" + std::to_string(i)));
  Start(waiting, "r");
  std::vector<std::string> names;
  PageRequest page{.max_results = 10};
  do {
    const auto listed = service->ListExecutions(machine, {}, page);
    ASSERT_TRUE(listed) << listed.error().message();
    for (const ExecutionSummary& item : listed->items) names.push_back(item.name);
    page.next_token = listed->next_token;
  } while (!page.next_token.empty());
  ASSERT_EQ(names.size(), 25u);
  EXPECT_EQ(names.front(), "e24");
  EXPECT_EQ(names.back(), "e0");
  EXPECT_EQ(service->ListExecutions(machine, ExecutionStatus::kSucceeded, {})->items.size(), 25u);
  EXPECT_TRUE(service->ListExecutions(machine, ExecutionStatus::kFailed, {})->items.empty());
  EXPECT_EQ(service->ListExecutions(waiting, ExecutionStatus::kRunning, {})->items.size(), 1u);
  EXPECT_EQ(service->ListExecutions(machine, {}, {.next_token = "zz"}).error().reason(),
            "InvalidToken");
  EXPECT_EQ(service->ListStateMachines({.max_results = 1})->items[0].name, "m");
}

TEST_F(WorkflowsTest, AHistoryOfManyPiecesComesByPageInBothOrders) {
  service.reset();
  database.reset();
  options.history_chunk_bytes = 256;
  Open();
  runner.On("I", Echo);
  const std::string map = R"({"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,
    "End":true,"ItemProcessor":)" +
                          Chain({"I"}) + "}}}";
  std::string items = "[0";
  for (int i = 1; i < 40; ++i) items += "," + std::to_string(i);
  const std::string arn = Start(Create("m", map), "e", items + "]");
  Ended(arn);
  const std::size_t count = EventTypes(arn).size();
  ASSERT_GT(count, 250u);
  for (const HistoryOrder order : {HistoryOrder::kOldestFirst, HistoryOrder::kNewestFirst}) {
    std::vector<std::int64_t> ids;
    PageRequest page{.max_results = 7};
    do {
      const auto listed = service->GetExecutionHistory(arn, order, page);
      ASSERT_TRUE(listed) << listed.error().message();
      for (const asl::HistoryEvent& event : listed->items) ids.push_back(event.id);
      page.next_token = listed->next_token;
    } while (!page.next_token.empty());
    ASSERT_EQ(ids.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t id = order == HistoryOrder::kOldestFirst ? i + 1 : count - i;
      ASSERT_EQ(ids[i], static_cast<std::int64_t>(id));
    }
  }
}

TEST_F(WorkflowsTest, MoreExecutionsThanFitInMemoryAllGoOn) {
  service.reset();
  database.reset();
  options.max_loaded_executions = 3;
  Open();
  const std::string machine = Create("m", Chain({"A"}));
  std::vector<std::string> arns;
  for (int i = 0; i < 20; ++i) arns.push_back(Start(machine, "e" + std::to_string(i)));
  ASSERT_TRUE(TaskWaits(20));
  EXPECT_TRUE(Eventually([&] {
    service->Wake();
    return service->counters().loaded <= 3;
  }));
  for (const auto& task : runner.waiting()) task.done(TaskOutcome::Succeeded("1"));
  for (const std::string& arn : arns) EXPECT_EQ(Ended(arn).output, "1");
  EXPECT_TRUE(Eventually([&] { return service->counters().open == 0; }));
}

TEST_F(WorkflowsTest, LargeStatesDoNotFillTheMemory) {
  service.reset();
  database.reset();
  options.max_loaded_bytes = 300'000;
  options.max_batch_bytes = 100'000;
  Open();
  const std::string machine = Create("m", Chain({"A"}));
  const std::string input = "\"" + std::string(50'000, 'x') + "\"";
  std::vector<std::string> arns;
  for (int i = 0; i < 20; ++i) arns.push_back(Start(machine, "e" + std::to_string(i), input));
  ASSERT_TRUE(TaskWaits(20));
  EXPECT_TRUE(Eventually([&] {
    service->Wake();
    return service->counters().loaded <= 6;
  }));
  for (const auto& task : runner.waiting())
    task.done(TaskOutcome::Succeeded(task.request.task.input));
  for (const std::string& arn : arns) EXPECT_EQ(Ended(arn).output, input);
}

TEST_F(WorkflowsTest, LimitsAreErrorsThatSayWhatToDo) {
  service.reset();
  database.reset();
  options.max_open_executions = 1;
  options.max_input_bytes = 100;
  options.max_state_machines = 1;
  Open();
  const std::string machine = Create("m", kWaitMinute);
  Start(machine, "a");
  EXPECT_EQ(TryStart(machine, "b").error().reason(), "ExecutionLimitExceeded");
  EXPECT_EQ(TryStart(machine, "c", "\"" + std::string(200, 'a') + "\"").error().reason(),
            "InvalidExecutionInput");
  EXPECT_EQ(TryStart(machine, "bad name").error().message(), "Invalid Name: 'bad name'");
  EXPECT_EQ(
      Await(service->CreateStateMachine({.name = "n", .definition = kPass, .role_arn = kRole}))
          .error()
          .reason(),
      "StateMachineLimitExceeded");
}

}  // namespace
}  // namespace scones::workflows::testing

// Activities: scheduled by executions, taken by workers, and what becomes of tasks when workers,
// executions or the process go away.
#include <gmock/gmock.h>

#include <future>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

using asl::ExecutionStatus;
using ::testing::ElementsAre;

constexpr char kArn[] = "arn:aws:states:us-east-1:000000000000:activity:resize";

std::string Machine(const std::string& members = "") {
  return std::string(R"({"StartAt":"A","States":{"A":{"Type":"Task","Resource":")") + kArn + "\"," +
         members + R"("End":true}}})";
}

using Polled = Result<std::optional<ActivityTask>>;

class ActivitiesTest : public WorkflowsTest {
 protected:
  void CreateActivity() { ASSERT_TRUE(Await(service->CreateActivity("resize", {}))); }
  Polled Poll(const std::string& worker = "w") {
    return Await(service->GetActivityTask(kArn, worker, [] { return true; }));
  }
  // A worker on a thread of its own, which polls while the test goes on.
  std::future<Polled> PollBeside(const std::string& worker, bool there = true) {
    return std::async(std::launch::async, [this, worker, there] {
      return Await(service->GetActivityTask(kArn, worker, [there] { return there; }));
    });
  }
  bool Scheduled(const std::string& arn) {
    return Eventually([&] { return EventTypes(arn).back() == "ActivityScheduled"; });
  }
};

TEST_F(ActivitiesTest, AWorkerTakesTheTaskAndItsAnswerIsTheStatesResult) {
  CreateActivity();
  const std::string arn = Start(Create("m", Machine()), "e", R"({"x":1})");
  const Polled task = Poll("worker-7");
  ASSERT_TRUE(task && *task);
  EXPECT_EQ((*task)->input, R"({"x":1})");
  EXPECT_TRUE(Await(service->SendTaskHeartbeat((*task)->token)));
  ASSERT_TRUE(Await(service->SendTaskSuccess((*task)->token, R"({"y":2})")));
  EXPECT_EQ(Ended(arn).output, R"({"y":2})");
  EXPECT_THAT(
      EventTypes(arn),
      ElementsAre("ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted",
                  "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded"));
  const auto history = service->GetExecutionHistory(arn, HistoryOrder::kOldestFirst, {});
  EXPECT_EQ(StringOr(history->items[3].details, "workerName", ""), "worker-7");
}

TEST_F(ActivitiesTest, AWorkerThatPollsFirstGetsTheTaskWhenItIsScheduled) {
  CreateActivity();
  auto polled = PollBeside("w");
  const std::string arn = Start(Create("m", Machine()), "e");
  const Polled task = polled.get();
  ASSERT_TRUE(task && *task);
  ASSERT_TRUE(Await(service->SendTaskFailure((*task)->token, "Broken", "no paper")));
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, ExecutionStatus::kFailed);
  EXPECT_EQ(ended.error, "Broken");
  EXPECT_EQ(ended.cause, "no paper");
}

TEST_F(ActivitiesTest, TasksGoToWorkersInTheOrderInWhichTheyWereScheduled) {
  CreateActivity();
  const std::string machine = Create("m", Machine());
  for (const char* name : {"first", "second", "third"}) {
    ASSERT_TRUE(Scheduled(Start(machine, name, "\"" + std::string(name) + "\"")));
  }
  for (const char* name : {"first", "second", "third"}) {
    const Polled task = Poll();
    ASSERT_TRUE(task && *task);
    EXPECT_EQ((*task)->input, "\"" + std::string(name) + "\"");
  }
}

TEST_F(ActivitiesTest, EachTaskGoesToOneOfManyWorkers) {
  CreateActivity();
  const std::string machine = Create("m", Machine());
  std::vector<std::future<Polled>> workers;
  for (int i = 0; i < 8; ++i) workers.push_back(PollBeside("w" + std::to_string(i)));
  for (int i = 0; i < 8; ++i) Start(machine, "e" + std::to_string(i), std::to_string(i));
  std::set<std::string> inputs;
  for (auto& worker : workers) {
    const Polled task = worker.get();
    ASSERT_TRUE(task && *task);
    inputs.insert((*task)->input);
  }
  EXPECT_EQ(inputs.size(), 8u);
}

TEST_F(ActivitiesTest, APollThatFindsNothingEndsAfterAMinute) {
  CreateActivity();
  auto polled = PollBeside("w");
  ASSERT_TRUE(Eventually([&] {
    Advance(std::chrono::seconds(61));
    return polled.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
  }));
  const Polled task = polled.get();
  ASSERT_TRUE(task);
  EXPECT_FALSE(*task);
}

TEST_F(ActivitiesTest, AWorkerThatHasGoneDoesNotTakeATaskWithIt) {
  CreateActivity();
  auto gone = PollBeside("gone", false);
  const std::string arn = Start(Create("m", Machine()), "e");
  const Polled nothing = gone.get();
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  EXPECT_EQ(EventTypes(arn).back(), "ActivityScheduled");
  const Polled task = Poll("there");
  ASSERT_TRUE(task && *task);
  EXPECT_EQ(EventTypes(arn).back(), "ActivityStarted");
}

TEST_F(ActivitiesTest, ATaskThatNobodyTakesTimesOut) {
  CreateActivity();
  const std::string arn = Start(Create("m", Machine(R"("TimeoutSeconds":5,)")), "e");
  ASSERT_TRUE(Scheduled(arn));
  Advance(std::chrono::seconds(6));
  EXPECT_EQ(Ended(arn).error, "States.Timeout");
  EXPECT_THAT(EventTypes(arn),
              ElementsAre("ExecutionStarted", "TaskStateEntered", "ActivityScheduled",
                          "ActivityTimedOut", "ExecutionFailed"));
  // It left the queue: the next worker gets the next task.
  const std::string other = Start(Create("n", Machine()), "e", "2");
  ASSERT_TRUE(Scheduled(other));
  const Polled task = Poll();
  ASSERT_TRUE(task && *task);
  EXPECT_EQ((*task)->input, "2");
}

TEST_F(ActivitiesTest, HeartbeatsCountFromWhenAWorkerHasTheTask) {
  CreateActivity();
  const std::string arn = Start(Create("m", Machine(R"("HeartbeatSeconds":10,)")), "e");
  ASSERT_TRUE(Scheduled(arn));
  Advance(std::chrono::seconds(60));
  const Polled task = Poll();
  ASSERT_TRUE(task && *task);
  Advance(std::chrono::seconds(9));
  ASSERT_TRUE(Await(service->SendTaskHeartbeat((*task)->token)));
  Advance(std::chrono::seconds(9));
  EXPECT_EQ(StatusOf(arn), ExecutionStatus::kRunning);
  Advance(std::chrono::seconds(2));
  EXPECT_EQ(Ended(arn).status, ExecutionStatus::kFailed);
  const auto late = Await(service->SendTaskSuccess((*task)->token, "1"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason(), "TaskTimedOut");
}

TEST_F(ActivitiesTest, AfterARestartScheduledTasksAreThereAndTakenOnesAreAwaited) {
  CreateActivity();
  const std::string machine = Create("m", Machine());
  const std::string taken = Start(machine, "taken", "1");
  ASSERT_TRUE(Scheduled(taken));
  const Polled first = Poll();
  ASSERT_TRUE(first && *first);
  ASSERT_TRUE(Scheduled(Start(machine, "waiting", "2")));
  Reopen();
  const Polled second = Poll();
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->input, "2");
  ASSERT_TRUE(Await(service->SendTaskSuccess((*first)->token, "\"done\"")));
  EXPECT_EQ(Ended(taken).output, "\"done\"");
}

TEST_F(ActivitiesTest, AStoppedExecutionsTaskIsNotHandedOut) {
  CreateActivity();
  const std::string machine = Create("m", Machine());
  const std::string stopped = Start(machine, "stopped", "1");
  ASSERT_TRUE(Scheduled(stopped));
  ASSERT_TRUE(Await(service->StopExecution(stopped, "", "")));
  ASSERT_TRUE(Scheduled(Start(machine, "other", "2")));
  const Polled task = Poll();
  ASSERT_TRUE(task && *task);
  EXPECT_EQ((*task)->input, "2");
}

TEST_F(ActivitiesTest, AnActivityThatIsNotThereFailsTheTask) {
  const std::string arn = Start(Create("m", Machine()), "e");
  EXPECT_EQ(Ended(arn).error, "ActivityDoesNotExist");
  EXPECT_EQ(EventTypes(arn)[3], "ActivityScheduleFailed");
}

TEST_F(ActivitiesTest, ActivitiesAreCreatedOnceListedByPageAndDeleted) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(Await(service->CreateActivity(name, {})));
  const auto first = Await(service->CreateActivity("a", {}));
  clock.Advance(std::chrono::seconds(5));
  const auto again = Await(service->CreateActivity("a", {}));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->created, again->created);
  auto page = service->ListActivities({.max_results = 2});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].name, "a");
  page = service->ListActivities({.max_results = 2, .next_token = page->next_token});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].name, "c");
  EXPECT_TRUE(page->next_token.empty());
  EXPECT_TRUE(Await(service->DeleteActivity(first->arn)));
  EXPECT_TRUE(Await(service->DeleteActivity(first->arn)));
  EXPECT_EQ(service->DescribeActivity(first->arn).error().reason(), "ActivityDoesNotExist");
  const auto poll = Await(service->GetActivityTask(first->arn, "", [] { return true; }));
  EXPECT_EQ(poll.error().reason(), "ActivityDoesNotExist");
}

TEST_F(ActivitiesTest, TagsOfAnActivityAreKept) {
  const auto made = Await(service->CreateActivity("a", {{.key = "k", .value = "v"}}));
  ASSERT_TRUE(made);
  ASSERT_TRUE(Await(service->TagResource(made->arn, {{.key = "l", .value = "w"}})));
  ASSERT_TRUE(Await(service->UntagResource(made->arn, {"k"})));
  Reopen();
  const auto tags = service->ListTagsForResource(made->arn);
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->size(), 1u);
  EXPECT_EQ(tags->front().key, "l");
}

TEST_F(ActivitiesTest, PollsEndAtOnceWhenTheServerIsAboutToStop) {
  CreateActivity();
  auto polled = PollBeside("w");
  service->EndActivityPolls();
  const Polled task = polled.get();
  ASSERT_TRUE(task);
  EXPECT_FALSE(*task);
}

}  // namespace
}  // namespace scones::workflows::testing

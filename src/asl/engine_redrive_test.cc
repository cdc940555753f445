#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asl/definition.h"
#include "asl/step.h"

namespace scones::asl {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

// One execution, driven by hand; its state is stored and read back before each event.
class Driven {
 public:
  explicit Driven(std::string_view definition, std::string input = "{}",
                  MachineType type = MachineType::kStandard) {
    auto parsed = Definition::Parse(definition, type);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
    definition_ = *parsed;
    context_.input = std::move(input);
    context_.execution_arn = "arn:aws:states:us-east-1:1:execution:m:e";
    context_.random_seed = 1;
    context_.task_token_key = "key";
  }

  Transition Send(Event event) {
    if (!state_.frames.empty()) {
      auto restored = Decode(*definition_, Encode(state_));
      EXPECT_TRUE(restored) << (restored ? "" : restored.error().message());
      state_ = *std::move(restored);
    }
    now_ += seconds(1);
    Transition transition = Step(*definition_, context_, state_, std::move(event), now_);
    for (const HistoryEvent& one : transition.events) {
      lines_.push_back(fmt::format("{} {} {}", one.id, EventTypeName(one.type), one.previous_id));
    }
    return transition;
  }
  Transition Redrive() {
    lines_.clear();
    ++context_.redrive_count;
    context_.redrive_time = now_ + seconds(1);
    return Send(asl::Redrive{});
  }

  const ExecutionState& state() const { return state_; }
  // "id type previousEventId" of the events since the start or the last redrive.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::shared_ptr<const Definition> definition_;
  ExecutionContext context_;
  ExecutionState state_;
  Timestamp now_{seconds(1'000'000'000)};
  std::vector<std::string> lines_;
};

template <class T>
std::vector<T> All(const Transition& transition) {
  std::vector<T> found;
  for (const Command& command : transition.commands) {
    if (const T* one = std::get_if<T>(&command)) found.push_back(*one);
  }
  return found;
}

constexpr char kTask[] =
    R"("Type":"Task","End":true,"Resource":"arn:aws:states:us-east-1:1:activity:a","Parameters":
    {"count.$":"$$.Execution.RedriveCount","retries.$":"$$.State.RetryCount","input.$":"$"})";

std::string Task(std::string_view more = "") { return fmt::format("{{{}{}}}", kTask, more); }

std::string Chain(std::string_view more) {
  return fmt::format(
      R"({{"TimeoutSeconds":60,"StartAt":"P","States":{{"P":{{"Type":"Pass","Result":7,"Next":"T"}},"T":{}}}}})",
      Task(more));
}

TEST(EngineRedriveTest, AFailedTaskIsScheduledAgainBehindItsEntryAndItsRetriesCountAnew) {
  Driven run(Chain(R"(,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}])"));
  auto task = All<RunTask>(run.Send(Start{})).at(0);
  auto retry = All<StartTimer>(run.Send(TaskFailed{task.seq, "E", "x"})).at(0);
  task = All<RunTask>(run.Send(TimerFired{retry.seq})).at(0);
  EXPECT_EQ(task.input, R"({"count":0,"retries":1,"input":7})");
  ASSERT_TRUE(run.Send(TaskFailed{task.seq, "E", "x"}).outcome);
  EXPECT_EQ(run.lines().back(), "9 ExecutionFailed 8");

  const auto redriven = run.Redrive();
  EXPECT_THAT(run.lines(), ElementsAre("10 ExecutionRedriven 9", "11 ActivityScheduled 4"));
  EXPECT_EQ(All<StartTimer>(redriven).size(), 1u) << "the execution's own timeout";
  EXPECT_FALSE(run.Send(TaskSucceeded{task.seq, "0"}).changed) << "an answer to the old attempt";
  task = All<RunTask>(redriven).at(0);
  EXPECT_EQ(task.input, R"({"count":1,"retries":0,"input":7})");
  retry = All<StartTimer>(run.Send(TaskFailed{task.seq, "E", "x"})).at(0);
  task = All<RunTask>(run.Send(TimerFired{retry.seq})).at(0);
  const auto ended = run.Send(TaskSucceeded{task.seq, "[1]"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, "[1]");
  EXPECT_FALSE(run.Redrive().changed) << "it has succeeded";
}

TEST(EngineRedriveTest, WhatWasAbortedOrTimedOutGoesOn) {
  for (const bool timeout : {false, true}) {
    Driven run(Chain(""));
    const auto started = run.Send(Start{});
    const auto ended = timeout ? run.Send(TimerFired{All<StartTimer>(started).at(0).seq})
                               : run.Send(Stop{"E", "c"});
    ASSERT_TRUE(ended.outcome);
    const auto redriven = run.Redrive();
    EXPECT_THAT(run.lines(), ElementsAre("7 ExecutionRedriven 6", "8 ActivityScheduled 4"));
    EXPECT_TRUE(run.Send(TaskSucceeded{All<RunTask>(redriven).at(0).seq, "1"}).outcome);
  }
}

TEST(EngineRedriveTest, AParallelKeepsWhatSucceededAndRunsTheOtherBranchesOn) {
  Driven run(fmt::format(
      R"({{"StartAt":"P","States":{{"P":{{"Type":"Parallel","End":true,"Branches":[
      {{"StartAt":"A","States":{{"A":{0}}}}},{{"StartAt":"B","States":{{"B":{0}}}}},
      {{"StartAt":"C","States":{{"C":{0}}}}}]}}}}}})",
      Task()));
  const auto tasks = All<RunTask>(run.Send(Start{}));
  ASSERT_EQ(tasks.size(), 3u);
  run.Send(TaskSucceeded{tasks[0].seq, "0"});
  ASSERT_TRUE(run.Send(TaskFailed{tasks[1].seq, "E", "x"}).outcome);
  EXPECT_THAT(std::vector(run.lines().end() - 5, run.lines().end()),
              ElementsAre("12 ActivityFailed 7", "13 TaskStateAborted 12", "14 TaskStateAborted 12",
                          "15 ParallelStateFailed 12", "16 ExecutionFailed 15"));
  const auto again = All<RunTask>(run.Redrive());
  EXPECT_THAT(run.lines(), ElementsAre("17 ExecutionRedriven 16", "18 ActivityScheduled 6",
                                       "19 ActivityScheduled 8"));
  ASSERT_EQ(again.size(), 2u);
  run.Send(TaskSucceeded{again[1].seq, "2"});
  const auto ended = run.Send(TaskSucceeded{again[0].seq, "1"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, "[0,1,2]");
}

TEST(EngineRedriveTest, AnInlineMapGoesOnWithTheFailedIterationAndThoseNotStarted) {
  Driven run(fmt::format(
                 R"({{"StartAt":"M","States":{{"M":{{"Type":"Map","MaxConcurrency":1,"End":true,
                 "ItemProcessor":{{"StartAt":"T","States":{{"T":{}}}}}}}}}}})",
                 Task()),
             "[5,6,7]");
  auto task = All<RunTask>(run.Send(Start{})).at(0);
  task = All<RunTask>(run.Send(TaskSucceeded{task.seq, "0"})).at(0);
  ASSERT_TRUE(run.Send(TaskFailed{task.seq, "E", "x"}).outcome);
  EXPECT_THAT(std::vector(run.lines().end() - 4, run.lines().end()),
              ElementsAre("14 MapIterationFailed 13", "15 TaskStateAborted 13",
                          "16 MapStateFailed 13", "17 ExecutionFailed 16"));
  task = All<RunTask>(run.Redrive()).at(0);
  EXPECT_EQ(task.input, R"({"count":1,"retries":0,"input":6})");
  EXPECT_THAT(run.lines(), ElementsAre("18 ExecutionRedriven 17", "19 ActivityScheduled 11"));
  task = All<RunTask>(run.Send(TaskSucceeded{task.seq, "1"})).at(0);
  EXPECT_EQ(task.input, R"({"count":1,"retries":0,"input":7})");
  const auto ended = run.Send(TaskSucceeded{task.seq, "2"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, "[0,1,2]");
}

TEST(EngineRedriveTest, AnIterationWhoseInputCouldNotBeMadeIsStartedAgain) {
  Driven run(fmt::format(
                 R"({{"StartAt":"M","States":{{"M":{{"Type":"Map","ItemsPath":"$.l","End":true,
                 "ItemSelector":{{"v.$":"$$.Map.Item.Value.x"}},
                 "ItemProcessor":{{"StartAt":"T","States":{{"T":{}}}}}}}}}}})",
                 Task()),
             R"({"l":[{"x":1},{}]})");
  ASSERT_TRUE(run.Send(Start{}).outcome);
  const auto redriven = run.Redrive();
  ASSERT_TRUE(redriven.outcome) << "it fails as before, and enters no state without its input";
  EXPECT_EQ(redriven.outcome->error, "States.Runtime");
  EXPECT_THAT(run.lines(), testing::Contains(testing::HasSubstr("MapIterationStarted")));
}

TEST(EngineRedriveTest, AFailStateFailsAgainWithoutBeingEntered) {
  Driven run(R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}})");
  ASSERT_TRUE(run.Send(Start{}).outcome);
  for (int i = 0; i < 3; ++i) {
    const auto again = run.Redrive();
    ASSERT_TRUE(again.outcome);
    EXPECT_EQ(again.outcome->error, "E");
  }
  EXPECT_THAT(run.lines(), ElementsAre("8 ExecutionRedriven 7", "9 ExecutionFailed 8"));
}

TEST(EngineRedriveTest, AWaitOfSecondsBeginsAnewAndOneUntilThePastIsOver) {
  Driven seconds_wait(R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":30,"End":true}}})");
  seconds_wait.Send(Start{});
  seconds_wait.Send(Stop{});
  const auto timer = All<StartTimer>(seconds_wait.Redrive());
  ASSERT_EQ(timer.size(), 1u);
  EXPECT_TRUE(seconds_wait.Send(TimerFired{timer[0].seq}).outcome);
  EXPECT_THAT(seconds_wait.lines(), ElementsAre("4 ExecutionRedriven 3", "5 WaitStateExited 2",
                                                "6 ExecutionSucceeded 5"));

  Driven until(
      R"({"StartAt":"W","States":{"W":{"Type":"Wait","Timestamp":"2001-09-09T01:46:42Z","End":true}}})");
  until.Send(Start{});
  until.Send(Stop{});
  EXPECT_TRUE(until.Redrive().outcome);
}

TEST(EngineRedriveTest, AParallelWhoseResultWasTooLargeRunsAllItsBranchesAgain) {
  Driven run(fmt::format(
      R"({{"StartAt":"P","States":{{"P":{{"Type":"Parallel","End":true,"Branches":[
      {{"StartAt":"A","States":{{"A":{0}}}}},{{"StartAt":"B","States":{{"B":{0}}}}}]}}}}}})",
      Task()));
  const auto tasks = All<RunTask>(run.Send(Start{}));
  const std::string large = '"' + std::string(200'000, 'a') + '"';
  run.Send(TaskSucceeded{tasks[0].seq, large});
  const auto failed = run.Send(TaskSucceeded{tasks[1].seq, large});
  ASSERT_TRUE(failed.outcome);
  EXPECT_EQ(failed.outcome->error, "States.DataLimitExceeded");
  EXPECT_EQ(All<RunTask>(run.Redrive()).size(), 2u);
}

TEST(EngineRedriveTest, AStateThatTookAFailureLeavesNothingOfItBehind) {
  Driven run(fmt::format(
      R"({{"StartAt":"P","States":{{"X":{1},"P":{{"Type":"Parallel","End":true,"Catch":
      [{{"ErrorEquals":["States.ALL"],"Next":"X"}}],"Branches":[{{"StartAt":"A","States":{{"A":{0}}}}},
      {{"StartAt":"B","States":{{"B":{0}}}}}]}}}}}})",
      Task(), Task()));
  auto task = All<RunTask>(run.Send(Start{})).at(0);
  task = All<RunTask>(run.Send(TaskFailed{task.seq, "E", "x"})).at(0);
  EXPECT_EQ(task.state_name, "X");
  ASSERT_TRUE(run.Send(TaskFailed{task.seq, "E", "x"}).outcome);
  const auto again = All<RunTask>(run.Redrive());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].state_name, "X");
}

constexpr char kDistributed[] = R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",
    "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}})";

TEST(EngineRedriveTest, AMapRunIsRedrivenWithItsState) {
  Driven run(kDistributed, "[1]");
  const auto ordered = All<StartMapRun>(run.Send(Start{}));
  ASSERT_EQ(ordered.size(), 1u);
  ASSERT_TRUE(run.Send(MapRunFailed{ordered[0].seq, "E", "x"}).outcome);
  auto again = All<RedriveMapRun>(run.Redrive());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].arn, ordered[0].spec.arn);
  EXPECT_EQ(again[0].count, 1);
  EXPECT_THAT(run.lines(), ElementsAre("8 ExecutionRedriven 7", "9 MapRunRedriven 3"));
  EXPECT_FALSE(run.Send(MapRunSucceeded{ordered[0].seq, "[1]"}).changed) << "of the first attempt";
  ASSERT_TRUE(run.Send(Stop{}).outcome);
  again = All<RedriveMapRun>(run.Redrive());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].count, 2);
  EXPECT_EQ(run.Send(MapRunSucceeded{again[0].seq, "[1]"}).outcome->output, "[1]");
}

TEST(EngineRedriveTest, AMapRunIsRedrivenAThousandTimesAtMost) {
  Driven run(kDistributed, "[1]");
  ASSERT_EQ(All<StartMapRun>(run.Send(Start{})).size(), 1u);
  for (std::int64_t i = 0; i < kMaxMapRunRedrives; ++i) {
    ASSERT_TRUE(run.Send(Stop{}).outcome);
    ASSERT_EQ(All<RedriveMapRun>(run.Redrive()).size(), 1u);
  }
  ASSERT_TRUE(run.Send(Stop{}).outcome);
  const Transition last = run.Redrive();
  ASSERT_TRUE(last.outcome);
  EXPECT_EQ(last.outcome->error, "States.Runtime");
}

TEST(EngineRedriveTest, AfterDataThatCannotBeProcessedANewMapRunBegins) {
  Driven run(kDistributed, "[1]");
  auto ordered = All<StartMapRun>(run.Send(Start{}));
  ASSERT_EQ(ordered.size(), 1u);
  const std::string arn = ordered[0].spec.arn;
  ASSERT_TRUE(run.Send(MapRunFailed{ordered[0].seq, "States.DataLimitExceeded", "x"}).outcome);
  ordered = All<StartMapRun>(run.Redrive());
  ASSERT_EQ(ordered.size(), 1u);
  EXPECT_NE(ordered[0].spec.arn, arn);
}

TEST(EngineRedriveTest, AnExpressExecutionKeepsNothing) {
  Driven run(R"({"StartAt":"F","States":{"F":{"Type":"Fail"}}})", "{}", MachineType::kExpress);
  ASSERT_TRUE(run.Send(Start{}).outcome);
  EXPECT_THAT(run.state().frames, IsEmpty());
  EXPECT_FALSE(run.Redrive().changed);
}

}  // namespace
}  // namespace scones::asl

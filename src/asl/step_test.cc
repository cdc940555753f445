#include "asl/step.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asl/definition.h"

namespace scones::asl {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// One execution, driven by hand.
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
    Transition transition = Step(*definition_, context_, state_, std::move(event), now_);
    for (const HistoryEvent& one : transition.events) types_.emplace_back(EventTypeName(one.type));
    return transition;
  }
  // What a restart does between two steps.
  void Restart() {
    const std::string text = Encode(state_);
    auto restored = Decode(*definition_, text);
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(Encode(*restored), text);
    state_ = *std::move(restored);
  }
  void Wait(seconds time) { now_ += time; }

  Timestamp now() const { return now_; }
  const ExecutionState& state() const { return state_; }
  const Definition& definition() const { return *definition_; }
  const std::vector<std::string>& types() const { return types_; }

 private:
  std::shared_ptr<const Definition> definition_;
  ExecutionContext context_;
  ExecutionState state_;
  Timestamp now_{seconds(1'000'000'000)};
  std::vector<std::string> types_;
};

template <class T>
std::vector<T> All(const Transition& transition) {
  std::vector<T> found;
  for (const Command& command : transition.commands) {
    if (const T* one = std::get_if<T>(&command)) found.push_back(*one);
  }
  return found;
}

// One Task that catches everything into X, with `fields` more.
std::string CatchingTask(std::string_view fields) {
  return R"({"StartAt":"T","States":{"X":{"Type":"Succeed"},"T":{"Type":"Task","End":true,
      "Resource":"arn:aws:lambda:us-east-1:1:function:f",
      "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"X"}])" +
         std::string(fields) + "}}}";
}

TEST(StepTest, ATaskIsRunAndItsResultEndsTheExecution) {
  Driven run(CatchingTask(""), R"({"a":1})");
  const auto started = run.Send(Start{});
  const auto tasks = All<RunTask>(started);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].kind, TaskKind::kFunction);
  EXPECT_EQ(tasks[0].input, R"({"a":1})");
  const auto ended = run.Send(TaskSucceeded{tasks[0].seq, "[1, 2]"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, "[1, 2]");
  EXPECT_FALSE(run.state().open());
}

TEST(StepTest, AnAnswerThatComesTwiceOrLateIsIgnored) {
  Driven run(CatchingTask(""));
  const auto task = All<RunTask>(run.Send(Start{})).at(0);
  EXPECT_FALSE(run.Send(Start{}).changed);
  EXPECT_FALSE(run.Send(TaskSucceeded{task.seq + 7, "1"}).changed);
  EXPECT_FALSE(run.Send(TimerFired{task.seq}).changed);
  EXPECT_FALSE(run.Send(TimerFired{0}).changed);
  EXPECT_TRUE(run.Send(TaskFailed{task.seq, "Boom", "why"}).changed);
  const auto again = run.Send(TaskSucceeded{task.seq, "1"});
  EXPECT_FALSE(again.changed);
  EXPECT_TRUE(again.events.empty());
  EXPECT_FALSE(run.Send(Stop{}).changed);
}

TEST(StepTest, ARestartBetweenAnyTwoStepsChangesNothing) {
  const char* machine = R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
      {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"End":true}}},
      {"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.l","MaxConcurrency":1,"End":true,"ItemProcessor":
        {"StartAt":"T","States":{"T":{"Type":"Task","End":true,"Resource":"arn:aws:states:::lambda:invoke",
          "Parameters":{"i.$":"$$.Map.Item.Index","v.$":"$"}}}}}}}]}}})";
  Driven run(machine, R"({"l":["x","y"]})");
  auto first = run.Send(Start{});
  const auto timer = All<StartTimer>(first).at(0);
  EXPECT_EQ(timer.due - run.now(), seconds(5));
  auto tasks = All<RunTask>(first);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].input, R"({"i":0,"v":"x"})");
  run.Restart();
  tasks = All<RunTask>(run.Send(TaskSucceeded{tasks[0].seq, "10"}));
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].input, R"({"i":1,"v":"y"})");
  run.Restart();
  EXPECT_FALSE(run.Send(TimerFired{timer.seq}).outcome);
  run.Restart();
  const auto ended = run.Send(TaskSucceeded{tasks[0].seq, "11"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, R"([{"l":["x","y"]},[10,11]])");
}

TEST(StepTest, AssignReadsTheOldVariablesAndInnerOnesEndWithTheirScope) {
  const char* machine = R"({"StartAt":"A","States":{
    "A":{"Type":"Pass","Assign":{"x":1,"y":2},"Next":"B"},
    "B":{"Type":"Pass","Assign":{"x.$":"$y","y.$":"$x"},"Next":"M"},
    "M":{"Type":"Map","ItemsPath":"$.l","Next":"C","ItemProcessor":{"StartAt":"T","States":{
      "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"I",
           "Parameters":{"x.$":"$x"},"Assign":{"inner.$":"$.n"},"ResultPath":null},
      "I":{"Type":"Pass","Parameters":{"i.$":"$inner","y.$":"$y"},"End":true}}}},
    "C":{"Type":"Choice","Choices":[{"Variable":"$inner","IsPresent":true,"Next":"D"}],
         "Default":"D","Assign":{"lost":true}},
    "D":{"Type":"Pass","OutputPath":"$lost","End":true}}})";
  Driven run(machine, R"({"l":["a","b"]})");
  auto tasks = All<RunTask>(run.Send(Start{}));
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].input, R"({"x":2})");
  run.Restart();
  run.Send(TaskSucceeded{tasks[0].seq, R"({"n":10})"});
  run.Restart();
  const auto ended = run.Send(TaskSucceeded{tasks[1].seq, R"({"n":11})"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, "true");
  const auto exited = std::find_if(ended.events.begin(), ended.events.end(), [](const auto& event) {
    return event.type == EventType::kMapStateExited;
  });
  ASSERT_NE(exited, ended.events.end());
  EXPECT_EQ(exited->details.at("output"), R"([{"i":10,"y":1},{"i":11,"y":1}])");
}

TEST(StepTest, VariablesBeyondTheLimitsFailTheState) {
  const char* machine = R"({"StartAt":"A","States":{
    "A":{"Type":"Pass","Assign":{"x.$":"$.big","y.$":"$.big"},"End":true}}})";
  const auto outcome = [&](std::size_t bytes) {
    Driven run(machine, R"({"big":")" + std::string(bytes, 'a') + R"("})");
    return *run.Send(Start{}).outcome;
  };
  EXPECT_EQ(outcome(128 * 1024 - 2).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(outcome(128 * 1024 - 1).error, "States.DataLimitExceeded");
}

TEST(StepTest, AnExecutionMayBeginWithVariables) {
  Driven run(R"({"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$x.y","End":true}}})");
  const auto ended = run.Send(Start{.variables = {{"x", {{"y", 5}}}}});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, "5");
}

TEST(StepTest, AStoredStateOfTheFirstFormatIsStillRead) {
  Driven run(CatchingTask(""));
  run.Send(Start{});
  std::string text = Encode(run.state());
  const std::string now = "\"format\":2";
  ASSERT_NE(text.find(now), std::string::npos);
  text.replace(text.find(now), now.size(), "\"format\":1");
  auto restored = Decode(run.definition(), text);
  ASSERT_TRUE(restored);
  EXPECT_EQ(Encode(*restored), Encode(run.state()));
}

TEST(StepTest, RetriesWaitAndThenTheErrorIsCaught) {
  Driven run(
      CatchingTask(R"(,"Retry":[{"ErrorEquals":["Boom"],"IntervalSeconds":2,"MaxAttempts":2}])"),
      R"({"a":1})");
  auto task = All<RunTask>(run.Send(Start{})).at(0);
  for (const auto delay : {seconds(2), seconds(4)}) {
    const auto timer = All<StartTimer>(run.Send(TaskFailed{task.seq, "Boom", ""})).at(0);
    EXPECT_EQ(timer.due - run.now(), delay);
    run.Restart();
    run.Wait(delay);
    const auto next = All<RunTask>(run.Send(TimerFired{timer.seq})).at(0);
    EXPECT_NE(next.seq, task.seq);
    task = next;
  }
  const auto ended = run.Send(TaskFailed{task.seq, "Boom", "why"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, R"({"a":1,"e":{"Error":"Boom","Cause":"why"}})");
}

TEST(StepTest, ATaskThatTakesTooLongTimesOutAndIsCancelled) {
  Driven run(CatchingTask(R"(,"TimeoutSeconds":9)"));
  const auto started = run.Send(Start{});
  const auto task = All<RunTask>(started).at(0);
  EXPECT_EQ(task.timeout_seconds, 9);
  const auto ended = run.Send(TimerFired{All<StartTimer>(started).at(0).seq});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, R"({"e":{"Error":"States.Timeout","Cause":null}})");
  EXPECT_EQ(All<CancelTask>(ended).at(0).seq, task.seq);
  EXPECT_THAT(run.types(), testing::Contains("LambdaFunctionTimedOut"));
}

TEST(StepTest, HeartbeatsKeepATaskAlive) {
  const char* machine =
      R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,"HeartbeatSeconds":10,
      "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token"}}}})";
  Driven run(machine);
  const auto started = run.Send(Start{});
  const auto task = All<RunTask>(started).at(0);
  EXPECT_EQ(task.pattern, TaskPattern::kWaitForTaskToken);
  EXPECT_THAT(task.input, HasSubstr(task.task_token));
  EXPECT_EQ(ReadTaskToken("key", task.task_token)->seq, task.seq);
  const auto first = All<StartTimer>(started).at(0);
  run.Wait(seconds(6));
  run.Restart();
  const auto beat = run.Send(TaskHeartbeat{task.seq});
  EXPECT_EQ(All<CancelTimer>(beat).at(0).seq, first.seq);
  const auto second = All<StartTimer>(beat).at(0);
  EXPECT_EQ(second.due - run.now(), seconds(10));
  EXPECT_FALSE(run.Send(TimerFired{first.seq}).changed);
  const auto ended = run.Send(TimerFired{second.seq});
  EXPECT_EQ(ended.outcome->error, "States.HeartbeatTimeout");
}

TEST(StepTest, StoppingCancelsWhatIsOut) {
  Driven run(CatchingTask(R"(,"TimeoutSeconds":9)"));
  const auto started = run.Send(Start{});
  const auto stopped = run.Send(Stop{"Mine", "because"});
  ASSERT_TRUE(stopped.outcome);
  EXPECT_EQ(stopped.outcome->status, ExecutionStatus::kAborted);
  EXPECT_EQ(stopped.outcome->error, "Mine");
  EXPECT_EQ(All<CancelTask>(stopped).size(), 1u);
  EXPECT_EQ(All<CancelTimer>(stopped).size(), 1u);
  EXPECT_EQ(stopped.events.back().previous_id, 0);
}

TEST(StepTest, TheMachinesOwnTimeoutEndsTheExecution) {
  Driven run(
      R"({"TimeoutSeconds":60,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"End":true}}})");
  const auto timers = All<StartTimer>(run.Send(Start{}));
  ASSERT_EQ(timers.size(), 2u);
  EXPECT_EQ(timers[0].due - run.now(), seconds(60));
  EXPECT_EQ(run.Send(TimerFired{timers[0].seq}).outcome->status, ExecutionStatus::kTimedOut);
}

TEST(StepTest, AnExpressExecutionHasFiveMinutes) {
  Driven run(R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1000,"End":true}}})", "{}",
             MachineType::kExpress);
  EXPECT_EQ(All<StartTimer>(run.Send(Start{})).at(0).due - run.now(), seconds(300));
}

TEST(StepTest, ALoopEndsAtTheHistoryLimitInBoundedSteps) {
  Driven run(
      R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"C"},"C":{"Type":"Choice","Default":"A",
      "Choices":[{"Variable":"$.stop","IsPresent":true,"Next":"E"}]},"E":{"Type":"Succeed"}}})");
  Transition transition = run.Send(Start{});
  std::int64_t last = 0;
  int steps = 1;
  while (!transition.outcome) {
    ASSERT_LT(++steps, 100);
    ASSERT_LE(transition.events.size(), 2100u);
    last = transition.events.back().id;
    const auto timer = All<StartTimer>(transition).at(0);
    EXPECT_LE(timer.due, run.now());
    run.Restart();
    transition = run.Send(TimerFired{timer.seq});
  }
  EXPECT_EQ(transition.outcome->error, "States.Runtime");
  EXPECT_EQ(transition.events.back().id, kMaxHistoryEvents);
  EXPECT_GT(last, 20'000);
}

TEST(StepTest, ABranchThatFailsAbortsTheOthers) {
  Driven run(R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
      {"StartAt":"T","States":{"T":{"Type":"Task","End":true,"Resource":"arn:aws:lambda:us-east-1:1:function:f"}}},
      {"StartAt":"U","States":{"U":{"Type":"Task","End":true,"Resource":"arn:aws:lambda:us-east-1:1:function:g"}}}]}}})");
  const auto tasks = All<RunTask>(run.Send(Start{}));
  ASSERT_EQ(tasks.size(), 2u);
  const auto ended = run.Send(TaskFailed{tasks[1].seq, "Boom", ""});
  EXPECT_EQ(All<CancelTask>(ended).at(0).seq, tasks[0].seq);
  EXPECT_EQ(ended.outcome->error, "Boom");
  EXPECT_THAT(run.types(), testing::IsSupersetOf(
                               {"TaskStateAborted", "ParallelStateFailed", "ExecutionFailed"}));
}

TEST(StepTest, AMapRunsAtMostSoManyIterationsAtOnce) {
  const std::string machine =
      R"({"StartAt":"M","States":{"M":{"Type":"Map","End":true,"MaxConcurrency":3,
      "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","End":true,
      "Resource":"arn:aws:lambda:us-east-1:1:function:f"}}}}}})";
  std::string items = "[0";
  for (int i = 1; i < 20; ++i) items += fmt::format(",{}", i);
  Driven run(machine, items + "]");
  Transition transition = run.Send(Start{});
  std::vector<RunTask> open = All<RunTask>(transition);
  while (!transition.outcome) {
    ASSERT_FALSE(open.empty());
    EXPECT_LE(open.size(), 3u);
    const RunTask task = open.back();  // the newest first: results keep their places all the same
    open.pop_back();
    run.Restart();
    transition = run.Send(TaskSucceeded{task.seq, task.input});
    for (RunTask& more : All<RunTask>(transition)) open.push_back(std::move(more));
  }
  EXPECT_EQ(transition.outcome->output, items + "]");
}

TEST(StepTest, BranchesThatTogetherHoldTooMuchFailTheExecution) {
  const std::string input = '"' + std::string(250'000, 'x') + '"';
  const auto run = [&](int branches) {
    std::string text = R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[)";
    for (int i = 0; i < branches; ++i) {
      text += fmt::format(R"({}{{"StartAt":"W{}","States":{{"W{}":{{"Type":"Wait","Seconds":9,)"
                          R"("End":true}}}}}})",
                          i == 0 ? "" : ",", i, i);
    }
    Driven driven(text + "]}}}", input);
    return driven.Send(Start{});
  };
  EXPECT_FALSE(run(200).outcome);
  const Transition refused = run(300);
  ASSERT_TRUE(refused.outcome);
  EXPECT_EQ(refused.outcome->error, "States.Runtime");
  EXPECT_THAT(refused.outcome->cause.value_or(""), HasSubstr("hold more than 67108864 bytes"));
  EXPECT_TRUE(All<StartTimer>(refused).empty());
}

TEST(StepTest, AnEmptyMapSucceedsAtOnce) {
  Driven run(
      R"({"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"X","States":
      {"X":{"Type":"Pass","End":true}}}}}})",
      "[]");
  EXPECT_EQ(run.Send(Start{}).outcome->output, "[]");
  EXPECT_THAT(run.types(),
              ElementsAre("ExecutionStarted", "MapStateEntered", "MapStateStarted",
                          "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"));
}

TEST(StepTest, AResultThatIsNotJsonOrTooLargeFailsTheTask) {
  Driven bad(CatchingTask(""));
  const auto one = bad.Send(TaskSucceeded{All<RunTask>(bad.Send(Start{})).at(0).seq, "nope"});
  EXPECT_EQ(one.outcome->error, "States.Runtime");
  Driven large(CatchingTask(""));
  const auto two = large.Send(TaskSucceeded{All<RunTask>(large.Send(Start{})).at(0).seq,
                                            "\"" + std::string(kMaxPayloadBytes, 'x') + "\""});
  EXPECT_THAT(two.outcome->output, HasSubstr("States.DataLimitExceeded"));
}

TEST(StepTest, DataThatGrowsDeeperEachRoundFailsInsteadOfBeingLost) {
  Driven run(R"({"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a.$":"$"},"Next":"A2"},
      "A2":{"Type":"Choice","Choices":[{"Variable":"$.stop","IsPresent":true,"Next":"E"}],"Default":"A"},
      "E":{"Type":"Succeed"}}})");
  const auto ended = run.Send(Start{});
  ASSERT_TRUE(ended.outcome);
  EXPECT_THAT(*ended.outcome->cause, HasSubstr("nested too deeply"));
}

TEST(StepTest, AMissingParameterPathNamesTheFieldAndTheInput) {
  Driven run(
      R"({"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"x.$":"$.no"},"End":true}}})",
      R"({"a":1})");
  const auto ended = run.Send(Start{});
  EXPECT_EQ(ended.outcome->error, "States.Runtime");
  EXPECT_EQ(*ended.outcome->cause,
            "An error occurred while executing the state 'A' (entered at the event id #2). The "
            "JSONPath '$.no' "
            "specified for the field 'x.$' could not be found in the input '{\"a\":1}'");
}

TEST(StepTest, DamagedStateIsRefused) {
  Driven run(CatchingTask(""));
  (void)run.Send(Start{});
  const std::string good = Encode(run.state());
  EXPECT_TRUE(Decode(run.definition(), good));
  for (const char* text :
       {"", "{}", "[]", R"({"format":1,"status":0,"event":2,"seq":1,"frames":[]})",
        R"({"format":2,"status":0,"frames":[]})"}) {
    EXPECT_EQ(Decode(run.definition(), text).error().code(), Code::kDataLoss) << text;
  }
  const Driven other(R"({"StartAt":"E","States":{"E":{"Type":"Succeed"}}})");
  std::string moved = good;
  moved.replace(moved.find("\"state\":1"), 9, "\"state\":9");
  EXPECT_EQ(Decode(other.definition(), moved).error().code(), Code::kDataLoss);
}

TEST(StepTest, TokensOfAnotherKeyAreRefused) {
  const std::string token = MakeTaskToken("key", "arn:x", 12);
  EXPECT_EQ(ReadTaskToken("key", token)->execution_arn, "arn:x");
  EXPECT_EQ(ReadTaskToken("other", token).error().reason(), "InvalidToken");
  EXPECT_EQ(ReadTaskToken("key", "nonsense").error().reason(), "InvalidToken");
}

TEST(StepTest, LargeDocumentsInACircleAreWrittenInManySmallSteps) {
  Driven run(R"({"StartAt":"A","States":{
    "A":{"Type":"Choice","Choices":[{"Variable":"$.end","IsPresent":true,"Next":"Z"}],"Default":"B"},
    "B":{"Type":"Pass","Next":"A"},
    "Z":{"Type":"Succeed"}}})",
             R"({"text":")" + std::string(200'000, 'x') + "\"}");
  Transition transition = run.Send(Start{});
  for (int steps = 0; steps < 3; ++steps) {
    ASSERT_FALSE(transition.outcome);
    EXPECT_LT(transition.events.size(), 40u);
    ASSERT_EQ(transition.commands.size(), 1u);
    const auto* timer = std::get_if<StartTimer>(&transition.commands[0]);
    ASSERT_NE(timer, nullptr);
    EXPECT_EQ(timer->due, run.now());
    run.Restart();
    transition = run.Send(TimerFired{timer->seq});
    EXPECT_FALSE(transition.events.empty());
  }
}

TEST(StepTest, ACauseThatTellsItsOwnInputAgainAndAgainStaysWithinItsLimit) {
  Driven run(R"({"StartAt":"M","QueryLanguage":"JSONata","States":{"M":{"Type":"Map",
    "Items":"{% $states.input %}","ItemProcessor":{"StartAt":"P","States":{
      "P":{"Type":"Pass","End":true}}},
    "Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.errorOutput %}","Next":"M"}],
    "End":true}}})",
             R"({"text":"\"\"\"\""})");
  const Transition transition = run.Send(Start{});
  std::size_t longest = 0;
  for (const HistoryEvent& event : transition.events) {
    if (event.type != EventType::kEvaluationFailed) continue;
    longest = std::max(longest, event.details.at("cause").get_string().size());
  }
  EXPECT_GT(longest, 30'000u);
  EXPECT_LE(longest, 32'768u);
  EXPECT_LT(Encode(run.state()).size(), 2 * kMaxPayloadBytes);
}

TEST(StepTest, WhatACatcherMakesIsHeldToTheLimitOfOutputs) {
  Driven run(R"({"StartAt":"T","States":{"T":{"Type":"Task",
    "Resource":"arn:aws:lambda:us-east-1:1:function:f",
    "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"Z"}],"End":true},
    "Z":{"Type":"Succeed"}}})",
             R"({"text":")" + std::string(kMaxPayloadBytes - 100, 'x') + "\"}");
  const auto task = All<RunTask>(run.Send(Start{})).at(0);
  const auto ended = run.Send(TaskFailed{task.seq, "Boom", std::string(1000, 'y')});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->error, "States.DataLimitExceeded");
}

}  // namespace
}  // namespace scones::asl

// JSONata states, run by hand: what their fields evaluate to, what their failures look like.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asl/definition.h"
#include "asl/step.h"

namespace scones::asl {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// The states `states` of a JSONata machine that starts with A.
class Driven {
 public:
  explicit Driven(const std::string& states, std::string input = "{}") {
    auto parsed =
        Definition::Parse(R"({"QueryLanguage":"JSONata","StartAt":"A","States":{)" + states + "}}",
                          MachineType::kStandard);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
    definition_ = *parsed;
    context_.input = std::move(input);
    context_.execution_name = "run-1";
  }

  const Transition& Send(Event event) {
    if (!state_.frames.empty()) state_ = *Decode(*definition_, Encode(state_));
    last_ = Step(*definition_, context_, state_, std::move(event), now_);
    for (const HistoryEvent& one : last_.events) {
      lines_.push_back(fmt::format("{} {} {}", one.id, EventTypeName(one.type), one.previous_id));
      if (one.type == EventType::kEvaluationFailed) failure_ = one.details;
    }
    for (const Command& command : last_.commands) {
      if (const auto* task = std::get_if<RunTask>(&command)) task_ = *task;
      if (const auto* timer = std::get_if<StartTimer>(&command)) timer_ = *timer;
    }
    return last_;
  }
  std::string Output() {
    if (state_.frames.empty()) Send(Start{});
    return last_.outcome ? last_.outcome->output : "open";
  }

  Timestamp now() const { return now_; }
  const RunTask& task() const { return task_; }
  const StartTimer& timer() const { return timer_; }
  const std::vector<std::string>& lines() const { return lines_; }
  std::string failure(std::string_view member) const { return StringOr(failure_, member, ""); }
  const Transition& last() const { return last_; }

 private:
  std::shared_ptr<const Definition> definition_;
  ExecutionContext context_;
  ExecutionState state_;
  Timestamp now_{seconds(1'000'000'000)};
  Transition last_;
  RunTask task_;
  StartTimer timer_;
  json::object failure_;
  std::vector<std::string> lines_;
};

constexpr char kTask[] = R"("Type":"Task","Resource":"arn:aws:lambda:us-east-1:1:function:f")";

TEST(EngineQueriesTest, ATaskHasArgumentsAndItsResultGoesThroughAssignAndOutput) {
  Driven run(
      fmt::format(
          R"("A":{{{},"Arguments":{{"n":"{{% $states.input.n + 1 %}}","l":["{{% 'x' %}}"," {{% y %}} "]}},
      "TimeoutSeconds":"{{% $states.input.n * 10 %}}",
      "Assign":{{"r":"{{% $states.result.v %}}","old":"{{% $exists($r) %}}"}},
      "Output":{{"in":"{{% $states.input.n %}}","v":"{{% $states.result.v %}}","r":"{{% $exists($r) %}}"}},
      "Next":"B"}},
      "B":{{"Type":"Succeed","Output":"{{% [$r, $old, $states.input] %}}"}})",
          kTask),
      R"({"n":3})");
  run.Send(Start{});
  EXPECT_EQ(run.task().input, R"({"n":4,"l":["x"," {% y %} "]})");
  EXPECT_EQ(run.task().timeout_seconds, 30);
  const auto& ended = run.Send(TaskSucceeded{run.task().seq, R"({"v":"done"})"});
  ASSERT_TRUE(ended.outcome);
  EXPECT_EQ(ended.outcome->output, R"(["done",false,{"in":3,"v":"done","r":false}])");
}

TEST(EngineQueriesTest, AFailedExpressionNamesItsPlaceAndCanBeCaught) {
  Driven run(fmt::format(R"("A":{{{},"Arguments":{{"a":[1,{{"b":"{{% $states.input.none %}}"}}]}},
      "Catch":[{{"ErrorEquals":["States.QueryEvaluationError"],"Next":"B",
                 "Assign":{{"e":"{{% $states.errorOutput.Error %}}"}},
                 "Output":"{{% $states.input.n %}}"}}],"End":true}},
      "B":{{"Type":"Pass","Output":"{{% $e & $states.input %}}","End":true}})",
                         kTask),
             R"({"n":7})");
  EXPECT_EQ(run.Output(), R"("States.QueryEvaluationError7")");
  EXPECT_EQ(run.failure("location"), "Arguments/a[1]/b");
  EXPECT_EQ(run.failure("state"), "A");
  EXPECT_EQ(run.failure("cause"),
            "An error occurred while executing the state 'A' (entered at the event id #2). The "
            "JSONata expression '$states.input.none' specified for the field 'Arguments/a[1]/b' "
            "returned nothing (undefined).");
  EXPECT_THAT(run.lines(),
              ElementsAre("1 ExecutionStarted 0", "2 TaskStateEntered 0", "3 EvaluationFailed 0",
                          "4 TaskStateExited 3", "5 PassStateEntered 4", "6 PassStateExited 5",
                          "7 ExecutionSucceeded 6"));
}

TEST(EngineQueriesTest, AFailureAfterTheResultFollowsTheResult) {
  Driven run(
      fmt::format(R"("A":{{{},"Output":"{{% $states.result + 'x' %}}","End":true}})", kTask));
  run.Send(Start{});
  run.Send(TaskSucceeded{run.task().seq, "1"});
  EXPECT_EQ(run.last().outcome->error, "States.QueryEvaluationError");
  EXPECT_THAT(run.failure("cause"),
              HasSubstr("The JSONata expression '$states.result + 'x'' specified for the field "
                        "'Output' threw an error during evaluation. T2002: "));
  EXPECT_EQ(run.lines()[5], "6 EvaluationFailed 5");
}

TEST(EngineQueriesTest, FieldsTakeOnlyValuesOfTheirType) {
  const auto cause = [](const std::string& state) {
    Driven run("\"A\":{" + state + R"(},"Z":{"Type":"Succeed"})", R"({"s":"x"})");
    run.Send(Start{});
    return run.failure("location") + ": " +
           run.failure("cause").substr(run.failure("cause").find("#2). ") + 5);
  };
  EXPECT_EQ(cause(R"("Type":"Choice","Choices":[{"Condition":false,"Next":"Z"},
                     {"Condition":"{% $states.input.s %}","Next":"Z"}])"),
            "Choices[1]/Condition: The JSONata expression '$states.input.s' specified for the "
            "field 'Choices[1]/Condition' returned an unexpected result type. Expected 'boolean', "
            "but was 'string' for value: \"x\"");
  EXPECT_THAT(cause(R"("Type":"Wait","Seconds":"{% 'x' %}","Next":"Z")"),
              HasSubstr("Expected 'number', but was 'string' for value: \"x\""));
  EXPECT_THAT(cause(R"("Type":"Wait","Seconds":"{% 1.5 %}","Next":"Z")"),
              HasSubstr("for value: 1.5"));
  EXPECT_THAT(cause(R"("Type":"Map","Items":"{% {} %}","Next":"Z","ItemProcessor":
                     {"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}})"),
              HasSubstr("Items: The JSONata expression '{}' specified for the field 'Items' "
                        "returned an unexpected result type. Expected 'array', but was 'object' "
                        "for value: {}"));
}

TEST(EngineQueriesTest, AChoiceTakesTheFieldsOfTheRuleThatHolds) {
  const std::string states = R"("A":{"Type":"Choice","Output":"{% 'default' %}","Assign":{"v":0},
      "Choices":[{"Condition":"{% $states.input > 5 %}","Next":"B","Output":"big","Assign":{"v":1}},
                 {"Condition":"{% $states.input > 2 %}","Next":"B","Assign":{"v":2}}],
      "Default":"B"},"B":{"Type":"Succeed","Output":"{% [$states.input, $v] %}"})";
  EXPECT_EQ(Driven(states, "6").Output(), R"(["big",1])");
  EXPECT_EQ(Driven(states, "3").Output(), "[3,2]");
  EXPECT_EQ(Driven(states, "1").Output(), R"(["default",0])");
}

TEST(EngineQueriesTest, AMapSelectsItsItemsAndReadsOuterVariables) {
  Driven run(R"("A":{"Type":"Pass","Assign":{"k":10},"Next":"M"},
      "M":{"Type":"Map","Items":"{% $states.input.l %}","MaxConcurrency":"{% 1 %}",
           "ItemSelector":{"i":"{% $states.context.Map.Item.Index %}","of":"{% $count($states.input.l) %}",
                           "v":"{% $states.context.Map.Item.Value %}"},
           "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true,
             "Output":"{% $states.input.v * $k + $states.input.i %}"}}},
           "Output":"{% $sum($states.result) %}","End":true})",
             R"({"l":[1,2,3]})");
  EXPECT_EQ(run.Output(), "63");
}

TEST(EngineQueriesTest, AParallelGivesItsArgumentsToEachBranch) {
  Driven run(R"("A":{"Type":"Parallel","Arguments":{"n":"{% $states.input + 1 %}"},"Branches":[
      {"StartAt":"X","States":{"X":{"Type":"Pass","Output":"{% $states.input.n %}","End":true}}},
      {"StartAt":"Y","States":{"Y":{"Type":"Succeed"}}}],
      "Output":"{% {'r': $states.result, 'in': $states.input} %}","End":true})",
             "1");
  EXPECT_EQ(run.Output(), R"({"r":[2,{"n":2}],"in":1})");
}

TEST(EngineQueriesTest, AWaitEvaluatesItsOutputWhenItIsOver) {
  Driven run(R"("A":{"Type":"Wait","Seconds":"{% $states.input %}",
      "Output":"{% $states.context.State.Name & $states.context.Execution.Name %}","End":true})",
             "90");
  run.Send(Start{});
  EXPECT_EQ(run.timer().due - run.now(), seconds(90));
  run.Send(TimerFired{run.timer().seq});
  EXPECT_EQ(run.last().outcome->output, R"("Arun-1")");
}

TEST(EngineQueriesTest, AFailStateEvaluatesItsErrorAndCause) {
  Driven run(
      R"("A":{"Type":"Fail","Error":"{% $states.input.e %}","Cause":"{% 'as ' & $states.input.e %}"})",
      R"({"e":"E"})");
  run.Send(Start{});
  EXPECT_EQ(run.last().outcome->error, "E");
  EXPECT_EQ(run.last().outcome->cause, "as E");
}

TEST(EngineQueriesTest, ARetryEvaluatesAgainAndEachFailureHasItsEvent) {
  Driven run(R"("A":{"Type":"Map","Items":"{% $states.context.State.RetryCount %}",
      "Retry":[{"ErrorEquals":["States.QueryEvaluationError"],"MaxAttempts":1}],"End":true,
      "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}})");
  run.Send(Start{});
  EXPECT_THAT(run.failure("cause"), HasSubstr("was 'number' for value: 0"));
  run.Send(TimerFired{run.timer().seq});
  EXPECT_THAT(run.failure("cause"), HasSubstr("was 'number' for value: 1"));
  EXPECT_THAT(run.lines(),
              ElementsAre("1 ExecutionStarted 0", "2 MapStateEntered 0", "3 EvaluationFailed 0",
                          "4 EvaluationFailed 3", "5 MapStateFailed 4", "6 ExecutionFailed 5"));
}

TEST(EngineQueriesTest, ACatcherWhoseOutputFailsFailsTheScope) {
  Driven run(fmt::format(R"("A":{{{},"Catch":[{{"ErrorEquals":["States.ALL"],"Next":"B",
      "Output":"{{% $states.errorOutput.None %}}"}}],"End":true}},"B":{{"Type":"Succeed"}})",
                         kTask));
  run.Send(Start{});
  run.Send(TaskFailed{run.task().seq, "Boom", "why"});
  EXPECT_EQ(run.failure("location"), "Catch[0]/Output");
  EXPECT_EQ(run.last().outcome->error, "States.QueryEvaluationError");
  EXPECT_EQ(run.lines().back(), "7 ExecutionFailed 6");
}

TEST(EngineQueriesTest, AnExpressionThatNeverEndsFailsTheState) {
  Driven run(R"("A":{"Type":"Pass","Output":"{% ($f := function(){ $f() }; $f()) %}","End":true})");
  run.Send(Start{});
  EXPECT_EQ(run.last().outcome->error, "States.QueryEvaluationError");
}

TEST(EngineQueriesTest, ExpressionsOfOneStateShareWhatTheyMayDo) {
  const std::string loop = R"("{% ($f := function($n){ $n = 0 ? 1 : $f($n - 1) }; $f(400000)) %}")";
  EXPECT_EQ(Driven(R"("A":{"Type":"Pass","Output":[)" + loop + R"(],"End":true})").Output(), "[1]");
  Driven run(R"("A":{"Type":"Pass","Output":[)" + loop + "," + loop + "," + loop +
             R"(],"End":true})");
  run.Send(Start{});
  EXPECT_EQ(run.last().outcome->error, "States.QueryEvaluationError");
}

TEST(EngineQueriesTest, AStepEndsAfterSoMuchWorkAndGoesOn) {
  const std::string loop =
      R"("Output":"{% ($f := function($n){ $n = 0 ? 1 : $f($n - 1) }; $f(600000)) %}")";
  Driven run(R"("A":{"Type":"Pass",)" + loop + R"(,"Next":"B"},"B":{"Type":"Pass",)" + loop +
             R"(,"Next":"C"},"C":{"Type":"Succeed"})");
  run.Send(Start{});
  ASSERT_FALSE(run.last().outcome);
  EXPECT_EQ(run.timer().due, run.now());
  run.Send(TimerFired{run.timer().seq});
  ASSERT_TRUE(run.last().outcome);
  EXPECT_EQ(run.last().outcome->output, "1");
}

TEST(EngineQueriesTest, NumbersThatJsonLacksAreNamed) {
  EXPECT_EQ(
      Driven(R"("A":{"Type":"Pass","Output":["{% 1/0 %}","{% [-1/0] %}"],"End":true})").Output(),
      R"(["Infinity",["-Infinity"]])");
}

std::string Refusal(const std::string& states) {
  auto parsed =
      Definition::Parse(R"({"QueryLanguage":"JSONata","StartAt":"A","States":{)" + states + "}}",
                        MachineType::kStandard);
  return parsed ? "" : parsed.error().message();
}

std::string RefusalOf(std::string_view expression) {
  return Refusal(fmt::format(R"("A":{{"Type":"Pass","Output":{{"v":["{{% {} %}}"]}},"End":true}})",
                             expression));
}

TEST(EngineQueriesTest, ExpressionsAreCheckedWhenAMachineIsCreated) {
  EXPECT_EQ(RefusalOf("$states.input[n > 1].(a + $x) ~> $sum()"), "");
  EXPECT_THAT(RefusalOf("1 +"), HasSubstr("'INVALID_JSONATA_EXPRESSION: Unexpected end of "
                                          "expression at /States/A/Output/v[0]'"));
  EXPECT_THAT(RefusalOf(""), HasSubstr("INVALID_JSONATA_EXPRESSION: Unexpected end of expression"));
  EXPECT_THAT(RefusalOf("phone.number"),
              HasSubstr("'UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is "
                        "not supported. at /States/A/Output/v[0]'"));
  EXPECT_THAT(RefusalOf("$$.a"), HasSubstr("Reference to '$$' is not supported."));
  EXPECT_THAT(RefusalOf("$states.result"), HasSubstr("Field '$states.result' does not exist."));
  EXPECT_THAT(RefusalOf("$states . errorOutput"),
              HasSubstr("Field '$states.errorOutput' does not exist."));
  EXPECT_THAT(Refusal(R"("A":{"Type":"Pass","Output":"{%1%}","End":true})"),
              HasSubstr("must be enclosed in '{% ' and ' %}' at /States/A/Output"));
  EXPECT_EQ(Refusal(R"("A":{"Type":"Pass","Output":"{%\n    1\n  %}","End":true})"), "");
  EXPECT_THAT(Refusal(R"("A":{"Type":"Wait","Seconds":"9","End":true})"),
              HasSubstr("Expected a JSONata expression at /States/A/Seconds"));
  EXPECT_THAT(Refusal(R"("A":{"Type":"Pass","InputPath":"$.x","End":true})"),
              HasSubstr("The QueryLanguage is set to 'JSONata', but field 'InputPath' is only "
                        "supported for the 'JSONPath' QueryLanguage at /States/A"));
}

}  // namespace
}  // namespace scones::asl

// Test support: a state machine chosen by bytes, for execution_fuzz. Most of what comes out is
// valid; what is not, the compiler must refuse. Test code only.
#pragma once

#include <fmt/format.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace scones::asl::testing {

using scones::json::array;
using scones::json::object;

inline constexpr int kMaxDepth = 3;

inline constexpr const char* kPaths[] = {"$",
                                         "$.a",
                                         "$.a[0]",
                                         "$.items",
                                         "$..b",
                                         "$.items[*].n",
                                         "$.a.b.c",
                                         "$$",
                                         "$$.State",
                                         "$v",
                                         "$v.a",
                                         "$$.Map.Item.Value",
                                         "$.missing",
                                         "$['a','b']",
                                         "$.items[?(@.n>1)]",
                                         "$.n",
                                         "$$.Task.Token",
                                         "$.error"};
inline constexpr const char* kCalls[] = {"States.Array($.a, 1)",
                                         "States.Format('{}-{}', $.n, $$.State.Name)",
                                         "States.JsonMerge($, $, false)",
                                         "States.MathRandom(1, 9)",
                                         "States.MathAdd($.n, 1)",
                                         "States.UUID()",
                                         "States.ArrayRange(1, 5, 2)",
                                         "States.ArrayPartition($.items, 2)",
                                         "States.StringToJson('[1,2]')",
                                         "States.JsonToString($)",
                                         "States.ArrayGetItem($.items, 0)",
                                         "States.Hash($.a, 'MD5')",
                                         "$v",
                                         "$.items"};
inline constexpr const char* kQueries[] = {"{% $states.input %}",
                                           "{% $states.input.a %}",
                                           "{% $v %}",
                                           "{% $states.result %}",
                                           "{% $states.errorOutput %}",
                                           "{% $states.context.State %}",
                                           "{% $states.input.items.n %}",
                                           "{% $sum([1..3]) %}",
                                           "{% $error('no') %}",
                                           "{% {'a': $random() > 0.5, 'n': $states.input.n + 1} %}",
                                           "{% $map($states.input.items, function($x) { $x }) %}",
                                           "{% $partition([1,2,3], 2) %}",
                                           "{% $uuid() %}",
                                           "{% $now() %}",
                                           "{% $states.input.n > 1 %}",
                                           "{% true %}",
                                           "{% 1 %}",
                                           "text"};
inline constexpr const char* kErrors[] = {"States.ALL",
                                          "States.TaskFailed",
                                          "States.Timeout",
                                          "States.Runtime",
                                          "Boom",
                                          "States.DataLimitExceeded",
                                          "States.Permissions",
                                          "States.HeartbeatTimeout",
                                          "States.QueryEvaluationError",
                                          ""};
inline constexpr const char* kResources[] = {"arn:aws:lambda:us-east-1:123456789012:function:f",
                                             "arn:aws:states:::lambda:invoke",
                                             "arn:aws:states:::lambda:invoke.waitForTaskToken",
                                             "arn:aws:states:us-east-1:123456789012:activity:a",
                                             "arn:aws:states:::sagemaker:createTrainingJob.sync",
                                             "arn:aws:states:::states:startExecution.sync:2",
                                             "arn:aws:states:::aws-sdk:s3:getObject"};
class FuzzedMachine {
 public:
  explicit FuzzedMachine(FuzzedDataProvider& bytes) : bytes_(bytes) {}

  std::string Make() {
    jsonata_ = bytes_.ConsumeBool();
    object machine = Scope(0);
    if (jsonata_) machine["QueryLanguage"] = "JSONata";
    if (Once(4)) machine["TimeoutSeconds"] = Small() * 1000 + 1;
    return scones::ToJson(machine);
  }

 private:
  bool Once(int in) { return bytes_.ConsumeIntegralInRange(1, in) == 1; }
  int Small() { return bytes_.ConsumeIntegralInRange(0, 5); }
  template <typename T, std::size_t n>
  std::string Any(T (&values)[n]) {
    return bytes_.PickValueInArray(values);
  }

  object Scope(int depth) {
    const int count = bytes_.ConsumeIntegralInRange(1, 5 - depth);
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(fmt::format("S{}", ++made_));
    object states;
    for (std::size_t i = 0; i < names.size(); ++i) states[names[i]] = OneState(names, i, depth);
    return {{"StartAt", names.front()}, {"States", std::move(states)}};
  }

  // Mostly a later state: what runs in circles takes long.
  std::string Target(const std::vector<std::string>& names, std::size_t index) {
    const std::size_t first = Once(8) ? 0 : std::min(index + 1, names.size() - 1);
    return names[bytes_.ConsumeIntegralInRange<std::size_t>(first, names.size() - 1)];
  }

  object OneState(const std::vector<std::string>& names, std::size_t index, int depth) {
    const bool outer = jsonata_;
    object state;
    if (!jsonata_ && Once(8)) {
      jsonata_ = true;
      state["QueryLanguage"] = "JSONata";
    }
    const int kind = bytes_.ConsumeIntegralInRange(0, depth < kMaxDepth ? 8 : 5);
    switch (kind) {
      case 0:
        state["Type"] = "Pass";
        break;
      case 1:
        state["Type"] = "Task";
        AddTask(state);
        break;
      case 2:
        state["Type"] = "Wait";
        AddWait(state);
        break;
      case 3:
        state["Type"] = "Choice";
        AddChoices(state, names, index);
        break;
      case 4:
        state["Type"] = "Succeed";
        break;
      case 5:
        state["Type"] = "Fail";
        AddFailure(state);
        break;
      case 6:
        state["Type"] = "Parallel";
        AddBranches(state, depth);
        break;
      default:
        state["Type"] = "Map";
        AddMap(state, depth, kind == 8);
        break;
    }
    if (kind != 5) AddData(state, kind);
    if (kind == 1 || kind >= 6) AddErrors(state, names, index);
    if (kind != 3 && kind != 4 && kind != 5) {
      const bool last = index + 1 == names.size();
      if (last ? !Once(4) : Once(8)) {
        state["End"] = true;
      } else {
        // Most go on to the next one, so that all are reachable.
        state["Next"] = last || Once(4) ? Target(names, index) : names[index + 1];
      }
    }
    jsonata_ = outer;
    return state;
  }

  // A template: a document with expressions of the state's language in it.
  scones::json::value Document() {
    switch (Small()) {
      case 0:
        return Small();
      case 1:
        return jsonata_ ? scones::json::value(Any(kQueries)) : object{{"x", "y"}};
      case 2:
        return {{jsonata_ ? "c" : "c.$", jsonata_ ? Any(kQueries) : Any(kCalls)}};
      case 3:
        return {{"list", {1, {{jsonata_ ? "a" : "a.$", jsonata_ ? Any(kQueries) : Any(kPaths)}}}}};
      default:
        return {{jsonata_ ? "a" : "a.$", jsonata_ ? Any(kQueries) : Any(kPaths)}, {"n", Small()}};
    }
  }

  void AddData(object& state, int kind) {
    const bool makes_result = kind == 1 || kind >= 6;
    if (jsonata_) {
      if (Once(2)) state["Output"] = kind >= 0 ? Document() : nullptr;
      if (kind != 4 && Once(3)) state["Assign"] = object{{"v", Document()}};
      return;
    }
    if (Once(4)) state["InputPath"] = Any(kPaths);
    if (Once(4)) state["OutputPath"] = Any(kPaths);
    if (kind != 4 && Once(3)) state["Assign"] = object{{Once(2) ? "v.$" : "v", Any(kPaths)}};
    if (kind != 0 && !makes_result) return;
    if (Once(3))
      state["ResultPath"] = Once(4) ? scones::json::value() : scones::json::value(Any(kPaths));
    if ((kind == 0 || kind == 6) && Once(2)) state["Parameters"] = object{{"p", Document()}};
    if (kind == 0 && Once(3)) state["Result"] = Document();
    if (makes_result && Once(3)) state["ResultSelector"] = object{{"r", Document()}};
  }

  void AddTask(object& state) {
    state["Resource"] = Any(kResources);
    object arguments{{"FunctionName", "f"}, {"Payload", Document()}};
    if (Once(2)) arguments["Token"] = "x";
    if (Once(3))
      arguments[jsonata_ ? "Token" : "Token.$"] =
          jsonata_ ? "{% $states.context.Task.Token %}" : "$$.Task.Token";
    if (!Once(4)) state[jsonata_ ? "Arguments" : "Parameters"] = std::move(arguments);
    if (Once(3)) state["TimeoutSeconds"] = 100 + Small();
    if (Once(3)) state["HeartbeatSeconds"] = 10 + Small();
  }

  void AddWait(object& state) {
    if (Once(3)) {
      state["Timestamp"] = "2026-01-01T00:00:00Z";
    } else if (jsonata_ || Once(2)) {
      state["Seconds"] = Small();
    } else {
      state[Once(2) ? "SecondsPath" : "TimestampPath"] = Any(kPaths);
    }
  }

  void AddFailure(object& state) {
    if (Once(2)) state["Error"] = Any(kErrors);
    if (Once(2)) state["Cause"] = jsonata_ ? Any(kQueries) : "because";
    if (!jsonata_ && Once(4)) state["CausePath"] = Any(kCalls);
  }

  void AddChoices(object& state, const std::vector<std::string>& names, std::size_t index) {
    array choices;
    for (int i = Small(); i >= 0; --i) {
      object rule = Rule(2);
      rule["Next"] = Target(names, index);
      choices.push_back(std::move(rule));
    }
    state["Choices"] = std::move(choices);
    if (!Once(4)) state["Default"] = names.back();
  }

  object Rule(int depth) {
    if (jsonata_) return {{"Condition", Any(kQueries)}};
    if (depth > 0 && Once(4)) return {{"Not", Rule(depth - 1)}};
    if (depth > 0 && Once(4)) return {{Once(2) ? "And" : "Or", {Rule(depth - 1), Rule(0)}}};
    object rule{{"Variable", Any(kPaths)}};
    switch (Small()) {
      case 0:
        rule["IsPresent"] = true;
        break;
      case 1:
        rule["NumericGreaterThanPath"] = Any(kPaths);
        break;
      case 2:
        rule["StringMatches"] = "t*x\\*?";
        break;
      case 3:
        rule["NumericEquals"] = Small();
        break;
      default:
        rule["BooleanEquals"] = true;
        break;
    }
    return rule;
  }

  void AddBranches(object& state, int depth) {
    array branches;
    for (int i = bytes_.ConsumeIntegralInRange(1, 3); i > 0; --i)
      branches.push_back(Scope(depth + 1));
    state["Branches"] = std::move(branches);
  }

  void AddMap(object& state, int depth, bool distributed) {
    object processor = Scope(depth + 1);
    if (distributed) {
      processor["ProcessorConfig"] = object{{"Mode", "DISTRIBUTED"}, {"ExecutionType", "STANDARD"}};
      if (Once(3)) state["ToleratedFailurePercentage"] = Small();
      if (Once(3)) state["ItemBatcher"] = object{{"MaxItemsPerBatch", 1 + Small()}};
    }
    state["ItemProcessor"] = std::move(processor);
    if (jsonata_) {
      if (Once(2)) state["Items"] = Any(kQueries);
    } else if (Once(2)) {
      state["ItemsPath"] = Any(kPaths);
    }
    if (Once(3)) state["ItemSelector"] = object{{"i", Document()}};
    if (Once(2)) state["MaxConcurrency"] = Small();
  }

  void AddErrors(object& state, const std::vector<std::string>& names, std::size_t index) {
    if (Once(2)) {
      object retrier{{"ErrorEquals", {Any(kErrors)}}, {"MaxAttempts", Small()}};
      if (Once(2)) retrier["IntervalSeconds"] = 1 + Small();
      if (Once(3)) retrier["JitterStrategy"] = "FULL";
      if (Once(3)) retrier["MaxDelaySeconds"] = 20;
      state["Retry"] = array{std::move(retrier)};
    }
    if (Once(2)) {
      object catcher{{"ErrorEquals", {Any(kErrors)}}, {"Next", Target(names, index)}};
      if (Once(2))
        catcher[jsonata_ ? "Output" : "ResultPath"] =
            jsonata_ ? "{% $states.errorOutput %}" : Any(kPaths);
      state["Catch"] = array{std::move(catcher)};
    }
  }

  FuzzedDataProvider& bytes_;
  bool jsonata_ = false;
  int made_ = 0;
};

}  // namespace scones::asl::testing

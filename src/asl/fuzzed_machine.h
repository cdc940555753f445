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

#include "asl/definition.h"
#include "base/json.h"

namespace scones::asl::testing {

using json::array;
using json::object;

inline constexpr int kMaxDepth = 3;

inline constexpr const char* kTypes[] = {"Pass", "Task",     "Wait", "Choice", "Succeed",
                                         "Fail", "Parallel", "Map",  "Map"};
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
inline constexpr const char* kResultQueries[] = {"{% $states.result %}", "{% $states.result.a %}",
                                                 "{% [$states.result, $states.input] %}",
                                                 "{% $merge([$states.input, $states.result]) %}"};
inline constexpr const char* kConditions[] = {"{% $states.input.n > 1 %}", "{% true %}",
                                              "{% $states.input.a = null %}", "{% $exists($v) %}"};
inline constexpr const char* kReferences[] = {"$", "$.a", "$.a.b.c", "$.items", "$.r[1]", "$.n"};
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
  FuzzedMachine(FuzzedDataProvider& bytes, MachineType type)
      : bytes_(bytes), express_(type == MachineType::kExpress) {}

  std::string Make() {
    machine_jsonata_ = bytes_.ConsumeBool();
    object machine = Scope(0);
    if (machine_jsonata_) machine["QueryLanguage"] = "JSONata";
    if (Once(4)) machine["TimeoutSeconds"] = Small() * 1000 + 1;
    return ToJson(machine);
  }

 private:
  enum Kind { kPass, kTask, kWait, kChoice, kSucceed, kFail, kParallel, kMap, kDistributedMap };

  bool Once(int in) { return bytes_.ConsumeIntegralInRange(1, in) == 1; }
  int Small() { return bytes_.ConsumeIntegralInRange(0, 5); }
  template <typename T, std::size_t n>
  std::string Any(T (&values)[n]) {
    return bytes_.PickValueInArray(values);
  }

  object Scope(int depth) {
    const int scope = ++scopes_;
    const int count = bytes_.ConsumeIntegralInRange(1, 5 - depth);
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(fmt::format("S{}", ++states_));
    object states;
    for (std::size_t i = 0; i < names.size(); ++i) {
      jsonata_ = machine_jsonata_;
      // Variables of inner scopes have names of their own.
      variable_ = depth == 0 ? "v" : fmt::format("v{}", scope);
      states[names[i]] = OneState(names, i, depth);
    }
    return {{"StartAt", names.front()}, {"States", std::move(states)}};
  }

  // Mostly a later state: what runs in circles takes long.
  std::string Target(const std::vector<std::string>& names, std::size_t index) {
    const std::size_t first = Once(8) ? 0 : std::min(index + 1, names.size() - 1);
    return names[bytes_.ConsumeIntegralInRange<std::size_t>(first, names.size() - 1)];
  }

  // One that can end, at the end; one that can go on, before.
  Kind AnyKind(bool last, int depth) {
    static constexpr Kind kLast[] = {kPass, kTask, kWait, kSucceed, kFail, kTask};
    static constexpr Kind kBefore[] = {kPass, kTask, kTask, kWait, kChoice, kPass};
    static constexpr Kind kOuter[] = {kParallel, kMap, kMap};
    if (depth < kMaxDepth && Once(3)) {
      if (!express_ && Once(4)) return kDistributedMap;
      return bytes_.PickValueInArray(kOuter);
    }
    return last ? bytes_.PickValueInArray(kLast) : bytes_.PickValueInArray(kBefore);
  }

  object OneState(const std::vector<std::string>& names, std::size_t index, int depth) {
    object state;
    if (!jsonata_ && Once(8)) {
      jsonata_ = true;
      state["QueryLanguage"] = "JSONata";
    }
    const bool last = index + 1 == names.size();
    const Kind kind = AnyKind(last, depth);
    state["Type"] = kTypes[kind];
    if (kind == kTask) AddTask(state);
    if (kind == kWait) AddWait(state);
    if (kind == kChoice) AddChoices(state, names, index);
    if (kind == kFail) AddFailure(state);
    if (kind != kFail) AddData(state, kind);
    if (kind == kTask || kind >= kParallel) AddErrors(state, names, index);
    if (kind != kChoice && kind != kSucceed && kind != kFail) {
      if (last) {
        state["End"] = true;
      } else {
        state["Next"] = names[index + 1];
      }
    }
    // Last: the states in it change what this one was made with.
    if (kind == kParallel) AddBranches(state, depth);
    if (kind >= kMap) AddMap(state, depth, kind == kDistributedMap);
    return state;
  }

  std::string AnyQuery(bool result) {
    return result && Once(2) ? Any(kResultQueries) : Any(kQueries);
  }

  // A template: a document with expressions of the state's language in it.
  json::value Document(bool result = false) {
    const auto member = [&](const std::string& name) {
      object one;
      one[jsonata_ ? name : name + ".$"] = jsonata_ ? AnyQuery(result) : Any(kPaths);
      return one;
    };
    switch (Small()) {
      case 0:
        return Small();
      case 1:
        return jsonata_ ? json::value(AnyQuery(result)) : object{{"x", "y"}};
      case 2:
        return jsonata_ ? member("c") : object{{"c.$", Any(kCalls)}};
      case 3:
        return object{{"list", array{1, member("a")}}};
      default: {
        object one = member("a");
        one["n"] = Small();
        return one;
      }
    }
  }

  void AddData(object& state, Kind kind) {
    const bool makes_result = kind == kTask || kind >= kParallel;
    if (jsonata_) {
      if (kind != kChoice && Once(2)) state["Output"] = Document(makes_result);
      if (kind != kSucceed && Once(3))
        state["Assign"] = object{{variable_, Document(makes_result)}};
      return;
    }
    if (Once(4)) state["InputPath"] = Any(kPaths);
    if (Once(4)) state["OutputPath"] = Any(kPaths);
    if (kind != kSucceed && Once(3)) {
      state["Assign"] = object{{Once(2) ? variable_ + ".$" : variable_, Any(kPaths)}};
    }
    if (kind != kPass && !makes_result) return;
    if (Once(3)) state["ResultPath"] = Once(4) ? json::value() : json::value(Any(kReferences));
    if ((kind == kPass || kind == kParallel) && Once(2))
      state["Parameters"] = object{{"p", Document()}};
    if (kind == kPass && Once(3)) state["Result"] = Document();
    if (makes_result && Once(3)) state["ResultSelector"] = object{{"r", Document()}};
  }

  void AddTask(object& state) {
    const std::string resource =
        express_ ? kResources[bytes_.ConsumeIntegralInRange(0, 1)] : Any(kResources);
    state["Resource"] = resource;
    const std::string token = jsonata_ ? "Token" : "Token.$";
    object arguments{{"FunctionName", "f"}, {"Payload", Document()}};
    if (resource.ends_with("Token")) {
      arguments[token] = jsonata_ ? "{% $states.context.Task.Token %}" : "$$.Task.Token";
    }
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
    if (!jsonata_ && Once(4)) {
      state["CausePath"] = Any(kCalls);
    } else if (Once(2)) {
      state["Cause"] = jsonata_ ? Any(kQueries) : "because";
    }
  }

  void AddChoices(object& state, const std::vector<std::string>& names, std::size_t index) {
    array choices;
    for (int i = bytes_.ConsumeIntegralInRange(0, 2); i >= 0; --i) {
      object rule = Rule(2);
      rule["Next"] = Target(names, index);
      choices.push_back(std::move(rule));
    }
    // All states can be reached.
    choices.push_back(
        jsonata_ ? object{{"Condition", Any(kConditions)}, {"Next", names[index + 1]}}
                 : object{{"Variable", "$.n"}, {"IsNumeric", true}, {"Next", names[index + 1]}});
    state["Choices"] = std::move(choices);
    if (!Once(4)) state["Default"] = names.back();
  }

  object Rule(int depth) {
    if (jsonata_) return {{"Condition", Any(kConditions)}};
    if (depth > 0 && Once(4)) return {{"Not", Rule(depth - 1)}};
    if (depth > 0 && Once(4)) return {{Once(2) ? "And" : "Or", array{Rule(depth - 1), Rule(0)}}};
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
    if (jsonata_) {
      if (Once(2)) state["Items"] = Any(kQueries);
    } else if (Once(2)) {
      state["ItemsPath"] = Any(kReferences);
    }
    if (Once(3)) state["ItemSelector"] = object{{"i", Document()}};
    if (Once(2)) state["MaxConcurrency"] = Small();
    object processor = Scope(depth + 1);
    if (distributed) {
      processor["ProcessorConfig"] = object{{"Mode", "DISTRIBUTED"}, {"ExecutionType", "STANDARD"}};
      if (Once(3)) state["ToleratedFailurePercentage"] = Small();
      if (Once(3)) state["ItemBatcher"] = object{{"MaxItemsPerBatch", 1 + Small()}};
    }
    state["ItemProcessor"] = std::move(processor);
  }

  void AddErrors(object& state, const std::vector<std::string>& names, std::size_t index) {
    if (Once(2)) {
      object retrier{{"ErrorEquals", array{Any(kErrors)}}, {"MaxAttempts", Small()}};
      if (Once(2)) retrier["IntervalSeconds"] = 1 + Small();
      if (Once(3)) retrier["JitterStrategy"] = "FULL";
      if (Once(3)) retrier["MaxDelaySeconds"] = 20;
      state["Retry"] = array{std::move(retrier)};
    }
    if (Once(2)) {
      object catcher{{"ErrorEquals", array{Any(kErrors)}}, {"Next", Target(names, index)}};
      if (Once(2)) {
        catcher[jsonata_ ? "Output" : "ResultPath"] =
            jsonata_ ? "{% $states.errorOutput %}" : Any(kReferences);
      }
      state["Catch"] = array{std::move(catcher)};
    }
  }

  FuzzedDataProvider& bytes_;
  bool express_;
  bool machine_jsonata_ = false;
  bool jsonata_ = false;  // of the state that is made
  std::string variable_;
  int states_ = 0;
  int scopes_ = 0;
};

}  // namespace scones::asl::testing

#include "workflows/detail/random_machine.h"

#include <algorithm>
#include <vector>

namespace scones::workflows::testing {
namespace {

constexpr int kMaxDepth = 2;
constexpr int kMaxStates = 24;  // then only Pass states are added

// What it leads to sees the error beside the number.
json::array CatchAll(const std::string& next) {
  return {json::object{
      {"ErrorEquals", json::array{"States.ALL"}}, {"ResultPath", "$.error"}, {"Next", next}}};
}

}  // namespace

std::string RandomMachine::Make() {
  json::object machine = Scope(0);
  machine["QueryLanguage"] = "JSONPath";
  return ToJson(machine);
}

json::object RandomMachine::Scope(int depth) {
  std::vector<std::string> names;
  for (int left = 1 + Pick(4); left > 0; --left) names.push_back(NewName());
  json::object states;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    if (!last && Chance(15)) {
      states[names[i]] = Choice(names[i + 1], names[std::min(i + 2, names.size() - 1)]);
      continue;
    }
    json::object state = State(depth);
    if (last) {
      state["End"] = true;
    } else {
      state["Next"] = names[i + 1];
    }
    const bool may_fail = state.contains("Retry");
    if (may_fail && !last && Chance(calm_ ? 100 : 50)) {
      state["Catch"] = CatchAll(names[i + 1]);
    } else if (may_fail && calm_) {
      const std::string after = NewName();
      state["Catch"] = CatchAll(after);
      states[after] = {{"Type", "Succeed"}};
    }
    states[names[i]] = std::move(state);
  }
  if (!calm_ && depth == 0 && Chance(10)) {
    json::object& end = states[names.back()].get_object();
    const std::string fail = NewName();
    end.erase("End");
    end["Next"] = fail;
    states[fail] = {{"Type", "Fail"}, {"Error", "Simulated"}, {"Cause", "as the machine says"}};
  }
  return {{"StartAt", names.front()}, {"States", std::move(states)}};
}

json::object RandomMachine::State(int depth) {
  const int kind = states_ > kMaxStates ? 0 : Pick(100);
  if (kind < 20) {
    return {{"Type", "Pass"}, {"Parameters", {{"n.$", "States.MathAdd($.n, 1)"}}}};
  }
  if (kind < 30) return {{"Type", "Wait"}, {"Seconds", 1 + Pick(20)}};
  if (kind < 45 && depth < kMaxDepth) return Parallel(depth);
  if (kind < 60 && depth < kMaxDepth) return Map(depth);
  return Task();
}

void RandomMachine::AddRetry(json::object& state) {
  json::object retrier = {
      {"ErrorEquals", json::array{Chance(50) ? "Simulated.Error" : "States.ALL"}},
      {"IntervalSeconds", 1 + Pick(3)},
      {"MaxAttempts", Pick(3)},
      {"BackoffRate", 1.5},
  };
  if (Chance(30)) retrier["JitterStrategy"] = "FULL";
  state["Retry"] = json::array{std::move(retrier)};
}

json::object RandomMachine::Task() {
  json::object state = {{"Type", "Task"}};
  // With the attempt in it, a task's answer can follow from its input alone.
  json::object parameters = {
      {"n.$", "$.n"}, {"state.$", "$$.State.Name"}, {"attempt.$", "$$.State.RetryCount"}};
  if (Chance(25)) {
    parameters["token.$"] = "$$.Task.Token";
    state["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    state["Parameters"] = {{"FunctionName", "f"}, {"Payload", std::move(parameters)}};
  } else {
    state["Resource"] = "arn:aws:lambda:us-east-1:000000000000:function:f";
    state["Parameters"] = std::move(parameters);
  }
  AddRetry(state);
  if (!calm_ && Chance(40)) state["TimeoutSeconds"] = 5 + Pick(30);
  return state;
}

json::object RandomMachine::Choice(const std::string& next, const std::string& after) {
  json::object rule = {{"Variable", "$.n"}, {"NumericGreaterThan", Pick(10)}, {"Next", after}};
  return {{"Type", "Choice"}, {"Choices", json::array{std::move(rule)}}, {"Default", next}};
}

json::object RandomMachine::Parallel(int depth) {
  json::array branches;
  for (int left = 1 + Pick(3); left > 0; --left) branches.emplace_back(Scope(depth + 1));
  json::object state = {{"Type", "Parallel"},
                        {"Branches", std::move(branches)},
                        {"ResultSelector", {{"n.$", "$[0].n"}}}};
  AddRetry(state);
  return state;
}

json::object RandomMachine::Map(int depth) {
  json::object processor = Scope(depth + 1);
  processor["ProcessorConfig"] = {{"Mode", "INLINE"}};
  json::object state = {{"Type", "Map"},
                        {"ItemsPath", "$$.Execution.Input.items"},
                        {"ItemSelector", {{"n.$", "$$.Map.Item.Value"}}},
                        {"ItemProcessor", std::move(processor)},
                        {"MaxConcurrency", Pick(4)},
                        {"ResultSelector", {{"n.$", "States.ArrayLength($)"}}}};
  AddRetry(state);
  return state;
}

}  // namespace scones::workflows::testing

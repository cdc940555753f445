#include "workflows/detail/random_machine.h"

#include <algorithm>
#include <vector>

namespace scones::workflows::testing {
namespace {

constexpr int kMaxDepth = 2;
constexpr int kMaxStates = 24;  // then only Pass states are added

}  // namespace

std::string RandomMachine::Make() {
  json::object machine = Scope({});
  // The variable that all scopes may read is there from the start.
  const std::string first = NewName();
  json::object start = {{"Type", "Pass"}, {"Next", machine.at("StartAt")}};
  json::object assign;
  Put(assign, "v", "$.n", "$states.input.n");
  start["Assign"] = std::move(assign);
  machine["States"].get_object()[first] = std::move(start);
  machine["StartAt"] = first;
  machine["QueryLanguage"] = jsonata_ ? "JSONata" : "JSONPath";
  return ToJson(machine);
}

void RandomMachine::Put(json::object& object, std::string_view field, std::string_view path,
                        std::string_view query) const {
  if (jsonata_) {
    object[field] = "{% " + std::string(query) + " %}";
  } else {
    object[std::string(field) + ".$"] = path;
  }
}

json::array RandomMachine::CatchAll(const std::string& next) const {
  json::object catcher = {{"ErrorEquals", json::array{"States.ALL"}}, {"Next", next}};
  if (jsonata_) {
    catcher["Output"] = "{% $merge([$states.input, {'error': $states.errorOutput}]) %}";
  } else {
    catcher["ResultPath"] = "$.error";
  }
  return {std::move(catcher)};
}

json::object RandomMachine::Scope(Place place) {
  std::vector<std::string> names;
  for (int left = 1 + Pick(4); left > 0; --left) names.push_back(NewName());
  json::object states;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    if (!last && Chance(15)) {
      states[names[i]] = Choice(names[i + 1], names[std::min(i + 2, names.size() - 1)]);
      continue;
    }
    json::object state = State(place);
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
  if (!calm_ && place.depth == 0 && Chance(10)) {
    json::object& end = states[names.back()].get_object();
    const std::string fail = NewName();
    end.erase("End");
    end["Next"] = fail;
    states[fail] = {{"Type", "Fail"}, {"Error", "Simulated"}, {"Cause", "as the machine says"}};
  }
  return {{"StartAt", names.front()}, {"States", std::move(states)}};
}

json::object RandomMachine::State(Place place) {
  const int kind = states_ > kMaxStates ? 0 : Pick(100);
  if (kind < 20) return Pass(place);
  if (kind < 30) return {{"Type", "Wait"}, {"Seconds", 1 + Pick(20)}};
  if (kind < 45 && place.depth < kMaxDepth) return Parallel(place);
  if (kind < 65 && place.depth < kMaxDepth) return Map(place);
  return Task(place);
}

json::object RandomMachine::Pass(Place place) {
  json::object state = {{"Type", "Pass"}};
  json::object values;
  const bool variable = place.variables && Chance(50);
  Put(values, "n", variable ? "States.MathAdd($.n, $v)" : "States.MathAdd($.n, 1)",
      variable ? "$states.input.n + $v" : "$states.input.n + 1");
  state[jsonata_ ? "Output" : "Parameters"] = std::move(values);
  if (place.depth == 0 && Chance(50)) {
    json::object assign;
    Put(assign, "v", "$.n", "$states.input.n");
    state["Assign"] = std::move(assign);
  }
  return state;
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

json::object RandomMachine::Task(Place place) {
  json::object state = {{"Type", "Task"}};
  // With the attempt in it, a task's answer can follow from its input alone.
  json::object arguments;
  Put(arguments, "n", "$.n", "$states.input.n");
  Put(arguments, "state", "$$.State.Name", "$states.context.State.Name");
  Put(arguments, "attempt", "$$.State.RetryCount", "$states.context.State.RetryCount");
  if (!place.express && Chance(25)) {
    Put(arguments, "token", "$$.Task.Token", "$states.context.Task.Token");
    state["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    arguments = {{"FunctionName", "f"}, {"Payload", json::object(arguments)}};
  } else {
    state["Resource"] = "arn:aws:lambda:us-east-1:000000000000:function:f";
  }
  state[jsonata_ ? "Arguments" : "Parameters"] = std::move(arguments);
  AddRetry(state);
  if (!calm_ && Chance(40)) state["TimeoutSeconds"] = 5 + Pick(30);
  return state;
}

json::object RandomMachine::Choice(const std::string& next, const std::string& after) {
  const int limit = Pick(10);
  json::object rule = {{"Next", after}};
  if (jsonata_) {
    rule["Condition"] = "{% $states.input.n > " + std::to_string(limit) + " %}";
  } else {
    rule["Variable"] = "$.n";
    rule["NumericGreaterThan"] = limit;
  }
  return {{"Type", "Choice"}, {"Choices", json::array{std::move(rule)}}, {"Default", next}};
}

json::object RandomMachine::Parallel(Place place) {
  ++place.depth;
  json::array branches;
  for (int left = 1 + Pick(3); left > 0; --left) branches.emplace_back(Scope(place));
  json::object state = {{"Type", "Parallel"}, {"Branches", std::move(branches)}};
  json::object result;
  Put(result, "n", "$[0].n", "$states.result[0].n");
  state[jsonata_ ? "Output" : "ResultSelector"] = std::move(result);
  AddRetry(state);
  return state;
}

json::object RandomMachine::Map(Place place) {
  const bool distributed = !place.express && Chance(40);
  ++place.depth;
  json::object config = {{"Mode", distributed ? "DISTRIBUTED" : "INLINE"}};
  if (distributed) {
    place.variables = false;
    place.express = !calm_ && Chance(40);  // it would time out after five minutes
    config["ExecutionType"] = place.express ? "EXPRESS" : "STANDARD";
  }
  json::object processor = Scope(place);
  processor["ProcessorConfig"] = std::move(config);
  json::object state = {{"Type", "Map"}, {"MaxConcurrency", Pick(4)}};
  json::object selector;
  Put(selector, "n", "$$.Map.Item.Value", "$states.context.Map.Item.Value");
  Put(selector, "items", "$$.Execution.Input.items", "$states.context.Execution.Input.items");
  state["ItemSelector"] = std::move(selector);
  json::object result;
  Put(result, "n", "States.ArrayLength($)", "$count($states.result)");
  if (jsonata_) {
    state["Items"] = "{% $states.context.Execution.Input.items %}";
    state["Output"] = std::move(result);
  } else {
    state["ItemsPath"] = "$$.Execution.Input.items";
    state["ResultSelector"] = std::move(result);
  }
  if (distributed && !calm_ && Chance(50)) state["ToleratedFailurePercentage"] = 25 * Pick(4);
  state["ItemProcessor"] = std::move(processor);
  AddRetry(state);
  return state;
}

}  // namespace scones::workflows::testing

// The compiled form of a definition: every state of every nested scope in one vector, names
// resolved to indexes, paths and templates parsed. Private to this module; immutable once built.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asl/choice.h"
#include "asl/expression.h"
#include "asl/history.h"
#include "asl/step.h"
#include "base/json.h"

namespace scones::asl {

enum class StateType { kTask, kPass, kChoice, kWait, kSucceed, kFail, kParallel, kMap };

// InputPath, OutputPath: "$" (and absent), null (an empty object instead), or an expression.
struct InputOutputPath {
  bool discard = false;
  std::optional<Expression> expression;  // absent for "$"
};

// ResultPath: "$" (and absent), null (the result is dropped), or a place in the input.
struct ResultPath {
  bool discard = false;
  std::optional<Path> path;  // absent for "$"
};

struct Retrier {
  std::vector<std::string> errors;
  std::int64_t interval_seconds = 1;
  std::int64_t max_attempts = 3;
  double backoff_rate = 2.0;
  std::optional<std::int64_t> max_delay_seconds;
  bool full_jitter = false;
};

struct Catcher {
  std::vector<std::string> errors;
  ResultPath result_path;
  std::optional<Template> output;  // JSONata
  std::optional<Template> assign;
  int next = -1;
};

struct TaskResource {
  TaskKind kind = TaskKind::kFunction;
  std::string arn;      // as written
  std::string service;  // of an integration
  std::string action;
  TaskPattern pattern = TaskPattern::kRequestResponse;
};

// A number or a text given in the definition, or evaluated at run time.
struct NumberField {
  std::optional<std::int64_t> literal;
  std::optional<Expression> expression;
};
struct TextField {
  std::optional<std::string> literal;
  std::optional<Expression> expression;
};

struct ChoiceBranch {
  ChoiceRule rule;
  std::optional<Template> condition;  // JSONata, instead of the rule
  std::optional<Template> output;     // JSONata
  std::optional<Template> assign;
  int next = -1;
};

struct DistributedMap;  // distributed_map.h

struct State {
  StateType type = StateType::kPass;
  std::string name;
  bool jsonata = false;  // the query language of its fields
  int next = -1;         // -1: ends its scope

  InputOutputPath input_path;
  InputOutputPath output_path;
  ResultPath result_path;
  std::optional<Template> parameters;  // of a Map: its ItemSelector; in JSONata: Arguments
  std::optional<Template> output;      // JSONata; of a Choice: when no rule holds
  std::optional<Template> result_selector;
  // Variables set when the state is left; of a Choice: when no rule holds.
  std::optional<Template> assign;
  std::vector<Retrier> retriers;
  std::vector<Catcher> catchers;

  std::optional<json::value> result;  // Pass

  TaskResource resource;  // Task
  NumberField timeout;
  NumberField heartbeat;
  std::optional<Template> credentials;

  std::vector<ChoiceBranch> choices;  // Choice
  int default_next = -1;

  NumberField wait_seconds;  // Wait
  TextField wait_timestamp;

  TextField error;  // Fail
  TextField cause;

  std::vector<int> scopes;  // Parallel: its branches; Map: its processor
  std::optional<Expression> items_path;
  std::optional<Template> items;  // JSONata
  NumberField max_concurrency;
  std::shared_ptr<const DistributedMap> distributed;  // null for an inline Map
};

// A "States" object with its StartAt: the machine, a branch, or a Map's processor.
struct StateScope {
  int start = -1;
};

struct Program {
  std::vector<State> states;
  std::vector<StateScope> scopes;  // the machine itself first
  std::optional<std::int64_t> timeout_seconds;
};

}  // namespace scones::asl

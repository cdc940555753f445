// The values of the events service: rules, targets, events. Plain values; EventBridge's vocabulary.
// No wire formats here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/json.h"
#include "base/time.h"

namespace scones::events {

struct Rule {
  std::string name;
  std::string arn;
  std::string description;
  std::string role_arn;
  std::optional<std::string> event_pattern;        // JSON text; one of these two, or both
  std::optional<std::string> schedule_expression;  //
  bool enabled = true;
  Timestamp in_force_since;  // last put or enabled: what a rate counts from
  std::map<std::string, std::string> tags;
};

struct RetryPolicy {
  std::int64_t maximum_event_age_s = 86'400;  // 60 to 86,400
  std::int64_t maximum_retry_attempts = 185;  // 0 to 185
};

struct InputTransformer {
  std::map<std::string, std::string> paths;  // variable → JSONPath
  std::string input_template;
};

struct Target {
  std::string id;
  std::string arn;  // of a state machine or a function, of any account and region
  std::string role_arn;
  std::optional<std::string> input;       // at most one of these three
  std::optional<std::string> input_path;  //
  std::optional<InputTransformer> input_transformer;
  std::optional<RetryPolicy> retry_policy;
};

// Something that happened, as a producer tells it.
struct Event {
  std::string id;  // a UUID, also in the names of the executions that it starts
  std::string source;
  std::string detail_type;
  Timestamp time;
  std::vector<std::string> resources;
  json::object detail;
  // Deliveries of events with the same key go to a target one after the other; "" for no order.
  std::string order_key;
};

// The envelope that patterns are matched with and targets are sent.
json::object MakeEnvelope(const Event& event, const Identity& identity);

// One call of a target that has been promised.
struct Delivery {
  std::string target_arn;
  std::string name;  // the same for every try; fits an execution's name
  std::string input;
  std::string order_key;
  RetryPolicy retry_policy;
};

// A page of a listing; `next` is "" at its end, else what continues it.
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;
};

// One target that PutTargets refused.
struct FailedTarget {
  std::string id;
  std::string code;
  std::string message;
};

}  // namespace scones::events

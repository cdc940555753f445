// Event patterns: which events a rule wants. Pure; a pattern is an immutable value and safe from
// any thread.
// Source: Amazon EventBridge User Guide, "Comparison operators for use in event patterns".
#pragma once

#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace scones::events {

class EventPattern {
 public:
  // Errors: kInvalid/InvalidEventPatternException, saying which field.
  static Result<EventPattern> Parse(std::string_view text);

  // `event` is the whole envelope. Every field of the pattern must match; fields that the pattern
  // doesn't name are free. An array in the event matches where one of its elements does.
  bool Matches(const json::object& event) const;

  struct Node;  // of this module's own

 private:
  explicit EventPattern(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace scones::events

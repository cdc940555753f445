// What a target is sent: the event, a part of it, a fixed text, or a template filled from it. Pure.
// Source: Amazon EventBridge User Guide, "Amazon EventBridge input transformation".
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "events/types.h"

namespace scones::events {

// Errors: kInvalid/ValidationException: more than one of Input, InputPath and InputTransformer, a
// path or template that can't be read, JSON that isn't.
Result<void> CheckInput(const Target& target);

struct TransformContext {
  std::string rule_arn;
  std::string rule_name;
  Timestamp ingested;
};

// The JSON text for `target`, which CheckInput has accepted.
// Errors: kInvalid where the filled template isn't JSON.
Result<std::string> MakeInput(const Target& target, const json::object& event,
                              const TransformContext& context);

}  // namespace scones::events

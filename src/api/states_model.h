// What Step Functions' service model says of each request's members: types, which are required,
// lengths, ranges, patterns and enumerations. Checked before any operation runs, worded as AWS's
// request validator does. Source: AWS Step Functions API Reference. Pure.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace scones::api::states {

// Errors: SerializationException for a value of the wrong type; ValidationException that lists all
// members that break a constraint.
Result<void> CheckRequest(std::string_view operation, const json::object& input);

}  // namespace scones::api::states

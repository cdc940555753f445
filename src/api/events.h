// EventBridge: rows of the JSON 1.1 dialect "AWSEvents".
#pragma once

#include "api/json_dialect.h"
#include "events/events.h"

namespace scones::api {

// Adds the operations on rules, targets and events of the default bus. All outlive the dialect.
void AddEventsOperations(JsonDialect& dialect, events::Events& events);

}  // namespace scones::api

// A change of an object as S3 tells it: to functions as a record, to EventBridge as a detail. Pure.
// Source: Amazon S3 User Guide, "Event message structure", "EventBridge event message structure".
#pragma once

#include <string>

#include "base/arn.h"
#include "base/json.h"
#include "objects/notification.h"

namespace scones::api {

// {"Records": [...]}; `configuration_id` is that of the notification.
std::string S3EventRecord(const objects::ObjectEvent& event, const std::string& configuration_id,
                          const Identity& identity);

// "Object Created" or "Object Deleted".
std::string S3DetailType(const objects::ObjectEvent& event);
json::object S3EventDetail(const objects::ObjectEvent& event, const Identity& identity);

}  // namespace scones::api

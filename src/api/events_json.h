// Rules, targets and events as EventBridge writes them in JSON. Pure.
// Source: Amazon EventBridge API Reference.
#pragma once

#include <string>
#include <vector>

#include "api/dialect.h"
#include "base/json.h"
#include "base/result.h"
#include "events/events.h"

namespace scones::api {

// Errors of all: kInvalid/ValidationException, naming the member.
Result<std::string> RequiredEventsText(const json::object& input, std::string_view name);
// Only the default bus is here: by its name or an ARN of any account and region. Errors also:
// kNotFound/ResourceNotFoundException.
Result<void> CheckEventBus(const json::object& input, std::string_view member);
Result<std::vector<std::string>> ParseStrings(const json::object& input, std::string_view name);
Result<std::map<std::string, std::string>> ParseEventTags(const json::object& input);
Result<std::size_t> ParseEventsLimit(const json::object& input);

Result<events::PutRuleRequest> ParsePutRule(const json::object& input);
Result<std::vector<events::Target>> ParseTargets(const json::object& input);
// One entry of PutEvents; the reason of an error is its ErrorCode.
Result<events::Event> ParseEntry(const json::value& entry, Timestamp now);

json::object RuleJson(const events::Rule& rule);
json::object TargetJson(const events::Target& target);

}  // namespace scones::api

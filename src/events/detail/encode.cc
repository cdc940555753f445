#include "events/detail/encode.h"

#include "base/json.h"

namespace scones::events {
namespace {

json::object ToObject(const std::map<std::string, std::string>& pairs) {
  json::object object;
  for (const auto& [name, value] : pairs) object[name] = value;
  return object;
}

std::map<std::string, std::string> ToMap(const json::object* object) {
  std::map<std::string, std::string> pairs;
  if (object == nullptr) return pairs;
  for (const auto& [name, value] : *object) {
    if (value.is_string()) pairs[name] = std::string(value.get_string());
  }
  return pairs;
}

void SetOptional(json::object& object, std::string_view name,
                 const std::optional<std::string>& text) {
  if (text) object[name] = *text;
}

std::optional<std::string> OptionalText(const json::object& object, std::string_view name) {
  const json::string* text = FindString(object, name);
  return text == nullptr ? std::nullopt : std::optional(std::string(*text));
}

Result<json::object> ParseRow(std::string_view text, const char* what) {
  Result<json::value> value = ParseJson(text);
  if (!value || !value->is_object()) {
    return Error(Code::kDataLoss, std::string("the row of ") + what + " is not what was written");
  }
  return std::move(value->get_object());
}

}  // namespace

std::string EncodeRule(const Rule& rule) {
  json::object object{{"name", rule.name},
                      {"arn", rule.arn},
                      {"description", rule.description},
                      {"role", rule.role_arn},
                      {"enabled", rule.enabled},
                      {"since_us", rule.in_force_since.time_since_epoch().count()},
                      {"tags", ToObject(rule.tags)}};
  SetOptional(object, "pattern", rule.event_pattern);
  SetOptional(object, "schedule", rule.schedule_expression);
  return ToJson(object);
}

Result<Rule> DecodeRule(std::string_view text) {
  TRY(const json::object object, ParseRow(text, "a rule"));
  return Rule{.name = StringOr(object, "name", ""),
              .arn = StringOr(object, "arn", ""),
              .description = StringOr(object, "description", ""),
              .role_arn = StringOr(object, "role", ""),
              .event_pattern = OptionalText(object, "pattern"),
              .schedule_expression = OptionalText(object, "schedule"),
              .enabled = FindBool(object, "enabled").value_or(true),
              .in_force_since =
                  Timestamp(std::chrono::microseconds(FindInteger(object, "since_us").value_or(0))),
              .tags = ToMap(FindObject(object, "tags"))};
}

std::string EncodeTarget(const Target& target) {
  json::object object{{"id", target.id}, {"arn", target.arn}, {"role", target.role_arn}};
  SetOptional(object, "input", target.input);
  SetOptional(object, "input_path", target.input_path);
  if (target.input_transformer) {
    object["paths"] = ToObject(target.input_transformer->paths);
    object["template"] = target.input_transformer->input_template;
  }
  if (target.retry_policy) {
    object["max_age_s"] = target.retry_policy->maximum_event_age_s;
    object["max_retries"] = target.retry_policy->maximum_retry_attempts;
  }
  return ToJson(object);
}

Result<Target> DecodeTarget(std::string_view text) {
  TRY(const json::object object, ParseRow(text, "a target"));
  Target target{.id = StringOr(object, "id", ""),
                .arn = StringOr(object, "arn", ""),
                .role_arn = StringOr(object, "role", ""),
                .input = OptionalText(object, "input"),
                .input_path = OptionalText(object, "input_path"),
                .input_transformer = {},
                .retry_policy = {}};
  if (const auto text_of_template = OptionalText(object, "template")) {
    target.input_transformer =
        InputTransformer{ToMap(FindObject(object, "paths")), *text_of_template};
  }
  if (const auto age = FindInteger(object, "max_age_s")) {
    target.retry_policy = RetryPolicy{*age, FindInteger(object, "max_retries").value_or(0)};
  }
  return target;
}

}  // namespace scones::events

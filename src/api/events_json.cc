#include "api/events_json.h"

#include <fmt/format.h>

#include <cmath>

#include "base/arn.h"
#include "base/random.h"

namespace scones::api {
namespace {

constexpr std::int64_t kMaxPage = 100;
constexpr std::size_t kMaxTargetsOfCall = 100;
constexpr std::size_t kMaxResources = 100;
// Kinds of parameters for targets that this installation doesn't have.
constexpr std::string_view kForeignParameters[] = {
    "KinesisParameters",      "RunCommandParameters",
    "EcsParameters",          "BatchParameters",
    "SqsParameters",          "HttpParameters",
    "RedshiftDataParameters", "SageMakerPipelineParameters",
    "AppSyncParameters"};

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Error WrongType(std::string_view name, std::string_view type) {
  return Error(Code::kInvalid, "SerializationException",
               fmt::format("'{}' must be {}", name, type));
}

Result<std::optional<std::string>> OptionalText(const json::object& input, std::string_view name) {
  const json::value* value = FindMember(input, name);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  if (!value->is_string()) return WrongType(name, "a string");
  return std::optional(std::string(value->get_string()));
}

Result<std::string> TextOr(const json::object& input, std::string_view name) {
  TRY(std::optional<std::string> text, OptionalText(input, name));
  return std::move(text).value_or("");
}

Result<events::InputTransformer> ParseTransformer(const json::object& given) {
  events::InputTransformer transformer;
  if (const json::object* paths = FindObject(given, "InputPathsMap")) {
    for (const auto& [name, path] : *paths) {
      if (!path.is_string()) return WrongType("InputPathsMap", "a map of strings");
      transformer.paths[name] = std::string(path.get_string());
    }
  }
  TRY(transformer.input_template, RequiredEventsText(given, "InputTemplate"));
  return transformer;
}

Result<events::Target> ParseTarget(const json::value& value) {
  if (!value.is_object()) return WrongType("Targets", "a list of objects");
  const json::object& given = value.get_object();
  if (FindMember(given, "DeadLetterConfig") != nullptr) {
    return Invalid("DeadLetterConfig is not supported: this installation has no SQS queues");
  }
  for (const std::string_view name : kForeignParameters) {
    if (FindMember(given, name) == nullptr) continue;
    return Invalid(
        fmt::format("{} is not supported: targets are state machines and functions", name));
  }
  events::Target target;
  TRY(target.id, RequiredEventsText(given, "Id"));
  TRY(target.arn, RequiredEventsText(given, "Arn"));
  TRY(target.role_arn, TextOr(given, "RoleArn"));
  TRY(target.input, OptionalText(given, "Input"));
  TRY(target.input_path, OptionalText(given, "InputPath"));
  if (const json::object* transformer = FindObject(given, "InputTransformer")) {
    TRY(target.input_transformer, ParseTransformer(*transformer));
  }
  if (const json::object* retry = FindObject(given, "RetryPolicy")) {
    events::RetryPolicy policy;
    policy.maximum_event_age_s =
        FindInteger(*retry, "MaximumEventAgeInSeconds").value_or(policy.maximum_event_age_s);
    policy.maximum_retry_attempts =
        FindInteger(*retry, "MaximumRetryAttempts").value_or(policy.maximum_retry_attempts);
    target.retry_policy = policy;
  }
  return target;
}

Error BadEntry(std::string_view member) {
  return Error(
      Code::kInvalid, "InvalidArgument",
      fmt::format("Parameter {0} is not valid. Reason: {0} is a required argument.", member));
}

}  // namespace

Result<std::string> RequiredEventsText(const json::object& input, std::string_view name) {
  TRY(std::optional<std::string> text, OptionalText(input, name));
  if (text) return *std::move(text);
  std::string member(name);
  member[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(member[0])));
  return Invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                  "Member must not be null",
                  member));
}

Result<void> CheckEventBus(const json::object& input, std::string_view member) {
  TRY(const std::optional<std::string> name, OptionalText(input, member));
  if (!name || *name == "default" || name->ends_with(":event-bus/default")) return {};
  return Error(Code::kNotFound, "ResourceNotFoundException",
               fmt::format("Event bus {} does not exist: this installation has the default event "
                           "bus alone.",
                           name->substr(0, 256)));
}

Result<std::vector<std::string>> ParseStrings(const json::object& input, std::string_view name) {
  const json::array* given = FindArray(input, name);
  if (given == nullptr) return WrongType(name, "a list of strings");
  std::vector<std::string> texts;
  for (const json::value& value : *given) {
    if (!value.is_string()) return WrongType(name, "a list of strings");
    texts.emplace_back(value.get_string());
  }
  return texts;
}

Result<std::map<std::string, std::string>> ParseEventTags(const json::object& input) {
  std::map<std::string, std::string> tags;
  const json::array* given = FindArray(input, "Tags");
  if (given == nullptr) return tags;
  for (const json::value& value : *given) {
    if (!value.is_object()) return WrongType("Tags", "a list of objects");
    TRY(std::string key, RequiredEventsText(value.get_object(), "Key"));
    TRY(tags[std::move(key)], RequiredEventsText(value.get_object(), "Value"));
  }
  return tags;
}

Result<std::size_t> ParseEventsLimit(const json::object& input) {
  if (FindMember(input, "Limit") == nullptr) return static_cast<std::size_t>(kMaxPage);
  const auto limit = FindInteger(input, "Limit");
  if (!limit || *limit < 1 || *limit > kMaxPage) {
    return Invalid(
        "Value at 'limit' failed to satisfy constraint: Member must have value between 1 and 100");
  }
  return static_cast<std::size_t>(*limit);
}

Result<events::PutRuleRequest> ParsePutRule(const json::object& input) {
  TRY_VOID(CheckEventBus(input, "EventBusName"));
  events::PutRuleRequest request;
  TRY(request.name, RequiredEventsText(input, "Name"));
  TRY(request.description, TextOr(input, "Description"));
  TRY(request.role_arn, TextOr(input, "RoleArn"));
  TRY(request.event_pattern, OptionalText(input, "EventPattern"));
  TRY(request.schedule_expression, OptionalText(input, "ScheduleExpression"));
  // A rule without one says so by an empty text, too.
  if (request.event_pattern == "") request.event_pattern.reset();
  if (request.schedule_expression == "") request.schedule_expression.reset();
  TRY(const std::string state, TextOr(input, "State"));
  if (!state.empty() && state != "ENABLED" && state != "DISABLED") {
    return Invalid(
        fmt::format("1 validation error detected: Value '{}' at 'state' failed to satisfy "
                    "constraint: Member must satisfy enum value set: [ENABLED, DISABLED]",
                    state.substr(0, 100)));
  }
  request.enabled = state != "DISABLED";
  TRY(request.tags, ParseEventTags(input));
  return request;
}

Result<std::vector<events::Target>> ParseTargets(const json::object& input) {
  const json::array* given = FindArray(input, "Targets");
  if (given == nullptr || given->empty() || given->size() > kMaxTargetsOfCall) {
    return Invalid(
        "1 validation error detected: Value at 'targets' failed to satisfy constraint: Member must "
        "have length between 1 and 100");
  }
  std::vector<events::Target> targets;
  for (const json::value& value : *given) {
    TRY(events::Target target, ParseTarget(value));
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<events::Event> ParseEntry(const json::value& entry, Timestamp now) {
  if (!entry.is_object()) return BadEntry("Entry");
  const json::object& given = entry.get_object();
  if (const auto bus = CheckEventBus(given, "EventBusName"); !bus) {
    return Error(Code::kInvalid, "InvalidArgument", bus.error().message());
  }
  events::Event event{.id = RandomUuid(),
                      .source = StringOr(given, "Source", ""),
                      .detail_type = StringOr(given, "DetailType", ""),
                      .time = now,
                      .resources = {},
                      .detail = {},
                      .order_key = ""};
  if (event.source.empty()) return BadEntry("Source");
  if (event.source.starts_with("aws.")) {
    return Error(Code::kDenied, "NotAuthorizedForSourceException",
                 "Not authorized for the source.");
  }
  if (event.detail_type.empty()) return BadEntry("DetailType");
  const json::string* detail = FindString(given, "Detail");
  if (detail == nullptr) return BadEntry("Detail");
  Result<json::value> parsed = ParseJson(*detail);
  if (!parsed || !parsed->is_object()) {
    return Error(Code::kInvalid, "MalformedDetail", "Detail is malformed.");
  }
  event.detail = std::move(parsed->get_object());
  if (FindMember(given, "Resources") != nullptr) {
    TRY(event.resources, ParseStrings(given, "Resources"));
    if (event.resources.size() > kMaxResources) return BadEntry("Resources");
  }
  const json::value* time = FindMember(given, "Time");
  if (time != nullptr && time->is_number()) {
    const double seconds = time->to_number<double>();
    constexpr double kMost = 1e11;  // beyond the year 5000
    if (!(std::abs(seconds) < kMost)) return BadEntry("Time");
    event.time = FromEpochMilliseconds(static_cast<std::int64_t>(seconds * 1000));
  }
  return event;
}

json::object RuleJson(const events::Rule& rule) {
  json::object out{{"Name", rule.name},
                   {"Arn", rule.arn},
                   {"State", rule.enabled ? "ENABLED" : "DISABLED"},
                   {"EventBusName", "default"}};
  if (rule.event_pattern) out["EventPattern"] = *rule.event_pattern;
  if (rule.schedule_expression) out["ScheduleExpression"] = *rule.schedule_expression;
  if (!rule.description.empty()) out["Description"] = rule.description;
  if (!rule.role_arn.empty()) out["RoleArn"] = rule.role_arn;
  return out;
}

json::object TargetJson(const events::Target& target) {
  json::object out{{"Id", target.id}, {"Arn", target.arn}};
  if (!target.role_arn.empty()) out["RoleArn"] = target.role_arn;
  if (target.input) out["Input"] = *target.input;
  if (target.input_path) out["InputPath"] = *target.input_path;
  if (target.input_transformer) {
    json::object paths;
    for (const auto& [name, path] : target.input_transformer->paths) paths[name] = path;
    out["InputTransformer"] =
        json::object{{"InputPathsMap", std::move(paths)},
                     {"InputTemplate", target.input_transformer->input_template}};
  }
  if (target.retry_policy) {
    out["RetryPolicy"] =
        json::object{{"MaximumEventAgeInSeconds", target.retry_policy->maximum_event_age_s},
                     {"MaximumRetryAttempts", target.retry_policy->maximum_retry_attempts}};
  }
  return out;
}

}  // namespace scones::api

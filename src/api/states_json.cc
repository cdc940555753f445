#include "api/states_json.h"

#include <fmt/format.h>

#include "asl/variable_references.h"

namespace scones::api::states {
namespace {

constexpr std::int64_t kMaxPage = 1'000;
constexpr std::size_t kMaxTokenBytes = 3'096;

Error WrongType(std::string_view name, std::string_view type) {
  return Error(Code::kInvalid, "SerializationException", fmt::format("{} must be {}", name, type));
}

Error NotNull(std::string_view name) {
  return Invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                  "Member must not be null",
                  name));
}

const json::value* FindPresent(const json::object& input, std::string_view name) {
  const json::value* value = FindMember(input, name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void PutVariableReferences(json::object& members, const std::string& definition) {
  const Result<json::value> parsed = ParseJson(definition);
  if (!parsed || !parsed->is_object()) return;
  json::object references;
  for (const auto& [state, names] : asl::VariableReferences(parsed->get_object())) {
    references[state] = json::array(names.begin(), names.end());
  }
  if (!references.empty()) members["variableReferences"] = std::move(references);
}

void PutVersion(json::object& members, const std::string& version, const std::string& alias) {
  if (!version.empty()) members["stateMachineVersionArn"] = version;
  if (!alias.empty()) members["stateMachineAliasArn"] = alias;
}

}  // namespace

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Error Violation(std::string_view name, std::string_view value, std::string_view constraint) {
  return Invalid(
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
                  "{}",
                  value, name, constraint));
}

Result<std::optional<std::string>> OptionalText(const json::object& input, std::string_view name) {
  const json::value* value = FindPresent(input, name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return WrongType(name, "a string");
  return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::string> RequiredText(const json::object& input, std::string_view name) {
  TRY(std::optional<std::string> text, OptionalText(input, name));
  if (!text) return NotNull(name);
  return std::move(*text);
}

Result<bool> BoolOr(const json::object& input, std::string_view name, bool fallback) {
  const json::value* value = FindPresent(input, name);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) return WrongType(name, "a boolean");
  return value->get_bool();
}

Result<workflows::PageRequest> ReadPage(const json::object& input) {
  workflows::PageRequest page;
  if (const json::value* value = FindPresent(input, "maxResults")) {
    const std::optional<std::int64_t> count = FindInteger(input, "maxResults");
    if (!count) return WrongType("maxResults", "an integer");
    if (*count > kMaxPage) {
      return Violation("maxResults", ToJson(*value),
                       "Member must have value less than or equal to 1000");
    }
    if (*count < 0) {
      return Violation("maxResults", ToJson(*value),
                       "Member must have value greater than or equal to 0");
    }
    page.max_results = *count;
  }
  TRY(const std::optional<std::string> token, OptionalText(input, "nextToken"));
  if (!token) return page;
  if (token->empty()) {
    return Violation("nextToken", "", "Member must have length greater than or equal to 1");
  }
  if (token->size() > kMaxTokenBytes) {
    return Violation("nextToken", *token, "Member must have length less than or equal to 3096");
  }
  page.next_token = *token;
  return page;
}

Result<asl::MachineType> ReadType(const json::object& input) {
  TRY(const std::optional<std::string> type, OptionalText(input, "type"));
  if (!type || *type == "STANDARD") return asl::MachineType::kStandard;
  if (*type == "EXPRESS") return asl::MachineType::kExpress;
  return Violation("type", *type, "Member must satisfy enum value set: [STANDARD, EXPRESS]");
}

Result<std::optional<std::string>> ReadLogging(const json::object& input) {
  const json::value* value = FindPresent(input, "loggingConfiguration");
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_object()) return WrongType("loggingConfiguration", "an object");
  const std::string level = StringOr(value->get_object(), "level", "OFF");
  if (level != "ALL" && level != "ERROR" && level != "FATAL" && level != "OFF") {
    return Violation("loggingConfiguration.level", level,
                     "Member must satisfy enum value set: [ALL, ERROR, FATAL, OFF]");
  }
  return std::optional<std::string>(ToJson(*value));
}

Result<std::optional<bool>> ReadTracing(const json::object& input) {
  const json::value* value = FindPresent(input, "tracingConfiguration");
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_object()) return WrongType("tracingConfiguration", "an object");
  TRY(const bool enabled, BoolOr(value->get_object(), "enabled", false));
  return std::optional<bool>(enabled);
}

Result<std::vector<workflows::Tag>> ReadTags(const json::object& input) {
  std::vector<workflows::Tag> tags;
  const json::value* value = FindPresent(input, "tags");
  if (value == nullptr) return tags;
  if (!value->is_array()) return WrongType("tags", "a list");
  for (const json::value& item : value->get_array()) {
    if (!item.is_object()) return WrongType("tags", "a list of objects");
    tags.push_back({.key = StringOr(item.get_object(), "key", ""),
                    .value = StringOr(item.get_object(), "value", "")});
  }
  return tags;
}

Result<std::vector<std::string>> ReadTagKeys(const json::object& input) {
  const json::value* value = FindPresent(input, "tagKeys");
  if (value == nullptr) return NotNull("tagKeys");
  if (!value->is_array()) return WrongType("tagKeys", "a list");
  std::vector<std::string> keys;
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) return WrongType("tagKeys", "a list of strings");
    keys.emplace_back(item.get_string());
  }
  return keys;
}

Result<void> CheckEncryption(const json::object& input) {
  const json::object* given = FindObject(input, "encryptionConfiguration");
  if (given == nullptr || StringOr(*given, "type", "") == kOwnedKey) return {};
  return Error(Code::kInvalid, "InvalidEncryptionConfiguration",
               "Invalid Encryption Configuration: keys of KMS are not available here; use the type "
               "AWS_OWNED_KEY");
}

Result<ExecutionData> ReadIncludedData(const json::object& input) {
  TRY(const std::optional<std::string> included, OptionalText(input, "includedData"));
  return included == "METADATA_ONLY" ? ExecutionData::kLeftOut : ExecutionData::kIncluded;
}

double Date(Timestamp time) { return EpochSeconds(time); }

json::object MachineMembers(const workflows::StateMachine& machine, ExecutionData data) {
  json::object members{{"stateMachineArn", machine.arn},
                       {"name", machine.name},
                       {"definition", data == ExecutionData::kIncluded ? machine.definition : "{}"},
                       {"roleArn", machine.role_arn}};
  if (const Result<json::value> logging = ParseJson(machine.logging_configuration)) {
    members["loggingConfiguration"] = *logging;
  }
  members["tracingConfiguration"] = {{"enabled", machine.tracing_enabled}};
  members["encryptionConfiguration"] = {{"type", kOwnedKey}};
  if (!machine.revision_id.empty()) members["revisionId"] = machine.revision_id;
  if (data == ExecutionData::kIncluded) PutVariableReferences(members, machine.definition);
  return members;
}

namespace {
// Of an Execution or an ExecutionSummary.
template <class E>
std::string_view StatusName(const E& execution) {
  return execution.pending_redrive ? "PENDING_REDRIVE" : asl::ExecutionStatusName(execution.status);
}
}  // namespace

json::object ExecutionMembers(const workflows::Execution& execution, ExecutionData data) {
  const std::string_view status = StatusName(execution);
  json::object members{{"executionArn", execution.arn},
                       {"stateMachineArn", execution.state_machine_arn},
                       {"name", execution.name},
                       {"status", status},
                       {"startDate", Date(execution.started)}};
  if (execution.stopped) members["stopDate"] = Date(*execution.stopped);
  PutVersion(members, execution.version_arn, execution.alias_arn);
  const bool included = data == ExecutionData::kIncluded;
  if (included) members["input"] = execution.input;
  members["inputDetails"] = {{"included", included}};
  if (execution.output) {
    if (included) members["output"] = *execution.output;
    members["outputDetails"] = {{"included", included}};
  }
  if (execution.error) members["error"] = *execution.error;
  if (execution.cause) members["cause"] = *execution.cause;
  return members;
}

json::object SummaryMembers(const workflows::ExecutionSummary& execution) {
  json::object members{{"executionArn", execution.arn},
                       {"stateMachineArn", execution.state_machine_arn},
                       {"name", execution.name},
                       {"status", StatusName(execution)},
                       {"startDate", Date(execution.started)}};
  if (execution.stopped) members["stopDate"] = Date(*execution.stopped);
  PutRedrives(members, execution.redrives);
  PutVersion(members, execution.version_arn, execution.alias_arn);
  if (execution.map_run_arn) {
    members["mapRunArn"] = *execution.map_run_arn;
    members["itemCount"] = execution.item_count;
  }
  return members;
}

json::object EventMembers(asl::HistoryEvent event, ExecutionData data) {
  json::object members{{"timestamp", Date(event.timestamp)},
                       {"type", asl::EventTypeName(event.type)},
                       {"id", event.id},
                       {"previousEventId", event.previous_id}};
  const std::string_view name = asl::EventDetailsMember(event.type);
  if (name.empty()) return members;
  if (data == ExecutionData::kLeftOut) {
    for (const char* payload : {"input", "inputDetails", "output", "outputDetails", "parameters"}) {
      event.details.erase(payload);
    }
  }
  members[name] = std::move(event.details);
  return members;
}

void PutNextToken(json::object& output, const std::string& token) {
  if (!token.empty()) output["nextToken"] = token;
}

}  // namespace scones::api::states

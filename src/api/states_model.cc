#include "api/states_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

namespace scones::api::states {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

enum class Kind { kText, kInteger, kNumber, kBoolean, kList, kStructure };

struct Shape;

struct Member {
  std::string_view name;
  const Shape* shape;
  bool required = false;
};

struct Shape {
  Kind kind = Kind::kText;
  // Of a text's or list's length, or a number's value.
  std::int64_t min = 0;
  std::int64_t max = kNoLimit;
  bool sensitive = false;         // messages don't repeat it
  std::string_view pattern = {};  // as AWS shows it
  bool (*matches)(std::string_view) = nullptr;
  std::vector<std::string_view> values = {};  // of an enumeration, in the order of AWS's messages
  std::string_view type_name = {};            // of a structure, in messages
  std::vector<Member> members = {};           // of a structure
  const Shape* item = nullptr;                // of a list
};

using Model = std::unordered_map<std::string_view, std::vector<Member>>;

bool IsAliasName(std::string_view text) {
  const auto marks = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
  };
  return std::any_of(text.begin(), text.end(), marks) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return marks(c) || (c >= '0' && c <= '9'); });
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

// As Java counts: UTF-16 units.
std::int64_t Length(std::string_view text) {
  std::int64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

// The shapes refer to each other: one object that lives as long as the program.
struct Shapes {
  const Shape arn{.min = 1, .max = 256};
  const Shape long_arn{.min = 1, .max = 2'000};
  const Shape name{.min = 1, .max = 80};
  const Shape alias_name{.min = 1,
                         .max = 80,
                         .pattern = R"(^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$)",
                         .matches = IsAliasName};
  const Shape definition{.min = 1, .max = 1'048'576, .sensitive = true};
  const Shape description{.max = 256, .sensitive = true};
  const Shape data{.max = 262'144, .sensitive = true};
  const Shape error{.max = 256, .sensitive = true};
  const Shape cause{.max = 32'768, .sensitive = true};
  const Shape task_token{.min = 1, .max = 2'048};
  const Shape client_token{.min = 1, .max = 64};
  const Shape trace_header{.max = 256, .pattern = R"(\p{ASCII}*)", .matches = IsAscii};
  const Shape page_token{.min = 1, .max = 1'024};
  const Shape executions_token{.min = 1, .max = 3'096};
  const Shape text{};
  const Shape page_size{.kind = Kind::kInteger, .max = 1'000};
  const Shape diagnostics{.kind = Kind::kInteger, .max = 100};
  const Shape count{.kind = Kind::kInteger};
  const Shape percentage{.kind = Kind::kNumber, .max = 100};
  const Shape flag{.kind = Kind::kBoolean};

  const Shape machine_type{.values = {"STANDARD", "EXPRESS"}};
  const Shape severity{.values = {"ERROR", "WARNING"}};
  const Shape included_data{.values = {"ALL_DATA", "METADATA_ONLY"}};
  const Shape status{
      .values = {"SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"}};
  const Shape redrive_filter{.values = {"REDRIVEN", "NOT_REDRIVEN"}};
  const Shape log_level{.values = {"ALL", "ERROR", "FATAL", "OFF"}};
  const Shape encryption_type{.values = {"AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"}};

  const Shape log_group{.kind = Kind::kStructure, .members = {{"logGroupArn", &arn}}};
  const Shape destination{.kind = Kind::kStructure,
                          .members = {{"cloudWatchLogsLogGroup", &log_group}}};
  const Shape destinations{.kind = Kind::kList, .item = &destination};
  const Shape logging{
      .kind = Kind::kStructure,
      .members = {
          {"level", &log_level}, {"includeExecutionData", &flag}, {"destinations", &destinations}}};
  const Shape tracing{.kind = Kind::kStructure, .members = {{"enabled", &flag}}};
  const Shape key_id{.min = 1, .max = 2'048};
  const Shape reuse_period{.kind = Kind::kInteger, .min = 60, .max = 900};
  const Shape encryption{.kind = Kind::kStructure,
                         .members = {{"kmsKeyId", &key_id},
                                     {"kmsDataKeyReusePeriodSeconds", &reuse_period},
                                     {"type", &encryption_type, true}}};
  const Shape tag_key{.min = 1, .max = 128};
  const Shape tag_value{.max = 256};
  const Shape tag{.kind = Kind::kStructure,
                  .type_name = "Tag",
                  .members = {{"key", &tag_key}, {"value", &tag_value}}};
  const Shape tags{.kind = Kind::kList, .item = &tag};
  const Shape tag_keys{.kind = Kind::kList, .item = &tag_key};
  const Shape weight{.kind = Kind::kInteger, .max = 100};
  const Shape route{.kind = Kind::kStructure,
                    .type_name = "RoutingConfigurationListItem",
                    .members = {{"stateMachineVersionArn", &arn, true}, {"weight", &weight, true}}};
  const Shape routes{.kind = Kind::kList, .min = 1, .max = 2, .item = &route};
};

void AddMachines(const Shapes& s, Model& model) {
  model["CreateStateMachine"] = {{"name", &s.name, true},
                                 {"definition", &s.definition, true},
                                 {"roleArn", &s.arn, true},
                                 {"type", &s.machine_type},
                                 {"loggingConfiguration", &s.logging},
                                 {"tags", &s.tags},
                                 {"tracingConfiguration", &s.tracing},
                                 {"publish", &s.flag},
                                 {"versionDescription", &s.description},
                                 {"encryptionConfiguration", &s.encryption}};
  model["UpdateStateMachine"] = {{"stateMachineArn", &s.arn, true},
                                 {"definition", &s.definition},
                                 {"roleArn", &s.arn},
                                 {"loggingConfiguration", &s.logging},
                                 {"tracingConfiguration", &s.tracing},
                                 {"publish", &s.flag},
                                 {"versionDescription", &s.description},
                                 {"encryptionConfiguration", &s.encryption}};
  model["DeleteStateMachine"] = {{"stateMachineArn", &s.arn, true}};
  model["DescribeStateMachine"] = {{"stateMachineArn", &s.arn, true},
                                   {"includedData", &s.included_data}};
  model["DescribeStateMachineForExecution"] = {{"executionArn", &s.arn, true},
                                               {"includedData", &s.included_data}};
  model["ListStateMachines"] = {{"maxResults", &s.page_size}, {"nextToken", &s.page_token}};
  model["ValidateStateMachineDefinition"] = {{"definition", &s.definition, true},
                                             {"type", &s.machine_type},
                                             {"severity", &s.severity},
                                             {"maxResults", &s.diagnostics}};
  model["TestState"] = {{"definition", &s.definition, true}, {"roleArn", &s.arn}};
  model["TagResource"] = {{"resourceArn", &s.arn, true}, {"tags", &s.tags, true}};
  model["UntagResource"] = {{"resourceArn", &s.arn, true}, {"tagKeys", &s.tag_keys, true}};
  model["ListTagsForResource"] = {{"resourceArn", &s.arn, true}};
}

void AddVersions(const Shapes& s, Model& model) {
  model["PublishStateMachineVersion"] = {
      {"stateMachineArn", &s.arn, true}, {"revisionId", &s.text}, {"description", &s.description}};
  model["DeleteStateMachineVersion"] = {{"stateMachineVersionArn", &s.long_arn, true}};
  model["ListStateMachineVersions"] = {{"stateMachineArn", &s.arn, true},
                                       {"nextToken", &s.page_token},
                                       {"maxResults", &s.page_size}};
  model["CreateStateMachineAlias"] = {{"description", &s.description},
                                      {"name", &s.alias_name, true},
                                      {"routingConfiguration", &s.routes, true}};
  model["UpdateStateMachineAlias"] = {{"stateMachineAliasArn", &s.arn, true},
                                      {"description", &s.description},
                                      {"routingConfiguration", &s.routes}};
  model["DeleteStateMachineAlias"] = {{"stateMachineAliasArn", &s.arn, true}};
  model["DescribeStateMachineAlias"] = {{"stateMachineAliasArn", &s.arn, true}};
  model["ListStateMachineAliases"] = {{"stateMachineArn", &s.arn, true},
                                      {"nextToken", &s.page_token},
                                      {"maxResults", &s.page_size}};
}

void AddExecutions(const Shapes& s, Model& model) {
  model["StartExecution"] = {{"stateMachineArn", &s.arn, true},
                             {"name", &s.name},
                             {"input", &s.data},
                             {"traceHeader", &s.trace_header}};
  model["StartSyncExecution"] = model["StartExecution"];
  model["StartSyncExecution"].push_back({"includedData", &s.included_data});
  model["StopExecution"] = {
      {"executionArn", &s.arn, true}, {"error", &s.error}, {"cause", &s.cause}};
  model["RedriveExecution"] = {{"executionArn", &s.arn, true}, {"clientToken", &s.client_token}};
  model["DescribeExecution"] = {{"executionArn", &s.arn, true}, {"includedData", &s.included_data}};
  model["ListExecutions"] = {{"stateMachineArn", &s.arn},  {"statusFilter", &s.status},
                             {"maxResults", &s.page_size}, {"nextToken", &s.executions_token},
                             {"mapRunArn", &s.long_arn},   {"redriveFilter", &s.redrive_filter}};
  model["GetExecutionHistory"] = {{"executionArn", &s.arn, true},
                                  {"maxResults", &s.page_size},
                                  {"reverseOrder", &s.flag},
                                  {"nextToken", &s.page_token},
                                  {"includeExecutionData", &s.flag}};
  model["ListMapRuns"] = {
      {"executionArn", &s.arn, true}, {"maxResults", &s.page_size}, {"nextToken", &s.page_token}};
  model["DescribeMapRun"] = {{"mapRunArn", &s.long_arn, true}};
  model["UpdateMapRun"] = {{"mapRunArn", &s.long_arn, true},
                           {"maxConcurrency", &s.count},
                           {"toleratedFailurePercentage", &s.percentage},
                           {"toleratedFailureCount", &s.count}};
}

void AddActivities(const Shapes& s, Model& model) {
  model["CreateActivity"] = {
      {"name", &s.name, true}, {"tags", &s.tags}, {"encryptionConfiguration", &s.encryption}};
  model["DeleteActivity"] = {{"activityArn", &s.arn, true}};
  model["DescribeActivity"] = {{"activityArn", &s.arn, true}};
  model["ListActivities"] = {{"maxResults", &s.page_size}, {"nextToken", &s.page_token}};
  model["GetActivityTask"] = {{"activityArn", &s.arn, true}, {"workerName", &s.name}};
  model["SendTaskSuccess"] = {{"taskToken", &s.task_token, true}, {"output", &s.data, true}};
  model["SendTaskFailure"] = {
      {"taskToken", &s.task_token, true}, {"error", &s.error}, {"cause", &s.cause}};
  model["SendTaskHeartbeat"] = {{"taskToken", &s.task_token, true}};
}

const Model& TheModel() {
  static const Shapes* const shapes = new Shapes;
  static const Model* const model = [] {
    auto* made = new Model;
    AddMachines(*shapes, *made);
    AddVersions(*shapes, *made);
    AddExecutions(*shapes, *made);
    AddActivities(*shapes, *made);
    return made;
  }();
  return *model;
}

Error Serialization(std::string message) {
  return Error(Code::kInvalid, "SerializationException", std::move(message));
}

std::string_view TokenName(const json::value& value) {
  if (value.is_string()) return "STRING_VALUE";
  if (value.is_bool()) return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
  return "NUMBER_VALUE";
}

Error WrongType(const json::value& value, const Shape& shape) {
  if (value.is_object()) {
    return Serialization("Start of structure or map found where not expected.");
  }
  if (value.is_array()) return Serialization("Start of list found where not expected");
  switch (shape.kind) {
    case Kind::kText:
      return Serialization(fmt::format("{} can not be converted to a String", TokenName(value)));
    case Kind::kInteger:
      return Serialization(fmt::format("{} can not be converted to an Integer", TokenName(value)));
    case Kind::kNumber:
      return Serialization(fmt::format("{} can not be converted to a Float", TokenName(value)));
    case Kind::kBoolean:
      return Serialization(fmt::format("{} can not be converted to a Boolean", TokenName(value)));
    case Kind::kList:
      return Serialization("Expected list or null");
    case Kind::kStructure:
      return Serialization("Expected structure or null");
  }
  return Serialization("Unexpected value");
}

bool HasType(const json::value& value, Kind kind) {
  switch (kind) {
    case Kind::kText:
      return value.is_string();
    case Kind::kInteger:
      return value.is_int64() || value.is_uint64();
    case Kind::kNumber:
      return value.is_number();
    case Kind::kBoolean:
      return value.is_bool();
    case Kind::kList:
      return value.is_array();
    case Kind::kStructure:
      return value.is_object();
  }
  return false;
}

// As AWS shows a value within a message: "[Tag(key=a, value=b)]".
std::string Shown(const json::value& value, const Shape& shape) {
  if (value.is_string()) return std::string(value.get_string());
  std::vector<std::string> parts;
  if (value.is_array() && shape.item != nullptr) {
    for (const json::value& item : value.get_array()) parts.push_back(Shown(item, *shape.item));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (value.is_object()) {
    for (const Member& member : shape.members) {
      const json::value* given = FindMember(value.get_object(), member.name);
      if (given == nullptr) continue;
      parts.push_back(fmt::format("{}={}", member.name, Shown(*given, *member.shape)));
    }
    return fmt::format("{}({})", shape.type_name, fmt::join(parts, ", "));
  }
  return ToJson(value);
}

class Checker {
 public:
  Result<void> Members(const json::object& input, const std::vector<Member>& members,
                       const std::string& prefix) {
    for (const Member& member : members) {
      const json::value* value = FindMember(input, member.name);
      const std::string path = prefix + std::string(member.name);
      if (value == nullptr || value->is_null()) {
        if (member.required) {
          violations_.push_back(
              fmt::format("Value {}at '{}' failed to satisfy constraint: Member "
                          "must not be null",
                          member.shape->sensitive ? "" : "null ", path));
        }
        continue;
      }
      TRY_VOID(Value(*value, *member.shape, path));
    }
    return {};
  }

  Result<void> Outcome() const {
    if (violations_.empty()) return {};
    return Error(Code::kInvalid, "ValidationException",
                 fmt::format("{} validation error{} detected: {}", violations_.size(),
                             violations_.size() == 1 ? "" : "s", fmt::join(violations_, "; ")));
  }

 private:
  void Violate(const json::value& value, const Shape& shape, const std::string& path,
               const std::string& constraint) {
    const std::string shown =
        shape.sensitive ? std::string() : fmt::format("'{}' ", Shown(value, shape));
    violations_.push_back(
        fmt::format("Value {}at '{}' failed to satisfy constraint: {}", shown, path, constraint));
  }

  void Range(const json::value& value, double size, std::string_view what, const Shape& shape,
             const std::string& path) {
    if (size < static_cast<double>(shape.min)) {
      Violate(value, shape, path,
              fmt::format("Member must have {} greater than or equal to {}", what, shape.min));
    } else if (shape.max != kNoLimit && size > static_cast<double>(shape.max)) {
      Violate(value, shape, path,
              fmt::format("Member must have {} less than or equal to {}", what, shape.max));
    }
  }

  Result<void> Value(const json::value& value, const Shape& shape, const std::string& path) {
    if (!HasType(value, shape.kind)) return WrongType(value, shape);
    switch (shape.kind) {
      case Kind::kText:
        Text(value, shape, path);
        break;
      case Kind::kInteger:
      case Kind::kNumber:
        Range(value, value.to_number<double>(), "value", shape, path);
        break;
      case Kind::kBoolean:
        break;
      case Kind::kList: {
        const json::array& items = value.get_array();
        Range(value, static_cast<double>(items.size()), "length", shape, path);
        for (std::size_t i = 0; i < items.size(); ++i) {
          const std::string place = fmt::format("{}.{}.member", path, i + 1);
          if (!items[i].is_null()) TRY_VOID(Value(items[i], *shape.item, place));
        }
        break;
      }
      case Kind::kStructure:
        return Members(value.get_object(), shape.members, path + ".");
    }
    return {};
  }

  void Text(const json::value& value, const Shape& shape, const std::string& path) {
    const std::string_view text = value.get_string();
    Range(value, static_cast<double>(Length(text)), "length", shape, path);
    if (shape.matches != nullptr && !text.empty() && !shape.matches(text)) {
      Violate(value, shape, path,
              fmt::format("Member must satisfy regular expression pattern: {}", shape.pattern));
    }
    if (!shape.values.empty() &&
        std::find(shape.values.begin(), shape.values.end(), text) == shape.values.end()) {
      Violate(
          value, shape, path,
          fmt::format("Member must satisfy enum value set: [{}]", fmt::join(shape.values, ", ")));
    }
  }

  std::vector<std::string> violations_;
};

}  // namespace

Result<void> CheckRequest(std::string_view operation, const json::object& input) {
  const auto known = TheModel().find(operation);
  if (known == TheModel().end()) return {};
  Checker checker;
  TRY_VOID(checker.Members(input, known->second, ""));
  return checker.Outcome();
}

}  // namespace scones::api::states

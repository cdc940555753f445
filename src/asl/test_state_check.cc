#include "asl/test_state_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "asl/distributed_map.h"
#include "asl/mock_schema.h"

namespace scones::asl {
namespace {

constexpr char kStateName[] = "StateName";

Error BadDefinition(std::string message) {
  return Error(Code::kInvalid, "InvalidDefinition", std::move(message));
}

// The state `name` of a scope or of those within it, and null where there is none.
const json::object* FindState(const json::object& scope, std::string_view name) {
  const json::object* states = FindObject(scope, "States");
  if (states == nullptr) return nullptr;
  if (const json::object* found = FindObject(*states, name)) return found;
  for (const auto& member : *states) {
    const json::object* state = member.value().if_object();
    if (state == nullptr) continue;
    for (const char* field : {"ItemProcessor", "Iterator"}) {
      const json::object* processor = FindObject(*state, field);
      const json::object* found = processor == nullptr ? nullptr : FindState(*processor, name);
      if (found != nullptr) return found;
    }
    const json::array* branches = FindArray(*state, "Branches");
    for (std::size_t i = 0; branches != nullptr && i < branches->size(); ++i) {
      const json::object* branch = (*branches)[i].if_object();
      const json::object* found = branch == nullptr ? nullptr : FindState(*branch, name);
      if (found != nullptr) return found;
    }
  }
  return nullptr;
}

// The names of the states that `state` leads to.
std::vector<std::string> Targets(const json::object& state) {
  std::vector<std::string> targets;
  const auto take = [&](const json::object& from, std::string_view field) {
    if (const json::string* name = FindString(from, field)) targets.emplace_back(*name);
  };
  take(state, "Next");
  take(state, "Default");
  for (const char* field : {"Choices", "Catch"}) {
    const json::array* list = FindArray(state, field);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (const json::object* one = (*list)[i].if_object()) take(*one, "Next");
    }
  }
  return targets;
}

struct ContextField {
  std::string_view name;
  enum class Kind { kString, kNumber, kAny } kind;
};
struct ContextPart {
  std::string_view name;
  std::vector<ContextField> fields;
};
const std::vector<ContextPart>& ContextParts() {
  using Kind = ContextField::Kind;
  static const std::vector<ContextPart> parts = {
      {"Execution",
       {{"Id", Kind::kString},
        {"Input", Kind::kAny},
        {"Name", Kind::kString},
        {"RoleArn", Kind::kString},
        {"StartTime", Kind::kString},
        {"RedriveCount", Kind::kNumber},
        {"RedriveTime", Kind::kString}}},
      {"State",
       {{"EnteredTime", Kind::kString}, {"Name", Kind::kString}, {"RetryCount", Kind::kNumber}}},
      {"StateMachine", {{"Id", Kind::kString}, {"Name", Kind::kString}}},
      {"Task", {{"Token", Kind::kString}}}};
  return parts;
}

Error BadContext(std::string message) {
  return TestStateRefusal("Invalid Context object provided: " + message);
}

Result<void> CheckContextPart(const ContextPart& part, const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return BadContext(fmt::format("{} must be an object", part.name));
  for (const auto& member : *object) {
    const std::string_view name = member.key();
    const auto field = std::find_if(part.fields.begin(), part.fields.end(),
                                    [&](const ContextField& one) { return one.name == name; });
    if (field == part.fields.end()) {
      return BadContext(fmt::format("Field '{}' is not allowed", name));
    }
    if (field->kind == ContextField::Kind::kString && !member.value().is_string()) {
      return BadContext(fmt::format("{}.{} must be a string", part.name, name));
    }
    if (field->kind == ContextField::Kind::kNumber && !member.value().is_number()) {
      return BadContext(fmt::format("{}.{} must be a number", part.name, name));
    }
  }
  return {};
}

bool HasRetries(StateType type) {
  return type == StateType::kTask || type == StateType::kParallel || type == StateType::kMap;
}

std::string_view TypeName(StateType type) {
  static constexpr std::string_view kNames[] = {"Task",    "Pass", "Choice",   "Wait",
                                                "Succeed", "Fail", "Parallel", "Map"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<void> CheckWithoutMock(const TestStateRequest& request, const State& state) {
  if (state.type == StateType::kMap || state.type == StateType::kParallel) {
    return BadDefinition(
        "TestState API does not support Map or Parallel states. Supported state types include: "
        "[Task, Wait, Pass, Succeed, Fail, Choice]");
  }
  if (request.context) {
    return TestStateRefusal("A Context object may only be specified together with a mock.");
  }
  if (state.type != StateType::kTask) return {};
  if (state.resource.kind == TaskKind::kActivity) {
    return BadDefinition("TestState API does not support Activity tasks without a mock");
  }
  if (state.resource.pattern != TaskPattern::kRequestResponse) {
    return BadDefinition(
        "TestState API does not support .sync or .waitForTaskToken service integrations without a "
        "mock");
  }
  return {};
}

Result<void> CheckMockedResult(const TestStateRequest::Mock& mock, const State& state) {
  const Result<json::value> result = ParseJson(*mock.result);
  if (!result) return TestStateRefusal("Mocked result must be valid JSON");
  if (state.type == StateType::kParallel || state.type == StateType::kMap) {
    const bool written =
        state.distributed != nullptr && state.distributed->writer && result->is_object();
    if (!result->is_array() && !written) {
      return TestStateRefusal("Mocked result must be an array.");
    }
    if (state.type == StateType::kParallel && result->get_array().size() != state.scopes.size()) {
      return TestStateRefusal(
          "Mocked result must contain the same number of items as number of Parallel branches.");
    }
    return {};
  }
  if (state.resource.kind != TaskKind::kIntegration || mock.validation == FieldValidation::kNone) {
    return {};
  }
  if (!result->is_object()) return TestStateRefusal("Mocked result must be a valid JSON object.");
  return CheckMockSchema(state.resource, *result, mock.validation);
}

}  // namespace

Error TestStateRefusal(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Result<json::object> MachineOfOneState(const TestStateRequest& request) {
  const Result<json::value> parsed =
      ParseJson(request.definition, {.max_depth = 100, .refuse_duplicate_keys = true});
  const json::object* document = parsed ? parsed->if_object() : nullptr;
  if (document == nullptr) {
    return InvalidDefinition(Validate(request.definition, MachineType::kStandard));
  }
  json::object state = *document;
  json::object machine;
  if (request.state_name) {
    const json::object* found = FindState(*document, *request.state_name);
    if (found == nullptr) return TestStateRefusal("State not found in definition");
    state = *found;
    if (const json::value* language = FindMember(*document, "QueryLanguage")) {
      machine["QueryLanguage"] = *language;
    }
  } else if (document->contains("States")) {
    return TestStateRefusal(
        "StateName must be specified when the definition is that of a state machine.");
  }
  json::object states;
  for (const std::string& target : Targets(state)) {
    if (target != kStateName) states[target] = {{"Type", "Succeed"}};
  }
  states[kStateName] = std::move(state);
  machine["StartAt"] = kStateName;
  machine["States"] = std::move(states);
  return machine;
}

json::value MakeTestContext(const TestStateIdentity& identity, const State& state,
                            const std::string& input, const std::string& task_token,
                            Timestamp now) {
  const std::string time = FormatIso8601(now);
  const json::value role =
      identity.role_arn ? json::value(*identity.role_arn) : json::value(nullptr);
  json::object about_state = {{"Name", kStateName}, {"EnteredTime", time}};
  if (HasRetries(state.type)) about_state["RetryCount"] = 0;
  json::object context = {
      {"Execution",
       {{"Id", fmt::format("{}:express:{}:{}", identity.arn_prefix, identity.machine_id,
                           identity.execution_id)},
        {"Input", Payload::FromText(input).value()},
        {"Name", identity.execution_id},
        {"RoleArn", role},
        {"StartTime", time}}},
      {"StateMachine",
       {{"Id", fmt::format("{}:stateMachine:{}", identity.arn_prefix, identity.machine_id)},
        {"Name", identity.machine_id}}},
      {"State", std::move(about_state)}};
  if (!task_token.empty()) context["Task"] = {{"Token", task_token}};
  return context;
}

Result<json::value> ReadTestContext(const std::string& text) {
  Result<json::value> parsed = ParseJson(text);
  const json::object* context = parsed ? parsed->if_object() : nullptr;
  if (context == nullptr) return BadContext("it must be a valid JSON object");
  for (const auto& member : *context) {
    const std::string_view name = member.key();
    if (name == "Map") {
      return BadContext("'Map' field is not supported when mocking a Context object");
    }
    const auto& parts = ContextParts();
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const ContextPart& one) { return one.name == name; });
    if (part == parts.end()) return BadContext(fmt::format("Field '{}' is not allowed", name));
    TRY_VOID(CheckContextPart(*part, member.value()));
  }
  return parsed;
}

Result<void> CheckMock(const TestStateRequest& request, const State& state) {
  const bool map = state.type == StateType::kMap;
  if (request.map_iteration_failure_count && !map) {
    return TestStateRefusal("MapIterationFailureCount is only supported when testing a Map state.");
  }
  if (!request.mock) return CheckWithoutMock(request, state);
  const TestStateRequest::Mock& mock = *request.mock;
  if (state.type != StateType::kTask && state.type != StateType::kParallel && !map) {
    return TestStateRefusal(fmt::format("State type '{}' is not supported when a mock is specified",
                                        TypeName(state.type)));
  }
  if (mock.result && mock.error_output) {
    return TestStateRefusal(
        "A test mock should have only one of the following fields: [result, errorOutput].");
  }
  if (!mock.result && !mock.error_output) {
    return TestStateRefusal(
        "One of the following fields is required for a test mock: [result, errorOutput].");
  }
  if (map && state.distributed != nullptr && state.distributed->reader &&
      !request.map_item_reader_data) {
    return TestStateRefusal(
        "ItemReader data must be specified when testing a Map state with ItemReader specified.");
  }
  if (mock.error_output) {
    if (mock.error_output->error.value_or("").empty()) {
      return TestStateRefusal("An error was not specified in the mocked error output.");
    }
    return {};
  }
  return CheckMockedResult(mock, state);
}

}  // namespace scones::asl

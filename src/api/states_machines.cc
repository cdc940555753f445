// State machines, their tags, and the check of definitions.
#include <algorithm>

#include "api/states_json.h"
#include "api/states_operations.h"
#include "asl/definition.h"

namespace scones::api::states {
namespace {

using workflows::Workflows;

// The description of the version to publish; nothing where none is wanted.
Result<std::optional<std::string>> ReadPublish(const json::object& input) {
  TRY(const bool publish, BoolOr(input, "publish", false));
  TRY(const std::optional<std::string> description, OptionalText(input, "versionDescription"));
  if (!publish && description) {
    return Invalid("Version description can only be set when publish is true");
  }
  if (!publish) return std::optional<std::string>();
  return std::optional<std::string>(description.value_or(""));
}

Result<workflows::CreateStateMachineRequest> ReadCreate(const json::object& input) {
  workflows::CreateStateMachineRequest request;
  TRY(request.publish_as, ReadPublish(input));
  TRY_VOID(CheckEncryption(input));
  TRY(request.name, RequiredText(input, "name"));
  TRY(request.definition, RequiredText(input, "definition"));
  TRY(request.role_arn, RequiredText(input, "roleArn"));
  TRY(request.type, ReadType(input));
  TRY(const std::optional<std::string> logging, ReadLogging(input));
  request.logging_configuration = logging.value_or("");
  TRY(const std::optional<bool> tracing, ReadTracing(input));
  request.tracing_enabled = tracing.value_or(false);
  TRY(request.tags, ReadTags(input));
  return request;
}

io::Task<Result<json::value>> CreateStateMachine(Workflows& service, json::object input) {
  CO_TRY(auto request, ReadCreate(input));
  CO_TRY(const auto created, co_await service.CreateStateMachine(std::move(request)));
  json::object output{{"stateMachineArn", created.arn}, {"creationDate", Date(created.created)}};
  if (!created.version_arn.empty()) output["stateMachineVersionArn"] = created.version_arn;
  co_return output;
}

Result<workflows::UpdateStateMachineRequest> ReadUpdate(const json::object& input) {
  workflows::UpdateStateMachineRequest request;
  TRY(request.publish_as, ReadPublish(input));
  TRY_VOID(CheckEncryption(input));
  TRY(request.arn, RequiredText(input, "stateMachineArn"));
  TRY(request.definition, OptionalText(input, "definition"));
  TRY(request.role_arn, OptionalText(input, "roleArn"));
  TRY(request.logging_configuration, ReadLogging(input));
  TRY(request.tracing_enabled, ReadTracing(input));
  return request;
}

io::Task<Result<json::value>> UpdateStateMachine(Workflows& service, json::object input) {
  CO_TRY(auto request, ReadUpdate(input));
  CO_TRY(const auto updated, co_await service.UpdateStateMachine(std::move(request)));
  json::object output{{"updateDate", Date(updated.updated)}};
  if (!updated.revision_id.empty()) output["revisionId"] = updated.revision_id;
  if (!updated.version_arn.empty()) output["stateMachineVersionArn"] = updated.version_arn;
  co_return output;
}

io::Task<Result<json::value>> DeleteStateMachine(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "stateMachineArn"));
  CO_TRY_VOID(co_await service.DeleteStateMachine(std::move(arn)));
  co_return json::object();
}

Result<json::value> DescribeStateMachine(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "stateMachineArn"));
  TRY(const workflows::StateMachine machine, service.DescribeStateMachine(arn));
  TRY(const ExecutionData data, ReadIncludedData(input));
  json::object output = MachineMembers(machine, data);
  const bool active = machine.status == workflows::StateMachineStatus::kActive;
  output["status"] = active ? "ACTIVE" : "DELETING";
  output["type"] = machine.type == asl::MachineType::kExpress ? "EXPRESS" : "STANDARD";
  output["creationDate"] = Date(machine.created);
  if (!machine.description.empty()) output["description"] = machine.description;
  return output;
}

Result<json::value> DescribeStateMachineForExecution(Workflows& service,
                                                     const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "executionArn"));
  TRY(const workflows::StateMachine machine, service.DescribeStateMachineForExecution(arn));
  TRY(const ExecutionData data, ReadIncludedData(input));
  json::object output = MachineMembers(machine, data);
  output["updateDate"] = Date(machine.updated);
  if (!machine.map_run_arn.empty()) {
    output["mapRunArn"] = machine.map_run_arn;
    output["label"] = machine.label;
  }
  return output;
}

Result<json::value> ListStateMachines(Workflows& service, const json::object& input) {
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const auto listed, service.ListStateMachines(page));
  json::array machines;
  for (const workflows::StateMachineSummary& machine : listed.items) {
    const bool express = machine.type == asl::MachineType::kExpress;
    machines.push_back({{"stateMachineArn", machine.arn},
                        {"name", machine.name},
                        {"type", express ? "EXPRESS" : "STANDARD"},
                        {"creationDate", Date(machine.created)}});
  }
  json::object output{{"stateMachines", std::move(machines)}};
  PutNextToken(output, listed.next_token);
  return output;
}

Result<json::value> ValidateStateMachineDefinition(Workflows&, const json::object& input) {
  TRY(const std::string definition, RequiredText(input, "definition"));
  TRY(const asl::MachineType type, ReadType(input));
  TRY(const std::optional<std::string> severity, OptionalText(input, "severity"));
  const std::int64_t limit = FindInteger(input, "maxResults").value_or(0);
  const std::size_t most = limit > 0
                               ? std::min<std::size_t>(std::size_t(limit), asl::kMaxDiagnostics)
                               : asl::kMaxDiagnostics;
  json::array diagnostics;
  bool failed = false;
  bool truncated = false;
  for (const asl::Diagnostic& found : asl::Validate(definition, type)) {
    const bool error = found.severity == asl::Severity::kError;
    failed = failed || error;
    if (!error && severity.value_or("ERROR") != "WARNING") continue;
    truncated = diagnostics.size() == most;
    if (truncated) break;
    json::object diagnostic{{"severity", error ? "ERROR" : "WARNING"},
                            {"code", found.code},
                            {"message", found.message}};
    if (!found.location.empty()) diagnostic["location"] = found.location;
    diagnostics.push_back(std::move(diagnostic));
  }
  return json::value{{"result", failed ? "FAIL" : "OK"},
                     {"diagnostics", std::move(diagnostics)},
                     {"truncated", truncated}};
}

io::Task<Result<json::value>> TagResource(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "resourceArn"));
  CO_TRY(std::vector<workflows::Tag> tags, ReadTags(input));
  CO_TRY_VOID(co_await service.TagResource(std::move(arn), std::move(tags)));
  co_return json::object();
}

io::Task<Result<json::value>> UntagResource(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "resourceArn"));
  CO_TRY(std::vector<std::string> keys, ReadTagKeys(input));
  CO_TRY_VOID(co_await service.UntagResource(std::move(arn), std::move(keys)));
  co_return json::object();
}

Result<json::value> ListTagsForResource(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "resourceArn"));
  TRY(const std::vector<workflows::Tag> tags, service.ListTagsForResource(arn));
  json::array listed;
  for (const workflows::Tag& tag : tags) {
    listed.push_back({{"key", tag.key}, {"value", tag.value}});
  }
  return json::value{{"tags", std::move(listed)}};
}

}  // namespace

void AddMachineOperations(JsonDialect& dialect, Workflows& service) {
  dialect.Add("CreateStateMachine", Writing(service, CreateStateMachine));
  dialect.Add("UpdateStateMachine", Writing(service, UpdateStateMachine));
  dialect.Add("DeleteStateMachine", Writing(service, DeleteStateMachine));
  dialect.Add("DescribeStateMachine", Reading(service, DescribeStateMachine));
  dialect.Add("DescribeStateMachineForExecution",
              Reading(service, DescribeStateMachineForExecution));
  dialect.Add("ListStateMachines", Reading(service, ListStateMachines));
  dialect.Add("ValidateStateMachineDefinition", Reading(service, ValidateStateMachineDefinition));
  dialect.Add("TagResource", Writing(service, TagResource));
  dialect.Add("UntagResource", Writing(service, UntagResource));
  dialect.Add("ListTagsForResource", Reading(service, ListTagsForResource));
}

}  // namespace scones::api::states

#include "api/states.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/states_json.h"
#include "api/states_operations.h"
#include "asl/definition.h"

namespace scones::api {
namespace {

using workflows::Workflows;
using namespace states;  // NOLINT: this file is their only user

// ---- State machines -----------------------------------------------------------------------------

Result<void> RefusePublish(const json::object& input) {
  TRY(const bool publish, BoolOr(input, "publish", false));
  TRY(const std::optional<std::string> description, OptionalText(input, "versionDescription"));
  if (!publish && description) {
    return Invalid("Version description can only be set when publish is true");
  }
  if (publish) return Invalid("versions of state machines are not supported; leave out 'publish'");
  return {};
}

Result<workflows::CreateStateMachineRequest> ReadCreate(const json::object& input) {
  TRY_VOID(RefusePublish(input));
  workflows::CreateStateMachineRequest request;
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
  co_return json::value{{"stateMachineArn", created.arn}, {"creationDate", Date(created.created)}};
}

Result<workflows::UpdateStateMachineRequest> ReadUpdate(const json::object& input) {
  TRY_VOID(RefusePublish(input));
  workflows::UpdateStateMachineRequest request;
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
  output["revisionId"] = updated.revision_id.empty() ? "INITIAL" : updated.revision_id;
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
  json::object output = MachineMembers(machine);
  const bool active = machine.status == workflows::StateMachineStatus::kActive;
  output["status"] = active ? "ACTIVE" : "DELETING";
  output["type"] = machine.type == asl::MachineType::kExpress ? "EXPRESS" : "STANDARD";
  output["creationDate"] = Date(machine.created);
  return output;
}

Result<json::value> DescribeStateMachineForExecution(Workflows& service,
                                                     const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "executionArn"));
  TRY(const workflows::StateMachine machine, service.DescribeStateMachineForExecution(arn));
  json::object output = MachineMembers(machine);
  output["updateDate"] = Date(machine.updated);
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

// ---- Executions ---------------------------------------------------------------------------------

Result<workflows::StartExecutionRequest> ReadStart(const json::object& input) {
  workflows::StartExecutionRequest request;
  TRY(request.state_machine_arn, RequiredText(input, "stateMachineArn"));
  TRY(request.name, OptionalText(input, "name"));
  TRY(request.input, OptionalText(input, "input"));
  return request;
}

io::Task<Result<json::value>> StartExecution(Workflows& service, json::object input) {
  CO_TRY(auto request, ReadStart(input));
  CO_TRY(const auto started, co_await service.StartExecution(std::move(request)));
  co_return json::value{{"executionArn", started.arn}, {"startDate", Date(started.started)}};
}

io::Task<Result<json::value>> StartSyncExecution(Workflows& service, json::object input) {
  CO_TRY(auto request, ReadStart(input));
  CO_TRY(const auto ended, co_await service.StartSyncExecution(std::move(request)));
  json::object output = ExecutionMembers(ended);
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(*ended.stopped - ended.started);
  output["billingDetails"] = {{"billedMemoryUsedInMB", 64},
                              {"billedDurationInMilliseconds", took.count()}};
  co_return output;
}

io::Task<Result<json::value>> StopExecution(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "executionArn"));
  CO_TRY(const auto error, OptionalText(input, "error"));
  CO_TRY(const auto cause, OptionalText(input, "cause"));
  CO_TRY(const Timestamp stopped,
         co_await service.StopExecution(std::move(arn), error.value_or(""), cause.value_or("")));
  co_return json::value{{"stopDate", Date(stopped)}};
}

Result<json::value> DescribeExecution(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "executionArn"));
  TRY(const workflows::Execution execution, service.DescribeExecution(arn));
  json::object output = ExecutionMembers(execution);
  PutRedrives(output, execution.redrives);
  PutRedriveStatus(output, execution);
  return output;
}

Result<std::optional<asl::ExecutionStatus>> ReadStatusFilter(const json::object& input) {
  using asl::ExecutionStatus;
  TRY(const std::optional<std::string> name, OptionalText(input, "statusFilter"));
  if (!name) return std::optional<ExecutionStatus>();
  for (const ExecutionStatus status :
       {ExecutionStatus::kRunning, ExecutionStatus::kSucceeded, ExecutionStatus::kFailed,
        ExecutionStatus::kTimedOut, ExecutionStatus::kAborted}) {
    if (*name == asl::ExecutionStatusName(status)) return std::optional<ExecutionStatus>(status);
  }
  return Violation("statusFilter", *name,
                   "Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, "
                   "ABORTED, PENDING_REDRIVE]");
}

Result<json::value> ListExecutions(Workflows& service, const json::object& input) {
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const std::string arn, RequiredText(input, "stateMachineArn"));
  TRY(const std::optional<asl::ExecutionStatus> status, ReadStatusFilter(input));
  TRY_VOID(CheckRedriveFilter(input));
  TRY(const auto listed, service.ListExecutions(arn, status, page));
  json::array executions;
  executions.reserve(listed.items.size());
  for (const workflows::ExecutionSummary& item : listed.items) {
    executions.push_back(SummaryMembers(item));
  }
  json::object output{{"executions", std::move(executions)}};
  PutNextToken(output, listed.next_token);
  return output;
}

Result<json::value> GetExecutionHistory(Workflows& service, const json::object& input) {
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const std::string arn, RequiredText(input, "executionArn"));
  TRY(const bool reverse, BoolOr(input, "reverseOrder", false));
  TRY(const bool included, BoolOr(input, "includeExecutionData", true));
  const auto order =
      reverse ? workflows::HistoryOrder::kNewestFirst : workflows::HistoryOrder::kOldestFirst;
  TRY(auto listed, service.GetExecutionHistory(arn, order, page));
  json::array events;
  events.reserve(listed.items.size());
  for (asl::HistoryEvent& event : listed.items) {
    events.push_back(EventMembers(std::move(event),
                                  included ? ExecutionData::kIncluded : ExecutionData::kLeftOut));
  }
  json::object output{{"events", std::move(events)}};
  PutNextToken(output, listed.next_token);
  return output;
}

// ---- Task tokens --------------------------------------------------------------------------------

io::Task<Result<json::value>> SendTaskSuccess(Workflows& service, json::object input) {
  CO_TRY(std::string token, RequiredText(input, "taskToken"));
  CO_TRY(std::string output, RequiredText(input, "output"));
  CO_TRY_VOID(co_await service.SendTaskSuccess(std::move(token), std::move(output)));
  co_return json::object();
}

io::Task<Result<json::value>> SendTaskFailure(Workflows& service, json::object input) {
  CO_TRY(std::string token, RequiredText(input, "taskToken"));
  CO_TRY(const auto error, OptionalText(input, "error"));
  CO_TRY(const auto cause, OptionalText(input, "cause"));
  CO_TRY_VOID(
      co_await service.SendTaskFailure(std::move(token), error.value_or(""), cause.value_or("")));
  co_return json::object();
}

io::Task<Result<json::value>> SendTaskHeartbeat(Workflows& service, json::object input) {
  CO_TRY(std::string token, RequiredText(input, "taskToken"));
  CO_TRY_VOID(co_await service.SendTaskHeartbeat(std::move(token)));
  co_return json::object();
}

}  // namespace

void AddStatesOperations(JsonDialect& dialect, Workflows& service) {
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
  dialect.Add("StartExecution", Writing(service, StartExecution));
  dialect.Add("StartSyncExecution", Writing(service, StartSyncExecution));
  dialect.Add("StopExecution", Writing(service, StopExecution));
  AddRedriveOperations(dialect, service);
  AddTestStateOperation(dialect, service);
  dialect.Add("DescribeExecution", Reading(service, DescribeExecution));
  dialect.Add("ListExecutions", Reading(service, ListExecutions));
  dialect.Add("GetExecutionHistory", Reading(service, GetExecutionHistory));
  dialect.Add("SendTaskSuccess", Writing(service, SendTaskSuccess));
  dialect.Add("SendTaskFailure", Writing(service, SendTaskFailure));
  dialect.Add("SendTaskHeartbeat", Writing(service, SendTaskHeartbeat));
}

}  // namespace scones::api

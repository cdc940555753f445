#include "api/states.h"

#include <chrono>

#include "api/states_json.h"
#include "api/states_model.h"
#include "api/states_operations.h"

namespace scones::api {
namespace {

using workflows::Workflows;
using namespace states;  // NOLINT: this file is their only user

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
  CO_TRY(const ExecutionData data, ReadIncludedData(input));
  json::object output = ExecutionMembers(ended, data);
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
  TRY(const ExecutionData data, ReadIncludedData(input));
  json::object output = ExecutionMembers(execution, data);
  PutRedrives(output, execution.redrives);
  PutRedriveStatus(output, execution);
  if (execution.map_run_arn) output["mapRunArn"] = *execution.map_run_arn;
  return output;
}

Result<workflows::ChildFilter> ReadStatusFilter(const json::object& input) {
  using asl::ExecutionStatus;
  TRY(const std::optional<std::string> name, OptionalText(input, "statusFilter"));
  workflows::ChildFilter filter;
  if (!name) return filter;
  filter.pending_redrive = *name == "PENDING_REDRIVE";
  if (filter.pending_redrive) return filter;
  for (const ExecutionStatus status :
       {ExecutionStatus::kRunning, ExecutionStatus::kSucceeded, ExecutionStatus::kFailed,
        ExecutionStatus::kTimedOut, ExecutionStatus::kAborted}) {
    if (*name != asl::ExecutionStatusName(status)) continue;
    filter.status = status;
    return filter;
  }
  return filter;
}

Result<workflows::Page<workflows::ExecutionSummary>> FindExecutions(Workflows& service,
                                                                    const json::object& input) {
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const std::optional<std::string> map_run, OptionalText(input, "mapRunArn"));
  if (map_run) {
    TRY(const workflows::ChildFilter filter, ReadStatusFilter(input));
    return ListMapRunExecutions(service, input, *map_run, filter, page);
  }
  TRY(const std::string arn, RequiredText(input, "stateMachineArn"));
  TRY(const workflows::ChildFilter filter, ReadStatusFilter(input));
  TRY_VOID(RefuseRedriveFilter(input));
  TRY(auto listed, service.ListExecutions(arn, filter.status, page));
  // Only a map run's children are ever pending redrive.
  if (filter.pending_redrive) return workflows::Page<workflows::ExecutionSummary>();
  return listed;
}

Result<json::value> ListExecutions(Workflows& service, const json::object& input) {
  TRY(const auto listed, FindExecutions(service, input));
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

}  // namespace

void AddStatesOperations(JsonDialect& dialect, Workflows& service) {
  dialect.CheckWith(CheckRequest);
  AddMachineOperations(dialect, service);
  AddVersionOperations(dialect, service);
  AddActivityOperations(dialect, service);
  dialect.Add("StartExecution", Writing(service, StartExecution));
  dialect.Add("StartSyncExecution", Writing(service, StartSyncExecution));
  dialect.Add("StopExecution", Writing(service, StopExecution));
  AddRedriveOperations(dialect, service);
  AddMapRunOperations(dialect, service);
  AddTestStateOperation(dialect, service);
  dialect.Add("DescribeExecution", Reading(service, DescribeExecution));
  dialect.Add("ListExecutions", Reading(service, ListExecutions));
  dialect.Add("GetExecutionHistory", Reading(service, GetExecutionHistory));
}

}  // namespace scones::api

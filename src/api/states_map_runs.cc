// DescribeMapRun, ListMapRuns, UpdateMapRun, and ListExecutions of a map run.
#include "api/states_json.h"
#include "api/states_operations.h"

namespace scones::api::states {
namespace {

using workflows::Workflows;

json::object Counts(const asl::MapRunCounts& counts, std::int64_t results_written) {
  return {{"pending", counts.pending()},
          {"running", counts.running},
          {"succeeded", counts.succeeded},
          {"failed", counts.failed},
          {"timedOut", counts.timed_out},
          {"aborted", counts.aborted},
          {"total", counts.total},
          {"resultsWritten", results_written},
          {"failuresNotRedrivable", counts.not_redrivable},
          {"pendingRedrive", counts.pending_redrive}};
}

Result<json::value> DescribeMapRun(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "mapRunArn"));
  TRY(const workflows::MapRun run, service.DescribeMapRun(arn));
  json::object output{{"mapRunArn", run.arn},
                      {"executionArn", run.execution_arn},
                      {"status", workflows::MapRunStatusName(run.status)},
                      {"startDate", Date(run.started)}};
  if (run.stopped) output["stopDate"] = Date(*run.stopped);
  const asl::MapRunProgress::Limits& limits = run.limits;
  output["maxConcurrency"] = limits.max_concurrency;
  output["toleratedFailurePercentage"] = limits.tolerated_failure_percentage.value_or(0);
  output["toleratedFailureCount"] = limits.tolerated_failure_count.value_or(0);
  output["itemCounts"] = Counts(run.items, run.results_written == 0 ? 0 : run.items.ended());
  output["executionCounts"] = Counts(run.executions, run.results_written);
  PutRedrives(output, run.redrives);
  return output;
}

Result<json::value> ListMapRuns(Workflows& service, const json::object& input) {
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const std::string arn, RequiredText(input, "executionArn"));
  TRY(const auto listed, service.ListMapRuns(arn, page));
  json::array runs;
  for (const workflows::MapRunSummary& run : listed.items) {
    json::object one{{"executionArn", run.execution_arn},
                     {"mapRunArn", run.arn},
                     {"stateMachineArn", run.state_machine_arn},
                     {"startDate", Date(run.started)}};
    if (run.stopped) one["stopDate"] = Date(*run.stopped);
    runs.push_back(std::move(one));
  }
  json::object output{{"mapRuns", std::move(runs)}};
  PutNextToken(output, listed.next_token);
  return output;
}

io::Task<Result<json::value>> UpdateMapRun(Workflows& service, json::object input) {
  workflows::UpdateMapRunRequest request;
  CO_TRY(request.arn, RequiredText(input, "mapRunArn"));
  request.max_concurrency = FindInteger(input, "maxConcurrency");
  request.tolerated_failure_count = FindInteger(input, "toleratedFailureCount");
  const json::value* percentage = FindMember(input, "toleratedFailurePercentage");
  if (percentage != nullptr && percentage->is_number()) {
    request.tolerated_failure_percentage = percentage->to_number<double>();
  }
  CO_TRY_VOID(co_await service.UpdateMapRun(std::move(request)));
  co_return json::object();
}

}  // namespace

Result<workflows::Page<workflows::ExecutionSummary>> ListMapRunExecutions(
    Workflows& service, const json::object& input, const std::string& map_run_arn,
    workflows::ChildFilter filter, const workflows::PageRequest& page) {
  if (input.contains("stateMachineArn")) {
    return Invalid("Exactly one of 'stateMachineArn' and 'mapRunArn' must be given");
  }
  TRY(filter.redriven, ReadRedriveFilter(input));
  return service.ListMapRunExecutions(map_run_arn, filter, page);
}

void AddMapRunOperations(JsonDialect& dialect, Workflows& service) {
  dialect.Add("DescribeMapRun", Reading(service, DescribeMapRun));
  dialect.Add("ListMapRuns", Reading(service, ListMapRuns));
  dialect.Add("UpdateMapRun", Writing(service, UpdateMapRun));
}

}  // namespace scones::api::states

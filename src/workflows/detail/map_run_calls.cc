#include "workflows/detail/map_run_calls.h"

#include <fmt/format.h>

#include "workflows/detail/execution_table.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

// "MACHINE" of "MACHINE/LABEL".
std::string ParentMachine(const MapRunRow& run) {
  return run.child_machine.substr(0, run.child_machine.rfind('/'));
}

Error Violation(std::string_view member, std::string_view what) {
  return Error(Code::kInvalid, "ValidationException",
               fmt::format("1 validation error detected: Value at '{}' failed to satisfy "
                           "constraint: {}",
                           member, what));
}

// The counts and what runs are read one after the other: no more can run than have not ended.
void PutRunning(asl::MapRunCounts& counts, std::int64_t running, std::int64_t redriven) {
  redriven = std::min(redriven, counts.pending_redrive);
  counts.pending_redrive -= redriven;
  counts.running = std::min(running, counts.pending());
}

}  // namespace

std::string_view MapRunStatusName(MapRunStatus status) {
  switch (status) {
    case MapRunStatus::kRunning:
      return "RUNNING";
    case MapRunStatus::kSucceeded:
      return "SUCCEEDED";
    case MapRunStatus::kFailed:
      return "FAILED";
    case MapRunStatus::kAborted:
      return "ABORTED";
  }
  return "";
}

Result<MapRunRow> FindMapRunByArn(db::Connection& connection, const Identity& identity,
                                  const std::string& arn) {
  TRY_VOID(CheckMapRunArn(identity, arn));
  TRY(std::optional<MapRunRow> found, FindMapRun(connection, arn));
  if (!found) return MapRunDoesNotExist(arn);
  return *std::move(found);
}

Result<MapRun> DescribeMapRun(db::Database& database, const Identity& identity,
                              const std::string& arn,
                              const std::function<RunningChildren(std::int64_t)>& running) {
  return database.Read([&](db::Connection& connection) -> Result<MapRun> {
    const Snapshot snapshot(connection);
    TRY(const MapRunRow row, FindMapRunByArn(connection, identity, arn));
    TRY(const std::optional<FoundExecution> parent, FindExecutionById(connection, row.execution));
    if (!parent) return Error(Code::kDataLoss, "a map run's execution is missing");
    MapRun run{.arn = arn,
               .execution_arn = ExecutionArn(identity, ParentMachine(row), parent->row.name),
               .status = row.status,
               .started = row.started,
               .stopped = row.stopped,
               .limits = row.limits,
               .executions = row.executions,
               .items = row.items,
               .results_written = row.results_written,
               .redrives = row.redrives};
    const RunningChildren now = running(row.id);
    PutRunning(run.executions, now.all.executions, now.redriven.executions);
    PutRunning(run.items, now.all.items, now.redriven.items);
    return run;
  });
}

Result<std::vector<std::pair<std::int64_t, MapRunSummary>>> ListMapRuns(
    db::Connection& connection, const Identity& identity, std::int64_t execution,
    const std::string& execution_arn, std::int64_t before, std::int64_t limit) {
  TRY(const std::vector<MapRunRow> rows, ListMapRunRows(connection, execution, before, limit));
  std::vector<std::pair<std::int64_t, MapRunSummary>> listed;
  for (const MapRunRow& row : rows) {
    listed.emplace_back(
        row.id, MapRunSummary{.arn = row.arn,
                              .execution_arn = execution_arn,
                              .state_machine_arn = StateMachineArn(identity, ParentMachine(row)),
                              .started = row.started,
                              .stopped = row.stopped});
  }
  return listed;
}

Result<asl::MapRunProgress::Limits> ChangedLimits(const MapRunRow& run,
                                                  const UpdateMapRunRequest& request) {
  asl::MapRunProgress::Limits limits = run.limits;
  if (request.max_concurrency) {
    if (*request.max_concurrency < 0) {
      return Violation("maxConcurrency", "Member must have value greater than or equal to 0");
    }
    limits.max_concurrency = *request.max_concurrency;
  }
  if (request.tolerated_failure_count) {
    if (*request.tolerated_failure_count < 0) {
      return Violation("toleratedFailureCount",
                       "Member must have value greater than or equal to 0");
    }
    limits.tolerated_failure_count = request.tolerated_failure_count;
  }
  if (request.tolerated_failure_percentage) {
    const double percentage = *request.tolerated_failure_percentage;
    if (!(percentage >= 0 && percentage <= 100)) {
      return Violation("toleratedFailurePercentage", "Member must be between 0 and 100");
    }
    limits.tolerated_failure_percentage = percentage;
  }
  return limits;
}

}  // namespace scones::workflows

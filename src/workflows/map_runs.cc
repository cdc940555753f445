// The service's calls on map runs.
#include <utility>

#include "workflows/detail/map_run_calls.h"
#include "workflows/detail/names.h"
#include "workflows/detail/page_token.h"
#include "workflows/detail/state.h"
#include "workflows/workflows.h"

namespace scones::workflows {

Result<MapRun> Workflows::DescribeMapRun(const std::string& arn) {
  return workflows::DescribeMapRun(
      state_->database, state_->identity, arn,
      [this](std::int64_t run) { return state_->engine->RunningChildrenOf(run); });
}

Result<Page<MapRunSummary>> Workflows::ListMapRuns(const std::string& execution_arn,
                                                   const PageRequest& page) {
  TRY(const FoundExecution found, state_->Find(execution_arn));
  TRY(const std::int64_t before, ReadUpperBound('m', page));
  const std::int64_t limit = PageLimit(page);
  TRY(auto rows, state_->database.Read([&](db::Connection& connection) {
    return workflows::ListMapRuns(connection, state_->identity, found.row.id, execution_arn, before,
                                  limit + 1);
  }));
  Page<MapRunSummary> listed;
  if (DropSurplus(rows, limit)) listed.next_token = MakeNumberToken('m', rows.back().first);
  for (auto& [id, run] : rows) listed.items.push_back(std::move(run));
  return listed;
}

io::Task<Result<void>> Workflows::UpdateMapRun(UpdateMapRunRequest request) {
  auto change = [this, &request](db::Connection& connection) -> Result<MapRunLimitsItem> {
    TRY(const MapRunRow run, FindMapRunByArn(connection, state_->identity, request.arn));
    TRY(const asl::MapRunProgress::Limits limits, ChangedLimits(run, request));
    TRY_VOID(SetLimits(connection, run.id, limits));
    return MapRunLimitsItem{.run = run.id, .limits = limits};
  };
  CO_TRY(MapRunLimitsItem item, co_await state_->database.Write(std::move(change)));
  state_->engine->Post(std::move(item));
  co_return Result<void>();
}

Result<Page<ExecutionSummary>> Workflows::ListMapRunExecutions(const std::string& map_run_arn,
                                                               const ChildFilter& filter,
                                                               const PageRequest& page) {
  TRY(const std::int64_t before, ReadUpperBound('e', page));
  const std::int64_t limit = PageLimit(page);
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<ExecutionSummary>> {
    const Snapshot snapshot(connection);
    TRY(const MapRunRow run, FindMapRunByArn(connection, state_->identity, map_run_arn));
    TRY(std::vector<FoundChild> rows, ListChildRows(connection, run.id, filter, before, limit + 1));
    Page<ExecutionSummary> listed;
    if (DropSurplus(rows, limit))
      listed.next_token = MakeNumberToken('e', rows.back().execution.row.id);
    for (FoundChild& child : rows) {
      const FoundExecution& found = child.execution;
      listed.items.push_back(
          {.arn = ExecutionArn(state_->identity, run.child_machine, found.row.name),
           .name = found.row.name,
           .state_machine_arn = StateMachineArn(state_->identity, run.child_machine),
           .status = found.status,
           .started = found.row.started,
           .stopped = found.stopped,
           .redrives = child.redrives,
           .map_run_arn = map_run_arn,
           .item_count = child.items,
           .pending_redrive = child.pending_redrive});
    }
    return listed;
  });
}

}  // namespace scones::workflows

// The service's calls on executions.
#include <utility>

#include "workflows/detail/map_run_calls.h"
#include "workflows/detail/names.h"
#include "workflows/detail/page_token.h"
#include "workflows/detail/redrive_table.h"
#include "workflows/detail/state.h"
#include "workflows/detail/version_rows.h"
#include "workflows/workflows.h"

namespace scones::workflows {
namespace {

// Whether the version or the alias that `reference` names is there.
Result<bool> IsThere(db::Connection& connection, std::int64_t machine,
                     const MachineReference& reference) {
  if (reference.version != 0) {
    TRY(const auto version, FindVersion(connection, machine, reference.version));
    return version.has_value();
  }
  if (reference.alias.empty()) return true;
  TRY(const auto alias, FindAlias(connection, machine, reference.alias));
  return alias.has_value();
}

}  // namespace

io::Task<Result<StartedExecution>> Workflows::StartExecution(StartExecutionRequest request) {
  CO_TRY(StartItem item, state_->Prepare(std::move(request)));
  auto post = [&](io::Completion<Result<StartedExecution>> done) {
    item.started = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<StartedExecution>>(std::move(post));
}

io::Task<Result<Execution>> Workflows::StartSyncExecution(StartExecutionRequest request) {
  CO_TRY(StartItem item, state_->Prepare(std::move(request)));
  if (item.revision->definition->type() != asl::MachineType::kExpress) {
    co_return StateMachineTypeNotSupported();
  }
  auto post = [&](io::Completion<Result<Execution>> done) {
    item.ended = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<Execution>>(std::move(post));
}

io::Task<Result<Timestamp>> Workflows::StopExecution(std::string arn, std::string error,
                                                     std::string cause) {
  CO_TRY(const FoundExecution found, state_->Find(arn));
  if (found.stopped) co_return *found.stopped;
  StopItem item{.execution = found.row.id,
                .event = {.error = std::move(error), .cause = std::move(cause)},
                .done = {}};
  auto post = [&](io::Completion<Result<Timestamp>> done) {
    item.done = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<Timestamp>>(std::move(post));
}

void Workflows::WhenEnded(const std::string& arn, io::Completion<Result<void>> ended) {
  const Result<FoundExecution> found = state_->Find(arn);
  if (!found) return ended(found.error());
  if (found->stopped) return ended(Result<void>());
  state_->engine->Post(EndItem{.execution = found->row.id, .done = std::move(ended)});
}

io::Task<Result<Timestamp>> Workflows::RedriveExecution(std::string arn, std::string client_token) {
  CO_TRY(const ExecutionName name, ParseExecutionArn(state_->identity, arn));
  if (name.machine.find('/') != std::string::npos) {
    co_return Error(Code::kInvalid, "ValidationException",
                    "Labeled Execution ARNs are not supported for this API");
  }
  CO_TRY(const FoundExecution found, state_->Find(arn));
  RedriveItem item{.execution = found.row.id,
                   .arn = std::move(arn),
                   .client_token = std::move(client_token),
                   .done = {}};
  auto post = [&](io::Completion<Result<Timestamp>> done) {
    item.done = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<Timestamp>>(std::move(post));
}

Result<Execution> Workflows::DescribeExecution(const std::string& arn) {
  TRY(const ExecutionName name, ParseExecutionArn(state_->identity, arn));
  return state_->database.Read([&](db::Connection& connection) -> Result<Execution> {
    const Snapshot snapshot(connection);
    TRY(std::optional<FoundExecution> found, FindExecution(connection, name.machine, name.name));
    if (!found) return ExecutionDoesNotExist(arn);
    Execution execution{.arn = arn,
                        .name = name.name,
                        .state_machine_arn = StateMachineArn(state_->identity, name.machine),
                        .version_arn = state_->VersionArnOf(name.machine, found->row),
                        .alias_arn = state_->AliasArnOf(name.machine, found->row),
                        .status = found->status,
                        .started = found->row.started,
                        .stopped = found->stopped,
                        .input = found->row.input,
                        .output = {},
                        .error = {},
                        .cause = {}};
    TRY(execution.redrives, ReadRedrives(connection, found->row.id));
    TRY(RedriveVerdict verdict,
        JudgeRedrive(connection, *found, state_->clock.Now(), WithState::kNo));
    execution.redrive_status = verdict.status;
    execution.redrive_status_reason = std::move(verdict.reason);
    if (found->row.machine < 0) {
      TRY(const auto run, FindMapRunById(connection, -found->row.machine));
      if (run) execution.map_run_arn = run->arn;
    }
    if (found->status == asl::ExecutionStatus::kRunning) return execution;
    if (found->row.machine < 0 && found->status != asl::ExecutionStatus::kSucceeded) {
      TRY(execution.pending_redrive,
          IsPendingRedrive(connection, -found->row.machine, found->row.id));
      if (execution.pending_redrive) {
        execution.redrive_status = RedriveStatus::kNotRedrivable;
        execution.redrive_status_reason = "Execution is PENDING_REDRIVE and cannot be redriven";
      }
    }
    TRY(asl::Outcome outcome, ReadOutcome(connection, found->row));
    if (found->status == asl::ExecutionStatus::kSucceeded) {
      execution.output = std::move(outcome.output);
    }
    execution.error = std::move(outcome.error);
    execution.cause = std::move(outcome.cause);
    return execution;
  });
}

Result<StateMachine> Workflows::DescribeStateMachineForExecution(const std::string& execution_arn) {
  TRY(const FoundExecution found, state_->Find(execution_arn));
  TRY(StateMachine machine, state_->machines.DescribeRevision(found.row.revision));
  if (found.row.machine < 0) {
    TRY(const auto run, state_->database.Read([&](db::Connection& connection) {
      return FindMapRunById(connection, -found.row.machine);
    }));
    if (!run) return Error(Code::kDataLoss, "an execution's map run is missing");
    machine.map_run_arn = run->arn;
    machine.label = run->child_machine.substr(run->child_machine.rfind('/') + 1);
  }
  return machine;
}

Result<Page<ExecutionSummary>> Workflows::ListExecutions(const std::string& state_machine_arn,
                                                         std::optional<asl::ExecutionStatus> status,
                                                         const PageRequest& page) {
  TRY(const MachineReference reference, ParseMachineReference(state_->identity, state_machine_arn));
  TRY(const std::int64_t before, ReadUpperBound('e', page));
  const std::int64_t limit = PageLimit(page);
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<ExecutionSummary>> {
    const Snapshot snapshot(connection);
    TRY(const auto found, FindMachine(connection, reference.machine));
    if (!found) return StateMachineDoesNotExist(state_machine_arn);
    TRY(const bool named, IsThere(connection, found->id, reference));
    if (!named) return StateMachineDoesNotExist(state_machine_arn);
    if (found->type == asl::MachineType::kExpress) return StateMachineTypeNotSupported();
    TRY(std::vector<FoundExecution> rows, ListExecutionRows(connection,
                                                            {.machine = found->id,
                                                             .status = status,
                                                             .version = reference.version,
                                                             .alias = reference.alias},
                                                            before, limit + 1));
    Page<ExecutionSummary> listed;
    if (DropSurplus(rows, limit)) listed.next_token = MakeNumberToken('e', rows.back().row.id);
    if (rows.empty()) return listed;
    TRY(auto redrives, ReadRedrives(connection, rows.back().row.id, rows.front().row.id));
    for (FoundExecution& row : rows) {
      const std::string& machine = reference.machine;
      listed.items.push_back({.arn = ExecutionArn(state_->identity, machine, row.row.name),
                              .name = row.row.name,
                              .state_machine_arn = StateMachineArn(state_->identity, machine),
                              .version_arn = state_->VersionArnOf(machine, row.row),
                              .alias_arn = state_->AliasArnOf(machine, row.row),
                              .status = row.status,
                              .started = row.row.started,
                              .stopped = row.stopped,
                              .redrives = redrives[row.row.id]});
    }
    return listed;
  });
}

Result<Page<asl::HistoryEvent>> Workflows::GetExecutionHistory(const std::string& execution_arn,
                                                               HistoryOrder order,
                                                               const PageRequest& page) {
  TRY(const ExecutionName name, ParseExecutionArn(state_->identity, execution_arn));
  std::int64_t from = 0;
  if (!page.next_token.empty()) {
    TRY(from, ReadNumberToken(order == HistoryOrder::kOldestFirst ? 'h' : 'r', page.next_token));
  }
  const std::int64_t limit = PageLimit(page);
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<asl::HistoryEvent>> {
    const Snapshot snapshot(connection);
    TRY(const std::optional<FoundExecution> found,
        FindExecution(connection, name.machine, name.name));
    if (!found) return ExecutionDoesNotExist(execution_arn);
    Page<asl::HistoryEvent> listed;
    TRY(listed.items, ReadHistory(connection, found->row, order, from, limit + 1));
    if (static_cast<std::int64_t>(listed.items.size()) > limit) {
      const char kind = order == HistoryOrder::kOldestFirst ? 'h' : 'r';
      listed.next_token = MakeNumberToken(kind, listed.items.back().id);
      listed.items.pop_back();
    }
    return listed;
  });
}

}  // namespace scones::workflows

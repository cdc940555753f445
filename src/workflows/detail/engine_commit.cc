// The second half of a step: what changed is committed, then its commands are carried out.
#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "io/crash_point.h"
#include "workflows/detail/engine.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

// On the database's writer thread.
Result<void> Write(db::Connection& connection, CommitBatch& batch) {
  std::unordered_map<std::int64_t, bool> active;  // machines of this batch
  std::unordered_set<std::int64_t> ended;
  for (ExecutionChange& change : batch.changes) {
    // A map run's children, whose machine is below 0, do not outlive their parent's right to run.
    const bool checked = (change.start || change.redrive) && !change.child_start;
    if (checked) {
      const std::int64_t machine = change.start ? change.start->machine : change.redrive->machine;
      auto known = active.find(machine);
      if (known == active.end()) {
        TRY(const bool is_active, MachineTable::IsActive(connection, machine));
        known = active.emplace(machine, is_active).first;
      }
      if (!known->second) {
        change.machine_gone = true;
        continue;
      }
    }
    TRY_VOID(ApplyChange(connection, change));
    if (change.end && !change.child_end) ended.insert(change.end->machine);
  }
  for (const ExecutionRow& row : batch.express_starts) {
    TRY_VOID(InsertExpress(connection, row));
  }
  for (const std::int64_t id : batch.express_ends) TRY_VOID(DeleteExpress(connection, id));
  for (const ChildEnd& end : batch.express_child_ends) TRY_VOID(StoreChildEnd(connection, end));
  for (const std::int64_t machine : ended) {
    TRY_VOID(MachineTable::FinishDeletion(connection, machine));
  }
  return {};
}

}  // namespace

void Engine::Flush() {
  if (touched_.empty() && express_ends_.empty()) return;
  std::vector<LiveExecution*> settled;
  std::vector<LiveExecution*> left;
  auto batch = std::make_shared<CommitBatch>();
  std::size_t batch_bytes = 0;
  const bool may_commit = commits_under_way_ < kMaxCommits && now_ >= commit_after_;
  for (LiveExecution* live : std::exchange(touched_, {})) {
    const bool durable = live->kind == LiveExecution::Kind::kStandard ||
                         (live->kind == LiveExecution::Kind::kExpress && !live->stored &&
                          (live->map_run != 0) == live->outcome.has_value());
    if (!durable) {
      live->touched = false;
      settled.push_back(live);
    } else if (!may_commit ||
               batch->changes.size() + batch->express_child_ends.size() >=
                   ports_.options.max_batch ||
               batch_bytes >= ports_.options.max_batch_bytes) {
      left.push_back(live);
    } else {
      live->touched = false;
      live->committing = true;
      if (live->kind == LiveExecution::Kind::kStandard) {
        batch->changes.push_back(live->MakeChange());
        batch->changes.back().now = now_;
        const std::size_t bytes = batch->changes.back().bytes();
        batch_bytes += bytes;
        Account(*live, bytes + live->context.input.size());
      } else if (live->map_run != 0) {
        batch->express_child_ends.push_back(live->MakeChildEnd());
      } else {
        batch->express_starts.push_back({.id = live->id,
                                         .machine = live->revision->machine,
                                         .revision = live->revision->id,
                                         .started = live->context.start_time,
                                         .seed = live->context.random_seed,
                                         .name = live->context.execution_name,
                                         .input = live->context.input});
      }
    }
  }
  touched_ = std::move(left);
  for (LiveExecution* live : settled) Settle(*live);
  if (may_commit) batch->express_ends = std::exchange(express_ends_, {});
  if (!batch->changes.empty() || !batch->express_starts.empty() || !batch->express_ends.empty() ||
      !batch->express_child_ends.empty()) {
    SubmitBatch(std::move(batch));
  }
}

void Engine::SubmitBatch(std::shared_ptr<CommitBatch> batch) {
  ++commits_under_way_;
  ports_.write(
      [batch](db::Connection& connection) { return Write(connection, *batch); },
      [batch, inbox = inbox_](Result<void> committed) {
        (void)inbox->Push(CommittedItem{.batch = batch, .committed = std::move(committed)});
      });
}

void Engine::On(CommittedItem& item) {
  --commits_under_way_;
  if (!item.committed) return OnCommitFailed(*item.batch, item.committed.error());
  SCONES_CRASH_POINT("workflows.committed");
  commits_.fetch_add(1, std::memory_order_relaxed);
  for (const ExecutionChange& change : item.batch->changes) {
    LiveExecution& live = *live_.at(change.id);
    live.committing = false;
    if (change.refused()) {
      OnRefused(live, change);
    } else {
      live.pieces.clear();
      live.map_runs.clear();
      live.stored = true;
      live.redrive.reset();
      OnMapRunsCommitted(live, change.map_runs);
      Settle(live);
    }
  }
  for (const ChildEnd& end : item.batch->express_child_ends) {
    LiveExecution& live = *live_.at(end.execution);
    live.committing = false;
    live.stored = true;
    Settle(live);
  }
  for (const ExecutionRow& row : item.batch->express_starts) {
    LiveExecution& live = *live_.at(row.id);
    live.committing = false;
    live.stored = true;
    Settle(live);
  }
}

void Engine::OnCommitFailed(CommitBatch& batch, const Error& error) {
  commit_failures_.fetch_add(1, std::memory_order_relaxed);
  LogWarning("workflows.commit_failed", "executions={} cause={}",
             batch.changes.size() + batch.express_starts.size(), LogValue(error.message()));
  std::vector<std::int64_t> ids;
  for (const ExecutionChange& change : batch.changes) ids.push_back(change.id);
  for (const ExecutionRow& row : batch.express_starts) ids.push_back(row.id);
  for (const ChildEnd& end : batch.express_child_ends) ids.push_back(end.execution);
  for (const std::int64_t id : ids) {
    LiveExecution& live = *live_.at(id);
    for (auto& [waiter, answer] : std::exchange(live.token_waiters, {})) waiter(error);
    for (auto& waiter : std::exchange(live.stop_waiters, {})) waiter(error);
    live.committing = false;
    if (live.redrive && live.map_run == 0) {
      live.redrive_waiter(error);
      Drop(live);
    } else if (live.stored || live.map_run != 0) {
      // What changed is still in it: committed with what comes until then.
      Touch(live);
      Resume(live);
    } else {
      live.start_waiter(error);
      Drop(live);
    }
  }
  commit_after_ = now_ + ports_.options.retry_delay;
  for (const std::int64_t id : batch.express_ends) express_ends_.push_back(id);
}

void Engine::OnRefused(LiveExecution& live, const ExecutionChange& change) {
  const std::string& arn = live.context.execution_arn;
  if (live.redrive) {
    live.redrive_waiter(ExecutionNotRedrivable(arn, "State machine is in DELETING status"));
  } else if (change.existing) {
    live.start_waiter(StartedExecution{.arn = arn, .started = *change.existing});
  } else if (change.machine_gone) {
    live.start_waiter(StateMachineDeleting(live.context.state_machine_arn));
  } else {
    live.start_waiter(ExecutionAlreadyExists(arn));
  }
  Drop(live);
}

// `live` is as far as it is stored: its callers learn so, and its commands are carried out.
void Engine::Settle(LiveExecution& live) {
  SCONES_CRASH_POINT("workflows.settling");
  if (auto waiter = std::exchange(live.start_waiter, {})) {
    waiter(StartedExecution{.arn = live.context.execution_arn, .started = live.context.start_time});
  }
  if (auto waiter = std::exchange(live.redrive_waiter, {})) waiter(*live.context.redrive_time);
  for (auto& [waiter, answer] : std::exchange(live.token_waiters, {})) waiter(std::move(answer));
  for (auto& [waiter, task] : std::exchange(live.claims, {}))
    waiter(std::optional(std::move(task)));
  for (const auto& [due, seq] : std::exchange(live.cancelled_timers, {})) {
    timers_.erase({due, live.id, seq});
  }
  const bool ended = live.outcome.has_value();  // what CarryOut may lead to is not committed yet
  CarryOut(live, std::exchange(live.commands, {}));
  ended ? Finish(live) : Resume(live);
}

// Lets in what came during the commit.
void Engine::Resume(LiveExecution& live) {
  for (Item& item : std::exchange(live.deferred, {})) (void)inbox_->Push(std::move(item));
  for (const std::uint64_t seq : std::exchange(live.timers_due_meanwhile, {})) {
    timers_.emplace(now_, live.id, seq);
  }
}

void Engine::CarryOut(LiveExecution& live, std::vector<asl::Command> commands) {
  if (closing_) return;  // the next run of the service takes them up
  for (const asl::Command& command : commands) {
    if (const auto* run = std::get_if<asl::RunTask>(&command)) {
      // It may have been cancelled by a later step of the same commit.
      const auto pending = live.outbox.tasks.find(run->seq);
      if (pending != live.outbox.tasks.end()) {
        RunPending(live, pending->second, Attempt::kFirst);
      }
    } else if (const auto* timer = std::get_if<asl::StartTimer>(&command)) {
      if (live.outbox.timers.contains(timer->seq)) timers_.emplace(timer->due, live.id, timer->seq);
    } else if (const auto* cancel = std::get_if<asl::CancelTask>(&command)) {
      activity_queues_.RemoveTask({.execution = live.id, .seq = cancel->seq});
      ports_.runner.Cancel(live.context.execution_arn, cancel->seq);
    }
  }
  SCONES_CRASH_POINT("workflows.carried_out");
}

// A task that a worker has is only waited for, also after a restart.
void Engine::ScheduleActivity(LiveExecution& live, const PendingTask& pending) {
  if (pending.submitted) return;
  const ActivityTaskRef task{.execution = live.id, .seq = pending.task.seq};
  const std::optional<std::string> name = ActivityNameIn(pending.task.resource);
  if (name && (!ports_.activity_exists || ports_.activity_exists(*name))) {
    return activity_queues_.AddTask(*name, task);
  }
  TaskItem refused{.execution = live.id, .seq = task.seq, .outcome = {}, .not_scheduled = true};
  refused.outcome = TaskOutcome::Failed(
      "ActivityDoesNotExist", fmt::format("Activity Does Not Exist: '{}'", pending.task.resource));
  (void)inbox_->Push(std::move(refused));
}

void Engine::RunPending(LiveExecution& live, const PendingTask& pending, Attempt attempt) {
  if (pending.task.kind == asl::TaskKind::kActivity) return ScheduleActivity(live, pending);
  // Accepted, and its answer comes by token: nothing to run.
  if (pending.submitted && pending.task.pattern == asl::TaskPattern::kWaitForTaskToken) return;
  TaskDone done = [inbox = inbox_, id = live.id, seq = pending.task.seq](TaskOutcome outcome) {
    (void)inbox->Push(TaskItem{.execution = id, .seq = seq, .outcome = std::move(outcome)});
  };
  ports_.runner.Start({.execution_arn = live.context.execution_arn,
                       .task = pending.task,
                       .resumed = pending.submitted,
                       .again = attempt == Attempt::kAgain},
                      std::move(done));
}

void Engine::Finish(LiveExecution& live) {
  for (auto& waiter : std::exchange(live.stop_waiters, {})) waiter(live.stopped);
  if (live.end_waiter) {
    const asl::Outcome& outcome = *live.outcome;
    Execution execution{.arn = live.context.execution_arn,
                        .name = live.context.execution_name,
                        .state_machine_arn = live.context.state_machine_arn,
                        .status = outcome.status,
                        .started = live.context.start_time,
                        .stopped = live.stopped,
                        .input = live.context.input,
                        .output = {},
                        .error = outcome.error,
                        .cause = outcome.cause};
    if (outcome.status == asl::ExecutionStatus::kSucceeded) execution.output = outcome.output;
    std::exchange(live.end_waiter, {})(std::move(execution));
  }
  const auto [first, last] = end_waiters_.equal_range(live.id);
  for (auto waiter = first; waiter != last; ++waiter) waiter->second(Result<void>());
  end_waiters_.erase(first, last);
  const bool child = live.map_run != 0;
  if (live.kind == LiveExecution::Kind::kExpress && live.stored && !child) {
    express_ends_.push_back(live.id);
  }
  for (Item& item : std::exchange(live.deferred, {})) (void)inbox_->Push(std::move(item));
  finished_.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t map_run = live.map_run;
  const ChildRef ref = live.child;
  const asl::ExecutionStatus status = live.outcome->status;
  Drop(live);
  if (child) OnChildEnded(map_run, ref, status);
}

}  // namespace scones::workflows

// Map runs on the workflow thread: from the parent's order through the children to the answer.
//
// A run is committed with the step that orders it. Its children's inputs are stored by a job on
// another thread; then as many children run as MapRunProgress lets. A child's end is committed with
// its result and the run's counts. When all have ended, a job joins the results, and the parent's
// next step records the end. After a crash every one of these goes on from what is stored.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "workflows/detail/engine.h"
#include "workflows/detail/map_run_redrive.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

constexpr std::int64_t kReadAhead = 256;
constexpr std::size_t kReadAheadBytes = 4 * 1024 * 1024;

}  // namespace

MapRunJob Engine::JobOf(const LiveMapRun& run) const {
  return {.database = ports_.database,
          .data = ports_.map_data,
          .stopping = map_jobs_stop_,
          .max_object_bytes = ports_.options.max_map_object_bytes,
          .max_children = ports_.options.max_map_run_children,
          .run = run.row.id,
          .definition = run.revision->definition,
          .state_machine_arn = StateMachineArn(ports_.identity, run.row.child_machine),
          .redrives = run.row.redrives.count};
}

void Engine::RetryLater(LiveMapRun& run) {
  run.busy = true;
  timers_.emplace(now_ + ports_.options.retry_delay, run.row.id, kMapRunRetry);
}

LiveMapRun* Engine::FindRun(std::int64_t id) {
  const auto found = map_runs_.find(id);
  return found == map_runs_.end() ? nullptr : found->second.get();
}

// `parent` has been committed with these.
void Engine::OnMapRunsCommitted(const LiveExecution& parent,
                                const std::vector<MapRunChange>& changes) {
  for (const MapRunChange& change : changes) {
    if (change.start) {
      const asl::MapRunSpec& spec = *change.start;
      const std::string machine = parent.context.state_machine_name;
      auto run = std::make_unique<LiveMapRun>();
      run->row = {.id = change.id,
                  .execution = parent.id,
                  .seq = change.seq,
                  .arn = spec.arn,
                  .child_machine = machine + "/" + spec.label,
                  .limits = {spec.max_concurrency, spec.tolerated_failure_count,
                             spec.tolerated_failure_percentage}};
      run->revision = parent.revision;
      run->over = change.end.has_value();
      TakeSpec(*run, spec);
      run->progress = asl::MapRunProgress(run->row.limits, {}, {});
      LiveMapRun& added = *run;
      map_runs_[change.id] = std::move(run);
      Advance(added);
    } else if (change.redrive) {
      OnMapRunRedriven(parent, change);
    } else if (change.end) {
      const auto ended = std::find_if(map_runs_.begin(), map_runs_.end(), [&](const auto& one) {
        return one.second->row.execution == parent.id && one.second->row.seq == change.seq;
      });
      if (ended == map_runs_.end()) continue;
      ended->second->over = true;
      ended->second->row.status = *change.end;
      Advance(*ended->second);
    }
  }
}

// A child that runs, in the run's progress.
void Engine::Count(LiveMapRun& run, const ChildRef& child) {
  using Attempt = asl::MapRunProgress::Attempt;
  run.progress.Started(child.items, child.redriven ? Attempt::kRedrive : Attempt::kFirst);
  if (!child.redriven) return;
  ++run.redriven.executions;
  run.redriven.items += child.items;
}

void Engine::TakeSpec(LiveMapRun& run, const asl::MapRunSpec& spec) {
  run.scope = spec.scope;
  run.child_type = spec.child_type;
  run.exports = spec.writer && !spec.writer->bucket.empty();
}

// Does what is to be done next; `run` may be gone afterwards.
void Engine::Advance(LiveMapRun& run) {
  if (run.busy || closing_) return;
  if (run.over) {
    StopChildren(run);
    if (run.running.empty()) CloseRun(run);
    return;
  }
  if (run.answered) return;
  if (run.row.stage == MapRunRow::Stage::kNew) {
    return PostMapJob<MapRunPreparedItem>(run, PrepareMapRun);
  }
  if (run.row.stage == MapRunRow::Stage::kRedriven) return MarkChildren(run);
  if (run.progress.Exceeded()) StopChildren(run);
  StartChildren(run);
  if (run.progress.Done() && !run.busy) JoinRun(run);
}

void Engine::StartChildren(LiveMapRun& run) {
  std::int64_t room = run.progress.Room();
  while (room > 0 && (!run.inputs.empty() || ReadAhead(run))) {
    if (run.inputs.empty()) continue;  // all that was read runs already
    PendingChild child = std::move(run.inputs.front());
    run.inputs.pop_front();
    if (child.again && run.child_type == asl::MachineType::kStandard) {
      if (!RedriveChild(run, child)) return;
    } else {
      StartChild(run, std::move(child));
    }
    --room;
  }
}

// False when there is nothing to read.
bool Engine::ReadAhead(LiveMapRun& run) {
  auto children = ports_.database.Read([&](db::Connection& connection) {
    return ReadPendingChildren(connection, run.row.id, run.next, kReadAhead, kReadAheadBytes);
  });
  if (!children) {
    LogError("workflows.map_run_unreadable", "id={} cause={}", run.row.id,
             LogValue(children.error().message()));
    RetryLater(run);
    return false;
  }
  for (PendingChild& child : *children) {
    run.next = child.number + 1;
    // After a restart: what runs now must not be begun again when it has ended.
    if (!run.running.contains(child.number)) run.inputs.push_back(std::move(child));
  }
  return !children->empty();
}

void Engine::StartChild(LiveMapRun& run, PendingChild child) {
  auto made = std::make_unique<LiveExecution>();
  const bool express = run.child_type == asl::MachineType::kExpress;
  made->kind = express ? LiveExecution::Kind::kExpress : LiveExecution::Kind::kStandard;
  made->id = next_id_++;
  made->map_run = run.row.id;
  made->child = {.number = child.number, .items = child.items, .redriven = child.again};
  made->revision = run.revision;
  made->context =
      MakeContext(*run.revision, {.id = made->id,
                                  .machine = -run.row.id,
                                  .revision = run.revision->id,
                                  .started = now_,
                                  .seed = ports_.random(),
                                  .name = child.again ? child.name : MakeExecutionName(now_),
                                  .input = std::move(child.input)});
  if (child.again) {
    // An Express child runs again under its ARN.
    made->context.execution_arn = std::move(child.arn);
    made->context.redrive_count = static_cast<int>(child.redrives) + 1;
    made->context.redrive_time = now_;
  }
  made->journal = JournalWriter(made->context.input);
  LiveExecution& live = Add(std::move(made));
  started_.fetch_add(1, std::memory_order_relaxed);
  if (express) {
    ++express_count_;
    timers_.emplace(now_ + ports_.options.express_timeout, live.id, kExpressTimeout);
  } else {
    open_.fetch_add(1, std::memory_order_relaxed);
  }
  Enlist(run, live);
  Apply(live, asl::Start{});
}

// `child` runs.
void Engine::Enlist(LiveMapRun& run, const LiveExecution& child) {
  run.running[child.child.number] = child.id;
  Count(run, child.child);
  Publish(run);
}

// A child's end has been committed.
void Engine::OnChildEnded(std::int64_t id, const ChildRef& child, asl::ExecutionStatus status) {
  LiveMapRun* run = FindRun(id);
  if (run == nullptr || run->running.erase(child.number) == 0) return;
  run->progress.Ended(status, child.items);
  if (child.redriven) {
    --run->redriven.executions;
    run->redriven.items -= child.items;
  }
  Publish(*run);
  Advance(*run);
}

void Engine::StopChildren(LiveMapRun& run) {
  // Express children come to their own end, as at AWS.
  if (std::exchange(run.stopping, true) || run.child_type == asl::MachineType::kExpress) return;
  for (const auto& [number, execution] : run.running) {
    (void)inbox_->Push(ChildStopItem{.execution = execution});
  }
}

void Engine::On(ChildStopItem& item) {
  LiveExecution* live = Find(item.execution);
  if (live == nullptr || live->outcome) return;
  const LiveMapRun* run = FindRun(live->map_run);
  if (run == nullptr) return;
  Apply(*live, asl::Stop{.error = {},
                         .cause = fmt::format("The map run execution [{}] which was managing this "
                                              "resource was aborted",
                                              run->row.arn)});
}

void Engine::On(MapRunPreparedItem& item) {
  LiveMapRun* run = FindRun(item.run);
  if (run == nullptr) return;
  run->busy = false;
  const bool stale = std::exchange(run->stale, false);
  if (item.totals) {
    run->row.stage = MapRunRow::Stage::kPrepared;
    run->progress = asl::MapRunProgress(run->progress.limits(), {.total = item.totals->children},
                                        {.total = item.totals->items});
  } else if (!stale && IsRunFailure(item.totals.error())) {
    AnswerParent(*run, item.totals.error());
  } else if (!run->over) {
    LogWarning("workflows.map_run_not_prepared", "id={} cause={}", item.run,
               LogValue(item.totals.error().message()));
    return RetryLater(*run);
  }
  Advance(*run);
}

// All children have ended: their results become the answer.
void Engine::JoinRun(LiveMapRun& run) {
  if (run.progress.Exceeded() && !run.exports) {
    return AnswerParent(run, Error(Code::kInvalid, std::string(asl::kThresholdError),
                                   std::string(asl::kThresholdCause)));
  }
  PostMapJob<MapRunJoinedItem>(run, JoinResults);
}

void Engine::On(MapRunJoinedItem& item) {
  LiveMapRun* run = FindRun(item.run);
  if (run == nullptr) return;
  run->busy = false;
  if (std::exchange(run->stale, false)) return Advance(*run);
  if (!item.output && !IsRunFailure(item.output.error())) {
    LogWarning("workflows.map_run_not_joined", "id={} cause={}", item.run,
               LogValue(item.output.error().message()));
    return RetryLater(*run);
  }
  if (item.output && run->progress.Exceeded()) {
    item.output =
        Error(Code::kInvalid, std::string(asl::kThresholdError), std::string(asl::kThresholdCause));
  }
  AnswerParent(*run, std::move(item.output));
  Advance(*run);
}

void Engine::AnswerParent(LiveMapRun& run, Result<std::string> output) {
  run.answered = true;
  asl::Event event = asl::MapRunFailed{.seq = run.row.seq};
  if (output) {
    event = asl::MapRunSucceeded{.seq = run.row.seq, .output = *std::move(output)};
  } else {
    event = asl::MapRunFailed{
        .seq = run.row.seq, .error = output.error().reason(), .cause = output.error().message()};
  }
  (void)inbox_->Push(MapRunEndItem{.execution = run.row.execution,
                                   .run = run.row.id,
                                   .seq = run.row.seq,
                                   .event = std::move(event)});
}

void Engine::On(MapRunEndItem& item) {
  LiveExecution* parent = Find(item.execution);
  LiveMapRun* run = FindRun(item.run);
  if (run == nullptr || run->over || item.seq != run->row.seq) return;
  if (parent == nullptr || parent->outcome) {
    // Its state cannot be read now, or its end is being committed.
    run->answered = false;
    return RetryLater(*run);
  }
  const bool exported = run->exports && run->row.stage == MapRunRow::Stage::kPrepared;
  const std::uint64_t seq = item.seq;
  if (!parent->Step(std::move(item.event), now_, ports_.options.history_chunk_bytes)) return;
  parent->ChangeOf(seq).results_written = exported;
  steps_.fetch_add(1, std::memory_order_relaxed);
  Touch(*parent);
}

// Its parent knows its end, and no child runs.
void Engine::CloseRun(LiveMapRun& run) {
  // What did not succeed may be redriven: its children stay known.
  const bool forget = run.row.status == MapRunStatus::kSucceeded;
  PostMapJob<MapRunForgottenItem>(run, [forget](const MapRunJob& job) -> Result<void> {
    TRY_VOID(forget ? ForgetChildren(job) : UnmarkRedrive(job));
    return job.database.WriteAndWait(
        [&](db::Connection& connection) { return SetClosed(connection, job.run, job.redrives); });
  });
}

void Engine::On(MapRunForgottenItem& item) {
  LiveMapRun* run = FindRun(item.run);
  if (run == nullptr) return;
  if (std::exchange(run->stale, false)) {
    run->busy = false;
    return Advance(*run);
  }
  if (!item.forgotten) return RetryLater(*run);
  const std::lock_guard lock(running_mutex_);
  running_.erase(item.run);
  map_runs_.erase(item.run);
}

void Engine::On(MapRunLimitsItem& item) {
  LiveMapRun* run = FindRun(item.run);
  if (run == nullptr) return;
  run->progress.SetLimits(item.limits);
  Advance(*run);
}

// The retry that RetryLater put off.
void Engine::OnMapRunTimer(std::int64_t id) {
  LiveMapRun* run = FindRun(id);
  if (run == nullptr) {
    // Redriven, and not read until now.
    auto row = ports_.database.Read(
        [id](db::Connection& connection) { return FindMapRunById(connection, id); });
    if (row && (!*row || (*row)->closed)) return;
    run = row ? LoadRun(**std::move(row)) : nullptr;
    if (run == nullptr) {
      timers_.emplace(now_ + ports_.options.retry_delay, id, kMapRunRetry);
      return;
    }
  }
  run->busy = false;
  run->stale = false;
  Advance(*run);
}

// After a start: runs of an earlier one go on.
void Engine::RecoverMapRuns() {
  for (MapRunRow& row : std::exchange(stored_map_runs_, {})) {
    const std::int64_t id = row.id;
    if (LoadRun(std::move(row)) != nullptr) recovered_map_runs_.push_back(id);
  }
  for (const std::int64_t id : std::exchange(recovered_map_runs_, {})) {
    if (LiveMapRun* run = FindRun(id)) Advance(*run);
  }
}

void Engine::Publish(const LiveMapRun& run) {
  const std::lock_guard lock(running_mutex_);
  running_[run.row.id] = {.all = {run.progress.executions().running, run.progress.items().running},
                          .redriven = run.redriven};
}

RunningChildren Engine::RunningChildrenOf(std::int64_t map_run) const {
  const std::lock_guard lock(running_mutex_);
  const auto found = running_.find(map_run);
  return found == running_.end() ? RunningChildren() : found->second;
}

}  // namespace scones::workflows

// Map runs that are redriven, on the workflow thread: a run that had failed or had been given up is
// taken up again under its ARN. What of the attempt before is still under way ends first; then it
// is marked which children are to go on (map_run_redrive.h), and they run like the others.
#include <utility>

#include "base/log.h"
#include "workflows/detail/engine.h"
#include "workflows/detail/map_run_redrive.h"
#include "workflows/detail/redrive_table.h"

namespace scones::workflows {

// `parent` has been committed with this.
void Engine::OnMapRunRedriven(const LiveExecution& parent, const MapRunChange& change) {
  LiveMapRun* run = FindRun(change.id);
  if (run == nullptr) {
    // It had been closed: read as after a start.
    return OnMapRunTimer(change.id);
  }
  run->row.seq = change.seq;
  run->row.status = change.end.value_or(MapRunStatus::kRunning);
  run->row.redrives = {.count = static_cast<int>(change.redrive->count),
                       .last = parent.context.redrive_time};
  if (run->row.stage != MapRunRow::Stage::kNew) run->row.stage = MapRunRow::Stage::kRedriven;
  run->over = change.end.has_value();
  run->answered = false;
  run->stale = run->busy;
  Advance(*run);
}

// Reads what `row` does not tell. Null where it cannot be read.
LiveMapRun* Engine::LoadRun(MapRunRow row) {
  auto run = std::make_unique<LiveMapRun>();
  const auto load = [&]() -> Result<void> {
    TRY(const std::optional<FoundExecution> parent,
        ports_.database.Read([&](db::Connection& connection) {
          return FindExecutionById(connection, row.execution);
        }));
    if (!parent) return Error(Code::kDataLoss, "its execution is missing");
    TRY(run->revision, ports_.machines.Load(parent->row.revision));
    TRY(const asl::MapRunSpec spec, ports_.database.Read([&](db::Connection& connection) {
      return ReadMapRunSpec(connection, row.id);
    }));
    TakeSpec(*run, spec);
    TRY(const std::vector<RunningChild> running,
        ports_.database.Read(
            [&](db::Connection& connection) { return ReadRunningChildren(connection, row.id); }));
    run->progress = asl::MapRunProgress(row.limits, row.executions, row.items);
    for (const RunningChild& child : running) {
      run->running[child.child.number] = child.execution;
      Count(*run, child.child);
    }
    return {};
  };
  const Result<void> loaded = load();
  if (!loaded) {
    LogError("workflows.map_run_unreadable", "id={} cause={}", row.id,
             LogValue(loaded.error().message()));
    return nullptr;
  }
  run->over = row.status != MapRunStatus::kRunning;
  run->row = std::move(row);
  LiveMapRun& added = *run;
  map_runs_[added.row.id] = std::move(run);
  Publish(added);
  return &added;
}

void Engine::MarkChildren(LiveMapRun& run) {
  // Of the attempt before.
  StopChildren(run);
  if (!run.running.empty()) return;
  auto mark = [type = run.child_type, now = now_](const MapRunJob& job) {
    return MarkForRedrive(job, type, now);
  };
  PostMapJob<MapRunMarkedItem>(run, std::move(mark));
}

void Engine::On(MapRunMarkedItem& item) {
  LiveMapRun* run = FindRun(item.run);
  if (run == nullptr) return;
  run->busy = false;
  // Marked once more where it has been redriven again meanwhile.
  const bool stale = std::exchange(run->stale, false);
  if (!item.row && !run->over) {
    LogWarning("workflows.map_run_not_marked", "id={} cause={}", item.run,
               LogValue(item.row.error().message()));
    return RetryLater(*run);
  }
  if (item.row && !stale) {
    run->row.stage = MapRunRow::Stage::kPrepared;
    run->progress =
        asl::MapRunProgress(run->progress.limits(), item.row->executions, item.row->items);
    run->inputs.clear();
    run->next = 0;
    run->stopping = false;
  }
  Advance(*run);
}

// False where it cannot be now.
bool Engine::RedriveChild(LiveMapRun& run, const PendingChild& child) {
  const auto load = [&]() -> Result<std::unique_ptr<LiveExecution>> {
    auto made = std::make_unique<LiveExecution>();
    std::string state;
    const auto read = [&](db::Connection& connection) -> Result<FoundExecution> {
      TRY(auto found, FindExecution(connection, run.row.child_machine, child.name));
      if (!found) return Error(Code::kDataLoss, "the child's execution is missing");
      TRY(RedriveVerdict verdict, JudgeRedrive(connection, *found, now_, WithState::kYes));
      state = std::move(verdict.state);
      return *std::move(found);
    };
    TRY(const FoundExecution found, ports_.database.Read(read));
    made->id = found.row.id;
    made->stored = true;
    made->map_run = run.row.id;
    made->child = {.number = child.number, .items = child.items, .redriven = true};
    made->revision = run.revision;
    made->context = MakeContext(*run.revision, found.row);
    made->context.redrive_count = static_cast<int>(child.redrives) + 1;
    made->context.redrive_time = now_;
    TRY(made->state, asl::Decode(*run.revision->definition, state));
    made->journal = JournalWriter(made->context.input);
    made->journal_first_event = made->state.next_event_id;
    made->redrive = ExecutionChange::Redrive{.machine = found.row.machine,
                                             .count = made->context.redrive_count,
                                             .time = now_,
                                             .client_token = {}};
    return made;
  };
  Result<std::unique_ptr<LiveExecution>> loaded = load();
  if (!loaded) {
    LogError("workflows.map_run_child_unreadable", "id={} number={} cause={}", run.row.id,
             child.number, LogValue(loaded.error().message()));
    if (loaded.error().code() == Code::kDataLoss) {
      AnswerParent(run, Error(Code::kInvalid, "States.Runtime",
                              "A child workflow execution could not be redriven."));
    } else {
      run.inputs.push_front(child);
      RetryLater(run);
    }
    return false;
  }
  LiveExecution& live = Add(*std::move(loaded));
  if (AwaitsRecovery(live.id)) taken_up_early_.insert(live.id);
  open_.fetch_add(1, std::memory_order_relaxed);
  Enlist(run, live);
  Apply(live, asl::Redrive{});
  return true;
}

}  // namespace scones::workflows

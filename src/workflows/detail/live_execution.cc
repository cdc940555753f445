#include "workflows/detail/live_execution.h"

#include <type_traits>
#include <utility>

#include "workflows/detail/redrive_table.h"

namespace scones::workflows {
namespace {

// The answer that `event` brings is no longer awaited, or has come in part.
void Acknowledge(Outbox& outbox, const asl::Event& event) {
  std::visit(
      [&outbox]<class E>(const E& answer) {
        if constexpr (std::is_same_v<E, asl::TaskSucceeded> || std::is_same_v<E, asl::TaskFailed>) {
          outbox.tasks.erase(answer.seq);
        } else if constexpr (std::is_same_v<E, asl::TaskSubmitted> ||
                             std::is_same_v<E, asl::TaskStarted>) {
          const auto task = outbox.tasks.find(answer.seq);
          if (task != outbox.tasks.end()) task->second.submitted = true;
        } else if constexpr (std::is_same_v<E, asl::TimerFired>) {
          outbox.timers.erase(answer.seq);
        }
      },
      event);
}

void Enter(LiveExecution& live, const asl::Command& command) {
  Outbox& outbox = live.outbox;
  std::visit(
      [&]<class C>(const C& wanted) {
        if constexpr (std::is_same_v<C, asl::RunTask>) {
          outbox.tasks.emplace(wanted.seq, PendingTask{.task = wanted});
        } else if constexpr (std::is_same_v<C, asl::StartTimer>) {
          outbox.timers.emplace(wanted.seq, wanted.due);
        } else if constexpr (std::is_same_v<C, asl::CancelTask>) {
          outbox.tasks.erase(wanted.seq);
        } else if constexpr (std::is_same_v<C, asl::CancelTimer>) {
          const auto timer = outbox.timers.find(wanted.seq);
          if (timer == outbox.timers.end()) return;
          live.cancelled_timers.emplace_back(timer->second, timer->first);
          outbox.timers.erase(timer);
        }
      },
      command);
}

// The end of a map run that `event` brings.
std::optional<std::pair<std::uint64_t, MapRunStatus>> MapRunEnd(const asl::Event& event) {
  if (const auto* succeeded = std::get_if<asl::MapRunSucceeded>(&event)) {
    return std::pair(succeeded->seq, MapRunStatus::kSucceeded);
  }
  if (const auto* failed = std::get_if<asl::MapRunFailed>(&event)) {
    return std::pair(failed->seq, MapRunStatus::kFailed);
  }
  return std::nullopt;
}

bool CanBeRedriven(const asl::ExecutionState& state) {
  return !state.frames.empty() && state.next_event_id - 1 <= kMaxRedrivableEvents;
}

}  // namespace

bool LiveExecution::Step(asl::Event event, Timestamp now, std::size_t journal_piece_bytes) {
  Acknowledge(outbox, event);
  const auto map_run_end = MapRunEnd(event);
  asl::Transition transition =
      asl::Step(*revision->definition, context, state, std::move(event), now);
  if (!transition.changed) return false;
  if (map_run_end) ChangeOf(map_run_end->first).end = map_run_end->second;

  if (kind == Kind::kStandard) {
    for (const asl::HistoryEvent& entry : transition.events) {
      if (journal.bytes().size() >= journal_piece_bytes) {
        pieces.push_back({.first_event = journal_first_event, .bytes = journal.Take()});
        journal_first_event = entry.id;
      }
      journal.Append(entry);
    }
    if (transition.outcome) journal.Append(*transition.outcome);
  }
  for (asl::Command& command : transition.commands) {
    if (auto* start = std::get_if<asl::StartMapRun>(&command)) {
      ChangeOf(start->seq).start = std::move(start->spec);
    } else if (auto* redriven = std::get_if<asl::RedriveMapRun>(&command)) {
      ChangeOf(redriven->seq).redrive =
          MapRunChange::Redrive{.arn = std::move(redriven->arn), .count = redriven->count};
    } else if (const auto* cancel = std::get_if<asl::CancelMapRun>(&command)) {
      ChangeOf(cancel->seq).end = MapRunStatus::kAborted;
    }
    Enter(*this, command);
    commands.push_back(std::move(command));
  }
  if (transition.outcome) {
    outcome = std::move(transition.outcome);
    stopped = now;
  }
  return true;
}

ExecutionChange LiveExecution::MakeChange() {
  ExecutionChange change{.id = id};
  if (!stored) {
    change.start = ExecutionRow{.id = id,
                                .machine = map_run != 0 ? -map_run : revision->machine,
                                .revision = revision->id,
                                .started = context.start_time,
                                .seed = context.random_seed,
                                .name = context.execution_name,
                                .input = context.input,
                                .version = version,
                                .alias = alias};
  }
  change.redrive = redrive;
  change.pieces = pieces;
  change.map_runs = map_runs;
  if (map_run != 0) {
    change.child_start = child;
    if (outcome) change.child_end = MakeChildEnd();
  }
  change.journal = {.first_event = journal_first_event, .bytes = journal.bytes()};
  if (outcome) {
    change.end = ExecutionChange::End{.machine = map_run != 0 ? -map_run : revision->machine,
                                      .status = outcome->status,
                                      .stopped = stopped,
                                      .remains = {}};
    if (outcome->status != asl::ExecutionStatus::kSucceeded) {
      change.end->remains = ExecutionChange::Remains{
          .events = state.next_event_id - 1,
          .state = state.frames.empty() ? std::string() : asl::Encode(state)};
    }
    return change;
  }
  change.wake = outbox.EarliestTimer();
  change.tasks = static_cast<std::int64_t>(outbox.tasks.size());
  change.state = EncodeOpen(state, outbox);
  return change;
}

ChildEnd LiveExecution::MakeChildEnd() const {
  return {.execution = id,
          .run = map_run,
          .child = child,
          .status = outcome->status,
          .name = context.execution_name,
          .arn = context.execution_arn,
          .output = outcome->output,
          .error = outcome->error,
          .cause = outcome->cause,
          .started = context.start_time,
          .stopped = stopped,
          .redrives = context.redrive_count,
          .redrivable = kind != Kind::kStandard || CanBeRedriven(state)};
}

MapRunChange& LiveExecution::ChangeOf(std::uint64_t map_run_seq) {
  for (MapRunChange& change : map_runs) {
    if (change.seq == map_run_seq) return change;
  }
  map_runs.push_back({.seq = map_run_seq});
  return map_runs.back();
}

}  // namespace scones::workflows

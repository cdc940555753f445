// RedriveExecution on the workflow thread: an ended execution is loaded from what was kept of it
// and steps again; its caller is answered when that is committed.
#include <fmt/format.h>

#include <utility>

#include "workflows/detail/engine.h"
#include "workflows/detail/names.h"
#include "workflows/detail/redrive_table.h"

namespace scones::workflows {
namespace {

struct Redrivable {
  std::optional<Timestamp> answered;  // the same request came before
  FoundExecution execution;
  RedriveRecord redrives;
  RedriveVerdict verdict;
};

Result<Redrivable> ReadRedrivable(db::Connection& connection, const RedriveItem& item,
                                  Timestamp now) {
  const Snapshot snapshot(connection);
  Redrivable read;
  if (!item.client_token.empty()) {
    TRY(read.answered, FindRedriveToken(connection, item.execution, item.client_token, now));
    if (read.answered) return read;
  }
  TRY(auto found, FindExecutionById(connection, item.execution));
  if (!found) return Error(Code::kDataLoss, "the execution's row is gone");
  read.execution = std::move(*found);
  TRY(read.redrives, ReadRedrives(connection, item.execution));
  TRY(read.verdict, JudgeRedrive(connection, read.execution, now, WithState::kYes));
  return read;
}

}  // namespace

void Engine::On(RedriveItem& item) {
  const auto known = live_.find(item.execution);
  if (known != live_.end() && known->second->outcome) {
    // Its end is about to be committed.
    known->second->deferred.emplace_back(std::move(item));
    return;
  }
  Result<Redrivable> read = ports_.database.Read(
      [&](db::Connection& connection) { return ReadRedrivable(connection, item, now_); });
  if (!read) return item.done(read.error());
  if (read->answered) return item.done(*read->answered);
  if (read->verdict.status != RedriveStatus::kRedrivable) {
    return item.done(ExecutionNotRedrivable(item.arn, read->verdict.reason));
  }
  if (open_.load() >= ports_.options.max_open_executions) {
    return item.done(TooManyExecutions("Standard", ports_.options.max_open_executions));
  }
  const auto load = [&]() -> Result<std::unique_ptr<LiveExecution>> {
    auto made = std::make_unique<LiveExecution>();
    made->id = item.execution;
    made->stored = true;
    TRY(made->revision, ports_.machines.Load(read->execution.row.revision));
    made->context = MakeContext(*made->revision, read->execution.row);
    made->context.redrive_count = read->redrives.count + 1;
    made->context.redrive_time = now_;
    TRY(made->state, asl::Decode(*made->revision->definition, read->verdict.state));
    made->journal = JournalWriter(made->context.input);
    made->journal_first_event = made->state.next_event_id;
    made->redrive = ExecutionChange::Redrive{.machine = read->execution.row.machine,
                                             .count = made->context.redrive_count,
                                             .time = now_,
                                             .client_token = std::move(item.client_token)};
    made->redrive_waiter = std::move(item.done);
    return made;
  };
  Result<std::unique_ptr<LiveExecution>> loaded = load();
  if (!loaded) return item.done(loaded.error());
  // Should the taking up of earlier executions still be under way: not this one once more.
  if (AwaitsRecovery(item.execution)) taken_up_early_.insert(item.execution);
  LiveExecution& live = Add(std::move(*loaded));
  open_.fetch_add(1, std::memory_order_relaxed);
  Apply(live, asl::Redrive{});
}

}  // namespace scones::workflows

// An execution whose state is in memory. Belongs to the workflow thread.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asl/step.h"
#include "workflows/detail/execution_table.h"
#include "workflows/detail/inbox.h"
#include "workflows/detail/journal.h"
#include "workflows/detail/machine_table.h"
#include "workflows/detail/outbox.h"

namespace scones::workflows {

struct LiveExecution {
  enum class Kind {
    kStandard,  // every step is committed
    kExpress,   // its start is committed
    kSync,      // nothing is
  };

  std::int64_t id = 0;
  Kind kind = Kind::kStandard;
  // Of a map run's child, else 0. An Express child is committed once, with its end.
  std::int64_t map_run = 0;
  ChildRef child;
  RevisionPtr revision;
  std::int64_t version = 0;  // how it was started, see ExecutionRow
  std::string alias;
  asl::ExecutionContext context;
  asl::ExecutionState state;
  Outbox outbox;
  JournalWriter journal{""};
  std::int64_t journal_first_event = 1;

  std::size_t bytes = 0;    // about what it takes in memory
  bool stored = false;      // a row of it has been committed
  bool committing = false;  // a commit that holds it is under way: nothing may change
  bool touched = false;     // has changes for the next commit

  // Since the last commit; carried out and answered after the next.
  std::vector<asl::Command> commands;
  std::vector<std::pair<Timestamp, std::uint64_t>> cancelled_timers;  // due, seq
  std::vector<JournalPiece> pieces;
  std::optional<asl::Outcome> outcome;
  Timestamp stopped;
  std::vector<MapRunChange> map_runs;
  // Who sent an answer by token, and what to tell them: also a refusal may follow from what is not
  // committed yet.
  std::vector<std::pair<io::Completion<Result<void>>, Result<void>>> token_waiters;
  std::vector<io::Completion<Result<Timestamp>>> stop_waiters;
  // Workers that get their task with the next commit; a commit that fails leaves them waiting for
  // the one after it, because the task is theirs.
  std::vector<std::pair<io::Completion<Result<std::optional<ActivityTask>>>, ActivityTask>> claims;
  io::Completion<Result<StartedExecution>> start_waiter;
  io::Completion<Result<Execution>> end_waiter;
  std::optional<ExecutionChange::Redrive> redrive;  // not yet committed
  io::Completion<Result<Timestamp>> redrive_waiter;

  // Came while committing.
  std::deque<Item> deferred;
  std::vector<std::uint64_t> timers_due_meanwhile;
  std::list<std::int64_t>::iterator used;  // place in the order of use

  // Applies `event`: state, journal, outbox and commands. False where it changed nothing.
  bool Step(asl::Event event, Timestamp now, std::size_t journal_piece_bytes);
  // What the next commit does to it. Precondition: kStandard.
  ExecutionChange MakeChange();
  // Precondition: a child that has ended.
  ChildEnd MakeChildEnd() const;
  MapRunChange& ChangeOf(std::uint64_t map_run_seq);
};

}  // namespace scones::workflows

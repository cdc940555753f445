// Executions in the database: the changes that the engine commits, and what the calls read.
// Functions over a connection; the caller provides the transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asl/history.h"
#include "asl/step.h"
#include "base/result.h"
#include "db/connection.h"
#include "workflows/detail/map_run_table.h"
#include "workflows/types.h"

namespace scones::workflows {

// A piece of an execution's history, see journal.h.
struct JournalPiece {
  std::int64_t first_event = 1;
  std::string bytes;
};

// What never changes of an execution.
struct ExecutionRow {
  std::int64_t id = 0;
  std::int64_t machine = 0;
  std::int64_t revision = 0;
  Timestamp started;
  std::uint64_t seed = 0;
  std::string name;
  std::string input;
  // How it was started; 0 and "": by the machine's own ARN.
  std::int64_t version = 0;
  std::string alias;
};

// What one commit does to one Standard execution.
struct ExecutionChange {
  std::int64_t id = 0;
  std::optional<ExecutionRow> start;  // it is new
  std::vector<JournalPiece> pieces;   // history that is complete
  // While it is open:
  std::optional<Timestamp> wake;  // earliest timer
  std::int64_t tasks = 0;
  std::string state;     // EncodeOpen
  JournalPiece journal;  // history that still grows
  // An ended execution runs again.
  struct Redrive {
    std::int64_t machine = 0;
    int count = 0;
    Timestamp time;
    std::string client_token;  // may be empty
  };
  std::optional<Redrive> redrive;
  // When it has ended:
  struct Remains {  // what a redrive goes on from
    std::int64_t events = 0;
    std::string state;
  };
  struct End {
    std::int64_t machine = 0;
    asl::ExecutionStatus status = asl::ExecutionStatus::kSucceeded;
    Timestamp stopped;
    std::optional<Remains> remains;  // without success
  };
  std::optional<End> end;

  std::vector<MapRunChange> map_runs;
  Timestamp now;  // of map_runs
  // Of a map run's child: with its start, and with its end.
  std::optional<ChildRef> child_start;
  std::optional<ChildEnd> child_end;

  // Set by ApplyChange where a new execution cannot be. `existing` is the start of the execution of
  // the same name and input, which still runs.
  bool name_taken = false;
  std::optional<Timestamp> existing;
  // Set by the caller of ApplyChange instead of calling it: the machine is gone.
  bool machine_gone = false;
  bool refused() const { return name_taken || machine_gone; }

  std::size_t bytes() const {
    std::size_t sum = end && end->remains ? end->remains->state.size() : 0;
    sum += state.size() + journal.bytes.size() + (start ? start->input.size() : 0);
    for (const JournalPiece& piece : pieces) sum += piece.bytes.size();
    return sum;
  }
};

// Precondition: the machine of a new or redriven execution is active.
Result<void> ApplyChange(db::Connection& connection, ExecutionChange& change);

Result<void> InsertExpress(db::Connection& connection, const ExecutionRow& row);
Result<void> DeleteExpress(db::Connection& connection, std::int64_t id);
Result<std::vector<ExecutionRow>> ReadExpress(db::Connection& connection);

// The largest id in use, 0 for none.
Result<std::int64_t> ReadLastId(db::Connection& connection);

struct OpenSummary {
  std::int64_t id = 0;
  std::optional<Timestamp> wake;
  std::int64_t tasks = 0;
};
// Open executions with ids in (after, last], in order, at most `limit`.
Result<std::vector<OpenSummary>> ReadOpen(db::Connection& connection, std::int64_t after,
                                          std::int64_t last, std::int64_t limit);

struct OpenRow {
  ExecutionRow execution;
  std::string state;
  JournalPiece journal;
};
// Nothing where the execution is not open.
Result<std::optional<OpenRow>> ReadOpenRow(db::Connection& connection, std::int64_t id);

// One execution with its status.
struct FoundExecution {
  ExecutionRow row;
  asl::ExecutionStatus status = asl::ExecutionStatus::kRunning;
  std::optional<Timestamp> stopped;
};
Result<std::optional<FoundExecution>> FindExecution(db::Connection& connection,
                                                    const std::string& machine_name,
                                                    const std::string& name);
Result<std::optional<FoundExecution>> FindExecutionById(db::Connection& connection,
                                                        std::int64_t id);

struct ExecutionFilter {
  std::int64_t machine = 0;
  std::optional<asl::ExecutionStatus> status = {};
  std::int64_t version = 0;  // not 0: started by that version's or an alias's ARN and run as it
  std::string alias;         // not "": started by that alias's ARN
};
// Latest first, ids below `before`. Without the input.
Result<std::vector<FoundExecution>> ListExecutionRows(db::Connection& connection,
                                                      const ExecutionFilter& filter,
                                                      std::int64_t before, std::int64_t limit);

// A map run's child.
struct FoundChild {
  FoundExecution execution;
  std::int64_t items = 0;
  bool pending_redrive = false;
  RedriveRecord redrives;
};
// Of a map run, as ListExecutionRows.
Result<std::vector<FoundChild>> ListChildRows(db::Connection& connection, std::int64_t run,
                                              const ChildFilter& filter, std::int64_t before,
                                              std::int64_t limit);

struct FoundMachine {
  std::int64_t id = 0;
  asl::MachineType type = asl::MachineType::kStandard;
};
// One that has not been deleted.
Result<std::optional<FoundMachine>> FindMachine(db::Connection& connection,
                                                const std::string& name);

// How an ended execution ended. Errors: kDataLoss.
Result<asl::Outcome> ReadOutcome(db::Connection& connection, const ExecutionRow& row);
// Up to `limit` events from event `from` on, in `order`; from 0 with kNewestFirst means the last.
Result<std::vector<asl::HistoryEvent>> ReadHistory(db::Connection& connection,
                                                   const ExecutionRow& row, HistoryOrder order,
                                                   std::int64_t from, std::int64_t limit);

// Makes the reads of its lifetime see one state of the database.
class Snapshot {
 public:
  explicit Snapshot(db::Connection& connection) : connection_(connection) {
    (void)connection_.Prepare("BEGIN").Run();  // without it, each read is right by itself
  }
  ~Snapshot() { (void)connection_.Prepare("COMMIT").Run(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  db::Connection& connection_;
};

}  // namespace scones::workflows

#include "workflows/detail/execution_table.h"

#include <algorithm>

#include "io/crash_point.h"
#include "workflows/detail/journal.h"
#include "workflows/detail/redrive_table.h"

namespace scones::workflows {
namespace {

// The key of execution_history.
constexpr int kEventBits = 16;
static_assert(asl::kMaxHistoryEvents < (std::int64_t{1} << kEventBits) - 1'000);
std::int64_t PieceKey(std::int64_t id, std::int64_t event) { return (id << kEventBits) | event; }

// Stored numbers.
static_assert(static_cast<int>(asl::ExecutionStatus::kRunning) == 0 &&
              static_cast<int>(asl::ExecutionStatus::kSucceeded) == 1 &&
              static_cast<int>(asl::ExecutionStatus::kFailed) == 2 &&
              static_cast<int>(asl::ExecutionStatus::kTimedOut) == 3 &&
              static_cast<int>(asl::ExecutionStatus::kAborted) == 4);
constexpr int kStatuses = 5;

std::int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }

std::optional<Timestamp> OptionalTime(const db::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return FromMicros(row.Int(column));
}

// Sets the change's name_taken where it is.
Result<void> InsertExecution(db::Connection& connection, ExecutionChange& change) {
  const ExecutionRow& row = *change.start;
  db::Statement insert = connection.Prepare(
      "INSERT INTO executions (id, machine, revision, status, start_us, stop_us, seed, name, "
      "input, version, alias) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) "
      "ON CONFLICT (machine, name) DO NOTHING");
  insert.Bind(1, row.id)
      .Bind(2, row.machine)
      .Bind(3, row.revision)
      .Bind(4, static_cast<std::int64_t>(change.end ? change.end->status
                                                    : asl::ExecutionStatus::kRunning))
      .Bind(5, Micros(row.started))
      .Bind(7, static_cast<std::int64_t>(row.seed))
      .Bind(8, std::string_view(row.name))
      .Bind(9, std::string_view(row.input));
  if (change.end) insert.Bind(6, Micros(change.end->stopped));
  if (row.version != 0) insert.Bind(10, row.version);
  if (!row.alias.empty()) insert.Bind(11, std::string_view(row.alias));
  TRY_VOID(insert.Run());
  if (connection.ChangedRows() != 0) return {};

  db::Statement select = connection.Prepare(
      "SELECT start_us, status, input FROM executions WHERE machine = ?1 AND name = ?2");
  TRY(const bool found, select.Bind(1, row.machine).Bind(2, std::string_view(row.name)).Step());
  if (!found) return Error(Code::kInternal, "an execution's name is taken and is not");
  change.name_taken = true;
  if (select.Int(1) == 0 && select.Text(2) == row.input) {
    change.existing = FromMicros(select.Int(0));
  }
  return {};
}

Result<void> InsertPiece(db::Connection& connection, std::int64_t id, const JournalPiece& piece) {
  return connection.Prepare("INSERT INTO execution_history (key, journal) VALUES (?1, ?2)")
      .Bind(1, PieceKey(id, piece.first_event))
      .BindBlob(2, piece.bytes)
      .Run();
}

Result<void> StoreOpen(db::Connection& connection, const ExecutionChange& change) {
  db::Statement store = change.start || change.redrive
                            ? connection.Prepare(
                                  "INSERT INTO open_executions (id, wake_us, tasks, first_event, "
                                  "state, journal) VALUES (?1,?2,?3,?4,?5,?6)")
                            : connection.Prepare(
                                  "UPDATE open_executions SET wake_us = ?2, tasks = ?3, "
                                  "first_event = ?4, state = ?5, journal = ?6 WHERE id = ?1");
  store.Bind(1, change.id)
      .Bind(3, change.tasks)
      .Bind(4, change.journal.first_event)
      .BindBlob(5, change.state)
      .BindBlob(6, change.journal.bytes);
  if (change.wake) store.Bind(2, Micros(*change.wake));
  return store.Run();
}

Result<void> StoreEnd(db::Connection& connection, const ExecutionChange& change) {
  if (!change.start) {
    TRY_VOID(
        connection.Prepare("DELETE FROM open_executions WHERE id = ?1").Bind(1, change.id).Run());
    TRY_VOID(connection.Prepare("UPDATE executions SET status = ?2, stop_us = ?3 WHERE id = ?1")
                 .Bind(1, change.id)
                 .Bind(2, static_cast<std::int64_t>(change.end->status))
                 .Bind(3, Micros(change.end->stopped))
                 .Run());
  }
  if (change.end->remains) {
    TRY_VOID(StoreRemains(connection, change.id, change.end->stopped, *change.end->remains));
  }
  return InsertPiece(connection, change.id, change.journal);
}

#define SCONES_FOUND_COLUMNS                                                              \
  "SELECT e.id, e.machine, e.revision, e.start_us, e.seed, e.name, e.status, e.stop_us, " \
  "e.version, e.alias"
#define SCONES_LISTED SCONES_FOUND_COLUMNS " FROM executions e WHERE machine = ?1 AND status = ?2 "
#define SCONES_LATEST_FIRST "AND id < ?3 ORDER BY id DESC LIMIT ?4"

constexpr char kFound[] = SCONES_FOUND_COLUMNS ", e.input FROM executions e WHERE e.id = ?1";
constexpr char kFoundByName[] = SCONES_FOUND_COLUMNS
    ", e.input FROM state_machines m CROSS JOIN executions e ON e.machine = m.id "
    "WHERE m.name = ?1 AND e.name = ?2 ORDER BY m.id DESC LIMIT 1";
constexpr char kFoundChildByName[] = SCONES_FOUND_COLUMNS
    ", e.input FROM map_runs r CROSS JOIN executions e ON e.machine = -r.id "
    "WHERE r.child_machine = ?1 AND e.name = ?2 ORDER BY r.id DESC LIMIT 1";
constexpr char kListed[] = SCONES_LISTED SCONES_LATEST_FIRST;
constexpr char kListedByVersion[] = SCONES_LISTED "AND version = ?5 " SCONES_LATEST_FIRST;
constexpr char kListedByAlias[] = SCONES_LISTED "AND alias = ?5 " SCONES_LATEST_FIRST;

// The child's row is gone where its run has succeeded.
constexpr char kListedChildren[] = SCONES_FOUND_COLUMNS
    ", m.items, coalesce(c.again, 0) AND e.status > 1 AS pending, r.count, r.last_us "
    "FROM executions e JOIN map_run_executions m ON m.execution = e.id "
    "LEFT JOIN map_run_children c ON c.key = ?5 + m.number "
    "LEFT JOIN redriven_executions r ON r.id = e.id "
    "WHERE e.machine = ?1 AND e.status = ?2 AND e.id < ?3 AND (?6 IS NULL OR pending = ?6) "
    "AND (?7 IS NULL OR (r.id IS NOT NULL) = ?7) ORDER BY e.id DESC LIMIT ?4";

#undef SCONES_FOUND_COLUMNS
#undef SCONES_LISTED
#undef SCONES_LATEST_FIRST

ExecutionRow ReadRow(const db::Statement& row) {
  return {.id = row.Int(0),
          .machine = row.Int(1),
          .revision = row.Int(2),
          .started = FromMicros(row.Int(3)),
          .seed = static_cast<std::uint64_t>(row.Int(4)),
          .name = std::string(row.Text(5)),
          .input = ""};
}

FoundExecution ReadFound(const db::Statement& row) {
  FoundExecution found{.row = ReadRow(row),
                       .status = static_cast<asl::ExecutionStatus>(row.Int(6)),
                       .stopped = OptionalTime(row, 7)};
  if (!row.IsNull(8)) found.row.version = row.Int(8);
  if (!row.IsNull(9)) found.row.alias = row.Text(9);
  return found;
}

Result<std::optional<FoundExecution>> OneFound(db::Statement& select) {
  TRY(const bool found, select.Step());
  if (!found) return std::optional<FoundExecution>();
  FoundExecution execution = ReadFound(select);
  execution.row.input = select.Text(10);
  return std::optional<FoundExecution>(std::move(execution));
}

// Keys of an execution's stored pieces, in order.
Result<std::vector<std::int64_t>> PieceKeys(db::Connection& connection, std::int64_t id) {
  db::Statement select = connection.Prepare(
      "SELECT key FROM execution_history WHERE key BETWEEN ?1 AND ?2 ORDER BY key");
  select.Bind(1, PieceKey(id, 0)).Bind(2, PieceKey(id, (1 << kEventBits) - 1));
  std::vector<std::int64_t> keys;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return keys;
    keys.push_back(select.Int(0));
  }
}

Result<JournalChunk> ReadPiece(db::Connection& connection, const ExecutionRow& row,
                               std::int64_t key) {
  db::Statement select = connection.Prepare("SELECT journal FROM execution_history WHERE key = ?1");
  TRY(const bool found, select.Bind(1, key).Step());
  if (!found) return Error(Code::kDataLoss, "a piece of an execution's history is missing");
  return ReadJournal(select.Blob(0), row.input);
}

// The piece that still grows; empty for an ended execution.
Result<JournalChunk> ReadOpenPiece(db::Connection& connection, const ExecutionRow& row) {
  db::Statement select = connection.Prepare("SELECT journal FROM open_executions WHERE id = ?1");
  TRY(const bool found, select.Bind(1, row.id).Step());
  if (!found) return JournalChunk();
  return ReadJournal(select.Blob(0), row.input);
}

}  // namespace

Result<void> ApplyChange(db::Connection& connection, ExecutionChange& change) {
  if (change.start) {
    TRY_VOID(InsertExecution(connection, change));
    if (change.refused()) return {};
  }
  if (change.redrive) TRY_VOID(StoreRedrive(connection, change.id, *change.redrive));
  SCONES_CRASH_POINT("workflows.change.begun");
  for (const JournalPiece& piece : change.pieces) {
    TRY_VOID(InsertPiece(connection, change.id, piece));
  }
  for (MapRunChange& run : change.map_runs) {
    TRY_VOID(ApplyMapRunChange(connection, change.id, change.now, run));
  }
  if (change.child_start && change.start) {
    TRY_VOID(InsertChildExecution(connection, change.id, *change.child_start));
  }
  if (change.child_end) TRY_VOID(StoreChildEnd(connection, *change.child_end));
  return change.end ? StoreEnd(connection, change) : StoreOpen(connection, change);
}

Result<void> InsertExpress(db::Connection& connection, const ExecutionRow& row) {
  return connection
      .Prepare(
          "INSERT INTO express_executions (id, revision, start_us, seed, name, input) "
          "VALUES (?1,?2,?3,?4,?5,?6)")
      .Bind(1, row.id)
      .Bind(2, row.revision)
      .Bind(3, Micros(row.started))
      .Bind(4, static_cast<std::int64_t>(row.seed))
      .Bind(5, std::string_view(row.name))
      .Bind(6, std::string_view(row.input))
      .Run();
}

Result<void> DeleteExpress(db::Connection& connection, std::int64_t id) {
  return connection.Prepare("DELETE FROM express_executions WHERE id = ?1").Bind(1, id).Run();
}

Result<std::vector<ExecutionRow>> ReadExpress(db::Connection& connection) {
  db::Statement select = connection.Prepare(
      "SELECT id, 0, revision, start_us, seed, name, input FROM express_executions ORDER BY id");
  std::vector<ExecutionRow> rows;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return rows;
    rows.push_back(ReadRow(select));
    rows.back().input = select.Text(6);
  }
}

Result<std::int64_t> ReadLastId(db::Connection& connection) {
  db::Statement select = connection.Prepare(
      "SELECT max(coalesce((SELECT max(id) FROM executions), 0), "
      "coalesce((SELECT max(id) FROM express_executions), 0))");
  TRY(const bool found, select.Step());
  return found ? select.Int(0) : 0;
}

Result<std::vector<OpenSummary>> ReadOpen(db::Connection& connection, std::int64_t after,
                                          std::int64_t last, std::int64_t limit) {
  db::Statement select = connection.Prepare(
      "SELECT id, wake_us, tasks FROM open_executions WHERE id > ?1 AND id <= ?2 ORDER BY id "
      "LIMIT ?3");
  select.Bind(1, after).Bind(2, last).Bind(3, limit);
  std::vector<OpenSummary> open;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return open;
    open.push_back({.id = select.Int(0), .wake = OptionalTime(select, 1), .tasks = select.Int(2)});
  }
}

Result<std::optional<OpenRow>> ReadOpenRow(db::Connection& connection, std::int64_t id) {
  db::Statement select = connection.Prepare(
      "SELECT e.id, e.machine, e.revision, e.start_us, e.seed, e.name, e.input, o.first_event, "
      "o.state, o.journal FROM open_executions o JOIN executions e ON e.id = o.id WHERE o.id = ?1");
  TRY(const bool found, select.Bind(1, id).Step());
  if (!found) return std::optional<OpenRow>();
  OpenRow row{.execution = ReadRow(select),
              .state = std::string(select.Blob(8)),
              .journal = {.first_event = select.Int(7), .bytes = std::string(select.Blob(9))}};
  row.execution.input = select.Text(6);
  return std::optional<OpenRow>(std::move(row));
}

Result<std::optional<FoundExecution>> FindExecution(db::Connection& connection,
                                                    const std::string& machine_name,
                                                    const std::string& name) {
  // "MACHINE/LABEL": a map run's child.
  const bool child = machine_name.find('/') != std::string::npos;
  db::Statement select = connection.Prepare(child ? kFoundChildByName : kFoundByName);
  select.Bind(1, std::string_view(machine_name)).Bind(2, std::string_view(name));
  return OneFound(select);
}

Result<std::optional<FoundExecution>> FindExecutionById(db::Connection& connection,
                                                        std::int64_t id) {
  db::Statement select = connection.Prepare(kFound);
  select.Bind(1, id);
  return OneFound(select);
}

Result<std::vector<FoundExecution>> ListExecutionRows(db::Connection& connection,
                                                      const ExecutionFilter& filter,
                                                      std::int64_t before, std::int64_t limit) {
  std::vector<FoundExecution> rows;
  for (int number = 0; number < kStatuses; ++number) {
    if (filter.status && static_cast<int>(*filter.status) != number) continue;
    db::Statement select = connection.Prepare(!filter.alias.empty() ? kListedByAlias
                                              : filter.version != 0 ? kListedByVersion
                                                                    : kListed);
    if (!filter.alias.empty()) {
      select.Bind(5, std::string_view(filter.alias));
    } else if (filter.version != 0) {
      select.Bind(5, filter.version);
    }
    select.Bind(1, filter.machine).Bind(2, std::int64_t{number}).Bind(3, before).Bind(4, limit);
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) break;
      rows.push_back(ReadFound(select));
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.row.id > b.row.id; });
  if (static_cast<std::int64_t>(rows.size()) > limit) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

Result<std::vector<FoundChild>> ListChildRows(db::Connection& connection, std::int64_t run,
                                              const ChildFilter& filter, std::int64_t before,
                                              std::int64_t limit) {
  std::vector<FoundChild> rows;
  for (int number = 0; number < kStatuses; ++number) {
    if (filter.status && static_cast<int>(*filter.status) != number) continue;
    db::Statement select = connection.Prepare(kListedChildren);
    select.Bind(1, -run)
        .Bind(2, std::int64_t{number})
        .Bind(3, before)
        .Bind(4, limit)
        .Bind(5, ChildKey(run, 0));
    if (filter.pending_redrive || filter.status) {
      select.Bind(6, std::int64_t{filter.pending_redrive});
    }
    if (filter.redriven) select.Bind(7, std::int64_t{*filter.redriven});
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) break;
      FoundChild& child = rows.emplace_back(FoundChild{.execution = ReadFound(select),
                                                       .items = select.Int(10),
                                                       .pending_redrive = select.Int(11) != 0,
                                                       .redrives = {}});
      if (select.IsNull(12)) continue;
      child.redrives = {.count = static_cast<int>(select.Int(12)),
                        .last = FromMicros(select.Int(13))};
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.execution.row.id > b.execution.row.id; });
  if (static_cast<std::int64_t>(rows.size()) > limit) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

Result<std::optional<FoundMachine>> FindMachine(db::Connection& connection,
                                                const std::string& name) {
  db::Statement select =
      connection.Prepare("SELECT id, type FROM state_machines WHERE name = ?1 AND status < 2");
  TRY(const bool found, select.Bind(1, std::string_view(name)).Step());
  if (!found) return std::optional<FoundMachine>();
  return std::optional<FoundMachine>(
      FoundMachine{.id = select.Int(0), .type = static_cast<asl::MachineType>(select.Int(1))});
}

Result<asl::Outcome> ReadOutcome(db::Connection& connection, const ExecutionRow& row) {
  TRY(const std::vector<std::int64_t> keys, PieceKeys(connection, row.id));
  if (keys.empty()) return Error(Code::kDataLoss, "an ended execution has no history");
  TRY(JournalChunk chunk, ReadPiece(connection, row, keys.back()));
  if (!chunk.outcome) return Error(Code::kDataLoss, "an ended execution has no outcome");
  return std::move(*chunk.outcome);
}

Result<std::vector<asl::HistoryEvent>> ReadHistory(db::Connection& connection,
                                                   const ExecutionRow& row, HistoryOrder order,
                                                   std::int64_t from, std::int64_t limit) {
  TRY(const std::vector<std::int64_t> keys, PieceKeys(connection, row.id));
  TRY(JournalChunk open, ReadOpenPiece(connection, row));
  const bool forward = order == HistoryOrder::kOldestFirst;
  if (!forward && from == 0) from = asl::kMaxHistoryEvents * 2;
  std::vector<asl::HistoryEvent> events;
  const auto full = [&] { return static_cast<std::int64_t>(events.size()) >= limit; };
  const auto take = [&](std::vector<asl::HistoryEvent>& piece) {
    if (!forward) std::reverse(piece.begin(), piece.end());
    for (asl::HistoryEvent& event : piece) {
      const bool wanted = forward ? event.id >= from : event.id <= from;
      if (wanted && !full()) events.push_back(std::move(event));
    }
  };
  if (!forward) take(open.events);
  for (std::size_t i = 0; i < keys.size() && !full(); ++i) {
    const std::size_t at = forward ? i : keys.size() - 1 - i;
    const bool before_page =
        forward && at + 1 < keys.size() && keys[at + 1] <= PieceKey(row.id, from);
    const bool after_page = !forward && keys[at] > PieceKey(row.id, from);
    if (before_page || after_page) continue;
    TRY(JournalChunk piece, ReadPiece(connection, row, keys[at]));
    take(piece.events);
  }
  if (forward) take(open.events);
  return events;
}

}  // namespace scones::workflows

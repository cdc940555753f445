#include "workflows/detail/map_run_table.h"

#include <fmt/format.h>

namespace scones::workflows {
namespace {

// Stored numbers.
static_assert(static_cast<int>(MapRunStatus::kRunning) == 0 &&
              static_cast<int>(MapRunStatus::kSucceeded) == 1 &&
              static_cast<int>(MapRunStatus::kFailed) == 2 &&
              static_cast<int>(MapRunStatus::kAborted) == 3);

std::int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }

void BindOptional(db::Statement& statement, int place, const std::optional<std::string>& text) {
  if (text) statement.Bind(place, std::string_view(*text));
}

void BindLimits(db::Statement& statement, int place, const asl::MapRunProgress::Limits& limits) {
  statement.Bind(place, limits.max_concurrency);
  if (limits.tolerated_failure_count) statement.Bind(place + 1, *limits.tolerated_failure_count);
  if (limits.tolerated_failure_percentage) {
    statement.Bind(place + 2, *limits.tolerated_failure_percentage);
  }
}

constexpr char kRow[] =
    "SELECT id, execution, seq, status, prepared, start_us, stop_us, results_written, "
    "arn, child_machine, max_concurrency, tolerated_count, tolerated_percentage, "
    "children, succeeded, failed, timed_out, aborted, "
    "items, items_succeeded, items_failed, items_timed_out, items_aborted, closed, redrives, "
    "redrive_us, pending_redrive, not_redrivable, items_pending_redrive, items_not_redrivable "
    "FROM map_runs ";

asl::MapRunCounts ReadCounts(const db::Statement& row, int column, int redrive_column) {
  return {.total = row.Int(column),
          .running = 0,
          .succeeded = row.Int(column + 1),
          .failed = row.Int(column + 2),
          .timed_out = row.Int(column + 3),
          .aborted = row.Int(column + 4),
          .pending_redrive = row.Int(redrive_column),
          .not_redrivable = row.Int(redrive_column + 1)};
}

MapRunRow ReadRow(const db::Statement& row) {
  MapRunRow run{.id = row.Int(0),
                .execution = row.Int(1),
                .seq = static_cast<std::uint64_t>(row.Int(2)),
                .status = static_cast<MapRunStatus>(row.Int(3)),
                .stage = static_cast<MapRunRow::Stage>(row.Int(4)),
                .closed = row.Int(23) != 0,
                .started = FromMicros(row.Int(5)),
                .stopped = {},
                .results_written = row.Int(7),
                .arn = std::string(row.Text(8)),
                .child_machine = std::string(row.Text(9)),
                .limits = {.max_concurrency = row.Int(10)},
                .redrives = {.count = static_cast<int>(row.Int(24)), .last = {}},
                .executions = ReadCounts(row, 13, 26),
                .items = ReadCounts(row, 18, 28)};
  if (!row.IsNull(25)) run.redrives.last = FromMicros(row.Int(25));
  if (!row.IsNull(6)) run.stopped = FromMicros(row.Int(6));
  if (!row.IsNull(11)) run.limits.tolerated_failure_count = row.Int(11);
  if (!row.IsNull(12)) {
    run.limits.tolerated_failure_percentage =
        std::strtod(std::string(row.Text(12)).c_str(), nullptr);
  }
  return run;
}

Result<std::vector<MapRunRow>> ReadRows(db::Statement& select) {
  std::vector<MapRunRow> rows;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return rows;
    rows.push_back(ReadRow(select));
  }
}

Result<std::optional<MapRunRow>> OneRow(db::Statement& select) {
  TRY(const bool found, select.Step());
  return found ? std::optional(ReadRow(select)) : std::nullopt;
}

// "MACHINE/LABEL" of a map run's ARN.
std::string ChildMachineOf(const std::string& arn) {
  static constexpr std::string_view kKind = ":mapRun:";
  const std::size_t begin = arn.find(kKind) + kKind.size();
  return arn.substr(begin, arn.rfind(':') - begin);
}

Result<void> InsertRun(db::Connection& connection, std::int64_t execution, Timestamp now,
                       MapRunChange& change) {
  const asl::MapRunSpec& spec = *change.start;
  db::Statement insert = connection.Prepare(
      "INSERT INTO map_runs (execution, seq, arn, child_machine, start_us, max_concurrency, "
      "tolerated_count, tolerated_percentage) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)");
  const std::string child_machine = ChildMachineOf(spec.arn);
  insert.Bind(1, execution)
      .Bind(2, static_cast<std::int64_t>(change.seq))
      .Bind(3, std::string_view(spec.arn))
      .Bind(4, std::string_view(child_machine))
      .Bind(5, Micros(now));
  BindLimits(
      insert, 6,
      {spec.max_concurrency, spec.tolerated_failure_count, spec.tolerated_failure_percentage});
  TRY_VOID(insert.Run());
  change.id = connection.LastInsertId();
  return connection.Prepare("INSERT INTO map_run_specs (id, spec) VALUES (?1, ?2)")
      .Bind(1, change.id)
      .Bind(2, std::string_view(asl::Encode(spec)))
      .Run();
}

Result<void> RedriveRun(db::Connection& connection, std::int64_t execution, Timestamp now,
                        MapRunChange& change) {
  db::Statement find =
      connection.Prepare("SELECT id FROM map_runs WHERE arn = ?1 AND execution = ?2");
  TRY(const bool found,
      find.Bind(1, std::string_view(change.redrive->arn)).Bind(2, execution).Step());
  if (!found) return Error(Code::kDataLoss, "a map run that is redriven is missing");
  change.id = find.Int(0);
  return connection
      .Prepare(
          "UPDATE map_runs SET seq = ?2, status = 0, stop_us = NULL, closed = 0, "
          "results_written = 0, prepared = CASE prepared WHEN 0 THEN 0 ELSE 2 END, "
          "redrives = ?3, redrive_us = ?4 WHERE id = ?1")
      .Bind(1, change.id)
      .Bind(2, static_cast<std::int64_t>(change.seq))
      .Bind(3, change.redrive->count)
      .Bind(4, Micros(now))
      .Run();
}

// By asl::ExecutionStatus; those that ended.
constexpr const char* kCounts[] = {nullptr, "succeeded", "failed", "timed_out", "aborted"};

}  // namespace

Result<void> ApplyMapRunChange(db::Connection& connection, std::int64_t execution, Timestamp now,
                               MapRunChange& change) {
  if (change.start) TRY_VOID(InsertRun(connection, execution, now, change));
  if (change.redrive) TRY_VOID(RedriveRun(connection, execution, now, change));
  if (!change.end) return {};
  return connection
      .Prepare(
          "UPDATE map_runs SET status = ?3, stop_us = ?4, results_written = CASE WHEN ?5 THEN "
          "succeeded + failed + timed_out + aborted ELSE 0 END "
          "WHERE execution = ?1 AND seq = ?2 AND status = 0")
      .Bind(1, execution)
      .Bind(2, static_cast<std::int64_t>(change.seq))
      .Bind(3, static_cast<std::int64_t>(*change.end))
      .Bind(4, Micros(now))
      .Bind(5, std::int64_t{change.results_written})
      .Run();
}

Result<std::vector<MapRunRow>> ReadOpenMapRuns(db::Connection& connection) {
  db::Statement select = connection.Prepare(std::string(kRow) + "WHERE closed = 0 ORDER BY id");
  return ReadRows(select);
}

Result<std::optional<MapRunRow>> FindMapRun(db::Connection& connection, const std::string& arn) {
  db::Statement select = connection.Prepare(std::string(kRow) + "WHERE arn = ?1");
  select.Bind(1, std::string_view(arn));
  return OneRow(select);
}

Result<std::optional<MapRunRow>> FindMapRunById(db::Connection& connection, std::int64_t id) {
  db::Statement select = connection.Prepare(std::string(kRow) + "WHERE id = ?1");
  select.Bind(1, id);
  return OneRow(select);
}

Result<std::vector<MapRunRow>> ListMapRunRows(db::Connection& connection, std::int64_t execution,
                                              std::int64_t before, std::int64_t limit) {
  db::Statement select = connection.Prepare(
      std::string(kRow) + "WHERE execution = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
  select.Bind(1, execution).Bind(2, before).Bind(3, limit);
  return ReadRows(select);
}

Result<asl::MapRunSpec> ReadMapRunSpec(db::Connection& connection, std::int64_t id) {
  db::Statement select = connection.Prepare("SELECT spec FROM map_run_specs WHERE id = ?1");
  TRY(const bool found, select.Bind(1, id).Step());
  if (!found) return Error(Code::kDataLoss, "a map run is missing");
  return asl::DecodeMapRunSpec(select.Text(0));
}

Result<std::int64_t> DeleteChildren(db::Connection& connection, std::int64_t run,
                                    std::int64_t limit) {
  TRY_VOID(connection
               .Prepare("DELETE FROM map_run_children WHERE key IN (SELECT key FROM "
                        "map_run_children WHERE key >= ?1 AND key < ?2 LIMIT ?3)")
               .Bind(1, ChildKey(run, 0))
               .Bind(2, ChildKey(run + 1, 0))
               .Bind(3, limit)
               .Run());
  return connection.ChangedRows();
}

Result<void> InsertChildren(db::Connection& connection, std::int64_t run, std::int64_t first,
                            const std::vector<NewChild>& children) {
  for (const NewChild& child : children) {
    TRY_VOID(
        connection.Prepare("INSERT INTO map_run_children (key, items, input) VALUES (?1, ?2, ?3)")
            .Bind(1, ChildKey(run, first++))
            .Bind(2, child.items)
            .Bind(3, std::string_view(child.input))
            .Run());
  }
  return {};
}

Result<void> SetPrepared(db::Connection& connection, std::int64_t run, std::int64_t children,
                         std::int64_t items) {
  return connection
      .Prepare("UPDATE map_runs SET prepared = 1, children = ?2, items = ?3 WHERE id = ?1")
      .Bind(1, run)
      .Bind(2, children)
      .Bind(3, items)
      .Run();
}

Result<void> SetLimits(db::Connection& connection, std::int64_t run,
                       const asl::MapRunProgress::Limits& limits) {
  db::Statement update = connection.Prepare(
      "UPDATE map_runs SET max_concurrency = ?2, tolerated_count = ?3, tolerated_percentage = ?4 "
      "WHERE id = ?1");
  update.Bind(1, run);
  BindLimits(update, 2, limits);
  return update.Run();
}

Result<void> SetClosed(db::Connection& connection, std::int64_t run, std::int64_t redrives) {
  return connection.Prepare("UPDATE map_runs SET closed = 1 WHERE id = ?1 AND redrives = ?2")
      .Bind(1, run)
      .Bind(2, redrives)
      .Run();
}

Result<std::vector<PendingChild>> ReadPendingChildren(db::Connection& connection, std::int64_t run,
                                                      std::int64_t from, std::int64_t limit,
                                                      std::size_t bytes) {
  db::Statement select = connection.Prepare(
      "SELECT key, items, input, again, name, arn, redrives FROM map_run_children WHERE key >= ?1 "
      "AND key < ?2 AND (status IS NULL OR again = 1) ORDER BY key LIMIT ?3");
  select.Bind(1, ChildKey(run, from)).Bind(2, ChildKey(run + 1, 0)).Bind(3, limit);
  std::vector<PendingChild> children;
  for (std::size_t read = 0; read < bytes; read += children.back().input.size()) {
    TRY(const bool more, select.Step());
    if (!more) break;
    children.push_back({.number = select.Int(0) & kMaxChildren,
                        .items = select.Int(1),
                        .input = std::string(select.Text(2)),
                        .again = select.Int(3) != 0,
                        .name = select.IsNull(4) ? "" : std::string(select.Text(4)),
                        .arn = select.IsNull(5) ? "" : std::string(select.Text(5)),
                        .redrives = select.Int(6)});
  }
  return children;
}

Result<void> InsertChildExecution(db::Connection& connection, std::int64_t execution,
                                  const ChildRef& child) {
  return connection
      .Prepare("INSERT INTO map_run_executions (execution, number, items) VALUES (?1, ?2, ?3)")
      .Bind(1, execution)
      .Bind(2, child.number)
      .Bind(3, child.items)
      .Run();
}

Result<std::optional<ChildRef>> FindChildExecution(db::Connection& connection,
                                                   std::int64_t execution) {
  db::Statement select = connection.Prepare(
      "SELECT number, items, EXISTS (SELECT 1 FROM redriven_executions WHERE "
      "id = ?1) FROM map_run_executions WHERE execution = ?1");
  TRY(const bool found, select.Bind(1, execution).Step());
  if (!found) return std::optional<ChildRef>();
  return std::optional(
      ChildRef{.number = select.Int(0), .items = select.Int(1), .redriven = select.Int(2) != 0});
}

Result<bool> IsPendingRedrive(db::Connection& connection, std::int64_t run,
                              std::int64_t execution) {
  TRY(const std::optional<ChildRef> child, FindChildExecution(connection, execution));
  if (!child) return false;
  db::Statement select = connection.Prepare("SELECT again FROM map_run_children WHERE key = ?1");
  TRY(const bool found, select.Bind(1, ChildKey(run, child->number)).Step());
  return found && select.Int(0) != 0;
}

Result<std::vector<RunningChild>> ReadRunningChildren(db::Connection& connection,
                                                      std::int64_t run) {
  db::Statement select = connection.Prepare(
      "SELECT m.execution, m.number, m.items, EXISTS (SELECT 1 FROM redriven_executions WHERE id = "
      "e.id) FROM executions e JOIN map_run_executions m ON m.execution = e.id "
      "WHERE e.machine = ?1 AND e.status = 0 ORDER BY e.id");
  select.Bind(1, -run);
  std::vector<RunningChild> running;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return running;
    running.push_back(
        {.execution = select.Int(0),
         .child = {
             .number = select.Int(1), .items = select.Int(2), .redriven = select.Int(3) != 0}});
  }
}

Result<void> StoreChildEnd(db::Connection& connection, const ChildEnd& end) {
  db::Statement store = connection.Prepare(
      "UPDATE map_run_children SET status = ?2, name = ?3, arn = ?4, start_us = ?5, stop_us = ?6, "
      "output = ?7, error = ?8, cause = ?9, redrives = ?10, again = 0, "
      "ended_in = (SELECT redrives FROM map_runs WHERE id = ?11) "
      "WHERE key = ?1 AND (status IS NULL OR again = 1)");
  store.Bind(1, ChildKey(end.run, end.child.number))
      .Bind(2, static_cast<std::int64_t>(end.status))
      .Bind(3, std::string_view(end.name))
      .Bind(4, std::string_view(end.arn))
      .Bind(5, Micros(end.started))
      .Bind(6, Micros(end.stopped))
      .Bind(10, end.redrives)
      .Bind(11, end.run);
  if (end.status == asl::ExecutionStatus::kSucceeded) store.Bind(7, std::string_view(end.output));
  BindOptional(store, 8, end.error);
  BindOptional(store, 9, end.cause);
  TRY_VOID(store.Run());
  if (connection.ChangedRows() == 0) return {};
  const char* count = kCounts[static_cast<std::size_t>(end.status)];
  const bool lost = end.status != asl::ExecutionStatus::kSucceeded && !end.redrivable;
  return connection
      .Prepare(fmt::format("UPDATE map_runs SET {0} = {0} + 1, items_{0} = items_{0} + ?2, "
                           "pending_redrive = pending_redrive - ?3, "
                           "items_pending_redrive = items_pending_redrive - ?2 * ?3, "
                           "not_redrivable = not_redrivable + ?4, "
                           "items_not_redrivable = items_not_redrivable + ?2 * ?4 WHERE id = ?1",
                           count))
      .Bind(1, end.run)
      .Bind(2, end.child.items)
      .Bind(3, std::int64_t{end.child.redriven})
      .Bind(4, std::int64_t{lost})
      .Run();
}

Result<ChildResults> ReadChildResults(db::Connection& connection, std::int64_t run,
                                      std::int64_t from, std::int64_t limit, std::size_t bytes,
                                      std::optional<std::int64_t> of_redrive) {
  db::Statement select = connection.Prepare(
      "SELECT status, name, arn, start_us, stop_us, input, output, error, cause, redrives, "
      "ended_in, key FROM map_run_children WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3");
  select.Bind(1, ChildKey(run, from)).Bind(2, ChildKey(run + 1, 0)).Bind(3, limit);
  const auto text = [&](int column) {
    return select.IsNull(column) ? std::nullopt : std::optional(std::string(select.Text(column)));
  };
  ChildResults results{.children = {}, .next = from};
  for (std::size_t read = 0; read < bytes;) {
    TRY(results.more, select.Step());
    if (!results.more) break;
    results.next = (select.Int(11) & kMaxChildren) + 1;
    const bool started = !select.IsNull(0);
    if (of_redrive && started && select.Int(10) != *of_redrive) continue;
    asl::ChildResult& child = results.children.emplace_back();
    child.input = select.Text(5);
    read += child.input.size();
    if (!started) continue;
    child.status = static_cast<asl::ExecutionStatus>(select.Int(0));
    child.name = select.Text(1);
    child.execution_arn = select.Text(2);
    child.started = FromMicros(select.Int(3));
    child.stopped = FromMicros(select.Int(4));
    child.output = text(6).value_or("");
    child.error = text(7);
    child.cause = text(8);
    child.redrives = select.Int(9);
    read += child.output.size();
  }
  results.more = results.next != from;
  return results;
}

}  // namespace scones::workflows

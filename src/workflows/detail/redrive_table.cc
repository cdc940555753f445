#include "workflows/detail/redrive_table.h"

#include <fmt/format.h>

namespace scones::workflows {
namespace {

// Rows too old that one end of an execution removes: more than it adds.
constexpr std::int64_t kForgottenAtOnce = 4;

std::int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }

Result<bool> IsDeleting(db::Connection& connection, std::int64_t machine) {
  db::Statement select = connection.Prepare("SELECT status FROM state_machines WHERE id = ?1");
  TRY(const bool found, select.Bind(1, machine).Step());
  return !found || select.Int(0) != 0;
}

}  // namespace

Result<void> StoreRemains(db::Connection& connection, std::int64_t id, Timestamp stopped,
                          const ExecutionChange::Remains& remains) {
  TRY_VOID(connection
               .Prepare("DELETE FROM redrivable_executions WHERE id IN (SELECT id FROM "
                        "redrivable_executions WHERE stop_us < ?1 ORDER BY stop_us LIMIT ?2)")
               .Bind(1, Micros(stopped - kRedrivablePeriod))
               .Bind(2, kForgottenAtOnce)
               .Run());
  return connection
      .Prepare(
          "INSERT INTO redrivable_executions (id, stop_us, events, state) VALUES (?1,?2,?3,?4)")
      .Bind(1, id)
      .Bind(2, Micros(stopped))
      .Bind(3, remains.events)
      .BindBlob(4, remains.state)
      .Run();
}

Result<void> StoreRedrive(db::Connection& connection, std::int64_t id,
                          const ExecutionChange::Redrive& redrive) {
  TRY_VOID(connection.Prepare("DELETE FROM redrivable_executions WHERE id = ?1").Bind(1, id).Run());
  TRY_VOID(connection.Prepare("UPDATE executions SET status = 0, stop_us = NULL WHERE id = ?1")
               .Bind(1, id)
               .Run());
  TRY_VOID(connection
               .Prepare("INSERT INTO redriven_executions (id, count, last_us) VALUES (?1,?2,?3) ON "
                        "CONFLICT (id) DO UPDATE SET count = ?2, last_us = ?3")
               .Bind(1, id)
               .Bind(2, std::int64_t{redrive.count})
               .Bind(3, Micros(redrive.time))
               .Run());
  if (redrive.client_token.empty()) return {};
  TRY_VOID(connection
               .Prepare("INSERT INTO redrive_tokens (execution, token, redriven_us) VALUES "
                        "(?1,?2,?3) ON CONFLICT DO UPDATE SET redriven_us = ?3")
               .Bind(1, id)
               .Bind(2, std::string_view(redrive.client_token))
               .Bind(3, Micros(redrive.time))
               .Run());
  return connection
      .Prepare(
          "DELETE FROM redrive_tokens WHERE execution = ?1 AND token NOT IN (SELECT token FROM "
          "redrive_tokens WHERE execution = ?1 ORDER BY redriven_us DESC LIMIT ?2)")
      .Bind(1, id)
      .Bind(2, std::int64_t{kRedriveTokens})
      .Run();
}

Result<RedriveRecord> ReadRedrives(db::Connection& connection, std::int64_t id) {
  db::Statement select =
      connection.Prepare("SELECT count, last_us FROM redriven_executions WHERE id = ?1");
  TRY(const bool found, select.Bind(1, id).Step());
  if (!found) return RedriveRecord{};
  return RedriveRecord{.count = static_cast<int>(select.Int(0)), .last = FromMicros(select.Int(1))};
}

Result<std::unordered_map<std::int64_t, RedriveRecord>> ReadRedrives(db::Connection& connection,
                                                                     std::int64_t first,
                                                                     std::int64_t last) {
  db::Statement select = connection.Prepare(
      "SELECT id, count, last_us FROM redriven_executions WHERE id BETWEEN ?1 AND ?2");
  select.Bind(1, first).Bind(2, last);
  std::unordered_map<std::int64_t, RedriveRecord> records;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return records;
    records[select.Int(0)] = {.count = static_cast<int>(select.Int(1)),
                              .last = FromMicros(select.Int(2))};
  }
}

Result<std::optional<Timestamp>> FindRedriveToken(db::Connection& connection, std::int64_t id,
                                                  const std::string& token, Timestamp now) {
  db::Statement select = connection.Prepare(
      "SELECT redriven_us FROM redrive_tokens WHERE execution = ?1 AND token = ?2");
  TRY(const bool found, select.Bind(1, id).Bind(2, std::string_view(token)).Step());
  if (!found || FromMicros(select.Int(0)) < now - kRedriveTokenPeriod) {
    return std::optional<Timestamp>();
  }
  return std::optional<Timestamp>(FromMicros(select.Int(0)));
}

Result<RedriveVerdict> JudgeRedrive(db::Connection& connection, const FoundExecution& execution,
                                    Timestamp now, WithState with_state) {
  const auto no = [](std::string reason) {
    return RedriveVerdict{.status = RedriveStatus::kNotRedrivable, .reason = std::move(reason)};
  };
  if (execution.status == asl::ExecutionStatus::kRunning ||
      execution.status == asl::ExecutionStatus::kSucceeded) {
    return no(fmt::format("Execution is {} and cannot be redriven",
                          asl::ExecutionStatusName(execution.status)));
  }
  const bool child = execution.row.machine < 0;  // of a map run
  if (!child) {
    TRY(const bool deleting, IsDeleting(connection, execution.row.machine));
    if (deleting) return no("State machine is in DELETING status");
  }
  if (now - execution.row.started > kMaxExecutionTime) {
    return no("Execution has exceeded the max execution time");
  }
  if (now - execution.stopped.value_or(now) > kRedrivablePeriod) {
    return no("Execution redrivable period exceeded");
  }
  db::Statement select =
      connection.Prepare("SELECT events, length(state) FROM redrivable_executions WHERE id = ?1");
  TRY(const bool found, select.Bind(1, execution.row.id).Step());
  if (!found) return no("Execution was started before the launch of RedriveExecution");
  if (select.Int(0) > kMaxRedrivableEvents || select.Int(1) == 0) {
    return no("Execution history event limit exceeded");
  }
  RedriveVerdict verdict{.status = child ? RedriveStatus::kRedrivableByMapRun
                                         : RedriveStatus::kRedrivable};
  if (with_state == WithState::kNo) return verdict;
  db::Statement read = connection.Prepare("SELECT state FROM redrivable_executions WHERE id = ?1");
  TRY(const bool there, read.Bind(1, execution.row.id).Step());
  if (there) verdict.state = std::string(read.Blob(0));
  return verdict;
}

}  // namespace scones::workflows

#include "logs/detail/store.h"

#include "logs/detail/chunk.h"

namespace scones::logs {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

std::int64_t Microseconds(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicroseconds(std::int64_t us) { return Timestamp(std::chrono::microseconds(us)); }

Result<std::optional<std::int64_t>> SelectId(db::Statement select) {
  TRY(const bool found, select.Step());
  if (!found) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(select.Int(0));
}

Result<std::optional<std::int64_t>> LookUpGroup(db::Connection& connection, std::string_view name) {
  db::Statement select = connection.Prepare("SELECT id FROM log_groups WHERE name = ?1");
  select.Bind(1, name);
  return SelectId(std::move(select));
}

Result<std::optional<std::int64_t>> LookUpStream(db::Connection& connection, std::int64_t group,
                                                 std::string_view name) {
  db::Statement select =
      connection.Prepare("SELECT id FROM log_streams WHERE group_id = ?1 AND name = ?2");
  select.Bind(1, group).Bind(2, name);
  return SelectId(std::move(select));
}

// One chunk's worth of events, gathered before it is written.
struct Draft {
  std::string body;
  std::int64_t count = 0;
  std::int64_t first_us = 0, last_us = 0;

  void Add(const io::LogEvent& event) {
    const std::int64_t us = Microseconds(event.time);
    first_us = count == 0 ? us : std::min(first_us, us);
    last_us = count == 0 ? us : std::max(last_us, us);
    ++count;
    AppendEvent(event, body);
  }
};

Result<void> WriteChunk(db::Connection& connection, std::int64_t stream, const Draft& draft,
                        Timestamp now) {
  TRY(const std::int64_t sequence, NextSequence(connection, stream));
  TRY_VOID(connection
               .Prepare("INSERT INTO log_chunks (stream_id, first_sequence, count, first_us,"
                        " last_us, ingested_us, bytes, body)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
               .Bind(1, stream)
               .Bind(2, sequence)
               .Bind(3, draft.count)
               .Bind(4, draft.first_us)
               .Bind(5, draft.last_us)
               .Bind(6, Microseconds(now))
               .Bind(7, static_cast<std::int64_t>(draft.body.size()))
               .BindBlob(8, draft.body)
               .Run());
  return connection
      .Prepare(
          "UPDATE log_streams SET next_sequence = ?2, stored_bytes = stored_bytes + ?3,"
          " first_us = min(coalesce(first_us, ?4), ?4),"
          " last_us = max(coalesce(last_us, ?5), ?5), ingested_us = ?6 WHERE id = ?1")
      .Bind(1, stream)
      .Bind(2, sequence + draft.count)
      .Bind(3, static_cast<std::int64_t>(draft.body.size()))
      .Bind(4, draft.first_us)
      .Bind(5, draft.last_us)
      .Bind(6, Microseconds(now))
      .Run();
}

Result<void> DropOldestOfStream(db::Connection& connection, std::int64_t stream,
                                std::uint64_t max_bytes) {
  while (true) {
    std::int64_t id = 0;
    {
      db::Statement select = connection.Prepare(
          "SELECT c.id FROM log_streams s JOIN log_chunks c ON c.stream_id = s.id"
          " WHERE s.id = ?1 AND s.stored_bytes > ?2 ORDER BY c.first_sequence LIMIT 1");
      select.Bind(1, stream).Bind(2, static_cast<std::int64_t>(max_bytes));
      TRY(const bool over, select.Step());
      if (!over) return {};
      id = select.Int(0);
    }
    TRY_VOID(connection.Prepare("DELETE FROM log_chunks WHERE id = ?1").Bind(1, id).Run());
  }
}

StoredChunk ReadChunk(const db::Statement& row) {
  return {.id = row.Int(0),
          .stream = std::string(row.Text(1)),
          .first_sequence = row.Int(2),
          .count = row.Int(3),
          .ingested = FromMicroseconds(row.Int(4)),
          .body = std::string(row.Blob(5))};
}

Result<void> Visit(db::Statement& select, const ChunkVisitor& visit) {
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return {};
    TRY(const bool go_on, visit(ReadChunk(select)));
    if (!go_on) return {};
  }
}

}  // namespace

const std::vector<db::Migration>& Schema() {
  static const std::vector<db::Migration> kSchema = {
      {"logs.1",
       "CREATE TABLE log_groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
       " created_us INTEGER NOT NULL, retention_days INTEGER);"
       "CREATE TABLE log_streams (id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL"
       " REFERENCES log_groups(id), name TEXT NOT NULL, created_us INTEGER NOT NULL,"
       " first_us INTEGER, last_us INTEGER, ingested_us INTEGER,"
       " next_sequence INTEGER NOT NULL DEFAULT 0, stored_bytes INTEGER NOT NULL DEFAULT 0,"
       " UNIQUE (group_id, name));"
       "CREATE TABLE log_chunks (id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id INTEGER NOT NULL"
       " REFERENCES log_streams(id), first_sequence INTEGER NOT NULL, count INTEGER NOT NULL,"
       " first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, ingested_us INTEGER NOT NULL,"
       " bytes INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (stream_id, first_sequence));"
       "CREATE TRIGGER log_chunk_dropped AFTER DELETE ON log_chunks BEGIN"
       " UPDATE log_streams SET stored_bytes = stored_bytes - old.bytes WHERE id = old.stream_id;"
       "END"}};
  return kSchema;
}

Result<std::int64_t> EnsureStream(db::Connection& connection, std::string_view group,
                                  std::string_view stream, Timestamp now) {
  TRY(std::optional<std::int64_t> group_id, LookUpGroup(connection, group));
  if (!group_id) {
    TRY_VOID(connection.Prepare("INSERT INTO log_groups (name, created_us) VALUES (?1, ?2)")
                 .Bind(1, group)
                 .Bind(2, Microseconds(now))
                 .Run());
    group_id = connection.LastInsertId();
  }
  TRY(std::optional<std::int64_t> stream_id, LookUpStream(connection, *group_id, stream));
  if (stream_id) return *stream_id;
  TRY_VOID(
      connection.Prepare("INSERT INTO log_streams (group_id, name, created_us) VALUES (?1, ?2, ?3)")
          .Bind(1, *group_id)
          .Bind(2, stream)
          .Bind(3, Microseconds(now))
          .Run());
  return connection.LastInsertId();
}

Result<std::int64_t> FindGroup(db::Connection& connection, std::string_view group) {
  TRY(const auto id, LookUpGroup(connection, group));
  if (id) return *id;
  return Error(Code::kNotFound, "ResourceNotFoundException",
               "The specified log group does not exist.");
}

Result<std::int64_t> FindStream(db::Connection& connection, std::string_view group,
                                std::string_view stream) {
  TRY(const std::int64_t group_id, FindGroup(connection, group));
  TRY(const auto id, LookUpStream(connection, group_id, stream));
  if (id) return *id;
  return Error(Code::kNotFound, "ResourceNotFoundException",
               "The specified log stream does not exist.");
}

Result<std::int64_t> NextSequence(db::Connection& connection, std::int64_t stream) {
  db::Statement select = connection.Prepare("SELECT next_sequence FROM log_streams WHERE id = ?1");
  TRY_VOID(select.Bind(1, stream).Step());
  return select.Int(0);
}

Result<void> AddEvents(db::Connection& connection, std::int64_t stream,
                       const std::vector<io::LogEvent>& events, Timestamp now,
                       std::uint64_t max_stream_bytes) {
  Draft draft;
  for (const io::LogEvent& event : events) {
    draft.Add(event);
    if (draft.body.size() < kChunkBytes) continue;
    TRY_VOID(WriteChunk(connection, stream, draft, now));
    draft = Draft();
  }
  if (draft.count > 0) TRY_VOID(WriteChunk(connection, stream, draft, now));
  return DropOldestOfStream(connection, stream, max_stream_bytes);
}

Result<void> Trim(db::Connection& connection, Timestamp now, std::uint64_t max_bytes) {
  TRY_VOID(connection
               .Prepare("DELETE FROM log_chunks WHERE id IN (SELECT c.id FROM log_groups g"
                        " JOIN log_streams s ON s.group_id = g.id"
                        " JOIN log_chunks c ON c.stream_id = s.id"
                        " WHERE g.retention_days IS NOT NULL"
                        " AND c.last_us < ?1 - g.retention_days * 86400000000)")
               .Bind(1, Microseconds(now))
               .Run());
  while (true) {
    {
      db::Statement sum = connection.Prepare("SELECT sum(stored_bytes) FROM log_streams");
      TRY_VOID(sum.Step());
      if (static_cast<std::uint64_t>(sum.Int(0)) <= max_bytes) break;
    }
    TRY_VOID(connection.Execute(
        "DELETE FROM log_chunks WHERE id IN (SELECT id FROM log_chunks ORDER BY id LIMIT 64)"));
    if (connection.ChangedRows() == 0) break;
  }
  // Streams that had events and have lost them all.
  return connection.Execute("DELETE FROM log_streams WHERE stored_bytes = 0 AND next_sequence > 0");
}

Result<void> VisitForward(db::Connection& connection, std::int64_t stream, std::int64_t sequence,
                          const ChunkVisitor& visit) {
  db::Statement select = connection.Prepare(
      "SELECT id, '', first_sequence, count, ingested_us, body FROM log_chunks"
      " WHERE stream_id = ?1 AND first_sequence >="
      "  coalesce((SELECT max(first_sequence) FROM log_chunks"
      "            WHERE stream_id = ?1 AND first_sequence <= ?2), 0)"
      " ORDER BY first_sequence");
  select.Bind(1, stream).Bind(2, sequence);
  return Visit(select, visit);
}

Result<void> VisitBackward(db::Connection& connection, std::int64_t stream, std::int64_t sequence,
                           const ChunkVisitor& visit) {
  db::Statement select = connection.Prepare(
      "SELECT id, '', first_sequence, count, ingested_us, body FROM log_chunks"
      " WHERE stream_id = ?1 AND first_sequence < ?2 ORDER BY first_sequence DESC");
  select.Bind(1, stream).Bind(2, sequence);
  return Visit(select, visit);
}

Result<void> VisitGroup(db::Connection& connection, std::int64_t group, std::int64_t id,
                        std::optional<Timestamp> start, std::optional<Timestamp> end,
                        const ChunkVisitor& visit) {
  db::Statement select = connection.Prepare(
      "SELECT c.id, s.name, c.first_sequence, c.count, c.ingested_us, c.body"
      " FROM log_chunks c JOIN log_streams s ON s.id = c.stream_id"
      " WHERE s.group_id = ?1 AND c.id >= ?2 AND c.last_us >= ?3 AND c.first_us < ?4"
      " ORDER BY c.id");
  select.Bind(1, group)
      .Bind(2, id)
      .Bind(3, start ? Microseconds(*start) : INT64_MIN)
      .Bind(4, end ? Microseconds(*end) : INT64_MAX);
  return Visit(select, visit);
}

}  // namespace scones::logs

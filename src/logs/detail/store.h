// The tables of logs and the statements on them. Each function runs within one job of the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "io/log_sink.h"
#include "logs/logs.h"

namespace scones::logs {

const std::vector<db::Migration>& Schema();

// The row of `stream`; made, with its group, where they are new.
Result<std::int64_t> EnsureStream(db::Connection& connection, std::string_view group,
                                  std::string_view stream, Timestamp now);
// Errors: kNotFound/ResourceNotFoundException.
Result<std::int64_t> FindGroup(db::Connection& connection, std::string_view group);
Result<std::int64_t> FindStream(db::Connection& connection, std::string_view group,
                                std::string_view stream);

// Adds `events` in order, in chunks, and drops the stream's oldest beyond `max_stream_bytes`.
Result<void> AddEvents(db::Connection& connection, std::int64_t stream,
                       const std::vector<io::LogEvent>& events, Timestamp now,
                       std::uint64_t max_stream_bytes);

// Drops what is older than its group's retention, then the oldest of all beyond `max_bytes`.
Result<void> Trim(db::Connection& connection, Timestamp now, std::uint64_t max_bytes);

struct StoredChunk {
  std::int64_t id = 0;
  std::string stream;
  std::int64_t first_sequence = 0;
  std::int64_t count = 0;
  Timestamp ingested;
  std::string body;
};
// Chunks of `stream` from the one that holds `sequence` on, oldest first; or, backwards, those that
// hold anything before it, newest first. `visit` returns false to end.
using ChunkVisitor = std::function<Result<bool>(const StoredChunk&)>;
Result<void> VisitForward(db::Connection& connection, std::int64_t stream, std::int64_t sequence,
                          const ChunkVisitor& visit);
Result<void> VisitBackward(db::Connection& connection, std::int64_t stream, std::int64_t sequence,
                           const ChunkVisitor& visit);
// Chunks of all streams of `group` in order of storing, from chunk `id` on, that overlap the times.
Result<void> VisitGroup(db::Connection& connection, std::int64_t group, std::int64_t id,
                        std::optional<Timestamp> start, std::optional<Timestamp> end,
                        const ChunkVisitor& visit);
// The sequence that the stream's next event gets.
Result<std::int64_t> NextSequence(db::Connection& connection, std::int64_t stream);

}  // namespace scones::logs

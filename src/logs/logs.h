// Log groups, streams and events, kept in the database in chunks of many lines. Implements the port
// through which services hand over the lines of what they run. Lines are stored in batches: those
// of the last quarter second are lost in a crash. Safe from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/log_sink.h"

namespace scones::db {
class Database;
}

namespace scones::logs {

struct Options {
  std::chrono::milliseconds flush_interval{250};
  std::size_t max_pending_bytes = 64 * 1024 * 1024;  // not yet stored; beyond it lines are dropped
  std::size_t max_message_bytes = 256 * 1024;        // longer ones are cut
  std::uint64_t max_stored_bytes = std::uint64_t{2} << 30;  // oldest chunks go first
  std::uint64_t max_stream_bytes = 256 * 1024 * 1024;       // of one stream; oldest go first
};

struct LogGroup {
  std::string name;
  Timestamp created;
  std::int64_t stored_bytes = 0;
  std::optional<std::int64_t> retention_days;
};

struct LogStream {
  std::string name;
  Timestamp created;
  std::optional<Timestamp> first_event, last_event, last_ingestion;
};

struct StoredEvent {
  std::string stream;
  std::int64_t sequence = 0;  // position in the stream, from 0
  Timestamp time;
  Timestamp ingested;
  std::string message;
};

// A page of a listing; `next` is "" at its end, else what continues it.
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;
};

struct StreamQuery {
  std::string group;
  std::string prefix;
  enum class Order { kName, kLastEvent } order = Order::kName;
  enum class Direction { kAscending, kDescending } direction = Direction::kAscending;
  std::string after;  // a Page's `next`
  std::size_t limit = 50;
};

struct EventQuery {
  std::string group, stream;
  std::optional<Timestamp> start, end;  // start <= time < end
  enum class From { kHead, kTail } from = From::kTail;
  std::string token;  // of an EventPage
  std::size_t limit = 10'000;
};

// Tokens work as CloudWatch's: reading on with `forward` at the end gives the same token again.
struct EventPage {
  std::vector<StoredEvent> events;
  std::string forward, backward;
};

struct FilterQuery {
  std::string group;
  std::vector<std::string> streams;
  std::string stream_prefix;
  std::optional<Timestamp> start, end;
  std::string pattern;  // terms that all occur; "quoted phrase"; -term must not occur
  std::string after;    // a Page's `next`
  std::size_t limit = 10'000;
};

class Logs final : public io::LogSink {
 public:
  // Applies migrations. `database` and `clock` outlive it. Starts one thread.
  static Result<std::unique_ptr<Logs>> Open(Options options, db::Database& database,
                                            const Clock& clock);
  // Stores what is pending.
  ~Logs() override;

  void Append(std::string group, std::string stream, std::vector<io::LogEvent> events) override;
  // Blocks until all that was appended before is stored; every read below does so first.
  void Flush();

  // Errors: kExists/ResourceAlreadyExistsException, kNotFound/ResourceNotFoundException,
  // kInvalid/InvalidParameterException. These block for milliseconds: run them on a pool.
  Result<void> CreateGroup(std::string name, std::optional<std::int64_t> retention_days);
  Result<void> CreateStream(std::string group, std::string name);
  Result<void> DeleteGroup(std::string name);
  Result<void> DeleteStream(std::string group, std::string name);
  Result<void> SetRetention(std::string group, std::optional<std::int64_t> days);
  Result<Page<LogGroup>> ListGroups(std::string prefix, std::string after, std::size_t limit);
  Result<Page<LogStream>> ListStreams(StreamQuery query);
  Result<EventPage> GetEvents(EventQuery query);
  Result<Page<StoredEvent>> Filter(FilterQuery query);

 private:
  struct State;
  explicit Logs(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scones::logs

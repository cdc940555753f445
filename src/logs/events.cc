// Reading log events: pages of one stream, and a search through a group.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "db/database.h"
#include "logs/detail/chunk.h"
#include "logs/detail/filter_pattern.h"
#include "logs/detail/state.h"
#include "logs/logs.h"

namespace scones::logs {
namespace {

constexpr std::size_t kMaxPageBytes = 1024 * 1024;
// What one search reads before it returns what it has found so far.
constexpr std::size_t kMaxScanBytes = 32 * 1024 * 1024;

Error InvalidToken() {
  return Error(Code::kInvalid, "InvalidParameterException", "The specified nextToken is invalid.");
}

// A place in a stream: "f/" reads on from `sequence`, "b/" back from before it.
struct Token {
  bool forward = true;
  std::int64_t sequence = 0;

  std::string ToString() const { return fmt::format("{}/{:056}", forward ? 'f' : 'b', sequence); }
  static Result<Token> Parse(std::string_view text) {
    if (!text.starts_with("f/") && !text.starts_with("b/")) return InvalidToken();
    Token token{.forward = text[0] == 'f'};
    const auto [end, error] =
        std::from_chars(text.data() + 2, text.data() + text.size(), token.sequence);
    if (error != std::errc() || end != text.data() + text.size() || token.sequence < 0) {
      return InvalidToken();
    }
    return token;
  }
};

// A place in a group: event `index` of chunk `id`.
struct Cursor {
  std::int64_t id = 0;
  std::size_t index = 0;

  std::string ToString() const { return fmt::format("{}.{}", id, index); }
  static Result<Cursor> Parse(std::string_view text) {
    Cursor cursor;
    if (text.empty()) return cursor;
    const char* const end = text.data() + text.size();
    const auto [dot, error] = std::from_chars(text.data(), end, cursor.id);
    if (error != std::errc() || dot == end || *dot != '.') return InvalidToken();
    const auto [stop, wrong] = std::from_chars(dot + 1, end, cursor.index);
    if (wrong != std::errc() || stop != end) return InvalidToken();
    return cursor;
  }
};

bool Within(Timestamp time, std::optional<Timestamp> start, std::optional<Timestamp> end) {
  return (!start || time >= *start) && (!end || time < *end);
}

// Collects the events of a page until it is full.
class PageReader {
 public:
  explicit PageReader(const EventQuery& query) : query_(query) {}

  // `from` is the first sequence wanted; false once the page is full.
  Result<bool> Forward(const StoredChunk& chunk, std::int64_t from) {
    TRY(std::vector<io::LogEvent> events, DecodeChunk(chunk.body));
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::int64_t sequence = chunk.first_sequence + static_cast<std::int64_t>(i);
      if (sequence >= from && !Take(chunk, sequence, std::move(events[i]))) return false;
    }
    return true;
  }
  // `before` is one past the last sequence wanted.
  Result<bool> Backward(const StoredChunk& chunk, std::int64_t before) {
    TRY(std::vector<io::LogEvent> events, DecodeChunk(chunk.body));
    for (std::size_t i = events.size(); i-- > 0;) {
      const std::int64_t sequence = chunk.first_sequence + static_cast<std::int64_t>(i);
      if (sequence < before && !Take(chunk, sequence, std::move(events[i]))) return false;
    }
    return true;
  }
  std::vector<StoredEvent>& events() { return events_; }

 private:
  bool Take(const StoredChunk& chunk, std::int64_t sequence, io::LogEvent event) {
    if (!Within(event.time, query_.start, query_.end)) return true;
    if (events_.size() >= query_.limit) return false;
    bytes_ += event.message.size() + 26;
    if (bytes_ > kMaxPageBytes && !events_.empty()) return false;
    events_.push_back({.stream = query_.stream,
                       .sequence = sequence,
                       .time = event.time,
                       .ingested = chunk.ingested,
                       .message = std::move(event.message)});
    return true;
  }

  const EventQuery& query_;
  std::vector<StoredEvent> events_;
  std::size_t bytes_ = 0;
};

Result<EventPage> ReadPage(db::Connection& connection, const EventQuery& query) {
  TRY(const std::int64_t stream, FindStream(connection, query.group, query.stream));
  Token token;
  if (!query.token.empty()) {
    TRY(token, Token::Parse(query.token));
  } else if (query.from == EventQuery::From::kTail) {
    TRY(const std::int64_t next, NextSequence(connection, stream));
    token = {.forward = false, .sequence = next};
  }
  PageReader reader(query);
  const std::int64_t at = token.sequence;
  if (token.forward) {
    TRY_VOID(VisitForward(connection, stream, at,
                          [&](const StoredChunk& chunk) { return reader.Forward(chunk, at); }));
  } else {
    TRY_VOID(VisitBackward(connection, stream, at,
                           [&](const StoredChunk& chunk) { return reader.Backward(chunk, at); }));
    std::reverse(reader.events().begin(), reader.events().end());
  }
  EventPage page;
  page.events = std::move(reader.events());
  const bool none = page.events.empty();
  page.forward =
      Token{.forward = true, .sequence = none ? at : page.events.back().sequence + 1}.ToString();
  page.backward =
      Token{.forward = false, .sequence = none ? at : page.events.front().sequence}.ToString();
  return page;
}

class Search {
 public:
  Search(const FilterQuery& query, FilterPattern pattern, Cursor from)
      : query_(query), pattern_(std::move(pattern)), from_(from) {}

  Result<bool> Visit(const StoredChunk& chunk) {
    if (scanned_ > kMaxScanBytes) return Stop(chunk.id, 0);
    scanned_ += chunk.body.size();
    if (!Wanted(chunk.stream)) return true;
    TRY(std::vector<io::LogEvent> events, DecodeChunk(chunk.body));
    for (std::size_t i = chunk.id == from_.id ? from_.index : 0; i < events.size(); ++i) {
      io::LogEvent& event = events[i];
      if (!Within(event.time, query_.start, query_.end)) continue;
      if (!pattern_.Matches(event.message)) continue;
      if (page_.items.size() >= query_.limit || bytes_ > kMaxPageBytes) return Stop(chunk.id, i);
      bytes_ += event.message.size() + 26;
      page_.items.push_back({.stream = chunk.stream,
                             .sequence = chunk.first_sequence + static_cast<std::int64_t>(i),
                             .time = event.time,
                             .ingested = chunk.ingested,
                             .message = std::move(event.message)});
    }
    return true;
  }
  Page<StoredEvent>& page() { return page_; }

 private:
  bool Wanted(const std::string& stream) const {
    if (!stream.starts_with(query_.stream_prefix)) return false;
    return query_.streams.empty() ||
           std::find(query_.streams.begin(), query_.streams.end(), stream) != query_.streams.end();
  }
  bool Stop(std::int64_t id, std::size_t index) {
    page_.next = Cursor{.id = id, .index = index}.ToString();
    return false;
  }

  const FilterQuery& query_;
  const FilterPattern pattern_;
  const Cursor from_;
  Page<StoredEvent> page_;
  std::size_t bytes_ = 0;
  std::size_t scanned_ = 0;
};

}  // namespace

Result<EventPage> Logs::GetEvents(EventQuery query) {
  Flush();
  return state_->database.Read(
      [&](db::Connection& connection) { return ReadPage(connection, query); });
}

// In order of storing, sorted by time within a page.
Result<Page<StoredEvent>> Logs::Filter(FilterQuery query) {
  TRY(FilterPattern pattern, FilterPattern::Parse(query.pattern));
  TRY(const Cursor from, Cursor::Parse(query.after));
  Flush();
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<StoredEvent>> {
    TRY(const std::int64_t group, FindGroup(connection, query.group));
    Search search(query, pattern, from);
    TRY_VOID(VisitGroup(connection, group, from.id, query.start, query.end,
                        [&](const StoredChunk& chunk) { return search.Visit(chunk); }));
    auto& items = search.page().items;
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
    return std::move(search.page());
  });
}

}  // namespace scones::logs

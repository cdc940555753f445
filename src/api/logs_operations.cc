#include <fmt/format.h>

#include <algorithm>

#include "api/logs.h"
#include "base/json.h"

namespace scones::api {
namespace {

using logs::Logs;

constexpr std::int64_t kMaxListPage = 50;
constexpr std::int64_t kMaxEventPage = 10'000;
constexpr std::size_t kMaxPutEvents = 10'000;
constexpr std::size_t kMaxPutBytes = 1024 * 1024;

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "InvalidParameterException", std::move(message));
}

Error Missing(std::string_view member) {
  return Invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                  "constraint: Member must not be null",
                  member));
}

Result<std::string> Required(const json::object& input, std::string_view name) {
  const json::string* text = FindString(input, name);
  if (text == nullptr) return Missing(name);
  return std::string(*text);
}

// A group by name, or by an ARN of any account: "…:log-group:NAME[:*]".
Result<std::string> GroupOf(const json::object& input) {
  if (const json::string* name = FindString(input, "logGroupName")) return std::string(*name);
  const json::string* identifier = FindString(input, "logGroupIdentifier");
  if (identifier == nullptr) return Missing("logGroupName");
  std::string name(*identifier);
  constexpr std::string_view kMark = ":log-group:";
  const std::size_t at = name.find(kMark);
  if (at == name.npos) return name;
  name.erase(0, at + kMark.size());
  return name.substr(0, name.find(':'));
}

Result<std::size_t> LimitOf(const json::object& input, std::int64_t most) {
  if (FindMember(input, "limit") == nullptr) return static_cast<std::size_t>(most);
  const auto limit = FindInteger(input, "limit");
  if (!limit || *limit < 1 || *limit > most) {
    return Invalid(
        fmt::format("Value at 'limit' failed to satisfy constraint: Member must have "
                    "value between 1 and {}",
                    most));
  }
  return static_cast<std::size_t>(*limit);
}

std::optional<Timestamp> TimeOf(const json::object& input, std::string_view name) {
  // As many milliseconds either way as microseconds can say.
  constexpr std::int64_t kMost = INT64_MAX / 1000;
  const auto milliseconds = FindInteger(input, name);
  if (!milliseconds) return std::nullopt;
  return FromEpochMilliseconds(std::clamp(*milliseconds, -kMost, kMost));
}

std::string GroupArn(const Call& call, const std::string& name) {
  return call.identity.MakeArn("logs", "log-group:" + name).ToString();
}

Result<json::value> DescribeLogGroups(Logs& logs, const Call& call, const json::object& input) {
  TRY(const std::size_t limit, LimitOf(input, kMaxListPage));
  TRY(const auto page, logs.ListGroups(StringOr(input, "logGroupNamePrefix", ""),
                                       StringOr(input, "nextToken", ""), limit));
  json::array groups;
  for (const logs::LogGroup& group : page.items) {
    json::object item{{"logGroupName", group.name},
                      {"creationTime", EpochMilliseconds(group.created)},
                      {"metricFilterCount", 0},
                      {"arn", GroupArn(call, group.name) + ":*"},
                      {"logGroupArn", GroupArn(call, group.name)},
                      {"storedBytes", group.stored_bytes},
                      {"logGroupClass", "STANDARD"}};
    if (group.retention_days) item["retentionInDays"] = *group.retention_days;
    groups.push_back(std::move(item));
  }
  json::object answer{{"logGroups", std::move(groups)}};
  if (!page.next.empty()) answer["nextToken"] = page.next;
  return answer;
}

Result<logs::StreamQuery> ParseStreamQuery(const json::object& input) {
  logs::StreamQuery query{.prefix = StringOr(input, "logStreamNamePrefix", ""),
                          .after = StringOr(input, "nextToken", "")};
  TRY(query.group, GroupOf(input));
  TRY(query.limit, LimitOf(input, kMaxListPage));
  const std::string order = StringOr(input, "orderBy", "LogStreamName");
  if (order == "LastEventTime") {
    if (!query.prefix.empty()) {
      return Invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
    }
    query.order = logs::StreamQuery::Order::kLastEvent;
  } else if (order != "LogStreamName") {
    return Invalid("orderBy must be LogStreamName or LastEventTime");
  }
  if (FindBool(input, "descending").value_or(false)) {
    query.direction = logs::StreamQuery::Direction::kDescending;
  }
  return query;
}

Result<json::value> DescribeLogStreams(Logs& logs, const Call& call, const json::object& input) {
  TRY(logs::StreamQuery query, ParseStreamQuery(input));
  const std::string group = query.group;
  TRY(const auto page, logs.ListStreams(std::move(query)));
  json::array streams;
  for (const logs::LogStream& stream : page.items) {
    json::object item{{"logStreamName", stream.name},
                      {"creationTime", EpochMilliseconds(stream.created)},
                      {"arn", GroupArn(call, group) + ":log-stream:" + stream.name},
                      {"storedBytes", 0}};  // CloudWatch, too, says 0 since 2019
    if (stream.first_event) item["firstEventTimestamp"] = EpochMilliseconds(*stream.first_event);
    if (stream.last_event) item["lastEventTimestamp"] = EpochMilliseconds(*stream.last_event);
    if (stream.last_ingestion) {
      item["lastIngestionTime"] = EpochMilliseconds(*stream.last_ingestion);
    }
    streams.push_back(std::move(item));
  }
  json::object answer{{"logStreams", std::move(streams)}};
  if (!page.next.empty()) answer["nextToken"] = page.next;
  return answer;
}

Result<json::value> GetLogEvents(Logs& logs, const Call&, const json::object& input) {
  logs::EventQuery query{.start = TimeOf(input, "startTime"),
                         .end = TimeOf(input, "endTime"),
                         .token = StringOr(input, "nextToken", "")};
  TRY(query.group, GroupOf(input));
  TRY(query.stream, Required(input, "logStreamName"));
  TRY(query.limit, LimitOf(input, kMaxEventPage));
  if (FindBool(input, "startFromHead").value_or(false)) {
    query.from = logs::EventQuery::From::kHead;
  }
  TRY(const logs::EventPage page, logs.GetEvents(std::move(query)));
  json::array events;
  for (const logs::StoredEvent& event : page.events) {
    events.push_back(json::object{{"timestamp", EpochMilliseconds(event.time)},
                                  {"message", event.message},
                                  {"ingestionTime", EpochMilliseconds(event.ingested)}});
  }
  return json::object{{"events", std::move(events)},
                      {"nextForwardToken", page.forward},
                      {"nextBackwardToken", page.backward}};
}

Result<json::value> FilterLogEvents(Logs& logs, const Call&, const json::object& input) {
  logs::FilterQuery query{.stream_prefix = StringOr(input, "logStreamNamePrefix", ""),
                          .start = TimeOf(input, "startTime"),
                          .end = TimeOf(input, "endTime"),
                          .pattern = StringOr(input, "filterPattern", ""),
                          .after = StringOr(input, "nextToken", "")};
  TRY(query.group, GroupOf(input));
  TRY(query.limit, LimitOf(input, kMaxEventPage));
  if (const json::array* names = FindArray(input, "logStreamNames")) {
    for (const json::value& name : *names) {
      if (!name.is_string()) return Invalid("logStreamNames must hold strings");
      query.streams.emplace_back(name.get_string());
    }
  }
  TRY(const auto page, logs.Filter(std::move(query)));
  json::array events;
  for (const logs::StoredEvent& event : page.items) {
    events.push_back(json::object{{"logStreamName", event.stream},
                                  {"timestamp", EpochMilliseconds(event.time)},
                                  {"message", event.message},
                                  {"ingestionTime", EpochMilliseconds(event.ingested)},
                                  {"eventId", fmt::format("{}-{}", event.stream, event.sequence)}});
  }
  json::object answer{{"events", std::move(events)}, {"searchedLogStreams", json::array()}};
  if (!page.next.empty()) answer["nextToken"] = page.next;
  return answer;
}

Result<std::vector<io::LogEvent>> ParseEvents(const json::object& input) {
  const json::array* given = FindArray(input, "logEvents");
  if (given == nullptr) return Missing("logEvents");
  if (given->empty() || given->size() > kMaxPutEvents) {
    return Invalid(fmt::format("logEvents must hold 1 to {} events", kMaxPutEvents));
  }
  std::vector<io::LogEvent> events;
  std::size_t bytes = 0;
  for (const json::value& value : *given) {
    const json::object* event = value.if_object();
    const json::string* message = event != nullptr ? FindString(*event, "message") : nullptr;
    const auto time = event != nullptr ? TimeOf(*event, "timestamp") : std::nullopt;
    if (message == nullptr || !time) return Invalid("each log event needs timestamp and message");
    if (!events.empty() && *time < events.back().time) {
      return Invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    bytes += message->size() + 26;
    if (bytes > kMaxPutBytes) {
      return Invalid(
          fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kMaxPutBytes));
    }
    events.push_back({*time, std::string(*message)});
  }
  return events;
}

Result<json::value> PutLogEvents(Logs& logs, const Call& call, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  TRY(std::string stream, Required(input, "logStreamName"));
  TRY(std::vector<io::LogEvent> events, ParseEvents(input));
  // To be refused where group or stream don't exist, not made.
  TRY_VOID(logs.GetEvents({.group = group, .stream = stream, .limit = 1}));
  logs.Append(std::move(group), std::move(stream), std::move(events));
  logs.Flush();
  return json::object{{"nextSequenceToken", fmt::format("{:056}", EpochMilliseconds(call.now))}};
}

Result<json::value> Nothing(Result<void> done) {
  if (!done) return done.error();
  return json::value(json::object());
}

Result<json::value> CreateLogGroup(Logs& logs, const Call&, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  return Nothing(logs.CreateGroup(std::move(group), std::nullopt));
}

Result<json::value> CreateLogStream(Logs& logs, const Call&, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  TRY(std::string stream, Required(input, "logStreamName"));
  return Nothing(logs.CreateStream(std::move(group), std::move(stream)));
}

Result<json::value> DeleteLogGroup(Logs& logs, const Call&, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  return Nothing(logs.DeleteGroup(std::move(group)));
}

Result<json::value> DeleteLogStream(Logs& logs, const Call&, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  TRY(std::string stream, Required(input, "logStreamName"));
  return Nothing(logs.DeleteStream(std::move(group), std::move(stream)));
}

Result<json::value> PutRetentionPolicy(Logs& logs, const Call&, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  const auto days = FindInteger(input, "retentionInDays");
  if (!days) return Missing("retentionInDays");
  return Nothing(logs.SetRetention(std::move(group), days));
}

Result<json::value> DeleteRetentionPolicy(Logs& logs, const Call&, const json::object& input) {
  TRY(std::string group, GroupOf(input));
  return Nothing(logs.SetRetention(std::move(group), std::nullopt));
}

using Operation = Result<json::value> (*)(Logs&, const Call&, const json::object&);

io::Task<Result<json::value>> Run(Logs& logs, io::BlockingPool& disk, Operation operation,
                                  Call call, json::object input) {
  auto job = [&logs, operation, call = std::move(call), input = std::move(input)] {
    return operation(logs, call, input);
  };
  co_return co_await disk.Run(std::move(job));
}

}  // namespace

void AddLogsOperations(JsonDialect& dialect, Logs& logs, io::BlockingPool& disk) {
  constexpr std::pair<const char*, Operation> kOperations[] = {
      {"DescribeLogGroups", DescribeLogGroups},
      {"DescribeLogStreams", DescribeLogStreams},
      {"GetLogEvents", GetLogEvents},
      {"FilterLogEvents", FilterLogEvents},
      {"PutLogEvents", PutLogEvents},
      {"CreateLogGroup", CreateLogGroup},
      {"CreateLogStream", CreateLogStream},
      {"DeleteLogGroup", DeleteLogGroup},
      {"DeleteLogStream", DeleteLogStream},
      {"PutRetentionPolicy", PutRetentionPolicy},
      {"DeleteRetentionPolicy", DeleteRetentionPolicy}};
  for (const auto& [name, operation] : kOperations) {
    dialect.Add(name, [&logs, &disk, operation = operation](Call call, json::object input) {
      return Run(logs, disk, operation, std::move(call), std::move(input));
    });
  }
}

}  // namespace scones::api

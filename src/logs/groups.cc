// Log groups and streams: made, listed, removed.
#include <charconv>

#include "db/database.h"
#include "logs/detail/state.h"
#include "logs/logs.h"

namespace scones::logs {
namespace {

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.#";

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "InvalidParameterException", std::move(message));
}

Result<void> ValidateGroup(const std::string& name) {
  if (name.empty() || name.size() > 512 ||
      name.find_first_not_of(kNameCharacters) != std::string::npos) {
    return Invalid("Value '" + name.substr(0, 200) +
                   "' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular "
                   "expression pattern: [\\.\\-_/#A-Za-z0-9]+, of 1 to 512 characters");
  }
  return {};
}

Result<void> ValidateStream(const std::string& name) {
  if (name.empty() || name.size() > 512 || name.find_first_of(":*") != std::string::npos) {
    return Invalid("Value '" + name.substr(0, 200) +
                   "' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular "
                   "expression pattern: [^:*]*, of 1 to 512 characters");
  }
  return {};
}

std::optional<Timestamp> OptionalTime(const db::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return Timestamp(std::chrono::microseconds(row.Int(column)));
}

// The first text that is greater than all that start with `prefix`; "" where there is none.
std::string AfterPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty())
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

Error Exists(std::string_view what) {
  return Error(Code::kExists, "ResourceAlreadyExistsException",
               "The specified " + std::string(what) + " already exists");
}

Result<void> Remove(db::Connection& connection, std::int64_t stream) {
  TRY_VOID(connection.Prepare("DELETE FROM log_chunks WHERE stream_id = ?1").Bind(1, stream).Run());
  return connection.Prepare("DELETE FROM log_streams WHERE id = ?1").Bind(1, stream).Run();
}

}  // namespace

Result<void> Logs::CreateGroup(std::string name, std::optional<std::int64_t> retention_days) {
  TRY_VOID(ValidateGroup(name));
  Flush();
  const Timestamp now = state_->clock.Now();
  return state_->database.WriteAndWait([&](db::Connection& connection) -> Result<void> {
    if (FindGroup(connection, name)) return Exists("log group");
    db::Statement insert = connection.Prepare(
        "INSERT INTO log_groups (name, created_us, retention_days) VALUES (?1, ?2, ?3)");
    insert.Bind(1, std::string_view(name)).Bind(2, now.time_since_epoch().count());
    if (retention_days) {
      insert.Bind(3, *retention_days);
    } else {
      insert.BindNull(3);
    }
    return insert.Run();
  });
}

Result<void> Logs::CreateStream(std::string group, std::string name) {
  TRY_VOID(ValidateGroup(group));
  TRY_VOID(ValidateStream(name));
  Flush();
  const Timestamp now = state_->clock.Now();
  return state_->database.WriteAndWait([&](db::Connection& connection) -> Result<void> {
    TRY_VOID(FindGroup(connection, group));
    if (FindStream(connection, group, name)) return Exists("log stream");
    TRY_VOID(EnsureStream(connection, group, name, now));
    return {};
  });
}

Result<void> Logs::DeleteGroup(std::string name) {
  Flush();
  return state_->database.WriteAndWait([&](db::Connection& connection) -> Result<void> {
    TRY(const std::int64_t group, FindGroup(connection, name));
    TRY_VOID(connection
                 .Prepare("DELETE FROM log_chunks WHERE stream_id IN"
                          " (SELECT id FROM log_streams WHERE group_id = ?1)")
                 .Bind(1, group)
                 .Run());
    TRY_VOID(
        connection.Prepare("DELETE FROM log_streams WHERE group_id = ?1").Bind(1, group).Run());
    return connection.Prepare("DELETE FROM log_groups WHERE id = ?1").Bind(1, group).Run();
  });
}

Result<void> Logs::DeleteStream(std::string group, std::string name) {
  Flush();
  return state_->database.WriteAndWait([&](db::Connection& connection) -> Result<void> {
    TRY(const std::int64_t stream, FindStream(connection, group, name));
    return Remove(connection, stream);
  });
}

Result<void> Logs::SetRetention(std::string group, std::optional<std::int64_t> days) {
  if (days && (*days < 1 || *days > 3653)) {
    return Invalid("retentionInDays must be between 1 and 3653");
  }
  Flush();
  return state_->database.WriteAndWait([&](db::Connection& connection) -> Result<void> {
    TRY(const std::int64_t id, FindGroup(connection, group));
    db::Statement update =
        connection.Prepare("UPDATE log_groups SET retention_days = ?2 WHERE id = ?1");
    update.Bind(1, id);
    if (days) {
      update.Bind(2, *days);
    } else {
      update.BindNull(2);
    }
    return update.Run();
  });
}

Result<Page<LogGroup>> Logs::ListGroups(std::string prefix, std::string after, std::size_t limit) {
  Flush();
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<LogGroup>> {
    db::Statement select = connection.Prepare(
        "SELECT g.name, g.created_us, g.retention_days, (SELECT coalesce(sum(stored_bytes), 0)"
        " FROM log_streams s WHERE s.group_id = g.id) FROM log_groups g"
        " WHERE g.name > ?1 AND g.name >= ?2 AND (?3 = '' OR g.name < ?3)"
        " ORDER BY g.name LIMIT ?4");
    const std::string end = AfterPrefix(prefix);
    select.Bind(1, std::string_view(after))
        .Bind(2, std::string_view(prefix))
        .Bind(3, std::string_view(end))
        .Bind(4, static_cast<std::int64_t>(limit + 1));
    Page<LogGroup> page;
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return page;
      if (page.items.size() == limit) {
        page.next = page.items.back().name;
        return page;
      }
      LogGroup group{.name = std::string(select.Text(0)),
                     .created = OptionalTime(select, 1).value_or(Timestamp()),
                     .stored_bytes = select.Int(3)};
      if (!select.IsNull(2)) group.retention_days = select.Int(2);
      page.items.push_back(std::move(group));
    }
  });
}

// The order by last event pages by offset: streams that get lines meanwhile may come twice or not
// at all, as in CloudWatch.
Result<Page<LogStream>> Logs::ListStreams(StreamQuery query) {
  std::int64_t offset = 0;
  std::from_chars(query.after.data(), query.after.data() + query.after.size(), offset);
  Flush();
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<LogStream>> {
    TRY(const std::int64_t group, FindGroup(connection, query.group));
    std::string sql =
        "SELECT name, created_us, first_us, last_us, ingested_us FROM log_streams"
        " WHERE group_id = ?1 AND name >= ?2 AND (?3 = '' OR name < ?3) ORDER BY ";
    sql += query.order == StreamQuery::Order::kName ? "name" : "coalesce(last_us, created_us)";
    sql += query.direction == StreamQuery::Direction::kAscending ? " ASC" : " DESC";
    db::Statement select = connection.Prepare(sql + ", id LIMIT ?4 OFFSET ?5");
    const std::string end = AfterPrefix(query.prefix);
    select.Bind(1, group)
        .Bind(2, std::string_view(query.prefix))
        .Bind(3, std::string_view(end))
        .Bind(4, static_cast<std::int64_t>(query.limit + 1))
        .Bind(5, std::max<std::int64_t>(offset, 0));
    Page<LogStream> page;
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return page;
      if (page.items.size() == query.limit) {
        page.next = std::to_string(offset + static_cast<std::int64_t>(query.limit));
        return page;
      }
      page.items.push_back({.name = std::string(select.Text(0)),
                            .created = OptionalTime(select, 1).value_or(Timestamp()),
                            .first_event = OptionalTime(select, 2),
                            .last_event = OptionalTime(select, 3),
                            .last_ingestion = OptionalTime(select, 4)});
    }
  });
}

}  // namespace scones::logs

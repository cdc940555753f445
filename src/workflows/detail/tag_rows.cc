#include "workflows/detail/tag_rows.h"

#include <fmt/format.h>

namespace scones::workflows {
namespace {

struct Statements {
  const char* put;
  const char* count;
  const char* remove;
  const char* remove_all;
  const char* read;
};

const Statements& Sql(TagOwner kind) {
  static const Statements machine = {
      .put =
          "INSERT INTO state_machine_tags (machine, key, value) VALUES (?1,?2,?3) "
          "ON CONFLICT (machine, key) DO UPDATE SET value = excluded.value",
      .count = "SELECT count(*) FROM state_machine_tags WHERE machine = ?1",
      .remove = "DELETE FROM state_machine_tags WHERE machine = ?1 AND key = ?2",
      .remove_all = "DELETE FROM state_machine_tags WHERE machine = ?1",
      .read = "SELECT key, value FROM state_machine_tags WHERE machine = ?1 ORDER BY key"};
  static const Statements activity = {
      .put =
          "INSERT INTO activity_tags (activity, key, value) VALUES (?1,?2,?3) "
          "ON CONFLICT (activity, key) DO UPDATE SET value = excluded.value",
      .count = "SELECT count(*) FROM activity_tags WHERE activity = ?1",
      .remove = "DELETE FROM activity_tags WHERE activity = ?1 AND key = ?2",
      .remove_all = "DELETE FROM activity_tags WHERE activity = ?1",
      .read = "SELECT key, value FROM activity_tags WHERE activity = ?1 ORDER BY key"};
  return kind == TagOwner::kActivity ? activity : machine;
}

}  // namespace

Result<void> PutTags(db::Connection& connection, TagOwner kind, std::int64_t owner,
                     const std::vector<Tag>& tags, std::size_t limit) {
  for (const Tag& tag : tags) {
    TRY_VOID(connection.Prepare(Sql(kind).put)
                 .Bind(1, owner)
                 .Bind(2, std::string_view(tag.key))
                 .Bind(3, std::string_view(tag.value))
                 .Run());
  }
  db::Statement count = connection.Prepare(Sql(kind).count);
  TRY(const bool found, count.Bind(1, owner).Step());
  if (!found || count.Int(0) <= static_cast<std::int64_t>(limit)) return {};
  return Error(Code::kExhausted, "TooManyTags",
               fmt::format("a resource can have {} tags at most", limit));
}

Result<void> RemoveTags(db::Connection& connection, TagOwner kind, std::int64_t owner,
                        const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    TRY_VOID(
        connection.Prepare(Sql(kind).remove).Bind(1, owner).Bind(2, std::string_view(key)).Run());
  }
  return {};
}

Result<void> RemoveAllTags(db::Connection& connection, TagOwner kind, std::int64_t owner) {
  return connection.Prepare(Sql(kind).remove_all).Bind(1, owner).Run();
}

Result<std::vector<Tag>> ReadTags(db::Connection& connection, TagOwner kind, std::int64_t owner) {
  db::Statement select = connection.Prepare(Sql(kind).read);
  select.Bind(1, owner);
  std::vector<Tag> tags;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return tags;
    tags.push_back({.key = std::string(select.Text(0)), .value = std::string(select.Text(1))});
  }
}

}  // namespace scones::workflows

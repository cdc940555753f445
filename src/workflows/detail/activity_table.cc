#include "workflows/detail/activity_table.h"

#include <fmt/format.h>

#include "workflows/detail/names.h"
#include "workflows/detail/page_token.h"
#include "workflows/detail/tag_rows.h"

namespace scones::workflows {
namespace {

struct Row {
  std::int64_t id = 0;
  Activity described;
};

Row ReadRow(const db::Statement& row, const Identity& identity) {
  Row read{.id = row.Int(0), .described = {}};
  read.described.name = row.Text(1);
  read.described.arn = ActivityArn(identity, read.described.name);
  read.described.created = Timestamp(std::chrono::microseconds(row.Int(2)));
  return read;
}

Result<std::optional<Row>> Find(db::Connection& connection, const Identity& identity,
                                const std::string& name) {
  db::Statement select =
      connection.Prepare("SELECT id, name, created_us FROM activities WHERE name = ?1");
  TRY(const bool found, select.Bind(1, std::string_view(name)).Step());
  if (!found) return std::optional<Row>();
  return std::optional<Row>(ReadRow(select, identity));
}

Result<Row> FindTagged(db::Connection& connection, const Identity& identity,
                       const std::string& arn) {
  Result<std::string> name = ParseActivityArn(identity, arn);
  if (!name) return name.error().code() == Code::kNotFound ? ResourceNotFound(arn) : name.error();
  TRY(std::optional<Row> row, Find(connection, identity, *name));
  if (!row) return ResourceNotFound(arn);
  return std::move(*row);
}

}  // namespace

ActivityTable::ActivityTable(db::Database& database, const Clock& clock, Identity identity,
                             const Options& options)
    : database_(database), clock_(clock), identity_(std::move(identity)), options_(options) {}

Result<void> ActivityTable::Load() {
  return database_.Read([this](db::Connection& connection) -> Result<void> {
    db::Statement select = connection.Prepare("SELECT name FROM activities");
    const std::lock_guard lock(mutex_);
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return {};
      names_.emplace(select.Text(0));
    }
  });
}

io::Task<Result<Activity>> ActivityTable::Create(std::string name,
                                                 std::vector<workflows::Tag> tags) {
  CO_TRY_VOID(CheckName(name));
  const Timestamp now = clock_.Now();
  auto insert = [this, name, tags = std::move(tags),
                 now](db::Connection& connection) -> Result<Activity> {
    TRY(const std::optional<Row> known, Find(connection, identity_, name));
    if (known) return known->described;
    db::Statement count = connection.Prepare("SELECT count(*) FROM activities");
    TRY_VOID(count.Step());
    if (count.Int(0) >= static_cast<std::int64_t>(options_.max_activities)) {
      return Error(Code::kExhausted, "ActivityLimitExceeded",
                   fmt::format("there are {} activities already, as many as can be; delete those "
                               "that are not needed",
                               count.Int(0)));
    }
    TRY_VOID(connection.Prepare("INSERT INTO activities (name, created_us) VALUES (?1, ?2)")
                 .Bind(1, std::string_view(name))
                 .Bind(2, std::int64_t{now.time_since_epoch().count()})
                 .Run());
    TRY_VOID(PutTags(connection, TagOwner::kActivity, connection.LastInsertId(), tags,
                     options_.max_tags));
    return Activity{.arn = ActivityArn(identity_, name), .name = name, .created = now};
  };
  Result<Activity> created = co_await database_.Write(std::move(insert));
  if (created) {
    const std::lock_guard lock(mutex_);
    names_.insert(name);
  }
  co_return created;
}

io::Task<Result<void>> ActivityTable::Delete(std::string arn) {
  Result<std::string> name = ParseActivityArn(identity_, arn);
  if (!name && name.error().code() == Code::kNotFound) co_return Result<void>();
  if (!name) co_return name.error();
  auto remove = [this, name = *name](db::Connection& connection) -> Result<void> {
    TRY(const std::optional<Row> row, Find(connection, identity_, name));
    if (!row) return {};
    TRY_VOID(RemoveAllTags(connection, TagOwner::kActivity, row->id));
    return connection.Prepare("DELETE FROM activities WHERE id = ?1").Bind(1, row->id).Run();
  };
  Result<void> removed = co_await database_.Write(std::move(remove));
  if (removed) {
    const std::lock_guard lock(mutex_);
    names_.erase(*name);
  }
  co_return removed;
}

Result<Activity> ActivityTable::Describe(const std::string& arn) {
  TRY(const std::string name, ParseActivityArn(identity_, arn));
  TRY(std::optional<Row> row, database_.Read([&](db::Connection& connection) {
    return Find(connection, identity_, name);
  }));
  if (!row) return ActivityDoesNotExist(arn);
  return std::move(row->described);
}

Result<Page<Activity>> ActivityTable::List(const PageRequest& page) {
  const std::int64_t limit = PageLimit(page);
  std::string after;
  if (!page.next_token.empty()) {
    TRY(after, ReadNameToken('a', page.next_token));
  }
  return database_.Read([&](db::Connection& connection) -> Result<Page<Activity>> {
    db::Statement select = connection.Prepare(
        "SELECT id, name, created_us FROM activities WHERE name > ?1 ORDER BY name LIMIT ?2");
    select.Bind(1, std::string_view(after)).Bind(2, limit + 1);
    Page<Activity> listed;
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return listed;
      if (static_cast<std::int64_t>(listed.items.size()) == limit) {
        listed.next_token = MakeNameToken('a', listed.items.back().name);
        return listed;
      }
      listed.items.push_back(ReadRow(select, identity_).described);
    }
  });
}

io::Task<Result<void>> ActivityTable::Tag(std::string arn, std::vector<workflows::Tag> tags) {
  auto put = [this, arn = std::move(arn),
              tags = std::move(tags)](db::Connection& connection) -> Result<void> {
    TRY(const Row row, FindTagged(connection, identity_, arn));
    return PutTags(connection, TagOwner::kActivity, row.id, tags, options_.max_tags);
  };
  co_return co_await database_.Write(std::move(put));
}

io::Task<Result<void>> ActivityTable::Untag(std::string arn, std::vector<std::string> keys) {
  auto remove = [this, arn = std::move(arn),
                 keys = std::move(keys)](db::Connection& connection) -> Result<void> {
    TRY(const Row row, FindTagged(connection, identity_, arn));
    return RemoveTags(connection, TagOwner::kActivity, row.id, keys);
  };
  co_return co_await database_.Write(std::move(remove));
}

Result<std::vector<Tag>> ActivityTable::ListTags(const std::string& arn) {
  return database_.Read([&](db::Connection& connection) -> Result<std::vector<workflows::Tag>> {
    TRY(const Row row, FindTagged(connection, identity_, arn));
    return ReadTags(connection, TagOwner::kActivity, row.id);
  });
}

bool ActivityTable::Exists(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(name);
}

Result<std::string> ActivityTable::NameOf(const std::string& arn) const {
  TRY(std::string name, ParseActivityArn(identity_, arn));
  if (!Exists(name)) return ActivityDoesNotExist(arn);
  return name;
}

}  // namespace scones::workflows

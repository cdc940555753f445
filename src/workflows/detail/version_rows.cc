#include "workflows/detail/version_rows.h"

#include <fmt/format.h>

#include "workflows/detail/machine_table.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

std::int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }

VersionRow ReadVersion(const db::Statement& row) {
  return {.version = row.Int(0),
          .revision = row.Int(1),
          .created = FromMicros(row.Int(2)),
          .description = std::string(row.Text(3))};
}

AliasRow ReadAlias(const db::Statement& row) {
  AliasRow alias{.name = std::string(row.Text(0)),
                 .created = FromMicros(row.Int(1)),
                 .updated = FromMicros(row.Int(2)),
                 .description = std::string(row.Text(3)),
                 .version = row.Int(4),
                 .weight = row.Int(5)};
  if (!row.IsNull(6)) {
    alias.second_version = row.Int(6);
    alias.second_weight = row.Int(7);
  }
  return alias;
}

#define SCONES_VERSION_COLUMNS \
  "SELECT version, revision, created_us, description FROM state_machine_versions "
#define SCONES_ALIAS_COLUMNS                                                            \
  "SELECT name, created_us, updated_us, description, version, weight, second_version, " \
  "second_weight FROM state_machine_aliases "

constexpr char kVersion[] = SCONES_VERSION_COLUMNS "WHERE machine = ?1 AND version = ?2";
constexpr char kVersionOfRevision[] =
    SCONES_VERSION_COLUMNS "WHERE machine = ?1 AND revision = ?2 ORDER BY version DESC LIMIT 1";
constexpr char kVersions[] =
    SCONES_VERSION_COLUMNS "WHERE machine = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3";
constexpr char kAlias[] = SCONES_ALIAS_COLUMNS "WHERE machine = ?1 AND name = ?2";
constexpr char kAliases[] = SCONES_ALIAS_COLUMNS
    "WHERE machine = ?1 AND name > ?2 AND (?3 = 0 OR version = ?3 OR second_version = ?3) "
    "ORDER BY name LIMIT ?4";

#undef SCONES_VERSION_COLUMNS
#undef SCONES_ALIAS_COLUMNS

template <class Row>
Result<std::optional<Row>> One(db::Statement& select, Row (*read)(const db::Statement&)) {
  TRY(const bool found, select.Step());
  if (!found) return std::optional<Row>();
  return std::optional<Row>(read(select));
}

template <class Row>
Result<std::vector<Row>> All(db::Statement& select, Row (*read)(const db::Statement&)) {
  std::vector<Row> rows;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return rows;
    rows.push_back(read(select));
  }
}

Result<std::int64_t> Count(db::Connection& connection, const char* sql, std::int64_t machine) {
  db::Statement select = connection.Prepare(sql);
  select.Bind(1, machine);
  TRY(const bool found, select.Step());
  return found ? select.Int(0) : 0;
}

}  // namespace

Result<std::optional<VersionRow>> FindVersion(db::Connection& connection, std::int64_t machine,
                                              std::int64_t version) {
  db::Statement select = connection.Prepare(kVersion);
  select.Bind(1, machine).Bind(2, version);
  return One(select, ReadVersion);
}

Result<std::vector<VersionRow>> ListVersions(db::Connection& connection, std::int64_t machine,
                                             std::int64_t before, std::int64_t limit) {
  db::Statement select = connection.Prepare(kVersions);
  select.Bind(1, machine).Bind(2, before).Bind(3, limit);
  return All(select, ReadVersion);
}

Result<void> RemoveVersion(db::Connection& connection, std::int64_t machine, std::int64_t version) {
  return connection
      .Prepare("DELETE FROM state_machine_versions WHERE machine = ?1 AND version = ?2")
      .Bind(1, machine)
      .Bind(2, version)
      .Run();
}

Result<StateMachineVersion> PublishVersion(db::Connection& connection, const Identity& identity,
                                           const MachineRow& row, const std::string& description,
                                           Publishing publishing) {
  const std::string& name = row.described.name;
  db::Statement select = connection.Prepare(kVersionOfRevision);
  select.Bind(1, row.machine).Bind(2, row.revision);
  TRY(const std::optional<VersionRow> known, One(select, ReadVersion));
  if (known) {
    return StateMachineVersion{.arn = VersionArn(identity, name, known->version),
                               .created = known->created};
  }
  TRY(const std::int64_t count,
      Count(connection, "SELECT count(*) FROM state_machine_versions WHERE machine = ?1",
            row.machine));
  if (count >= static_cast<std::int64_t>(publishing.limit)) {
    return Error(Code::kExhausted, "ServiceQuotaExceededException",
                 fmt::format("The state machine has {} versions already, as many as it can have; "
                             "delete those that are not needed",
                             count));
  }
  const std::int64_t version = row.last_version + 1;
  TRY_VOID(connection
               .Prepare("INSERT INTO state_machine_versions (machine, version, revision, "
                        "created_us, description) VALUES (?1,?2,?3,?4,?5)")
               .Bind(1, row.machine)
               .Bind(2, version)
               .Bind(3, row.revision)
               .Bind(4, Micros(publishing.now))
               .Bind(5, std::string_view(description))
               .Run());
  TRY_VOID(connection.Prepare("UPDATE state_machines SET last_version = ?2 WHERE id = ?1")
               .Bind(1, row.machine)
               .Bind(2, version)
               .Run());
  return StateMachineVersion{.arn = VersionArn(identity, name, version), .created = publishing.now};
}

Result<std::optional<AliasRow>> FindAlias(db::Connection& connection, std::int64_t machine,
                                          const std::string& name) {
  db::Statement select = connection.Prepare(kAlias);
  select.Bind(1, machine).Bind(2, std::string_view(name));
  return One(select, ReadAlias);
}

Result<std::vector<AliasRow>> ListAliases(db::Connection& connection, std::int64_t machine,
                                          std::int64_t version, const std::string& after,
                                          std::int64_t limit) {
  db::Statement select = connection.Prepare(kAliases);
  select.Bind(1, machine).Bind(2, std::string_view(after)).Bind(3, version).Bind(4, limit);
  return All(select, ReadAlias);
}

Result<std::int64_t> CountAliases(db::Connection& connection, std::int64_t machine) {
  return Count(connection, "SELECT count(*) FROM state_machine_aliases WHERE machine = ?1",
               machine);
}

Result<void> PutAlias(db::Connection& connection, std::int64_t machine, const AliasRow& alias) {
  db::Statement put = connection.Prepare(
      "INSERT OR REPLACE INTO state_machine_aliases (machine, name, created_us, updated_us, "
      "description, version, weight, second_version, second_weight) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)");
  put.Bind(1, machine)
      .Bind(2, std::string_view(alias.name))
      .Bind(3, Micros(alias.created))
      .Bind(4, Micros(alias.updated))
      .Bind(5, std::string_view(alias.description))
      .Bind(6, alias.version)
      .Bind(7, alias.weight);
  if (alias.second_version != 0) put.Bind(8, alias.second_version).Bind(9, alias.second_weight);
  return put.Run();
}

Result<void> RemoveAlias(db::Connection& connection, std::int64_t machine,
                         const std::string& name) {
  return connection.Prepare("DELETE FROM state_machine_aliases WHERE machine = ?1 AND name = ?2")
      .Bind(1, machine)
      .Bind(2, std::string_view(name))
      .Run();
}

Result<void> RemoveAllVersions(db::Connection& connection, std::int64_t machine) {
  TRY_VOID(connection.Prepare("DELETE FROM state_machine_aliases WHERE machine = ?1")
               .Bind(1, machine)
               .Run());
  return connection.Prepare("DELETE FROM state_machine_versions WHERE machine = ?1")
      .Bind(1, machine)
      .Run();
}

}  // namespace scones::workflows

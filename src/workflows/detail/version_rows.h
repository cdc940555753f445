// Versions and aliases of state machines in the database. Functions over a connection; the caller
// provides the transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "db/connection.h"
#include "workflows/types.h"

namespace scones::workflows {

struct MachineRow;

struct VersionRow {
  std::int64_t version = 0;
  std::int64_t revision = 0;
  Timestamp created;
  std::string description;
};
Result<std::optional<VersionRow>> FindVersion(db::Connection& connection, std::int64_t machine,
                                              std::int64_t version);
// Latest first, numbers below `before`.
Result<std::vector<VersionRow>> ListVersions(db::Connection& connection, std::int64_t machine,
                                             std::int64_t before, std::int64_t limit);
Result<void> RemoveVersion(db::Connection& connection, std::int64_t machine, std::int64_t version);

struct Publishing {
  Timestamp now;
  std::size_t limit = 0;  // versions of a machine
};
// The version of the machine's current revision; a new one unless there is one.
// Errors: ServiceQuotaExceededException.
Result<StateMachineVersion> PublishVersion(db::Connection& connection, const Identity& identity,
                                           const MachineRow& row, const std::string& description,
                                           Publishing publishing);

struct AliasRow {
  std::string name;
  Timestamp created;
  Timestamp updated;
  std::string description;
  std::int64_t version = 0;
  std::int64_t weight = 100;
  std::int64_t second_version = 0;  // 0: none
  std::int64_t second_weight = 0;

  // `draw` in 0..99.
  std::int64_t Choose(std::int64_t draw) const {
    return second_version != 0 && draw >= weight ? second_version : version;
  }
};
Result<std::optional<AliasRow>> FindAlias(db::Connection& connection, std::int64_t machine,
                                          const std::string& name);
// By name, after `after`; `version` not 0: those that route to it.
Result<std::vector<AliasRow>> ListAliases(db::Connection& connection, std::int64_t machine,
                                          std::int64_t version, const std::string& after,
                                          std::int64_t limit);
Result<std::int64_t> CountAliases(db::Connection& connection, std::int64_t machine);
// Inserts or replaces.
Result<void> PutAlias(db::Connection& connection, std::int64_t machine, const AliasRow& alias);
Result<void> RemoveAlias(db::Connection& connection, std::int64_t machine, const std::string& name);

// All versions and aliases of a machine.
Result<void> RemoveAllVersions(db::Connection& connection, std::int64_t machine);

}  // namespace scones::workflows

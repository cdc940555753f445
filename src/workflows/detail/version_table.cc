#include "workflows/detail/version_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "workflows/detail/machine_table.h"
#include "workflows/detail/names.h"
#include "workflows/detail/page_token.h"
#include "workflows/detail/version_rows.h"

namespace scones::workflows {
namespace {

constexpr std::string_view kInitialRevision = "INITIAL";

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Error Conflict(std::string message) {
  return Error(Code::kExists, "ConflictException", std::move(message));
}

Error NoSuchResource() {
  return Error(Code::kNotFound, "ResourceNotFound",
               "Request references a resource that does not exist.");
}

Error InvalidArn(const std::string& arn) {
  return Error(Code::kInvalid, "InvalidArn", fmt::format("Invalid Arn: 'Invalid ARN: {}'", arn));
}

Result<MachineReference> ParseAliasArn(const Identity& identity, const std::string& arn) {
  TRY(MachineReference reference, ParseMachineReference(identity, arn));
  if (reference.alias.empty()) return InvalidArn(arn);
  return reference;
}

Result<MachineRow> FindActive(db::Connection& connection, const Identity& identity,
                              const std::string& machine, const std::string& arn) {
  TRY(std::optional<MachineRow> row, FindMachineRow(connection, identity, machine));
  if (!row) return StateMachineDoesNotExist(arn);
  if (row->described.status == StateMachineStatus::kDeleting) return StateMachineDeleting(arn);
  return std::move(*row);
}

std::string ArnList(const std::vector<Route>& routes) {
  std::vector<std::string> arns;
  for (const Route& route : routes) arns.push_back(route.version_arn);
  return fmt::format("[{}]", fmt::join(arns, ", "));
}

// The machine that all routes are of; only their ARNs are looked at.
Result<std::string> MachineOf(const Identity& identity, const std::vector<Route>& routes) {
  std::set<std::string> machines;
  for (const Route& route : routes) {
    TRY(MachineReference reference, ParseMachineReference(identity, route.version_arn));
    if (reference.version == 0) {
      return Invalid(
          fmt::format("Routing configuration must contain state machine version ARNs. Received: {}",
                      ArnList(routes)));
    }
    machines.insert(std::move(reference.machine));
  }
  if (machines.size() != 1) {
    return Invalid(fmt::format(
        "Routing configuration must contain versions of one state machine. Received: {}",
        ArnList(routes)));
  }
  return *machines.begin();
}

// Precondition: MachineOf accepts the routes, one or two.
void SetRoutes(const Identity& identity, const std::vector<Route>& routes, AliasRow& alias) {
  const auto version = [&](const Route& route) {
    const auto reference = ParseMachineReference(identity, route.version_arn);
    return reference ? reference->version : 0;
  };
  alias.version = version(routes[0]);
  alias.weight = routes[0].weight;
  alias.second_version = routes.size() > 1 ? version(routes[1]) : 0;
  alias.second_weight = routes.size() > 1 ? routes[1].weight : 0;
}

Result<void> CheckRoutes(db::Connection& connection, std::int64_t machine,
                         const std::vector<Route>& routes, const AliasRow& alias) {
  if (alias.version == alias.second_version) {
    return Invalid(
        fmt::format("Routing configuration must contain distinct state machine version ARNs. "
                    "Received: {}",
                    ArnList(routes)));
  }
  if (alias.weight + alias.second_weight != 100) {
    std::vector<std::int64_t> weights;
    for (const Route& route : routes) weights.push_back(route.weight);
    return Invalid(
        fmt::format("Sum of routing configuration weights must equal 100. Received: [{}]",
                    fmt::join(weights, ", ")));
  }
  for (const std::int64_t number : {alias.version, alias.second_version}) {
    if (number == 0) continue;
    TRY(const std::optional<VersionRow> version, FindVersion(connection, machine, number));
    if (!version) return NoSuchResource();
  }
  return {};
}

StateMachineAlias Described(const Identity& identity, const std::string& machine, AliasRow row) {
  StateMachineAlias alias{.arn = QualifiedArn(identity, machine, row.name),
                          .name = std::move(row.name),
                          .description = std::move(row.description),
                          .routes = {},
                          .created = row.created,
                          .updated = row.updated};
  alias.routes.push_back(
      {.version_arn = VersionArn(identity, machine, row.version), .weight = row.weight});
  if (row.second_version != 0) {
    alias.routes.push_back({.version_arn = VersionArn(identity, machine, row.second_version),
                            .weight = row.second_weight});
  }
  return alias;
}

}  // namespace

VersionTable::VersionTable(db::Database& database, const Clock& clock, Identity identity,
                           const Options& options)
    : database_(database), clock_(clock), identity_(std::move(identity)), options_(options) {}

io::Task<Result<StateMachineVersion>> VersionTable::Publish(std::string arn,
                                                            std::optional<std::string> revision_id,
                                                            std::string description) {
  CO_TRY(const std::string name, ParseStateMachineArn(identity_, arn));
  auto publish = [this, name, arn = std::move(arn), revision_id = std::move(revision_id),
                  description = std::move(description),
                  now = clock_.Now()](db::Connection& connection) -> Result<StateMachineVersion> {
    TRY(const MachineRow row, FindActive(connection, identity_, name, arn));
    const std::string& current = row.described.revision_id;
    const std::string_view shown = current.empty() ? kInitialRevision : current;
    if (revision_id && *revision_id != shown) {
      return Conflict(
          fmt::format("Failed to publish the State Machine version for revision {}. The current "
                      "State Machine revision is {}.",
                      *revision_id, shown));
    }
    return PublishVersion(connection, identity_, row, description,
                          {.now = now, .limit = options_.max_versions});
  };
  co_return co_await database_.Write(std::move(publish));
}

io::Task<Result<void>> VersionTable::Delete(std::string version_arn) {
  Result<MachineReference> reference = ParseMachineReference(identity_, version_arn);
  if (!reference && reference.error().code() == Code::kNotFound) co_return Result<void>();
  if (!reference) co_return reference.error();
  if (reference->version == 0) co_return InvalidArn(version_arn);
  auto remove = [this, reference = *reference](db::Connection& connection) -> Result<void> {
    TRY(const std::optional<MachineRow> row,
        FindMachineRow(connection, identity_, reference.machine));
    if (!row) return {};
    TRY(const std::vector<AliasRow> aliases,
        workflows::ListAliases(connection, row->machine, reference.version, "",
                               static_cast<std::int64_t>(options_.max_aliases)));
    if (!aliases.empty()) {
      std::vector<std::string> names;
      for (const AliasRow& alias : aliases) names.push_back(alias.name);
      return Conflict(
          fmt::format("Version to be deleted must not be referenced by an alias. Current list of "
                      "aliases referencing this version: [{}]",
                      fmt::join(names, ", ")));
    }
    return RemoveVersion(connection, row->machine, reference.version);
  };
  co_return co_await database_.Write(std::move(remove));
}

Result<Page<StateMachineVersion>> VersionTable::List(const std::string& arn,
                                                     const PageRequest& page) {
  TRY(const std::string name, ParseStateMachineArn(identity_, arn));
  TRY(const std::int64_t before, ReadUpperBound('v', page));
  const std::int64_t limit = PageLimit(page);
  return database_.Read([&](db::Connection& connection) -> Result<Page<StateMachineVersion>> {
    TRY(const std::optional<MachineRow> row, FindMachineRow(connection, identity_, name));
    if (!row) return StateMachineDoesNotExist(arn);
    TRY(std::vector<VersionRow> rows, ListVersions(connection, row->machine, before, limit + 1));
    Page<StateMachineVersion> listed;
    if (DropSurplus(rows, limit)) listed.next_token = MakeNumberToken('v', rows.back().version);
    for (const VersionRow& version : rows) {
      listed.items.push_back(
          {.arn = VersionArn(identity_, name, version.version), .created = version.created});
    }
    return listed;
  });
}

io::Task<Result<StateMachineAlias>> VersionTable::CreateAlias(CreateAliasRequest request) {
  CO_TRY(const std::string machine, MachineOf(identity_, request.routes));
  AliasRow made{.name = std::move(request.name),
                .created = clock_.Now(),
                .updated = {},
                .description = std::move(request.description)};
  made.updated = made.created;
  SetRoutes(identity_, request.routes, made);
  auto create = [this, machine, made = std::move(made), routes = std::move(request.routes)](
                    db::Connection& connection) -> Result<StateMachineAlias> {
    TRY(const MachineRow row,
        FindActive(connection, identity_, machine, StateMachineArn(identity_, machine)));
    TRY(std::optional<AliasRow> known, FindAlias(connection, row.machine, made.name));
    if (known) {
      if (known->description == made.description && known->version == made.version &&
          known->weight == made.weight && known->second_version == made.second_version) {
        return Described(identity_, machine, std::move(*known));
      }
      return Conflict(
          "Failed to create alias because an alias with the same name and a different routing "
          "configuration already exists.");
    }
    TRY_VOID(CheckRoutes(connection, row.machine, routes, made));
    TRY(const std::int64_t count, CountAliases(connection, row.machine));
    if (count >= static_cast<std::int64_t>(options_.max_aliases)) {
      return Error(Code::kExhausted, "ServiceQuotaExceededException",
                   fmt::format("The state machine has {} aliases already, as many as it can have; "
                               "delete those that are not needed",
                               count));
    }
    TRY_VOID(PutAlias(connection, row.machine, made));
    return Described(identity_, machine, made);
  };
  co_return co_await database_.Write(std::move(create));
}

io::Task<Result<Timestamp>> VersionTable::UpdateAlias(UpdateAliasRequest request) {
  CO_TRY(const MachineReference reference, ParseAliasArn(identity_, request.arn));
  if (!request.description && !request.routes) {
    co_return Invalid("Either the description or the RoutingConfiguration must be specified");
  }
  if (request.routes) {
    CO_TRY(const std::string machine, MachineOf(identity_, *request.routes));
    if (machine != reference.machine) {
      co_return Invalid(
          fmt::format("Routing configuration must contain versions of the alias's state machine. "
                      "Received: {}",
                      ArnList(*request.routes)));
    }
  }
  auto update = [this, reference, request = std::move(request),
                 now = clock_.Now()](db::Connection& connection) -> Result<Timestamp> {
    TRY(const std::optional<MachineRow> row,
        FindMachineRow(connection, identity_, reference.machine));
    if (!row) return NoSuchResource();
    if (row->described.status == StateMachineStatus::kDeleting) {
      return StateMachineDeleting(row->described.arn);
    }
    TRY(std::optional<AliasRow> alias, FindAlias(connection, row->machine, reference.alias));
    if (!alias) return NoSuchResource();
    if (request.description) alias->description = *request.description;
    if (request.routes) {
      SetRoutes(identity_, *request.routes, *alias);
      TRY_VOID(CheckRoutes(connection, row->machine, *request.routes, *alias));
    }
    alias->updated = now;
    TRY_VOID(PutAlias(connection, row->machine, *alias));
    return now;
  };
  co_return co_await database_.Write(std::move(update));
}

io::Task<Result<void>> VersionTable::DeleteAlias(std::string alias_arn) {
  Result<MachineReference> reference = ParseAliasArn(identity_, alias_arn);
  if (!reference && reference.error().code() == Code::kNotFound) co_return Result<void>();
  if (!reference) co_return reference.error();
  auto remove = [this, reference = *reference](db::Connection& connection) -> Result<void> {
    TRY(const std::optional<MachineRow> row,
        FindMachineRow(connection, identity_, reference.machine));
    if (!row) return {};
    return RemoveAlias(connection, row->machine, reference.alias);
  };
  co_return co_await database_.Write(std::move(remove));
}

Result<StateMachineAlias> VersionTable::DescribeAlias(const std::string& alias_arn) {
  TRY(const MachineReference reference, ParseAliasArn(identity_, alias_arn));
  return database_.Read([&](db::Connection& connection) -> Result<StateMachineAlias> {
    TRY(const std::optional<MachineRow> row,
        FindMachineRow(connection, identity_, reference.machine));
    if (!row) return NoSuchResource();
    TRY(std::optional<AliasRow> alias, FindAlias(connection, row->machine, reference.alias));
    if (!alias) return NoSuchResource();
    return Described(identity_, reference.machine, std::move(*alias));
  });
}

Result<Page<StateMachineAlias>> VersionTable::ListAliases(const std::string& arn,
                                                          const PageRequest& page) {
  TRY(const MachineReference reference, ParseMachineReference(identity_, arn));
  if (!reference.alias.empty()) return InvalidArn(arn);
  std::string after;
  if (!page.next_token.empty()) {
    TRY(after, ReadNameToken('l', page.next_token));
  }
  const std::int64_t limit = PageLimit(page);
  return database_.Read([&](db::Connection& connection) -> Result<Page<StateMachineAlias>> {
    TRY(const std::optional<MachineRow> row,
        FindMachineRow(connection, identity_, reference.machine));
    if (!row) return StateMachineDoesNotExist(arn);
    TRY(std::vector<AliasRow> rows,
        workflows::ListAliases(connection, row->machine, reference.version, after, limit + 1));
    Page<StateMachineAlias> listed;
    if (DropSurplus(rows, limit)) listed.next_token = MakeNameToken('l', rows.back().name);
    for (AliasRow& alias : rows) {
      listed.items.push_back(Described(identity_, reference.machine, std::move(alias)));
    }
    return listed;
  });
}

}  // namespace scones::workflows

#include "workflows/detail/machine_table.h"

#include <fmt/format.h>

#include "asl/integrations.h"
#include "base/json.h"
#include "base/random.h"
#include "workflows/detail/names.h"
#include "workflows/detail/page_token.h"
#include "workflows/detail/tag_rows.h"
#include "workflows/detail/version_rows.h"

namespace scones::workflows {
namespace {

constexpr std::size_t kMaxCachedRevisions = 512;
constexpr int kActive = 0;
constexpr int kDeleting = 1;
constexpr std::int64_t kFirstVersion = 1;

std::int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicros(std::int64_t micros) { return Timestamp(std::chrono::microseconds(micros)); }

#define SCONES_MACHINE_COLUMNS                                                                    \
  "SELECT m.id, m.name, m.type, m.status, m.created_us, r.id, r.revision_id, "                    \
  "r.created_us, r.role_arn, r.logging, r.tracing, r.definition, m.last_version, m.published_as " \
  "FROM "

constexpr char kByName[] = SCONES_MACHINE_COLUMNS
    "state_machines m JOIN state_machine_revisions r ON r.id = m.revision "
    "WHERE m.name = ?1 AND m.status < 2";
constexpr char kByRevision[] = SCONES_MACHINE_COLUMNS
    "state_machine_revisions r JOIN state_machines m ON m.id = r.machine WHERE r.id = ?1";

#undef SCONES_MACHINE_COLUMNS

MachineRow ReadRow(const db::Statement& row, const Identity& identity) {
  MachineRow read{.machine = row.Int(0),
                  .revision = row.Int(5),
                  .last_version = row.Int(12),
                  .published_as = {},
                  .described = {}};
  if (!row.IsNull(13)) read.published_as = row.Text(13);
  StateMachine& machine = read.described;
  machine.name = row.Text(1);
  machine.arn = StateMachineArn(identity, machine.name);
  machine.type = static_cast<asl::MachineType>(row.Int(2));
  machine.status =
      row.Int(3) == kActive ? StateMachineStatus::kActive : StateMachineStatus::kDeleting;
  machine.created = FromMicros(row.Int(4));
  machine.revision_id = row.Text(6);
  machine.updated = FromMicros(row.Int(7));
  machine.role_arn = row.Text(8);
  machine.logging_configuration = row.Text(9);
  machine.tracing_enabled = row.Int(10) != 0;
  machine.definition = row.Text(11);
  return read;
}

Result<std::int64_t> InsertRevision(db::Connection& connection, std::int64_t machine,
                                    const StateMachine& described) {
  TRY_VOID(connection
               .Prepare("INSERT INTO state_machine_revisions (machine, revision_id, created_us, "
                        "role_arn, logging, tracing, definition) VALUES (?1,?2,?3,?4,?5,?6,?7)")
               .Bind(1, machine)
               .Bind(2, std::string_view(described.revision_id))
               .Bind(3, Micros(described.updated))
               .Bind(4, std::string_view(described.role_arn))
               .Bind(5, std::string_view(described.logging_configuration))
               .Bind(6, std::int64_t{described.tracing_enabled})
               .Bind(7, std::string_view(described.definition))
               .Run());
  return connection.LastInsertId();
}

Result<void> PointTo(db::Connection& connection, std::int64_t machine, std::int64_t revision) {
  return connection.Prepare("UPDATE state_machines SET revision = ?2 WHERE id = ?1")
      .Bind(1, machine)
      .Bind(2, revision)
      .Run();
}

Result<std::int64_t> Count(db::Connection& connection, const char* sql, std::int64_t argument) {
  db::Statement select = connection.Prepare(sql);
  select.Bind(1, argument);
  TRY(const bool found, select.Step());
  return found ? select.Int(0) : 0;
}

Error InvalidLogging() {
  return Error(Code::kInvalid, "InvalidLoggingConfiguration",
               "Invalid Logging Configuration: Must specify exactly one Log Destination.");
}

// With its defaults filled in, members in AWS's order.
Result<std::string> CheckLogging(const std::string& text) {
  json::object given;
  if (!text.empty()) {
    TRY(json::value parsed, ParseJson(text));
    if (!parsed.is_object()) return InvalidLogging();
    given = std::move(parsed.get_object());
  }
  const std::string level = StringOr(given, "level", "OFF");
  const json::array* destinations = FindArray(given, "destinations");
  if (level != "OFF" && (destinations == nullptr || destinations->size() != 1)) {
    return InvalidLogging();
  }
  json::object filled;
  if (destinations != nullptr) filled["destinations"] = *destinations;
  filled["includeExecutionData"] = FindBool(given, "includeExecutionData").value_or(false);
  filled["level"] = level;
  return ToJson(filled);
}

Result<void> CheckRole(const std::string& role_arn) {
  if (role_arn.starts_with("arn:") && Arn::Parse(role_arn)) return {};
  return Error(Code::kInvalid, "InvalidArn", fmt::format("Invalid Role Arn: '{}'", role_arn));
}

Result<void> CheckTags(const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    if (tag.key.empty() || tag.key.size() > 128 || tag.value.size() > 256) {
      return Error(Code::kInvalid, "ValidationException",
                   "a tag's key has 1 to 128 characters and its value at most 256");
    }
  }
  return {};
}

Result<MachineRow> FindTagged(db::Connection& connection, const Identity& identity,
                              const std::string& arn) {
  Result<std::string> name = ParseStateMachineArn(identity, arn);
  if (!name) return name.error().code() == Code::kNotFound ? ResourceNotFound(arn) : name.error();
  TRY(std::optional<MachineRow> row, FindMachineRow(connection, identity, *name));
  if (!row) return ResourceNotFound(arn);
  return std::move(*row);
}

}  // namespace

Result<std::optional<MachineRow>> FindMachineRow(db::Connection& connection,
                                                 const Identity& identity,
                                                 const std::string& name) {
  db::Statement select = connection.Prepare(kByName);
  TRY(const bool found, select.Bind(1, std::string_view(name)).Step());
  if (!found) return std::optional<MachineRow>();
  return std::optional<MachineRow>(ReadRow(select, identity));
}

MachineTable::MachineTable(db::Database& database, const Clock& clock, Identity identity,
                           const Options& options)
    : database_(database), clock_(clock), identity_(std::move(identity)), options_(options) {}

io::Task<Result<CreatedStateMachine>> MachineTable::Create(CreateStateMachineRequest request) {
  CO_TRY_VOID(CheckName(request.name));
  CO_TRY_VOID(CheckRole(request.role_arn));
  CO_TRY_VOID(CheckTags(request.tags));
  CO_TRY(std::string logging, CheckLogging(request.logging_configuration));
  CO_TRY(auto definition, asl::Definition::Parse(request.definition, request.type));
  CO_TRY_VOID(asl::CheckProvided(*definition));
  StateMachine made{.arn = StateMachineArn(identity_, request.name),
                    .name = request.name,
                    .type = request.type,
                    .status = StateMachineStatus::kActive,
                    .definition = std::move(request.definition),
                    .role_arn = std::move(request.role_arn),
                    .logging_configuration = std::move(logging),
                    .tracing_enabled = request.tracing_enabled,
                    .revision_id = "",
                    .created = clock_.Now(),
                    .updated = {}};
  made.updated = made.created;
  auto insert = [this, made = std::move(made), tags = std::move(request.tags),
                 publish_as = std::move(request.publish_as)](
                    db::Connection& connection) -> Result<CreatedStateMachine> {
    TRY(const std::optional<MachineRow> known, FindMachineRow(connection, identity_, made.name));
    if (known) {
      const StateMachine& there = known->described;
      if (there.status == StateMachineStatus::kDeleting) return StateMachineDeleting(there.arn);
      if (there.definition == made.definition && there.type == made.type &&
          there.logging_configuration == made.logging_configuration &&
          there.tracing_enabled == made.tracing_enabled && known->published_as == publish_as) {
        return CreatedStateMachine{
            .arn = there.arn,
            .version_arn = publish_as ? VersionArn(identity_, made.name, kFirstVersion) : "",
            .created = there.created};
      }
      return Error(Code::kExists, "StateMachineAlreadyExists",
                   fmt::format("State Machine Already Exists: '{}'", there.arn));
    }
    TRY(const std::int64_t count,
        Count(connection, "SELECT count(*) FROM state_machines WHERE status < 2 AND ?1 = 0", 0));
    if (count >= static_cast<std::int64_t>(options_.max_state_machines)) {
      return Error(Code::kExhausted, "StateMachineLimitExceeded",
                   fmt::format("there are {} state machines already, as many as can be", count));
    }
    TRY_VOID(connection
                 .Prepare("INSERT INTO state_machines (name, type, status, created_us, revision, "
                          "published_as) VALUES (?1, ?2, 0, ?3, 0, ?4)")
                 .Bind(1, std::string_view(made.name))
                 .Bind(2, static_cast<std::int64_t>(made.type))
                 .Bind(3, Micros(made.created))
                 .Bind(4, publish_as)
                 .Run());
    const std::int64_t machine = connection.LastInsertId();
    TRY(const std::int64_t revision, InsertRevision(connection, machine, made));
    TRY_VOID(PointTo(connection, machine, revision));
    TRY_VOID(PutTags(connection, TagOwner::kStateMachine, machine, tags, options_.max_tags));
    CreatedStateMachine created{.arn = made.arn, .version_arn = "", .created = made.created};
    if (publish_as) {
      const MachineRow row{
          .machine = machine, .revision = revision, .published_as = {}, .described = made};
      TRY(const StateMachineVersion version,
          PublishVersion(connection, identity_, row, *publish_as,
                         {.now = made.created, .limit = options_.max_versions}));
      created.version_arn = version.arn;
    }
    return created;
  };
  co_return co_await database_.Write(std::move(insert));
}

io::Task<Result<UpdatedStateMachine>> MachineTable::Update(UpdateStateMachineRequest request) {
  CO_TRY(const std::string name, ParseStateMachineArn(identity_, request.arn));
  if (!request.definition && !request.role_arn && !request.logging_configuration &&
      !request.tracing_enabled) {
    co_return Error(Code::kInvalid, "MissingRequiredParameter",
                    "Either the definition, the role ARN, the LoggingConfiguration, or the "
                    "TracingConfiguration must be specified");
  }
  if (request.role_arn) CO_TRY_VOID(CheckRole(*request.role_arn));
  if (request.logging_configuration) {
    CO_TRY(request.logging_configuration, CheckLogging(*request.logging_configuration));
  }
  if (request.definition) {
    // A machine's type never changes, so that the answer holds when the write comes.
    CO_TRY(const StateMachine before, Describe(request.arn));
    CO_TRY(auto definition, asl::Definition::Parse(*request.definition, before.type));
    CO_TRY_VOID(asl::CheckProvided(*definition));
  }
  const Timestamp now = clock_.Now();
  auto update = [this, name, now, request = std::move(request)](
                    db::Connection& connection) -> Result<UpdatedStateMachine> {
    TRY(std::optional<MachineRow> row, FindMachineRow(connection, identity_, name));
    if (!row) return StateMachineDoesNotExist(request.arn);
    StateMachine& machine = row->described;
    if (machine.status == StateMachineStatus::kDeleting) return StateMachineDeleting(request.arn);
    const StateMachine before = machine;
    machine.definition = request.definition.value_or(machine.definition);
    machine.role_arn = request.role_arn.value_or(machine.role_arn);
    machine.logging_configuration =
        request.logging_configuration.value_or(machine.logging_configuration);
    machine.tracing_enabled = request.tracing_enabled.value_or(machine.tracing_enabled);
    const bool same = machine.definition == before.definition &&
                      machine.role_arn == before.role_arn &&
                      machine.logging_configuration == before.logging_configuration &&
                      machine.tracing_enabled == before.tracing_enabled;
    if (!same) {
      machine.revision_id = RandomUuid();
      machine.updated = now;
      TRY(row->revision, InsertRevision(connection, row->machine, machine));
      TRY_VOID(PointTo(connection, row->machine, row->revision));
    }
    UpdatedStateMachine updated{
        .revision_id = machine.revision_id, .version_arn = "", .updated = now};
    if (request.publish_as) {
      TRY(const StateMachineVersion version,
          PublishVersion(connection, identity_, *row, *request.publish_as,
                         {.now = now, .limit = options_.max_versions}));
      updated.version_arn = version.arn;
    }
    return updated;
  };
  Result<UpdatedStateMachine> updated = co_await database_.Write(std::move(update));
  Forget(name);
  co_return updated;
}

io::Task<Result<void>> MachineTable::Delete(std::string arn) {
  Result<std::string> name = ParseStateMachineArn(identity_, arn);
  if (!name && name.error().code() == Code::kNotFound) co_return Result<void>();
  if (!name) co_return name.error();
  auto remove = [this, name = *name](db::Connection& connection) -> Result<void> {
    TRY(const std::optional<MachineRow> row, FindMachineRow(connection, identity_, name));
    if (!row) return {};
    TRY_VOID(connection.Prepare("UPDATE state_machines SET status = ?2 WHERE id = ?1")
                 .Bind(1, row->machine)
                 .Bind(2, std::int64_t{kDeleting})
                 .Run());
    return FinishDeletion(connection, row->machine);
  };
  Result<void> removed = co_await database_.Write(std::move(remove));
  Forget(*name);
  co_return removed;
}

Result<void> MachineTable::FinishDeletion(db::Connection& connection, std::int64_t machine) {
  TRY_VOID(connection
               .Prepare("UPDATE state_machines SET status = 2 WHERE id = ?1 AND status = 1 AND "
                        "NOT EXISTS (SELECT 1 FROM executions WHERE machine = ?1 AND status = 0)")
               .Bind(1, machine)
               .Run());
  if (connection.ChangedRows() == 0) return {};
  TRY_VOID(RemoveAllVersions(connection, machine));
  return RemoveAllTags(connection, TagOwner::kStateMachine, machine);
}

Result<bool> MachineTable::IsActive(db::Connection& connection, std::int64_t machine) {
  TRY(const std::int64_t active,
      Count(connection, "SELECT status = 0 FROM state_machines WHERE id = ?1", machine));
  return active != 0;
}

Result<StateMachine> MachineTable::Describe(const std::string& arn) {
  TRY(const MachineReference reference, ParseMachineReference(identity_, arn));
  if (!reference.alias.empty()) return StateMachineDoesNotExist(arn);
  return database_.Read([&](db::Connection& connection) -> Result<StateMachine> {
    TRY(std::optional<MachineRow> row, FindMachineRow(connection, identity_, reference.machine));
    if (!row) return StateMachineDoesNotExist(arn);
    if (reference.version == 0) return std::move(row->described);
    TRY(const std::optional<VersionRow> version,
        FindVersion(connection, row->machine, reference.version));
    if (!version) return StateMachineDoesNotExist(arn);
    db::Statement select = connection.Prepare(kByRevision);
    TRY(const bool found, select.Bind(1, version->revision).Step());
    if (!found) return Error(Code::kDataLoss, fmt::format("no revision {}", version->revision));
    StateMachine described = ReadRow(select, identity_).described;
    described.arn = arn;
    described.description = version->description;
    described.created = version->created;
    return described;
  });
}

Result<StateMachine> MachineTable::DescribeRevision(std::int64_t revision) {
  return database_.Read([&](db::Connection& connection) -> Result<StateMachine> {
    db::Statement select = connection.Prepare(kByRevision);
    TRY(const bool found, select.Bind(1, revision).Step());
    if (!found) return Error(Code::kDataLoss, fmt::format("no revision {}", revision));
    return ReadRow(select, identity_).described;
  });
}

Result<Page<StateMachineSummary>> MachineTable::List(const PageRequest& page) {
  const std::int64_t limit = PageLimit(page);
  std::string after;
  if (!page.next_token.empty()) {
    TRY(after, ReadNameToken('m', page.next_token));
  }
  return database_.Read([&](db::Connection& connection) -> Result<Page<StateMachineSummary>> {
    db::Statement select = connection.Prepare(
        "SELECT name, type, created_us FROM state_machines WHERE status < 2 AND name > ?1 "
        "ORDER BY name LIMIT ?2");
    select.Bind(1, std::string_view(after)).Bind(2, limit + 1);
    Page<StateMachineSummary> listed;
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return listed;
      if (static_cast<std::int64_t>(listed.items.size()) == limit) {
        listed.next_token = MakeNameToken('m', listed.items.back().name);
        return listed;
      }
      const std::string name(select.Text(0));
      listed.items.push_back({.arn = StateMachineArn(identity_, name),
                              .name = name,
                              .type = static_cast<asl::MachineType>(select.Int(1)),
                              .created = FromMicros(select.Int(2))});
    }
  });
}

io::Task<Result<void>> MachineTable::Tag(std::string arn, std::vector<workflows::Tag> tags) {
  CO_TRY_VOID(CheckTags(tags));
  auto put = [this, arn = std::move(arn),
              tags = std::move(tags)](db::Connection& connection) -> Result<void> {
    TRY(const MachineRow row, FindTagged(connection, identity_, arn));
    return PutTags(connection, TagOwner::kStateMachine, row.machine, tags, options_.max_tags);
  };
  co_return co_await database_.Write(std::move(put));
}

io::Task<Result<void>> MachineTable::Untag(std::string arn, std::vector<std::string> keys) {
  auto remove = [this, arn = std::move(arn),
                 keys = std::move(keys)](db::Connection& connection) -> Result<void> {
    TRY(const MachineRow row, FindTagged(connection, identity_, arn));
    return RemoveTags(connection, TagOwner::kStateMachine, row.machine, keys);
  };
  co_return co_await database_.Write(std::move(remove));
}

Result<std::vector<Tag>> MachineTable::ListTags(const std::string& arn) {
  return database_.Read([&](db::Connection& connection) -> Result<std::vector<workflows::Tag>> {
    TRY(const MachineRow row, FindTagged(connection, identity_, arn));
    return ReadTags(connection, TagOwner::kStateMachine, row.machine);
  });
}

Result<RevisionPtr> MachineTable::Current(const std::string& arn) {
  TRY(const std::string name, ParseStateMachineArn(identity_, arn));
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto known = current_.find(name);
    if (known != current_.end()) return known->second;
    generation = generation_;
  }
  TRY(const std::optional<MachineRow> row, database_.Read([&](db::Connection& connection) {
    return FindMachineRow(connection, identity_, name);
  }));
  if (!row) return StateMachineDoesNotExist(arn);
  if (row->described.status == StateMachineStatus::kDeleting) return StateMachineDeleting(arn);
  TRY(RevisionPtr revision, Compile(row->revision, row->machine, row->described));
  const std::lock_guard lock(mutex_);
  if (generation_ == generation) {
    if (current_.size() >= kMaxCachedRevisions) current_.clear();
    current_[name] = revision;
  }
  return revision;
}

Result<StartTarget> MachineTable::Target(const std::string& arn, std::int64_t draw) {
  TRY(const MachineReference reference, ParseMachineReference(identity_, arn));
  StartTarget target{.revision = {}, .version = reference.version, .alias = reference.alias};
  if (!reference.qualified()) {
    TRY(target.revision, Current(arn));
    return target;
  }
  TRY(const std::int64_t revision,
      database_.Read([&](db::Connection& connection) -> Result<std::int64_t> {
        TRY(const std::optional<MachineRow> row,
            FindMachineRow(connection, identity_, reference.machine));
        if (!row) return StateMachineDoesNotExist(arn);
        if (row->described.status == StateMachineStatus::kDeleting) {
          return StateMachineDeleting(arn);
        }
        if (!reference.alias.empty()) {
          TRY(const std::optional<AliasRow> alias,
              FindAlias(connection, row->machine, reference.alias));
          if (!alias) return StateMachineDoesNotExist(arn);
          target.version = alias->Choose(draw);
        }
        TRY(const std::optional<VersionRow> version,
            FindVersion(connection, row->machine, target.version));
        if (!version) return StateMachineDoesNotExist(arn);
        return version->revision;
      }));
  TRY(target.revision, Load(revision));
  return target;
}

Result<RevisionPtr> MachineTable::Load(std::int64_t id) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = revisions_.find(id);
    if (known != revisions_.end()) return known->second;
  }
  TRY(const MachineRow row, database_.Read([&](db::Connection& connection) -> Result<MachineRow> {
    db::Statement select = connection.Prepare(kByRevision);
    TRY(const bool found, select.Bind(1, id).Step());
    if (!found) return Error(Code::kDataLoss, fmt::format("no state machine revision {}", id));
    return ReadRow(select, identity_);
  }));
  return Compile(row.revision, row.machine, row.described);
}

Result<RevisionPtr> MachineTable::Compile(std::int64_t id, std::int64_t machine,
                                          const StateMachine& described) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = revisions_.find(id);
    if (known != revisions_.end()) return known->second;
  }
  auto revision = std::make_shared<Revision>();
  revision->id = id;
  revision->machine = machine;
  revision->machine_name = described.name;
  revision->machine_arn = described.arn;
  revision->role_arn = described.role_arn;
  TRY(revision->definition, asl::Definition::Parse(described.definition, described.type));
  const std::lock_guard lock(mutex_);
  if (revisions_.size() >= kMaxCachedRevisions) revisions_.clear();
  revisions_[id] = revision;
  return RevisionPtr(revision);
}

void MachineTable::Forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  current_.erase(name);
}

}  // namespace scones::workflows

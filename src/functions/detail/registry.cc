#include "functions/detail/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "functions/detail/invocation_log.h"

namespace scones::functions {
namespace {

const std::vector<db::Migration> kSchema = {
    {"functions.1",
     "CREATE TABLE functions (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
     " document TEXT NOT NULL);"
     "CREATE TABLE function_events (id INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL,"
     " name TEXT NOT NULL, qualifier TEXT NOT NULL, payload BLOB NOT NULL,"
     " client_context TEXT NOT NULL, attempts INTEGER NOT NULL, due_us INTEGER NOT NULL)"}};

Result<FunctionRecord> ReadRecord(db::Connection& connection, std::string_view name) {
  db::Statement select = connection.Prepare("SELECT document FROM functions WHERE name = ?1");
  TRY(const bool found, select.Bind(1, name).Step());
  if (!found) return Error(Code::kNotFound, "");
  return DecodeRecord(select.Text(0));
}

Result<void> WriteRecord(db::Connection& connection, const FunctionRecord& record) {
  const std::string document = EncodeRecord(record);
  return connection.Prepare("UPDATE functions SET document = ?1 WHERE id = ?2")
      .Bind(1, std::string_view(document))
      .Bind(2, record.id)
      .Run();
}

Result<FunctionRecord> InsertRecord(db::Connection& connection, const std::string& name,
                                    FunctionRecord record, std::size_t max_functions) {
  {
    db::Statement count = connection.Prepare("SELECT count(*), sum(name = ?1) FROM functions");
    TRY_VOID(count.Bind(1, std::string_view(name)).Step());
    if (count.Int(1) > 0) {
      return Error(Code::kExists, "ResourceConflictException", "Function already exist: " + name);
    }
    if (count.Int(0) >= static_cast<std::int64_t>(max_functions)) {
      return Error(Code::kExhausted, "CodeStorageExceededException",
                   fmt::format("There are {} functions already; delete some first", max_functions));
    }
  }
  TRY_VOID(connection.Prepare("INSERT INTO functions (name, document) VALUES (?1, '')")
               .Bind(1, std::string_view(name))
               .Run());
  record.id = connection.LastInsertId();
  record.revision = 1;
  TRY_VOID(WriteRecord(connection, record));
  return record;
}

}  // namespace

Registry::Registry(db::Database& database, PackageStore& packages, const NativeFunctions& native,
                   const Clock& clock, Identity identity)
    : database_(database),
      packages_(packages),
      native_(native),
      clock_(clock),
      identity_(std::move(identity)) {}

Result<void> Registry::Load() {
  TRY_VOID(database_.Migrate(kSchema));
  using Rows = std::vector<std::pair<std::string, FunctionRecord>>;
  TRY(Rows rows, database_.Read([](db::Connection& connection) -> Result<Rows> {
    Rows all;
    db::Statement select = connection.Prepare("SELECT name, document FROM functions");
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return all;
      auto record = DecodeRecord(select.Text(1));
      if (!record) return record.error().Within("function " + std::string(select.Text(0)));
      all.emplace_back(std::string(select.Text(0)), std::move(*record));
    }
  }));
  for (auto& [name, record] : rows) {
    const auto shown = Show(name, std::move(record));
    if (!shown) return shown.error().Within("function " + name);
  }
  return {};
}

std::set<std::string> Registry::UsedPackages() const {
  const std::shared_lock lock(mutex_);
  std::set<std::string> used;
  for (const auto& [name, function] : functions_) {
    for (const auto& [number, version] : function->record.versions)
      used.insert(version.package_hash);
  }
  return used;
}

Error Registry::NotFound(const FunctionRef& function) const {
  std::string resource = "function:" + function.name;
  if (!function.qualifier.empty()) resource += ":" + function.qualifier;
  return Error(Code::kNotFound, "ResourceNotFoundException",
               "Function not found: " + identity_.MakeArn("lambda", resource).ToString());
}

Result<FunctionPointer> Registry::Find(const FunctionRef& function) const {
  const std::shared_lock lock(mutex_);
  const auto found = functions_.find(function.name);
  if (found == functions_.end()) return NotFound(function);
  return found->second;
}

Result<std::shared_ptr<const Version>> Registry::FindVersion(const Function& function,
                                                             const FunctionRef& reference) const {
  std::string qualifier = reference.qualifier.empty() ? kLatest : reference.qualifier;
  const auto alias = function.record.extras.aliases.find(qualifier);
  if (alias != function.record.extras.aliases.end()) qualifier = alias->second.version;
  const auto version = function.versions.find(qualifier);
  if (version == function.versions.end()) return NotFound(reference);
  return version->second;
}

std::vector<FunctionPointer> Registry::All() const {
  std::vector<FunctionPointer> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, function] : functions_) all.push_back(function);
  }
  const auto name = [](const FunctionPointer& function) -> const std::string& {
    return function->record.versions.at(kLatest).configuration.name;
  };
  std::sort(all.begin(), all.end(),
            [&](const auto& a, const auto& b) { return name(a) < name(b); });
  return all;
}

io::Task<Result<FunctionPointer>> Registry::Create(std::string name, FunctionRecord record,
                                                   std::size_t max_functions,
                                                   std::shared_ptr<const Package> package) {
  auto job = [name, record = std::move(record), max_functions](db::Connection& connection) {
    return InsertRecord(connection, name, record, max_functions);
  };
  CO_TRY(FunctionRecord stored, co_await database_.Write(std::move(job)));
  auto shown = Show(name, std::move(stored));
  package.reset();
  co_return shown;
}

io::Task<Result<FunctionPointer>> Registry::Update(FunctionRef function, Change change,
                                                   std::shared_ptr<const Package> package) {
  auto job = [this, function,
              change = std::move(change)](db::Connection& connection) -> Result<FunctionRecord> {
    auto record = ReadRecord(connection, function.name);
    if (!record && record.error().code() == Code::kNotFound) return NotFound(function);
    if (!record) return record;
    TRY_VOID(change(*record));
    ++record->revision;
    TRY_VOID(WriteRecord(connection, *record));
    return record;
  };
  CO_TRY(FunctionRecord stored, co_await database_.Write(std::move(job)));
  auto shown = Show(function.name, std::move(stored));
  package.reset();
  co_return shown;
}

io::Task<Result<void>> Registry::Delete(FunctionRef function) {
  auto job = [this, function](db::Connection& connection) -> Result<std::int64_t> {
    const auto record = ReadRecord(connection, function.name);
    if (!record && record.error().code() == Code::kNotFound) return NotFound(function);
    if (!record) return record.error();
    TRY_VOID(connection.Prepare("DELETE FROM functions WHERE id = ?1").Bind(1, record->id).Run());
    TRY_VOID(connection.Prepare("DELETE FROM function_events WHERE name = ?1")
                 .Bind(1, std::string_view(function.name))
                 .Run());
    return record->id;
  };
  CO_TRY(const std::int64_t id, co_await database_.Write(std::move(job)));
  Hide(function.name, id);
  co_return Result<void>();
}

const NativeFunction* Registry::FindNative(const FunctionSettings& settings,
                                           const Package& package) const {
  constexpr std::string_view kPrefix = "scones.";
  if (!package.native_marker || !settings.runtime.starts_with("provided")) return nullptr;
  if (!settings.handler.starts_with(kPrefix)) return nullptr;
  const auto found = native_.find(settings.handler.substr(kPrefix.size()));
  return found == native_.end() ? nullptr : &found->second;
}

Result<std::shared_ptr<const Version>> Registry::MakeVersion(const FunctionRecord& record,
                                                             const StoredVersion& stored,
                                                             const FunctionPointer& old) {
  const FunctionConfiguration& configuration = stored.configuration;
  if (old != nullptr && old->record.id == record.id) {
    const auto same = old->versions.find(configuration.version);
    if (same != old->versions.end() &&
        same->second->configuration.revision_id == configuration.revision_id) {
      return same->second;
    }
  }
  TRY(auto package, packages_.Find(stored.package_hash));
  auto version = std::make_shared<Version>();
  version->configuration = configuration;
  version->native = FindNative(configuration.settings, *package);
  version->configuration.native = version->native != nullptr;
  version->package = std::move(package);
  version->function_id = record.id;
  version->log_stream = LogStreamName(clock_.Now(), configuration.version);
  return version;
}

Result<FunctionPointer> Registry::Show(const std::string& name, FunctionRecord record) {
  // Exclusive throughout: what is carried over from the old snapshot must be the one replaced.
  const std::unique_lock lock(mutex_);
  const auto found = functions_.find(name);
  const FunctionPointer old = found == functions_.end() ? nullptr : found->second;
  if (old != nullptr && (old->record.id > record.id || (old->record.id == record.id &&
                                                        old->record.revision >= record.revision))) {
    return old;
  }
  auto function = std::make_shared<Function>();
  for (const auto& [number, stored] : record.versions) {
    TRY(function->versions[number], MakeVersion(record, stored, old));
  }
  const bool same = old != nullptr && old->record.id == record.id;
  function->load = same ? old->load : std::make_shared<functions::Load>();
  function->record = std::move(record);
  if (old != nullptr) {
    for (const auto& [number, version] : old->versions) {
      const auto kept = function->versions.find(number);
      version->retired = kept == function->versions.end() || kept->second != version;
    }
  }
  functions_[name] = function;
  return FunctionPointer(function);
}

void Registry::Hide(const std::string& name, std::int64_t id) {
  const std::unique_lock lock(mutex_);
  const auto found = functions_.find(name);
  if (found == functions_.end() || found->second->record.id != id) return;
  for (const auto& [number, version] : found->second->versions) version->retired = true;
  functions_.erase(found);
}

}  // namespace scones::functions

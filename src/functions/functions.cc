#include "functions/functions.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"
#include "functions/detail/settings.h"
#include "functions/detail/state.h"

namespace scones::functions {
namespace {

constexpr std::size_t kMaxZipBytes = 250 * 1024 * 1024;

using State = Functions::State;
using StatePointer = std::shared_ptr<State>;

Error Stopping() { return Error(Code::kCancelled, "ServiceException", "The server is stopping"); }

Result<void> CheckRevision(const std::optional<std::string>& wanted, const std::string& current) {
  if (!wanted || wanted->empty() || *wanted == current) return {};
  return Error(Code::kPrecondition, "PreconditionFailedException",
               "The RevisionId provided does not match the latest RevisionId. Call the GetFunction "
               "or the GetAlias API to retrieve the latest RevisionId");
}

// Only $LATEST can be changed.
Result<void> CheckLatest(const FunctionRef& function) {
  if (function.qualifier.empty() || function.qualifier == kLatest) return {};
  return Error(Code::kInvalid, "InvalidParameterValueException",
               "This operation is only allowed on the function's $LATEST version");
}

io::Task<Result<std::shared_ptr<const Package>>> AddPackage(StatePointer state, std::string zip) {
  if (zip.size() > kMaxZipBytes) {
    co_return Error(Code::kInvalid, "RequestEntityTooLargeException",
                    fmt::format("The package is larger than {} bytes", kMaxZipBytes));
  }
  auto add = [state, zip = std::move(zip)] { return state->packages->Add(zip); };
  co_return co_await state->pool->Run(std::move(add));
}

// The base64 form that Lambda shows of a package's hash.
std::string CodeSha256(const Package& package) {
  return Base64Encode(HexDecode(package.hash).value_or(""));
}

void SetCode(StoredVersion& version, const Package& package, const Registry& registry) {
  version.package_hash = package.hash;
  version.configuration.code_sha256 = CodeSha256(package);
  version.configuration.code_bytes = package.zip_bytes;
  version.configuration.native =
      registry.FindNative(version.configuration.settings, package) != nullptr;
}

void Touch(StoredVersion& version, Timestamp now) {
  version.configuration.last_modified = now;
  version.configuration.revision_id = RandomUuid();
}

Result<FunctionConfiguration> Latest(Result<FunctionPointer> function) {
  if (!function) return function.error();
  return (*function)->versions.at(kLatest)->configuration;
}

Result<void> PublishInto(FunctionRecord& record, const std::string& description,
                         const std::optional<std::string>& code_sha256, std::size_t max_versions) {
  const StoredVersion& latest = record.versions.at(kLatest);
  if (code_sha256 && *code_sha256 != latest.configuration.code_sha256) {
    return Error(Code::kInvalid, "InvalidParameterValueException",
                 "CodeSHA256 (" + *code_sha256 +
                     ") is different from current CodeSHA256 in "
                     "$LATEST (" +
                     latest.configuration.code_sha256 +
                     "). Please try again with the "
                     "CodeSHA256 in $LATEST.");
  }
  if (record.versions.size() > max_versions) {
    return Error(Code::kExhausted, "CodeStorageExceededException",
                 fmt::format("The function has {} versions; delete some first", max_versions));
  }
  StoredVersion version = latest;
  FunctionConfiguration& configuration = version.configuration;
  configuration.version = std::to_string(++record.extras.last_version);
  configuration.arn += ":" + configuration.version;
  configuration.revision_id = RandomUuid();
  if (!description.empty()) configuration.settings.description = description;
  record.versions[configuration.version] = std::move(version);
  return {};
}

// The newest published version, where it is $LATEST as it is now.
const StoredVersion* UnchangedVersion(const FunctionRecord& record) {
  const auto newest = record.versions.find(std::to_string(record.extras.last_version));
  if (newest == record.versions.end()) return nullptr;
  const FunctionConfiguration& latest = record.versions.at(kLatest).configuration;
  return newest->second.configuration.last_modified == latest.last_modified ? &newest->second
                                                                            : nullptr;
}

}  // namespace

Result<std::unique_ptr<Functions>> Functions::Open(Options options, Dependencies dependencies) {
  auto state = std::make_shared<State>(std::move(options), dependencies);
  std::unique_ptr<Functions> functions(new Functions(state));
  TRY_VOID(state->Open());
  return functions;
}

Functions::Functions(std::shared_ptr<State> state) : state_(std::move(state)) {}

Functions::~Functions() { Stop(); }

void Functions::Stop() { state_->Stop(); }

void Functions::SetEndpointUrl(std::string url) {
  state_->environments->SetEndpointUrl(std::move(url));
}

io::BlockingPool& Functions::blocking_pool() { return *state_->pool; }

io::Task<Result<FunctionConfiguration>> Functions::Create(std::string name,
                                                          FunctionSettings settings,
                                                          FunctionCode code,
                                                          std::map<std::string, std::string> tags) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  if (state->stopping) co_return Stopping();
  CO_TRY_VOID(ValidateName(name));
  CO_TRY_VOID(ValidateSettings(settings));
  if (state->registry->Find({.name = name})) {
    co_return Error(Code::kExists, "ResourceConflictException", "Function already exist: " + name);
  }
  CO_TRY(auto package, co_await AddPackage(state, std::move(code.zip)));
  FunctionRecord record;
  record.extras.tags = std::move(tags);
  StoredVersion& latest = record.versions[kLatest];
  latest.configuration.name = name;
  latest.configuration.arn =
      state->dependencies.identity.MakeArn("lambda", "function:" + name).ToString();
  latest.configuration.settings = std::move(settings);
  SetCode(latest, *package, *state->registry);
  Touch(latest, state->dependencies.clock.Now());
  co_return Latest(co_await state->registry->Create(
      name, std::move(record), state->options.max_functions, std::move(package)));
}

io::Task<Result<FunctionConfiguration>> Functions::UpdateCode(
    FunctionRef function, FunctionCode code, std::optional<std::string> revision_id) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  if (state->stopping) co_return Stopping();
  CO_TRY_VOID(CheckLatest(function));
  CO_TRY_VOID(state->registry->Find(function));
  CO_TRY(auto package, co_await AddPackage(state, std::move(code.zip)));
  auto change = [state, package, revision_id](FunctionRecord& record) -> Result<void> {
    StoredVersion& latest = record.versions.at(kLatest);
    TRY_VOID(CheckRevision(revision_id, latest.configuration.revision_id));
    SetCode(latest, *package, *state->registry);
    Touch(latest, state->dependencies.clock.Now());
    return {};
  };
  co_return Latest(
      co_await state->registry->Update(std::move(function), std::move(change), std::move(package)));
}

io::Task<Result<FunctionConfiguration>> Functions::UpdateSettings(FunctionRef function,
                                                                  SettingsUpdate update) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  CO_TRY_VOID(CheckLatest(function));
  auto change = [state, update](FunctionRecord& record) -> Result<void> {
    StoredVersion& latest = record.versions.at(kLatest);
    TRY_VOID(CheckRevision(update.revision_id, latest.configuration.revision_id));
    FunctionSettings settings = Apply(update, latest.configuration.settings);
    TRY_VOID(ValidateSettings(settings));
    latest.configuration.settings = std::move(settings);
    TRY(const auto package, state->packages->Find(latest.package_hash));
    SetCode(latest, *package, *state->registry);
    Touch(latest, state->dependencies.clock.Now());
    return {};
  };
  co_return Latest(
      co_await state->registry->Update(std::move(function), std::move(change), nullptr));
}

io::Task<Result<FunctionConfiguration>> Functions::PublishVersion(
    FunctionRef function, std::string description, std::optional<std::string> code_sha256) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  CO_TRY_VOID(CheckLatest(function));
  auto change = [state, description, code_sha256](FunctionRecord& record) -> Result<void> {
    if (UnchangedVersion(record) != nullptr) return {};
    return PublishInto(record, description, code_sha256, state->options.max_versions);
  };
  CO_TRY(const FunctionPointer updated,
         co_await state->registry->Update(std::move(function), std::move(change), nullptr));
  const std::string number = std::to_string(updated->record.extras.last_version);
  co_return updated->versions.at(number)->configuration;
}

io::Task<Result<void>> Functions::Delete(FunctionRef function) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  if (function.qualifier.empty()) {
    CO_TRY_VOID(co_await state->registry->Delete(std::move(function)));
    state->CountReserved();
    co_return Result<void>();
  }
  auto change = [state, function](FunctionRecord& record) -> Result<void> {
    if (function.qualifier == kLatest) {
      return Error(Code::kInvalid, "InvalidParameterValueException",
                   "$LATEST version cannot be deleted without deleting the function.");
    }
    if (!record.versions.contains(function.qualifier)) return state->registry->NotFound(function);
    for (const auto& [name, alias] : record.extras.aliases) {
      if (alias.version == function.qualifier) {
        return Error(Code::kExists, "ResourceConflictException",
                     "Version " + function.qualifier + " is used by the alias " + name);
      }
    }
    record.versions.erase(function.qualifier);
    return {};
  };
  CO_TRY_VOID(co_await state->registry->Update(function, std::move(change), nullptr));
  co_return Result<void>();
}

Result<FunctionConfiguration> Functions::Get(const FunctionRef& function) const {
  TRY(const FunctionPointer found, state_->registry->Find(function));
  TRY(const VersionPointer version, state_->registry->FindVersion(*found, function));
  FunctionConfiguration configuration = version->configuration;
  if (!function.qualifier.empty() && configuration.version == kLatest) {
    configuration.arn += ":" + function.qualifier;
  }
  return configuration;
}

Result<FunctionExtras> Functions::GetExtras(const FunctionRef& function) const {
  TRY(const FunctionPointer found, state_->registry->Find(function));
  return found->record.extras;
}

std::vector<FunctionConfiguration> Functions::List() const {
  std::vector<FunctionConfiguration> all;
  for (const FunctionPointer& function : state_->registry->All()) {
    all.push_back(function->versions.at(kLatest)->configuration);
  }
  return all;
}

Result<std::vector<FunctionConfiguration>> Functions::ListVersions(
    const FunctionRef& function) const {
  TRY(const FunctionPointer found, state_->registry->Find(function));
  std::vector<FunctionConfiguration> versions;
  for (const auto& [number, version] : found->versions) {
    versions.push_back(version->configuration);
  }
  // "$LATEST" first, then by number.
  std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) {
    const auto key = [](const FunctionConfiguration& c) {
      return c.version == kLatest ? 0 : std::atoll(c.version.c_str());
    };
    return key(a) < key(b);
  });
  return versions;
}

AccountSettings Functions::GetAccountSettings() const {
  AccountSettings settings{
      .total_code_bytes_limit = 75ll * 1024 * 1024 * 1024,
      .concurrency_limit = state_->options.max_concurrency,
      .unreserved_concurrency = state_->options.max_concurrency - state_->reserved_total};
  for (const FunctionPointer& function : state_->registry->All()) {
    ++settings.function_count;
    for (const auto& [number, version] : function->versions) {
      settings.total_code_bytes += version->configuration.code_bytes;
    }
  }
  return settings;
}

io::Task<Result<FunctionExtras>> Functions::UpdateExtras(
    FunctionRef function, std::function<Result<void>(FunctionExtras&)> change) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  auto apply = [change = std::move(change)](FunctionRecord& record) {
    return change(record.extras);
  };
  CO_TRY(const FunctionPointer updated,
         co_await state->registry->Update(std::move(function), std::move(apply), nullptr));
  state->CountReserved();
  co_return updated->record.extras;
}

}  // namespace scones::functions

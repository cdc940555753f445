// Lambda's versions and aliases.
#include "api/lambda_dialect.h"
#include "api/lambda_json.h"
#include "base/random.h"

namespace scones::api {

using functions::Alias;
using functions::FunctionConfiguration;
using functions::FunctionExtras;
using functions::FunctionRef;

namespace {

// Of one function; Lambda has no limit of its own.
constexpr std::size_t kMaxAliases = 1'000;

Error AliasNotFound(const FunctionConfiguration& function, const std::string& alias) {
  return Error(Code::kNotFound, "ResourceNotFoundException",
               "Cannot find alias arn: " + function.arn + ":" + alias);
}

// A name that could be a version would hide it.
Result<void> CheckAliasName(const std::string& name) {
  const bool known =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
      std::string::npos;
  const bool number = name.find_first_not_of("0123456789") == std::string::npos;
  if (!name.empty() && name.size() <= 128 && known && !number) return {};
  return Error(Code::kInvalid, "ValidationException",
               "1 validation error detected: Value '" + name.substr(0, 200) +
                   "' at 'name' failed to satisfy constraint: Member must satisfy regular "
                   "expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)");
}

}  // namespace

LambdaDialect::Answer LambdaDialect::PublishVersion(Input input) {
  CO_TRY(FunctionRef function, input.Function());
  std::optional<std::string> code_sha256;
  if (const json::string* given = FindString(input.members, "CodeSha256")) code_sha256 = *given;
  CO_TRY(const FunctionConfiguration version,
         co_await functions_.PublishVersion(
             std::move(function), StringOr(input.members, "Description", ""), code_sha256));
  co_return LambdaJson(201, FunctionConfigurationJson(version));
}

LambdaDialect::Answer LambdaDialect::ListVersions(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const Paging paging, ParsePaging(input.Query("Marker"), input.Query("MaxItems")));
  CO_TRY(const auto versions, functions_.ListVersions(function));
  json::array items;
  std::string last, next;
  bool passed = paging.marker.empty();
  for (const FunctionConfiguration& version : versions) {
    if (!passed) {
      passed = version.version == paging.marker;
      continue;
    }
    if (items.size() >= paging.max_items) {
      next = last;
      break;
    }
    json::object item = FunctionConfigurationJson(version);
    if (version.version == functions::kLatest) item["FunctionArn"] = version.arn + ":$LATEST";
    items.push_back(std::move(item));
    last = version.version;
  }
  json::object body{{"Versions", std::move(items)}};
  if (!next.empty()) body["NextMarker"] = next;
  co_return LambdaJson(200, body);
}

LambdaDialect::Answer LambdaDialect::CreateAlias(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionConfiguration latest, functions_.Get({.name = function.name}));
  Alias alias{.name = StringOr(input.members, "Name", ""),
              .version = StringOr(input.members, "FunctionVersion", ""),
              .description = StringOr(input.members, "Description", ""),
              .revision_id = RandomUuid()};
  CO_TRY_VOID(CheckAliasName(alias.name));
  alias.arn = latest.arn + ":" + alias.name;
  CO_TRY_VOID(functions_.Get({.name = function.name, .qualifier = alias.version}));
  auto add = [alias](FunctionExtras& extras) -> Result<void> {
    if (extras.aliases.size() >= kMaxAliases) {
      return Error(Code::kInvalid, "InvalidParameterValueException", "Too many aliases");
    }
    if (!extras.aliases.emplace(alias.name, alias).second) {
      return Error(Code::kExists, "ResourceConflictException",
                   "Alias already exists: " + alias.arn);
    }
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(add)));
  co_return LambdaJson(201, AliasJson(alias));
}

LambdaDialect::Answer LambdaDialect::GetAlias(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionConfiguration latest, functions_.Get({.name = function.name}));
  CO_TRY(const FunctionExtras extras, functions_.GetExtras(function));
  const auto found = extras.aliases.find(input.item);
  if (found == extras.aliases.end()) co_return AliasNotFound(latest, input.item);
  co_return LambdaJson(200, AliasJson(found->second));
}

LambdaDialect::Answer LambdaDialect::ListAliases(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const Paging paging, ParsePaging(input.Query("Marker"), input.Query("MaxItems")));
  CO_TRY(const FunctionExtras extras, functions_.GetExtras(function));
  const std::string version = input.Query("FunctionVersion");
  json::array items;
  std::string last, next;
  for (auto at = extras.aliases.upper_bound(paging.marker); at != extras.aliases.end(); ++at) {
    if (!version.empty() && at->second.version != version) continue;
    if (items.size() >= paging.max_items) {
      next = last;
      break;
    }
    items.push_back(AliasJson(at->second));
    last = at->first;
  }
  json::object body{{"Aliases", std::move(items)}};
  if (!next.empty()) body["NextMarker"] = next;
  co_return LambdaJson(200, body);
}

LambdaDialect::Answer LambdaDialect::UpdateAlias(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionConfiguration latest, functions_.Get({.name = function.name}));
  const std::string version = StringOr(input.members, "FunctionVersion", "");
  if (!version.empty()) {
    CO_TRY_VOID(functions_.Get({.name = function.name, .qualifier = version}));
  }
  auto update = [&input, &latest, &version](FunctionExtras& extras) -> Result<void> {
    const auto found = extras.aliases.find(input.item);
    if (found == extras.aliases.end()) return AliasNotFound(latest, input.item);
    Alias& alias = found->second;
    if (!version.empty()) alias.version = version;
    alias.description = StringOr(input.members, "Description", alias.description);
    alias.revision_id = RandomUuid();
    return {};
  };
  CO_TRY(const FunctionExtras extras,
         co_await functions_.UpdateExtras(function, std::move(update)));
  const auto found = extras.aliases.find(input.item);
  if (found == extras.aliases.end()) co_return AliasNotFound(latest, input.item);
  co_return LambdaJson(200, AliasJson(found->second));
}

LambdaDialect::Answer LambdaDialect::DeleteAlias(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  auto remove = [item = input.item](FunctionExtras& extras) -> Result<void> {
    extras.aliases.erase(item);
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(remove)));
  http::Response response;
  response.status = 204;
  co_return response;
}

}  // namespace scones::api

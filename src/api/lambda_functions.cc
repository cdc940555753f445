// Lambda's operations on functions themselves: their code and configuration.
#include <algorithm>

#include "api/lambda_dialect.h"
#include "api/lambda_json.h"
#include "base/encoding.h"
#include "io/blocking_pool.h"

namespace scones::api {

using functions::FunctionCode;
using functions::FunctionConfiguration;
using functions::FunctionRef;
using functions::SettingsUpdate;

namespace {

Error Missing(std::string_view member) {
  return Error(Code::kInvalid, "ValidationException",
               "1 validation error detected: Value null at '" + std::string(member) +
                   "' failed to satisfy constraint: Member must not be null");
}

// What a new function gets of a CreateFunction request.
Result<functions::FunctionSettings> NewSettings(const json::object& members) {
  TRY(SettingsUpdate given, ParseSettings(members));
  if (!given.role || given.role->empty()) return Missing("role");
  if (!given.runtime) return Missing("runtime");
  if (!given.handler) return Missing("handler");
  functions::FunctionSettings settings{.runtime = std::move(*given.runtime),
                                       .handler = std::move(*given.handler),
                                       .role = std::move(*given.role),
                                       .description = given.description.value_or("")};
  settings.timeout_s = given.timeout_s.value_or(settings.timeout_s);
  settings.memory_mb = given.memory_mb.value_or(settings.memory_mb);
  if (given.environment) settings.environment = std::move(*given.environment);
  if (const json::array* names = FindArray(members, "Architectures")) {
    settings.architectures.clear();
    for (const json::value& name : *names) {
      if (!name.is_string() || (name.get_string() != "x86_64" && name.get_string() != "arm64")) {
        return Error(Code::kInvalid, "InvalidParameterValueException",
                     "Architectures must be x86_64 or arm64");
      }
      settings.architectures.emplace_back(name.get_string());
    }
  }
  return settings;
}

}  // namespace

io::Task<Result<FunctionCode>> LambdaDialect::ReadCode(json::object code) {
  if (const json::string* zip = FindString(code, "ZipFile")) {
    auto decode = [zip]() -> Result<FunctionCode> {
      auto bytes = Base64Decode(*zip);
      if (bytes) return FunctionCode{std::move(*bytes)};
      return Error(Code::kInvalid, "SerializationException", "ZipFile is not valid base64");
    };
    co_return co_await functions_.blocking_pool().Run(std::move(decode));
  }
  const std::string bucket = StringOr(code, "S3Bucket", "");
  const std::string key = StringOr(code, "S3Key", "");
  if (bucket.empty() || key.empty()) {
    co_return Error(Code::kInvalid, "InvalidParameterValueException",
                    "Please provide a source for function code: ZipFile, or S3Bucket and S3Key.");
  }
  auto bytes = co_await blobs_.Read({.bucket = bucket, .key = key});
  if (!bytes) {
    co_return Error(Code::kInvalid, "InvalidParameterValueException",
                    "Error occurred while GetObject. S3 Error Code: " + bytes.error().reason() +
                        ". S3 Error Message: " + bytes.error().message());
  }
  co_return FunctionCode{std::move(*bytes)};
}

LambdaDialect::Answer LambdaDialect::Published(FunctionConfiguration configuration, bool publish) {
  if (publish) {
    const FunctionRef function{.name = configuration.name};
    CO_TRY(configuration, co_await functions_.PublishVersion(function, "", std::nullopt));
  }
  co_return LambdaJson(200, FunctionConfigurationJson(configuration));
}

LambdaDialect::Answer LambdaDialect::CreateFunction(Input input) {
  CO_TRY(const FunctionRef function,
         FunctionRef::Parse(StringOr(input.members, "FunctionName", "")));
  CO_TRY(functions::FunctionSettings settings, NewSettings(input.members));
  CO_TRY(auto tags, ParseStringMap(input.members, "Tags"));
  const bool publish = FindBool(input.members, "Publish").value_or(false);
  const json::object* code = FindObject(input.members, "Code");
  if (code == nullptr) co_return Missing("code");
  CO_TRY(FunctionCode zip, co_await ReadCode(*code));
  CO_TRY(FunctionConfiguration created,
         co_await functions_.Create(function.name, std::move(settings), std::move(zip),
                                    std::move(tags)));
  CO_TRY(http::Response response, co_await Published(std::move(created), publish));
  response.status = 201;
  co_return response;
}

LambdaDialect::Answer LambdaDialect::ListFunctions(Input input) {
  CO_TRY(const Paging paging, ParsePaging(input.Query("Marker"), input.Query("MaxItems")));
  const bool all_versions = input.Query("FunctionVersion") == "ALL";
  json::array items;
  std::string last, next;
  for (const FunctionConfiguration& function : functions_.List()) {
    if (function.name <= paging.marker) continue;
    if (items.size() >= paging.max_items) {
      next = last;
      break;
    }
    items.push_back(FunctionConfigurationJson(function));
    last = function.name;
    if (!all_versions) continue;
    const auto versions = functions_.ListVersions({.name = function.name});
    if (!versions) continue;  // deleted meanwhile
    for (const FunctionConfiguration& version : *versions) {
      if (version.version != functions::kLatest)
        items.push_back(FunctionConfigurationJson(version));
    }
  }
  json::object body{{"Functions", std::move(items)}};
  if (!next.empty()) body["NextMarker"] = next;
  co_return LambdaJson(200, body);
}

LambdaDialect::Answer LambdaDialect::GetFunction(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionConfiguration configuration, functions_.Get(function));
  CO_TRY(const functions::FunctionExtras extras, functions_.GetExtras(function));
  json::object body{{"Configuration", FunctionConfigurationJson(configuration)},
                    {"Code", {{"RepositoryType", "S3"}}}};
  if (!extras.tags.empty()) {
    json::object tags;
    for (const auto& [name, value] : extras.tags) tags[name] = value;
    body["Tags"] = std::move(tags);
  }
  if (extras.reserved_concurrency) {
    body["Concurrency"] =
        json::object{{"ReservedConcurrentExecutions", *extras.reserved_concurrency}};
  }
  co_return LambdaJson(200, body);
}

LambdaDialect::Answer LambdaDialect::GetFunctionConfiguration(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionConfiguration configuration, functions_.Get(function));
  co_return LambdaJson(200, FunctionConfigurationJson(configuration));
}

LambdaDialect::Answer LambdaDialect::DeleteFunction(Input input) {
  CO_TRY(FunctionRef function, input.Function());
  CO_TRY_VOID(co_await functions_.Delete(std::move(function)));
  http::Response response;
  response.status = 204;
  co_return response;
}

LambdaDialect::Answer LambdaDialect::UpdateFunctionCode(Input input) {
  CO_TRY(FunctionRef function, input.Function());
  CO_TRY(const FunctionConfiguration current, functions_.Get(function));
  const bool publish = FindBool(input.members, "Publish").value_or(false);
  std::optional<std::string> revision_id;
  if (const json::string* given = FindString(input.members, "RevisionId")) revision_id = *given;
  const bool dry_run = FindBool(input.members, "DryRun").value_or(false);
  CO_TRY(FunctionCode code, co_await ReadCode(std::move(input.members)));
  if (dry_run) co_return LambdaJson(200, FunctionConfigurationJson(current));
  CO_TRY(FunctionConfiguration updated,
         co_await functions_.UpdateCode(std::move(function), std::move(code), revision_id));
  co_return co_await Published(std::move(updated), publish);
}

LambdaDialect::Answer LambdaDialect::UpdateFunctionConfiguration(Input input) {
  CO_TRY(FunctionRef function, input.Function());
  CO_TRY(SettingsUpdate update, ParseSettings(input.members));
  CO_TRY(const FunctionConfiguration updated,
         co_await functions_.UpdateSettings(std::move(function), std::move(update)));
  co_return LambdaJson(200, FunctionConfigurationJson(updated));
}

}  // namespace scones::api

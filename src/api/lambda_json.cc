#include "api/lambda_json.h"

#include <fmt/format.h>

#include <charconv>

#include "api/error_response.h"
#include "base/time.h"

namespace scones::api {
namespace {

constexpr std::size_t kMaxPage = 10'000;

Error WrongType(std::string_view name, std::string_view type) {
  return Error(Code::kInvalid, "SerializationException", fmt::format("{} must be {}", name, type));
}

Result<std::optional<std::string>> OptionalString(const json::object& members,
                                                  std::string_view name) {
  const json::value* value = FindMember(members, name);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  if (!value->is_string()) return WrongType(name, "a string");
  return std::optional<std::string>(value->get_string());
}

Result<std::optional<std::int64_t>> OptionalInteger(const json::object& members,
                                                    std::string_view name) {
  const json::value* value = FindMember(members, name);
  if (value == nullptr || value->is_null()) return std::optional<std::int64_t>();
  const auto number = FindInteger(members, name);
  if (!number) return WrongType(name, "an integer");
  return number;
}

// 2026-11-22T08:30:01.123+0000, as Lambda alone writes it.
std::string LambdaTime(Timestamp time) {
  std::string text = FormatIso8601(time);
  text.pop_back();
  return text + "+0000";
}

int LambdaStatus(const Error& error) {
  const std::string& reason = error.reason();
  if (reason == "RequestTooLargeException" || reason == "RequestEntityTooLargeException")
    return 413;
  if (reason == "CodeStorageExceededException") return 400;
  if (reason == "ServiceException") return 500;
  return RestStatus(error);
}

}  // namespace

json::object FunctionConfigurationJson(const functions::FunctionConfiguration& configuration) {
  const functions::FunctionSettings& settings = configuration.settings;
  json::array architectures;
  for (const std::string& name : settings.architectures) architectures.emplace_back(name);
  json::object json{{"FunctionName", configuration.name},
                    {"FunctionArn", configuration.arn},
                    {"Runtime", settings.runtime},
                    {"Role", settings.role},
                    {"Handler", settings.handler},
                    {"CodeSize", configuration.code_bytes},
                    {"Description", settings.description},
                    {"Timeout", settings.timeout_s},
                    {"MemorySize", settings.memory_mb},
                    {"LastModified", LambdaTime(configuration.last_modified)},
                    {"CodeSha256", configuration.code_sha256},
                    {"Version", configuration.version},
                    {"TracingConfig", {{"Mode", "PassThrough"}}},
                    {"RevisionId", configuration.revision_id},
                    {"State", "Active"},
                    {"LastUpdateStatus", "Successful"},
                    {"PackageType", "Zip"},
                    {"Architectures", std::move(architectures)},
                    {"EphemeralStorage", {{"Size", 512}}},
                    {"SnapStart", {{"ApplyOn", "None"}, {"OptimizationStatus", "Off"}}},
                    {"LoggingConfig",
                     {{"LogFormat", "Text"}, {"LogGroup", "/aws/lambda/" + configuration.name}}}};
  if (!settings.environment.empty()) {
    json::object variables;
    for (const auto& [name, value] : settings.environment) variables[name] = value;
    json["Environment"] = json::object{{"Variables", std::move(variables)}};
  }
  return json;
}

json::object AliasJson(const functions::Alias& alias) {
  return {{"AliasArn", alias.arn},
          {"Name", alias.name},
          {"FunctionVersion", alias.version},
          {"Description", alias.description},
          {"RevisionId", alias.revision_id}};
}

Result<std::map<std::string, std::string>> ParseStringMap(const json::object& members,
                                                          std::string_view name) {
  std::map<std::string, std::string> map;
  const json::value* value = FindMember(members, name);
  if (value == nullptr || value->is_null()) return map;
  if (!value->is_object()) return WrongType(name, "an object");
  for (const auto& [key, text] : value->get_object()) {
    if (!text.is_string())
      return WrongType(fmt::format("{}.{}", name, std::string_view(key)), "a string");
    map[std::string(key)] = std::string(text.get_string());
  }
  return map;
}

Result<functions::SettingsUpdate> ParseSettings(const json::object& members) {
  functions::SettingsUpdate update;
  TRY(update.runtime, OptionalString(members, "Runtime"));
  TRY(update.handler, OptionalString(members, "Handler"));
  TRY(update.role, OptionalString(members, "Role"));
  TRY(update.description, OptionalString(members, "Description"));
  TRY(update.revision_id, OptionalString(members, "RevisionId"));
  TRY(update.timeout_s, OptionalInteger(members, "Timeout"));
  TRY(update.memory_mb, OptionalInteger(members, "MemorySize"));
  if (const json::object* environment = FindObject(members, "Environment")) {
    TRY(update.environment, ParseStringMap(*environment, "Variables"));
  }
  if (StringOr(members, "PackageType", "Zip") != "Zip") {
    return Error(Code::kInvalid, "InvalidParameterValueException",
                 "Only functions of PackageType Zip can run here");
  }
  return update;
}

http::Response LambdaJson(int status, const json::value& body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = ToJson(body);
  return response;
}

http::Response LambdaError(const Error& error) {
  http::Response response = RestJsonError(error);
  response.status = LambdaStatus(error);
  if (error.reason() == "TooManyRequestsException") {
    response.body = ToJson(json::object{{"Type", "User"},
                                        {"Reason", "ConcurrentInvocationLimitExceeded"},
                                        {"message", error.message()}});
  }
  return response;
}

Result<Paging> ParsePaging(const std::string& marker, const std::string& max_items) {
  Paging paging{.marker = marker};
  if (max_items.empty()) return paging;
  const char* const end = max_items.data() + max_items.size();
  const auto [stop, error] = std::from_chars(max_items.data(), end, paging.max_items);
  if (error != std::errc() || stop != end || paging.max_items < 1 || paging.max_items > kMaxPage) {
    return Error(Code::kInvalid, "InvalidParameterValueException",
                 "MaxItems must be a number between 1 and 10000");
  }
  return paging;
}

}  // namespace scones::api

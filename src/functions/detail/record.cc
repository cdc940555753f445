#include "functions/detail/record.h"

#include "base/json.h"

namespace scones::functions {
namespace {

json::object EncodeMap(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

std::map<std::string, std::string> DecodeMap(const json::object* object) {
  std::map<std::string, std::string> map;
  if (object == nullptr) return map;
  for (const auto& [name, value] : *object) {
    if (value.is_string()) map[std::string(name)] = std::string(value.get_string());
  }
  return map;
}

json::object EncodeVersion(const StoredVersion& version) {
  const FunctionConfiguration& configuration = version.configuration;
  const FunctionSettings& settings = configuration.settings;
  json::array architectures;
  for (const std::string& name : settings.architectures) architectures.emplace_back(name);
  return {{"name", configuration.name},
          {"version", configuration.version},
          {"arn", configuration.arn},
          {"code_sha256", configuration.code_sha256},
          {"code_bytes", configuration.code_bytes},
          {"last_modified_us", configuration.last_modified.time_since_epoch().count()},
          {"revision_id", configuration.revision_id},
          {"native", configuration.native},
          {"package", version.package_hash},
          {"runtime", settings.runtime},
          {"handler", settings.handler},
          {"role", settings.role},
          {"description", settings.description},
          {"timeout_s", settings.timeout_s},
          {"memory_mb", settings.memory_mb},
          {"environment", EncodeMap(settings.environment)},
          {"architectures", std::move(architectures)}};
}

StoredVersion DecodeVersion(const json::object& object) {
  StoredVersion version;
  FunctionConfiguration& configuration = version.configuration;
  FunctionSettings& settings = configuration.settings;
  configuration.name = StringOr(object, "name", "");
  configuration.version = StringOr(object, "version", "");
  configuration.arn = StringOr(object, "arn", "");
  configuration.code_sha256 = StringOr(object, "code_sha256", "");
  configuration.code_bytes = FindInteger(object, "code_bytes").value_or(0);
  configuration.last_modified =
      Timestamp(std::chrono::microseconds(FindInteger(object, "last_modified_us").value_or(0)));
  configuration.revision_id = StringOr(object, "revision_id", "");
  configuration.native = FindBool(object, "native").value_or(false);
  version.package_hash = StringOr(object, "package", "");
  settings.runtime = StringOr(object, "runtime", "");
  settings.handler = StringOr(object, "handler", "");
  settings.role = StringOr(object, "role", "");
  settings.description = StringOr(object, "description", "");
  settings.timeout_s = FindInteger(object, "timeout_s").value_or(settings.timeout_s);
  settings.memory_mb = FindInteger(object, "memory_mb").value_or(settings.memory_mb);
  settings.environment = DecodeMap(FindObject(object, "environment"));
  settings.architectures.clear();
  if (const json::array* names = FindArray(object, "architectures")) {
    for (const json::value& name : *names) {
      if (name.is_string()) settings.architectures.emplace_back(name.get_string());
    }
  }
  return version;
}

json::object EncodeExtras(const FunctionExtras& extras) {
  json::array aliases;
  for (const auto& [name, alias] : extras.aliases) {
    aliases.push_back(json::object{{"name", alias.name},
                                   {"arn", alias.arn},
                                   {"version", alias.version},
                                   {"description", alias.description},
                                   {"revision_id", alias.revision_id}});
  }
  json::object object{{"tags", EncodeMap(extras.tags)},
                      {"policy", EncodeMap(extras.policy)},
                      {"aliases", std::move(aliases)},
                      {"last_version", extras.last_version}};
  if (extras.reserved_concurrency) object["reserved_concurrency"] = *extras.reserved_concurrency;
  return object;
}

FunctionExtras DecodeExtras(const json::object& object) {
  FunctionExtras extras;
  extras.tags = DecodeMap(FindObject(object, "tags"));
  extras.policy = DecodeMap(FindObject(object, "policy"));
  extras.last_version = FindInteger(object, "last_version").value_or(0);
  extras.reserved_concurrency = FindInteger(object, "reserved_concurrency");
  const json::array* aliases = FindArray(object, "aliases");
  if (aliases == nullptr) return extras;
  for (const json::value& value : *aliases) {
    if (!value.is_object()) continue;
    const json::object& alias = value.get_object();
    extras.aliases[StringOr(alias, "name", "")] = {
        .name = StringOr(alias, "name", ""),
        .arn = StringOr(alias, "arn", ""),
        .version = StringOr(alias, "version", ""),
        .description = StringOr(alias, "description", ""),
        .revision_id = StringOr(alias, "revision_id", "")};
  }
  return extras;
}

}  // namespace

std::string EncodeRecord(const FunctionRecord& record) {
  json::array versions;
  for (const auto& [name, version] : record.versions) versions.push_back(EncodeVersion(version));
  return ToJson(json::object{{"id", record.id},
                             {"revision", record.revision},
                             {"versions", std::move(versions)},
                             {"extras", EncodeExtras(record.extras)}});
}

Result<FunctionRecord> DecodeRecord(std::string_view document) {
  const auto value = ParseJson(document);
  const Error damaged(Code::kDataLoss, "a stored function's document is damaged");
  if (!value || !value->is_object()) return damaged;
  const json::object& object = value->get_object();
  const json::array* versions = FindArray(object, "versions");
  const json::object* extras = FindObject(object, "extras");
  if (versions == nullptr || extras == nullptr) return damaged;
  FunctionRecord record;
  record.id = FindInteger(object, "id").value_or(0);
  record.revision = FindInteger(object, "revision").value_or(0);
  record.extras = DecodeExtras(*extras);
  for (const json::value& version : *versions) {
    if (!version.is_object()) return damaged;
    StoredVersion stored = DecodeVersion(version.get_object());
    record.versions[stored.configuration.version] = std::move(stored);
  }
  if (!record.versions.contains(kLatest)) return damaged;
  return record;
}

}  // namespace scones::functions

// Versions and aliases of state machines.
#include "api/states_json.h"
#include "api/states_operations.h"

namespace scones::api::states {
namespace {

using workflows::Workflows;

io::Task<Result<json::value>> PublishStateMachineVersion(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "stateMachineArn"));
  CO_TRY(std::optional<std::string> revision, OptionalText(input, "revisionId"));
  CO_TRY(const std::optional<std::string> description, OptionalText(input, "description"));
  CO_TRY(const auto version, co_await service.PublishStateMachineVersion(
                                 std::move(arn), std::move(revision), description.value_or("")));
  co_return json::value{{"stateMachineVersionArn", version.arn},
                        {"creationDate", Date(version.created)}};
}

io::Task<Result<json::value>> DeleteStateMachineVersion(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "stateMachineVersionArn"));
  CO_TRY_VOID(co_await service.DeleteStateMachineVersion(std::move(arn)));
  co_return json::object();
}

Result<json::value> ListStateMachineVersions(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "stateMachineArn"));
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const auto listed, service.ListStateMachineVersions(arn, page));
  json::array versions;
  for (const workflows::StateMachineVersion& version : listed.items) {
    versions.push_back(
        {{"stateMachineVersionArn", version.arn}, {"creationDate", Date(version.created)}});
  }
  json::object output{{"stateMachineVersions", std::move(versions)}};
  PutNextToken(output, listed.next_token);
  return output;
}

std::optional<std::vector<workflows::Route>> ReadRoutes(const json::object& input) {
  const json::array* items = FindArray(input, "routingConfiguration");
  if (items == nullptr) return std::nullopt;
  std::vector<workflows::Route> routes;
  for (const json::value& item : *items) {
    if (!item.is_object()) continue;
    routes.push_back({.version_arn = StringOr(item.get_object(), "stateMachineVersionArn", ""),
                      .weight = FindInteger(item.get_object(), "weight").value_or(0)});
  }
  return routes;
}

io::Task<Result<json::value>> CreateStateMachineAlias(Workflows& service, json::object input) {
  workflows::CreateAliasRequest request;
  CO_TRY(request.name, RequiredText(input, "name"));
  CO_TRY(const std::optional<std::string> description, OptionalText(input, "description"));
  request.description = description.value_or("");
  request.routes = ReadRoutes(input).value_or(std::vector<workflows::Route>());
  CO_TRY(const auto alias, co_await service.CreateStateMachineAlias(std::move(request)));
  co_return json::value{{"stateMachineAliasArn", alias.arn}, {"creationDate", Date(alias.created)}};
}

io::Task<Result<json::value>> UpdateStateMachineAlias(Workflows& service, json::object input) {
  workflows::UpdateAliasRequest request;
  CO_TRY(request.arn, RequiredText(input, "stateMachineAliasArn"));
  CO_TRY(request.description, OptionalText(input, "description"));
  request.routes = ReadRoutes(input);
  CO_TRY(const Timestamp updated, co_await service.UpdateStateMachineAlias(std::move(request)));
  co_return json::value{{"updateDate", Date(updated)}};
}

io::Task<Result<json::value>> DeleteStateMachineAlias(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "stateMachineAliasArn"));
  CO_TRY_VOID(co_await service.DeleteStateMachineAlias(std::move(arn)));
  co_return json::object();
}

Result<json::value> DescribeStateMachineAlias(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "stateMachineAliasArn"));
  TRY(const workflows::StateMachineAlias alias, service.DescribeStateMachineAlias(arn));
  json::array routes;
  for (const workflows::Route& route : alias.routes) {
    routes.push_back({{"stateMachineVersionArn", route.version_arn}, {"weight", route.weight}});
  }
  json::object output{{"stateMachineAliasArn", alias.arn},
                      {"name", alias.name},
                      {"routingConfiguration", std::move(routes)},
                      {"creationDate", Date(alias.created)},
                      {"updateDate", Date(alias.updated)}};
  if (!alias.description.empty()) output["description"] = alias.description;
  return output;
}

Result<json::value> ListStateMachineAliases(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "stateMachineArn"));
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const auto listed, service.ListStateMachineAliases(arn, page));
  json::array aliases;
  for (const workflows::StateMachineAlias& alias : listed.items) {
    aliases.push_back({{"stateMachineAliasArn", alias.arn}, {"creationDate", Date(alias.created)}});
  }
  json::object output{{"stateMachineAliases", std::move(aliases)}};
  PutNextToken(output, listed.next_token);
  return output;
}

}  // namespace

void AddVersionOperations(JsonDialect& dialect, Workflows& service) {
  dialect.Add("PublishStateMachineVersion", Writing(service, PublishStateMachineVersion));
  dialect.Add("DeleteStateMachineVersion", Writing(service, DeleteStateMachineVersion));
  dialect.Add("ListStateMachineVersions", Reading(service, ListStateMachineVersions));
  dialect.Add("CreateStateMachineAlias", Writing(service, CreateStateMachineAlias));
  dialect.Add("UpdateStateMachineAlias", Writing(service, UpdateStateMachineAlias));
  dialect.Add("DeleteStateMachineAlias", Writing(service, DeleteStateMachineAlias));
  dialect.Add("DescribeStateMachineAlias", Reading(service, DescribeStateMachineAlias));
  dialect.Add("ListStateMachineAliases", Reading(service, ListStateMachineAliases));
}

}  // namespace scones::api::states

// Models, endpoint configurations, tags, and what lists have in common.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "endpoints/detail/service.h"
#include "endpoints/detail/validation.h"

namespace scones::endpoints::detail {
namespace {

constexpr std::int64_t kMaxResources = 10'000;  // of each kind

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kModel:
      return "model";
    case Kind::kEndpointConfig:
      return "endpoint configuration";
    case Kind::kEndpoint:
      return "endpoint";
  }
  return "";
}

const char* ArnType(Kind kind) {
  return kind == Kind::kEndpointConfig ? "endpoint-config" : KindName(kind);
}

// What lists sort and filter by.
struct ListKey {
  std::string name;
  Timestamp created;
  std::string status;
  Timestamp modified;
};

// Names break ties, so that the order is total and a page can begin behind any key.
std::tuple<std::int64_t, std::string_view, std::string_view> Rank(const ListKey& key,
                                                                  SortKey sort) {
  const std::int64_t created = key.created.time_since_epoch().count();
  return {sort == SortKey::kCreationTime ? created : 0,
          sort == SortKey::kStatus ? std::string_view(key.status) : std::string_view(), key.name};
}

bool Passes(const ListKey& key, const ListQuery& query) {
  return (query.name_contains.empty() || key.name.find(query.name_contains) != std::string::npos) &&
         (!query.created_after || key.created > *query.created_after) &&
         (!query.created_before || key.created < *query.created_before) &&
         (!query.modified_after || key.modified > *query.modified_after) &&
         (!query.modified_before || key.modified < *query.modified_before) &&
         (!query.status || key.status == EndpointStatusName(*query.status));
}

// "MICROSECONDS/STATUS/NAME" of the page's last item.
std::string FormatToken(const ListKey& key) {
  return fmt::format("{}/{}/{}", key.created.time_since_epoch().count(), key.status, key.name);
}
Result<ListKey> ParseToken(std::string_view token) {
  const std::size_t first = token.find('/');
  const std::size_t second = token.find('/', first == token.npos ? first : first + 1);
  std::int64_t micros = 0;
  if (second == token.npos ||
      std::from_chars(token.data(), token.data() + first, micros).ptr != token.data() + first) {
    return ValidationFailed("Invalid NextToken");
  }
  return ListKey{std::string(token.substr(second + 1)),
                 Timestamp(std::chrono::microseconds(micros)),
                 std::string(token.substr(first + 1, second - first - 1)), Timestamp()};
}

template <class T>
Result<Page<T>> MakePage(std::vector<std::pair<ListKey, T>> all, const ListQuery& query) {
  TRY_VOID(ValidateQuery(query));
  const bool ascending = query.sort_order == SortOrder::kAscending;
  const auto before = [&](const ListKey& a, const ListKey& b) {
    return ascending ? Rank(a, query.sort_key) < Rank(b, query.sort_key)
                     : Rank(b, query.sort_key) < Rank(a, query.sort_key);
  };
  ListKey behind;
  if (!query.next_token.empty()) {
    TRY(behind, ParseToken(query.next_token));
  }
  std::erase_if(all, [&](const auto& item) {
    return !Passes(item.first, query) || (!query.next_token.empty() && !before(behind, item.first));
  });
  std::sort(all.begin(), all.end(),
            [&](const auto& a, const auto& b) { return before(a.first, b.first); });
  const std::size_t count = std::min(all.size(), static_cast<std::size_t>(query.max_results));
  Page<T> page;
  for (std::size_t i = 0; i < count; ++i) page.items.push_back(std::move(all[i].second));
  if (count < all.size()) page.next_token = FormatToken(all[count - 1].first);
  return page;
}

Result<void> CheckRoom(db::Connection& connection, Kind kind, std::int64_t limit) {
  TRY(const std::int64_t count, CountDocuments(connection, kind));
  if (count < limit) return {};
  return Error(Code::kExhausted, "ResourceLimitExceeded",
               fmt::format("There are {} of {} possible {}s. Delete some first.", count, limit,
                           KindName(kind)));
}

json::object* TagsOf(json::value& document) {
  json::value* tags = document.as_object().if_contains("tags");
  return tags == nullptr ? nullptr : tags->if_object();
}

Tags ReadTags(const json::object& object) {
  Tags tags;
  for (const auto& member : object) {
    if (member.value().is_string()) tags[member.key()] = std::string(member.value().get_string());
  }
  return tags;
}

}  // namespace

std::string Service::ArnOf(Kind kind, std::string_view name) const {
  return options_.identity.MakeArn("sagemaker", fmt::format("{}/{}", ArnType(kind), name))
      .ToString();
}

Error Service::NotFound(Kind kind, std::string_view name) const {
  return Error(Code::kNotFound, "ValidationException",
               fmt::format("Could not find {} \"{}\".", KindName(kind), ArnOf(kind, name)));
}

Error Service::AlreadyExists(Kind kind, std::string_view name) const {
  return Error(
      Code::kExists, "ValidationException",
      fmt::format("Cannot create already existing {} \"{}\".", KindName(kind), ArnOf(kind, name)));
}

Result<Service::Resource> Service::ParseResource(const std::string& arn) const {
  for (const Kind kind : {Kind::kModel, Kind::kEndpointConfig, Kind::kEndpoint}) {
    const std::string prefix = ArnOf(kind, "");
    if (arn.starts_with(prefix)) return Resource{kind, arn.substr(prefix.size())};
  }
  return Error(Code::kNotFound, "ValidationException",
               fmt::format("Could not find resource \"{}\".", arn.substr(0, 256)));
}

Result<json::value> Service::Load(db::Connection& connection, Kind kind,
                                  std::string_view name) const {
  TRY(std::optional<json::value> document, FindDocument(connection, kind, name));
  if (!document) return NotFound(kind, name);
  return *std::move(document);
}

Result<std::vector<json::value>> Service::LoadAll(Kind kind) const {
  return database_.Read([&](db::Connection& connection) { return AllDocuments(connection, kind); });
}

io::Task<Result<ModelRecord>> Service::CreateModel(ModelSpec spec) {
  CO_TRY_VOID(ValidateModel(spec));
  ModelRecord record{std::move(spec), "", clock_.Now()};
  record.arn = ArnOf(Kind::kModel, record.spec.name);
  auto job = [this, record](db::Connection& connection) -> Result<ModelRecord> {
    TRY(const auto found, FindDocument(connection, Kind::kModel, record.spec.name));
    if (found) return AlreadyExists(Kind::kModel, record.spec.name);
    TRY_VOID(CheckRoom(connection, Kind::kModel, kMaxResources));
    TRY_VOID(PutDocument(connection, Kind::kModel, record.spec.name, ToJsonValue(record)));
    return record;
  };
  co_return co_await database_.Write(std::move(job));
}

Result<ModelRecord> Service::DescribeModel(const std::string& name) const {
  return database_.Read([&](db::Connection& connection) -> Result<ModelRecord> {
    TRY(const json::value document, Load(connection, Kind::kModel, name));
    return ModelFromJson(document);
  });
}

Result<Page<ModelRecord>> Service::ListModels(const ListQuery& query) const {
  TRY(const auto documents, LoadAll(Kind::kModel));
  std::vector<std::pair<ListKey, ModelRecord>> all;
  for (const json::value& document : documents) {
    TRY(ModelRecord record, ModelFromJson(document));
    ListKey key{record.spec.name, record.creation_time, "", record.creation_time};
    all.emplace_back(std::move(key), std::move(record));
  }
  return MakePage(std::move(all), query);
}

io::Task<Result<EndpointConfigRecord>> Service::CreateEndpointConfig(EndpointConfigSpec spec) {
  CO_TRY_VOID(ValidateEndpointConfig(spec));
  EndpointConfigRecord record{std::move(spec), "", clock_.Now()};
  record.arn = ArnOf(Kind::kEndpointConfig, record.spec.name);
  auto job = [this, record](db::Connection& connection) -> Result<EndpointConfigRecord> {
    const std::string& name = record.spec.name;
    TRY(const auto found, FindDocument(connection, Kind::kEndpointConfig, name));
    if (found) return AlreadyExists(Kind::kEndpointConfig, name);
    for (const ProductionVariant& variant : record.spec.variants) {
      TRY(const json::value model, Load(connection, Kind::kModel, variant.model_name));
    }
    TRY_VOID(CheckRoom(connection, Kind::kEndpointConfig, kMaxResources));
    TRY_VOID(PutDocument(connection, Kind::kEndpointConfig, name, ToJsonValue(record)));
    return record;
  };
  co_return co_await database_.Write(std::move(job));
}

Result<EndpointConfigRecord> Service::DescribeEndpointConfig(const std::string& name) const {
  return database_.Read([&](db::Connection& connection) -> Result<EndpointConfigRecord> {
    TRY(const json::value document, Load(connection, Kind::kEndpointConfig, name));
    return EndpointConfigFromJson(document);
  });
}

Result<Page<EndpointConfigRecord>> Service::ListEndpointConfigs(const ListQuery& query) const {
  TRY(const auto documents, LoadAll(Kind::kEndpointConfig));
  std::vector<std::pair<ListKey, EndpointConfigRecord>> all;
  for (const json::value& document : documents) {
    TRY(EndpointConfigRecord record, EndpointConfigFromJson(document));
    ListKey key{record.spec.name, record.creation_time, "", record.creation_time};
    all.emplace_back(std::move(key), std::move(record));
  }
  return MakePage(std::move(all), query);
}

Result<Page<EndpointRecord>> Service::ListEndpoints(const ListQuery& query) const {
  TRY(const auto documents, LoadAll(Kind::kEndpoint));
  std::vector<std::pair<ListKey, EndpointRecord>> all;
  for (const json::value& document : documents) {
    TRY(const EndpointRow row, EndpointFromJson(document));
    ListKey key{row.name, row.creation_time, EndpointStatusName(row.status),
                row.last_modified_time};
    all.emplace_back(std::move(key), Describe(row));
  }
  return MakePage(std::move(all), query);
}

io::Task<Result<void>> Service::Remove(Kind kind, std::string name) {
  auto job = [this, kind, name](db::Connection& connection) -> Result<void> {
    TRY(const json::value document, Load(connection, kind, name));
    return RemoveDocument(connection, kind, name);
  };
  co_return co_await database_.Write(std::move(job));
}

Result<Tags> Service::ListTags(const std::string& arn) const {
  TRY(const Resource resource, ParseResource(arn));
  return database_.Read([&](db::Connection& connection) -> Result<Tags> {
    TRY(json::value document, Load(connection, resource.kind, resource.name));
    const json::object* tags = TagsOf(document);
    return tags == nullptr ? Tags() : ReadTags(*tags);
  });
}

io::Task<Result<Tags>> Service::ChangeTags(std::string arn, std::function<void(Tags&)> change) {
  CO_TRY(const Resource resource, ParseResource(arn));
  auto job = [this, resource, change](db::Connection& connection) -> Result<Tags> {
    TRY(json::value document, Load(connection, resource.kind, resource.name));
    const json::object* before = TagsOf(document);
    Tags tags = before == nullptr ? Tags() : ReadTags(*before);
    change(tags);
    TRY_VOID(ValidateTags(tags));
    json::object after;
    for (const auto& [key, value] : tags) after[key] = value;
    document.as_object()["tags"] = std::move(after);
    TRY_VOID(PutDocument(connection, resource.kind, resource.name, document));
    return tags;
  };
  co_return co_await database_.Write(std::move(job));
}

}  // namespace scones::endpoints::detail

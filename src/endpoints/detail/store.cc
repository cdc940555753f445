#include "endpoints/detail/store.h"

namespace scones::endpoints::detail {
namespace {

constexpr std::string_view kFind =
    "SELECT document FROM endpoints_resources WHERE kind=? AND name=?";
constexpr std::string_view kAll =
    "SELECT document FROM endpoints_resources WHERE kind=? ORDER BY name";
constexpr std::string_view kCount = "SELECT count(*) FROM endpoints_resources WHERE kind=?";
constexpr std::string_view kPut =
    "INSERT INTO endpoints_resources(kind, name, document) VALUES(?, ?, ?) "
    "ON CONFLICT(kind, name) DO UPDATE SET document=excluded.document";
constexpr std::string_view kRemove = "DELETE FROM endpoints_resources WHERE kind=? AND name=?";

std::int64_t Number(Kind kind) { return static_cast<std::int64_t>(kind); }

}  // namespace

const std::vector<db::Migration>& Migrations() {
  static const auto& migrations = *new std::vector<db::Migration>{
      {"endpoints.1",
       "CREATE TABLE endpoints_resources(kind INTEGER NOT NULL, name TEXT NOT NULL, "
       "document TEXT NOT NULL, PRIMARY KEY(kind, name)) WITHOUT ROWID"}};
  return migrations;
}

Result<std::optional<json::value>> FindDocument(db::Connection& connection, Kind kind,
                                                std::string_view name) {
  db::Statement statement = connection.Prepare(kFind);
  statement.Bind(1, Number(kind)).Bind(2, name);
  TRY(const bool found, statement.Step());
  if (!found) return std::optional<json::value>();
  TRY(json::value document, ParseJson(statement.Text(0)));
  return std::optional<json::value>(std::move(document));
}

Result<std::vector<json::value>> AllDocuments(db::Connection& connection, Kind kind) {
  db::Statement statement = connection.Prepare(kAll);
  statement.Bind(1, Number(kind));
  std::vector<json::value> documents;
  while (true) {
    TRY(const bool more, statement.Step());
    if (!more) return documents;
    TRY(json::value document, ParseJson(statement.Text(0)));
    documents.push_back(std::move(document));
  }
}

Result<std::int64_t> CountDocuments(db::Connection& connection, Kind kind) {
  db::Statement statement = connection.Prepare(kCount);
  statement.Bind(1, Number(kind));
  TRY(const bool found, statement.Step());
  return found ? statement.Int(0) : 0;
}

Result<void> PutDocument(db::Connection& connection, Kind kind, std::string_view name,
                         const json::value& document) {
  const std::string text = ToJson(document);
  db::Statement statement = connection.Prepare(kPut);
  return statement.Bind(1, Number(kind)).Bind(2, name).Bind(3, std::string_view(text)).Run();
}

Result<void> RemoveDocument(db::Connection& connection, Kind kind, std::string_view name) {
  db::Statement statement = connection.Prepare(kRemove);
  return statement.Bind(1, Number(kind)).Bind(2, name).Run();
}

}  // namespace scones::endpoints::detail

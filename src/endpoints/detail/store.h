// The service's table: one row a resource, its document as JSON. Functions take the connection of
// the transaction or read that they belong to; they keep nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "db/database.h"

namespace scones::endpoints::detail {

enum class Kind { kModel = 1, kEndpointConfig = 2, kEndpoint = 3 };

const std::vector<db::Migration>& Migrations();

Result<std::optional<json::value>> FindDocument(db::Connection& connection, Kind kind,
                                                std::string_view name);
// By name.
Result<std::vector<json::value>> AllDocuments(db::Connection& connection, Kind kind);
Result<std::int64_t> CountDocuments(db::Connection& connection, Kind kind);
// Adds or replaces.
Result<void> PutDocument(db::Connection& connection, Kind kind, std::string_view name,
                         const json::value& document);
Result<void> RemoveDocument(db::Connection& connection, Kind kind, std::string_view name);

}  // namespace scones::endpoints::detail

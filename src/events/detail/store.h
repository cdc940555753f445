// The tables of events and the statements on them. Each function runs within one job of the
// database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "events/types.h"

namespace scones::events {

const std::vector<db::Migration>& Schema();

struct StoredRule {
  Rule rule;
  std::vector<Target> targets;  // by id
};
// By name.
Result<std::vector<StoredRule>> ReadRules(db::Connection& connection);
Result<std::optional<Rule>> FindRule(db::Connection& connection, std::string_view name);
Result<void> WriteRule(db::Connection& connection, const Rule& rule);
Result<void> DeleteRule(db::Connection& connection, std::string_view name);
Result<std::int64_t> CountRules(db::Connection& connection);

Result<std::vector<Target>> ReadTargets(db::Connection& connection, std::string_view rule);
Result<void> WriteTarget(db::Connection& connection, std::string_view rule, const Target& target);
// Whether it was there.
Result<bool> DeleteTarget(db::Connection& connection, std::string_view rule, std::string_view id);

struct StoredDelivery {
  std::int64_t id = 0;
  Delivery delivery;
  std::int64_t attempts = 0;  // those that failed
  Timestamp accepted;
};
// Nothing is added where a delivery of that name waits already; false then.
Result<bool> AddDelivery(db::Connection& connection, const Delivery& delivery, Timestamp now);
// Those due by `now`, oldest first, without those behind another of the same order key and target.
Result<std::vector<StoredDelivery>> ReadDue(db::Connection& connection, Timestamp now,
                                            std::size_t limit);
// When the next one is due, of those that aren't by `now`.
Result<std::optional<Timestamp>> NextDue(db::Connection& connection, Timestamp now);
Result<void> PostponeDelivery(db::Connection& connection, std::int64_t id, Timestamp due);
Result<void> RemoveDelivery(db::Connection& connection, std::int64_t id);
Result<std::int64_t> CountDeliveries(db::Connection& connection);

}  // namespace scones::events

#include "events/detail/store.h"

#include "base/json.h"
#include "events/detail/encode.h"

namespace scones::events {
namespace {

std::int64_t Microseconds(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMicroseconds(std::int64_t us) { return Timestamp(std::chrono::microseconds(us)); }

Result<std::int64_t> Count(db::Connection& connection, std::string_view sql) {
  db::Statement select = connection.Prepare(sql);
  TRY([[maybe_unused]] const bool row, select.Step());
  return select.Int(0);
}

}  // namespace

const std::vector<db::Migration>& Schema() {
  static const std::vector<db::Migration> kSchema = {
      {"events.1",
       "CREATE TABLE event_rules (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;"
       "CREATE TABLE event_targets (rule TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,"
       " PRIMARY KEY (rule, id)) WITHOUT ROWID;"
       "CREATE TABLE event_deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT,"
       " name TEXT NOT NULL, target TEXT NOT NULL, order_key TEXT NOT NULL, input TEXT NOT NULL,"
       " max_age_s INTEGER NOT NULL, max_retries INTEGER NOT NULL, accepted_us INTEGER NOT NULL,"
       " due_us INTEGER NOT NULL, attempts INTEGER NOT NULL, UNIQUE (name, target));"
       "CREATE INDEX event_deliveries_by_due ON event_deliveries (due_us, id);"
       "CREATE INDEX event_deliveries_by_order ON event_deliveries (target, order_key, id)"
       " WHERE order_key <> '';"}};
  return kSchema;
}

Result<std::vector<StoredRule>> ReadRules(db::Connection& connection) {
  std::vector<StoredRule> rules;
  {
    db::Statement select = connection.Prepare("SELECT body FROM event_rules ORDER BY name");
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) break;
      TRY(Rule rule, DecodeRule(select.Text(0)));
      rules.push_back({.rule = std::move(rule), .targets = {}});
    }
  }
  for (StoredRule& rule : rules) {
    TRY(rule.targets, ReadTargets(connection, rule.rule.name));
  }
  return rules;
}

Result<std::optional<Rule>> FindRule(db::Connection& connection, std::string_view name) {
  db::Statement select = connection.Prepare("SELECT body FROM event_rules WHERE name = ?1");
  TRY(const bool found, select.Bind(1, name).Step());
  if (!found) return std::optional<Rule>();
  TRY(Rule rule, DecodeRule(select.Text(0)));
  return std::optional<Rule>(std::move(rule));
}

Result<void> WriteRule(db::Connection& connection, const Rule& rule) {
  const std::string body = EncodeRule(rule);
  return connection.Prepare("INSERT OR REPLACE INTO event_rules VALUES (?1, ?2)")
      .Bind(1, std::string_view(rule.name))
      .Bind(2, std::string_view(body))
      .Run();
}

Result<void> DeleteRule(db::Connection& connection, std::string_view name) {
  return connection.Prepare("DELETE FROM event_rules WHERE name = ?1").Bind(1, name).Run();
}

Result<std::int64_t> CountRules(db::Connection& connection) {
  return Count(connection, "SELECT count(*) FROM event_rules");
}

Result<std::vector<Target>> ReadTargets(db::Connection& connection, std::string_view rule) {
  db::Statement select =
      connection.Prepare("SELECT body FROM event_targets WHERE rule = ?1 ORDER BY id");
  select.Bind(1, rule);
  std::vector<Target> targets;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return targets;
    TRY(Target target, DecodeTarget(select.Text(0)));
    targets.push_back(std::move(target));
  }
}

Result<void> WriteTarget(db::Connection& connection, std::string_view rule, const Target& target) {
  const std::string body = EncodeTarget(target);
  return connection.Prepare("INSERT OR REPLACE INTO event_targets VALUES (?1, ?2, ?3)")
      .Bind(1, rule)
      .Bind(2, std::string_view(target.id))
      .Bind(3, std::string_view(body))
      .Run();
}

Result<bool> DeleteTarget(db::Connection& connection, std::string_view rule, std::string_view id) {
  TRY_VOID(connection.Prepare("DELETE FROM event_targets WHERE rule = ?1 AND id = ?2")
               .Bind(1, rule)
               .Bind(2, id)
               .Run());
  return connection.ChangedRows() > 0;
}

Result<bool> AddDelivery(db::Connection& connection, const Delivery& delivery, Timestamp now) {
  TRY_VOID(connection
               .Prepare("INSERT OR IGNORE INTO event_deliveries (name, target, order_key, input,"
                        " max_age_s, max_retries, accepted_us, due_us, attempts)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 0)")
               .Bind(1, std::string_view(delivery.name))
               .Bind(2, std::string_view(delivery.target_arn))
               .Bind(3, std::string_view(delivery.order_key))
               .Bind(4, std::string_view(delivery.input))
               .Bind(5, delivery.retry_policy.maximum_event_age_s)
               .Bind(6, delivery.retry_policy.maximum_retry_attempts)
               .Bind(7, Microseconds(now))
               .Run());
  return connection.ChangedRows() > 0;
}

Result<std::vector<StoredDelivery>> ReadDue(db::Connection& connection, Timestamp now,
                                            std::size_t limit) {
  db::Statement select = connection.Prepare(
      "SELECT id, name, target, order_key, input, max_age_s, max_retries, accepted_us, attempts"
      " FROM event_deliveries d WHERE due_us <= ?1 AND (order_key = '' OR NOT EXISTS"
      " (SELECT 1 FROM event_deliveries e WHERE e.order_key <> '' AND e.target = d.target"
      " AND e.order_key = d.order_key AND e.id < d.id)) ORDER BY due_us, id LIMIT ?2");
  select.Bind(1, Microseconds(now)).Bind(2, static_cast<std::int64_t>(limit));
  std::vector<StoredDelivery> due;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return due;
    due.push_back({.id = select.Int(0),
                   .delivery = {.target_arn = std::string(select.Text(2)),
                                .name = std::string(select.Text(1)),
                                .input = std::string(select.Text(4)),
                                .order_key = std::string(select.Text(3)),
                                .retry_policy = {.maximum_event_age_s = select.Int(5),
                                                 .maximum_retry_attempts = select.Int(6)}},
                   .attempts = select.Int(8),
                   .accepted = FromMicroseconds(select.Int(7))});
  }
}

Result<std::optional<Timestamp>> NextDue(db::Connection& connection, Timestamp now) {
  db::Statement select =
      connection.Prepare("SELECT min(due_us) FROM event_deliveries WHERE due_us > ?1");
  TRY([[maybe_unused]] const bool row, select.Bind(1, Microseconds(now)).Step());
  if (select.IsNull(0)) return std::optional<Timestamp>();
  return std::optional(FromMicroseconds(select.Int(0)));
}

Result<void> PostponeDelivery(db::Connection& connection, std::int64_t id, Timestamp due) {
  return connection
      .Prepare("UPDATE event_deliveries SET due_us = ?2, attempts = attempts + 1 WHERE id = ?1")
      .Bind(1, id)
      .Bind(2, Microseconds(due))
      .Run();
}

Result<void> RemoveDelivery(db::Connection& connection, std::int64_t id) {
  return connection.Prepare("DELETE FROM event_deliveries WHERE id = ?1").Bind(1, id).Run();
}

Result<std::int64_t> CountDeliveries(db::Connection& connection) {
  return Count(connection, "SELECT count(*) FROM event_deliveries");
}

}  // namespace scones::events

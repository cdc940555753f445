// Events become deliveries: which rules want them, what each target is sent. On the writer's
// thread.
#include <fmt/format.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"
#include "events/detail/state.h"
#include "events/input_transformer.h"

namespace scones::events {

std::string UuidOf(std::string_view text) {
  std::string digest = Digest(HashAlgorithm::kSha256, text).substr(0, 16);
  // Version 8 and RFC 9562's variant: a UUID of our own making.
  digest[6] = static_cast<char>((digest[6] & 0x0f) | 0x80);
  digest[8] = static_cast<char>((digest[8] & 0x3f) | 0x80);
  const std::string hex = HexEncode(digest);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

Result<void> Events::State::Refresh(db::Connection& connection) {
  if (!stale.exchange(false)) return {};
  Result<std::vector<StoredRule>> stored = ReadRules(connection);
  if (!stored) {
    stale = true;
    return stored.error();
  }
  std::vector<CompiledRule> compiled;
  std::map<std::string, PlannedSchedule> planned;
  for (StoredRule& one : *stored) {
    CompiledRule rule{
        .rule = std::move(one.rule), .pattern = {}, .targets = std::move(one.targets)};
    if (!rule.rule.enabled) continue;
    if (rule.rule.event_pattern) {
      TRY(EventPattern pattern, EventPattern::Parse(*rule.rule.event_pattern));
      rule.pattern = std::move(pattern);
    }
    if (rule.rule.schedule_expression) {
      const std::string& expression = *rule.rule.schedule_expression;
      const Timestamp since = rule.rule.in_force_since;
      TRY(Schedule schedule, Schedule::Parse(expression));
      const auto known = schedules.find(rule.rule.name);
      const bool same = known != schedules.end() && known->second.expression == expression &&
                        known->second.since == since;
      // From the rule's own time on, however late it is seen; but nothing from before this start.
      const auto next =
          same ? known->second.next : schedule.NextFire(std::max(since, opened), since);
      planned.emplace(rule.rule.name, PlannedSchedule{expression, since, schedule, next});
    }
    compiled.push_back(std::move(rule));
  }
  rules = std::move(compiled);
  schedules = std::move(planned);
  return {};
}

Result<void> Events::State::Enqueue(db::Connection& connection, const Delivery& delivery) {
  if (waiting >= static_cast<std::int64_t>(options.max_deliveries)) {
    return Error(Code::kExhausted, "ThrottlingException",
                 fmt::format("{} deliveries of events wait for their targets: try again later",
                             options.max_deliveries));
  }
  TRY(const bool added, AddDelivery(connection, delivery, clock.Now()));
  if (added) ++waiting;
  Poke();
  return {};
}

Result<void> Events::State::EnqueueTargets(db::Connection& connection, const CompiledRule& rule,
                                           const Event& event, const json::object& envelope) {
  const TransformContext context{
      .rule_arn = rule.rule.arn, .rule_name = rule.rule.name, .ingested = clock.Now()};
  for (const Target& target : rule.targets) {
    Result<std::string> input = MakeInput(target, envelope, context);
    if (!input) {
      // As with a target that refuses: the other targets still get theirs.
      LogWarning("events.no-input", "rule={} target={} event={} cause={}", LogValue(rule.rule.name),
                 LogValue(target.id), event.id, LogValue(input.error().message()));
      ++given_up;
      continue;
    }
    const std::string place = rule.rule.name + "/" + target.id;
    TRY_VOID(Enqueue(connection,
                     {.target_arn = target.arn,
                      .name = event.id + "_" + UuidOf(event.id + "/" + place),
                      .input = *std::move(input),
                      .order_key = event.order_key.empty() ? "" : place + "/" + event.order_key,
                      .retry_policy = target.retry_policy.value_or(RetryPolicy())}));
  }
  return {};
}

Result<void> Events::State::Accept(db::Connection& connection, const Event& event) {
  TRY_VOID(Refresh(connection));
  const json::object envelope = MakeEnvelope(event, identity);
  for (const CompiledRule& rule : rules) {
    if (!rule.pattern || !rule.pattern->Matches(envelope)) continue;
    TRY_VOID(EnqueueTargets(connection, rule, event, envelope));
  }
  return {};
}

Result<void> Events::State::FireSchedules(db::Connection& connection, Timestamp now, Work& work) {
  for (const auto& [name, time] : unfired) {
    if (const auto found = schedules.find(name); found != schedules.end()) {
      found->second.next = time;
    }
  }
  for (const CompiledRule& rule : rules) {
    const auto found = schedules.find(rule.rule.name);
    if (found == schedules.end() || !found->second.next) continue;
    PlannedSchedule& planned = found->second;
    if (*planned.next <= now) {
      const Timestamp time = *planned.next;
      const Event event{
          .id = UuidOf(fmt::format("{}/{}", rule.rule.arn, time.time_since_epoch().count())),
          .source = "aws.events",
          .detail_type = "Scheduled Event",
          .time = time,
          .resources = {rule.rule.arn},
          .detail = {},
          .order_key = ""};
      const auto enqueued = EnqueueTargets(connection, rule, event, MakeEnvelope(event, identity));
      if (!enqueued) {
        // A full queue must not keep the deliveries in it from going on.
        if (enqueued.error().code() != Code::kExhausted) return enqueued.error();
        LogWarning("events.not-fired", "rule={} cause={}", LogValue(rule.rule.name),
                   LogValue(enqueued.error().message()));
        ++given_up;
      }
      // Times that passed meanwhile don't come back.
      planned.next = planned.schedule.NextFire(now, planned.since);
      work.fired.emplace_back(rule.rule.name, time);
    }
    if (planned.next && (!work.next || *planned.next < *work.next)) work.next = planned.next;
  }
  return {};
}

Result<void> Events::Accept(db::Connection& connection, const Event& event) {
  return state_->Accept(connection, event);
}

Result<void> Events::Enqueue(db::Connection& connection, const Delivery& delivery) {
  return state_->Enqueue(connection, delivery);
}

io::Task<Result<void>> Events::PutEvents(std::vector<Event> events) {
  auto accept = [state = state_,
                 events = std::move(events)](db::Connection& connection) -> Result<void> {
    for (const Event& event : events) TRY_VOID(state->Accept(connection, event));
    return {};
  };
  co_return co_await state_->database.Write(std::move(accept));
}

}  // namespace scones::events

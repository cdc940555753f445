// Rules and targets: made, changed, listed, removed.
#include <fmt/format.h>

#include "events/detail/state.h"
#include "events/input_transformer.h"

namespace scones::events {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Error NoSuchRule(std::string_view name) {
  return Error(Code::kNotFound, "ResourceNotFoundException",
               fmt::format("Rule {} does not exist on EventBus default.", name));
}

Error LimitExceeded() {
  return Error(Code::kExhausted, "LimitExceededException",
               "The requested resource exceeds the maximum number allowed.");
}

Result<void> CheckName(std::string_view name, std::string_view member) {
  if (!name.empty() && name.size() <= kMaxName &&
      name.find_first_not_of(kNameCharacters) == name.npos) {
    return {};
  }
  return Invalid(
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
                  "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+, of 1 to 64 "
                  "characters",
                  name.substr(0, 200), member));
}

Result<void> CheckTags(const std::map<std::string, std::string>& tags, std::size_t most) {
  if (tags.size() > most) return LimitExceeded();
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 512 || value.size() > 1024) {
      return Invalid("a tag's key has 1 to 128 characters and its value at most 256");
    }
  }
  return {};
}

Result<void> CheckRule(const PutRuleRequest& request, std::size_t max_tags) {
  TRY_VOID(CheckName(request.name, "name"));
  if (request.description.size() > 512 * 4) {
    return Invalid("Value at 'description' must have at most 512 characters");
  }
  if (!request.event_pattern && !request.schedule_expression) {
    return Invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  if (request.event_pattern) TRY_VOID(EventPattern::Parse(*request.event_pattern));
  if (request.schedule_expression) TRY_VOID(Schedule::Parse(*request.schedule_expression));
  return CheckTags(request.tags, max_tags);
}

Result<void> CheckNewTarget(const Target& target, const TargetRunner* runner) {
  TRY_VOID(CheckName(target.id, "targets.id"));
  if (runner != nullptr) {
    if (const auto kind = runner->CheckKind(target.arn); !kind) {
      return Invalid(fmt::format("Parameter {} is not valid. Reason: {}", target.arn.substr(0, 200),
                                 kind.error().message()));
    }
  }
  if (target.retry_policy) {
    const RetryPolicy& retry = *target.retry_policy;
    if (retry.maximum_event_age_s < 60 || retry.maximum_event_age_s > 86'400 ||
        retry.maximum_retry_attempts < 0 || retry.maximum_retry_attempts > 185) {
      return Invalid(
          "RetryPolicy: MaximumEventAgeInSeconds is 60 to 86400 and MaximumRetryAttempts 0 to 185");
    }
  }
  return CheckInput(target);
}

Result<Rule> RequireRule(db::Connection& connection, std::string_view name) {
  TRY(std::optional<Rule> rule, FindRule(connection, name));
  if (!rule) return NoSuchRule(name);
  return *std::move(rule);
}

Result<std::string> RuleOfArn(const std::string& arn) {
  const Result<Arn> parsed = Arn::Parse(arn);
  if (!parsed || parsed->service != "events" || !parsed->resource.starts_with("rule/")) {
    return Invalid(fmt::format("'{}' is not the ARN of a rule", arn.substr(0, 200)));
  }
  std::string name = parsed->resource.substr(5);
  // With the bus in it, as AWS writes it for buses other than the default.
  if (name.starts_with("default/")) name.erase(0, 8);
  return name;
}

// The page of `items` (ordered by what `name_of` gives) after `after`.
template <class T, class NameOf>
Page<T> PageOf(std::vector<T> items, const std::string& after, std::size_t limit, NameOf name_of) {
  Page<T> page;
  for (T& item : items) {
    if (name_of(item) <= after) continue;
    if (page.items.size() == limit) {
      page.next = name_of(page.items.back());
      break;
    }
    page.items.push_back(std::move(item));
  }
  return page;
}

}  // namespace

io::Task<Result<std::string>> Events::PutRule(PutRuleRequest request) {
  CO_TRY_VOID(CheckRule(request, state_->options.max_tags));
  std::string arn = state_->identity.MakeArn("events", "rule/" + request.name).ToString();
  auto put = [state = state_, arn,
              request = std::move(request)](db::Connection& connection) -> Result<std::string> {
    TRY(const std::optional<Rule> former, FindRule(connection, request.name));
    if (!former) {
      TRY(const std::int64_t count, CountRules(connection));
      if (count >= static_cast<std::int64_t>(state->options.max_rules)) return LimitExceeded();
    }
    const Rule rule{.name = request.name,
                    .arn = arn,
                    .description = request.description,
                    .role_arn = request.role_arn,
                    .event_pattern = request.event_pattern,
                    .schedule_expression = request.schedule_expression,
                    .enabled = request.enabled,
                    .in_force_since = state->clock.Now(),
                    .tags = former ? former->tags : request.tags};
    TRY_VOID(WriteRule(connection, rule));
    return arn;
  };
  co_return co_await state_->ChangeRules(std::move(put));
}

Result<Rule> Events::DescribeRule(const std::string& name) {
  return state_->database.Read(
      [&name](db::Connection& connection) { return RequireRule(connection, name); });
}

Result<Page<Rule>> Events::ListRules(const std::string& prefix, const std::string& after,
                                     std::size_t limit) {
  const auto list = [&](db::Connection& connection) -> Result<Page<Rule>> {
    TRY(std::vector<StoredRule> stored, ReadRules(connection));
    std::vector<Rule> rules;
    for (StoredRule& one : stored) {
      if (one.rule.name.starts_with(prefix)) rules.push_back(std::move(one.rule));
    }
    return PageOf(std::move(rules), after, limit, [](const Rule& rule) { return rule.name; });
  };
  return state_->database.Read(list);
}

io::Task<Result<void>> Events::DeleteRule(std::string name) {
  auto remove = [name = std::move(name)](db::Connection& connection) -> Result<void> {
    TRY(const std::vector<Target> targets, ReadTargets(connection, name));
    if (!targets.empty()) return Invalid("Rule can't be deleted since it has targets.");
    return events::DeleteRule(connection, name);
  };
  co_return co_await state_->ChangeRules(std::move(remove));
}

io::Task<Result<void>> Events::SetEnabled(std::string name, bool enabled) {
  auto set = [state = state_, name = std::move(name),
              enabled](db::Connection& connection) -> Result<void> {
    TRY(Rule rule, RequireRule(connection, name));
    if (rule.enabled == enabled) return {};
    rule.enabled = enabled;
    rule.in_force_since = state->clock.Now();
    return WriteRule(connection, rule);
  };
  co_return co_await state_->ChangeRules(std::move(set));
}

io::Task<Result<std::vector<FailedTarget>>> Events::PutTargets(std::string rule,
                                                               std::vector<Target> targets) {
  using Failed = std::vector<FailedTarget>;
  for (const Target& target : targets) CO_TRY_VOID(CheckNewTarget(target, state_->runner));
  auto put = [state = state_, rule = std::move(rule),
              targets = std::move(targets)](db::Connection& connection) -> Result<Failed> {
    TRY_VOID(RequireRule(connection, rule));
    for (const Target& target : targets) TRY_VOID(WriteTarget(connection, rule, target));
    TRY(const std::vector<Target> all, ReadTargets(connection, rule));
    if (all.size() > state->options.max_targets) return LimitExceeded();
    return Failed();
  };
  co_return co_await state_->ChangeRules(std::move(put));
}

io::Task<Result<std::vector<FailedTarget>>> Events::RemoveTargets(std::string rule,
                                                                  std::vector<std::string> ids) {
  using Failed = std::vector<FailedTarget>;
  auto remove = [rule = std::move(rule),
                 ids = std::move(ids)](db::Connection& connection) -> Result<Failed> {
    TRY_VOID(RequireRule(connection, rule));
    Failed failed;
    for (const std::string& id : ids) {
      TRY(const bool removed, DeleteTarget(connection, rule, id));
      if (removed) continue;
      failed.push_back({id, "ResourceNotFoundException",
                        fmt::format("Rule {} does not have a target with Id {}.", rule, id)});
    }
    return failed;
  };
  co_return co_await state_->ChangeRules(std::move(remove));
}

Result<Page<Target>> Events::ListTargets(const std::string& rule, const std::string& after,
                                         std::size_t limit) {
  const auto list = [&](db::Connection& connection) -> Result<Page<Target>> {
    TRY_VOID(RequireRule(connection, rule));
    TRY(std::vector<Target> targets, ReadTargets(connection, rule));
    return PageOf(std::move(targets), after, limit, [](const Target& target) { return target.id; });
  };
  return state_->database.Read(list);
}

Result<Page<std::string>> Events::ListRuleNamesByTarget(const std::string& arn,
                                                        const std::string& after,
                                                        std::size_t limit) {
  const auto list = [&](db::Connection& connection) -> Result<Page<std::string>> {
    TRY(const std::vector<StoredRule> stored, ReadRules(connection));
    std::vector<std::string> names;
    for (const StoredRule& one : stored) {
      const bool has = std::any_of(one.targets.begin(), one.targets.end(),
                                   [&arn](const Target& target) { return target.arn == arn; });
      if (has) names.push_back(one.rule.name);
    }
    return PageOf(std::move(names), after, limit, [](const std::string& name) { return name; });
  };
  return state_->database.Read(list);
}

io::Task<Result<void>> Events::TagResource(std::string arn,
                                           std::map<std::string, std::string> tags) {
  CO_TRY(std::string name, RuleOfArn(arn));
  auto tag = [state = state_, name = std::move(name),
              tags = std::move(tags)](db::Connection& connection) -> Result<void> {
    TRY(Rule rule, RequireRule(connection, name));
    for (const auto& [key, value] : tags) rule.tags[key] = value;
    TRY_VOID(CheckTags(rule.tags, state->options.max_tags));
    return WriteRule(connection, rule);
  };
  co_return co_await state_->ChangeRules(std::move(tag));
}

io::Task<Result<void>> Events::UntagResource(std::string arn, std::vector<std::string> keys) {
  CO_TRY(std::string name, RuleOfArn(arn));
  auto untag = [name = std::move(name),
                keys = std::move(keys)](db::Connection& connection) -> Result<void> {
    TRY(Rule rule, RequireRule(connection, name));
    for (const std::string& key : keys) rule.tags.erase(key);
    return WriteRule(connection, rule);
  };
  co_return co_await state_->ChangeRules(std::move(untag));
}

Result<std::map<std::string, std::string>> Events::ListTags(const std::string& arn) {
  TRY(const std::string name, RuleOfArn(arn));
  TRY(Rule rule, DescribeRule(name));
  return std::move(rule.tags);
}

}  // namespace scones::events

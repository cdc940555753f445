#include <fmt/format.h>

#include "api/events.h"
#include "api/events_json.h"
#include "events/event_pattern.h"

namespace scones::api {
namespace {

using events::Events;
using Answer = io::Task<Result<json::value>>;

constexpr std::size_t kMaxEntries = 10;
constexpr std::size_t kMaxEntryBytes = 256 * 1024;  // of all entries of a call

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

// The rule that a call names, on a bus that is here.
Result<std::string> RuleOf(const json::object& input, std::string_view member) {
  TRY_VOID(CheckEventBus(input, "EventBusName"));
  return RequiredEventsText(input, member);
}

json::value FailedEntries(const std::vector<events::FailedTarget>& failed) {
  json::array entries;
  for (const events::FailedTarget& one : failed) {
    entries.push_back(
        json::object{{"TargetId", one.id}, {"ErrorCode", one.code}, {"ErrorMessage", one.message}});
  }
  return json::object{{"FailedEntryCount", failed.size()}, {"FailedEntries", std::move(entries)}};
}

json::value BusJson(const Call& call) {
  return json::object{{"Name", "default"},
                      {"Arn", call.identity.MakeArn("events", "event-bus/default").ToString()}};
}

Answer PutRule(Events& events, Call, json::object input) {
  CO_TRY(events::PutRuleRequest request, ParsePutRule(input));
  CO_TRY(const std::string arn, co_await events.PutRule(std::move(request)));
  co_return json::object{{"RuleArn", arn}};
}

Answer DescribeRule(Events& events, Call call, json::object input) {
  CO_TRY(const std::string name, RuleOf(input, "Name"));
  CO_TRY(const events::Rule rule, events.DescribeRule(name));
  json::object out = RuleJson(rule);
  out["CreatedBy"] = call.identity.account;
  co_return out;
}

Answer ListRules(Events& events, Call, json::object input) {
  CO_TRY_VOID(CheckEventBus(input, "EventBusName"));
  CO_TRY(const std::size_t limit, ParseEventsLimit(input));
  CO_TRY(const auto page, events.ListRules(StringOr(input, "NamePrefix", ""),
                                           StringOr(input, "NextToken", ""), limit));
  json::array rules;
  for (const events::Rule& rule : page.items) rules.push_back(RuleJson(rule));
  json::object out{{"Rules", std::move(rules)}};
  if (!page.next.empty()) out["NextToken"] = page.next;
  co_return out;
}

Answer DeleteRule(Events& events, Call, json::object input) {
  CO_TRY(std::string name, RuleOf(input, "Name"));
  CO_TRY_VOID(co_await events.DeleteRule(std::move(name)));
  co_return json::value();
}

Answer EnableRule(Events& events, Call, json::object input) {
  CO_TRY(std::string name, RuleOf(input, "Name"));
  CO_TRY_VOID(co_await events.SetEnabled(std::move(name), true));
  co_return json::value();
}

Answer DisableRule(Events& events, Call, json::object input) {
  CO_TRY(std::string name, RuleOf(input, "Name"));
  CO_TRY_VOID(co_await events.SetEnabled(std::move(name), false));
  co_return json::value();
}

Answer PutTargets(Events& events, Call, json::object input) {
  CO_TRY(std::string rule, RuleOf(input, "Rule"));
  CO_TRY(std::vector<events::Target> targets, ParseTargets(input));
  CO_TRY(const auto failed, co_await events.PutTargets(std::move(rule), std::move(targets)));
  co_return FailedEntries(failed);
}

Answer RemoveTargets(Events& events, Call, json::object input) {
  CO_TRY(std::string rule, RuleOf(input, "Rule"));
  CO_TRY(std::vector<std::string> ids, ParseStrings(input, "Ids"));
  CO_TRY(const auto failed, co_await events.RemoveTargets(std::move(rule), std::move(ids)));
  co_return FailedEntries(failed);
}

Answer ListTargetsByRule(Events& events, Call, json::object input) {
  CO_TRY(const std::string rule, RuleOf(input, "Rule"));
  CO_TRY(const std::size_t limit, ParseEventsLimit(input));
  CO_TRY(const auto page, events.ListTargets(rule, StringOr(input, "NextToken", ""), limit));
  json::array targets;
  for (const events::Target& target : page.items) targets.push_back(TargetJson(target));
  json::object out{{"Targets", std::move(targets)}};
  if (!page.next.empty()) out["NextToken"] = page.next;
  co_return out;
}

Answer ListRuleNamesByTarget(Events& events, Call, json::object input) {
  CO_TRY(const std::string arn, RuleOf(input, "TargetArn"));
  CO_TRY(const std::size_t limit, ParseEventsLimit(input));
  CO_TRY(const auto page,
         events.ListRuleNamesByTarget(arn, StringOr(input, "NextToken", ""), limit));
  json::object out{{"RuleNames", json::array(page.items.begin(), page.items.end())}};
  if (!page.next.empty()) out["NextToken"] = page.next;
  co_return out;
}

// Entries succeed or fail one by one; those that are right are accepted together.
Answer PutEvents(Events& events, Call call, json::object input) {
  const json::array* given = FindArray(input, "Entries");
  if (given == nullptr || given->empty() || given->size() > kMaxEntries) {
    co_return Invalid(
        "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must "
        "have length between 1 and 10");
  }
  std::size_t bytes = 0;
  for (const json::value& entry : *given) bytes += ToJson(entry).size();
  if (bytes > kMaxEntryBytes) {
    co_return Invalid("Total size of the entries in the request is over the limit.");
  }
  std::vector<events::Event> accepted;
  json::array entries;
  std::int64_t failed = 0;
  for (const json::value& entry : *given) {
    Result<events::Event> event = ParseEntry(entry, call.now);
    if (event) {
      entries.push_back(json::object{{"EventId", event->id}});
      accepted.push_back(*std::move(event));
    } else {
      ++failed;
      entries.push_back(json::object{{"ErrorCode", event.error().reason()},
                                     {"ErrorMessage", event.error().message()}});
    }
  }
  CO_TRY_VOID(co_await events.PutEvents(std::move(accepted)));
  co_return json::object{{"FailedEntryCount", failed}, {"Entries", std::move(entries)}};
}

Answer TestEventPattern(Events&, Call, json::object input) {
  CO_TRY(const std::string pattern, RequiredEventsText(input, "EventPattern"));
  CO_TRY(const std::string event, RequiredEventsText(input, "Event"));
  CO_TRY(const events::EventPattern parsed, events::EventPattern::Parse(pattern));
  const Result<json::value> value = ParseJson(event);
  if (!value || !value->is_object()) {
    co_return Invalid("Parameter Event is not valid. Reason: it must be a JSON object");
  }
  const json::object& object = value->get_object();
  for (const std::string_view member :
       {"id", "account", "source", "time", "region", "resources", "detail-type"}) {
    if (FindMember(object, member) != nullptr) continue;
    co_return Invalid(fmt::format("Parameter Event is not valid. Reason: it has no '{}'", member));
  }
  co_return json::object{{"Result", parsed.Matches(object)}};
}

Answer TagResource(Events& events, Call, json::object input) {
  CO_TRY(std::string arn, RequiredEventsText(input, "ResourceARN"));
  CO_TRY(auto tags, ParseEventTags(input));
  CO_TRY_VOID(co_await events.TagResource(std::move(arn), std::move(tags)));
  co_return json::object();
}

Answer UntagResource(Events& events, Call, json::object input) {
  CO_TRY(std::string arn, RequiredEventsText(input, "ResourceARN"));
  CO_TRY(std::vector<std::string> keys, ParseStrings(input, "TagKeys"));
  CO_TRY_VOID(co_await events.UntagResource(std::move(arn), std::move(keys)));
  co_return json::object();
}

Answer ListTagsForResource(Events& events, Call, json::object input) {
  CO_TRY(const std::string arn, RequiredEventsText(input, "ResourceARN"));
  CO_TRY(const auto tags, events.ListTags(arn));
  json::array list;
  for (const auto& [key, value] : tags) {
    list.push_back(json::object{{"Key", key}, {"Value", value}});
  }
  co_return json::object{{"Tags", std::move(list)}};
}

Answer DescribeEventBus(Events&, Call call, json::object input) {
  CO_TRY_VOID(CheckEventBus(input, "Name"));
  co_return BusJson(call);
}

Answer ListEventBuses(Events&, Call call, json::object input) {
  json::array buses;
  if (std::string_view("default").starts_with(StringOr(input, "NamePrefix", ""))) {
    buses.push_back(BusJson(call));
  }
  co_return json::object{{"EventBuses", std::move(buses)}};
}

using Operation = Answer (*)(Events&, Call, json::object);

}  // namespace

void AddEventsOperations(JsonDialect& dialect, Events& events) {
  constexpr std::pair<const char*, Operation> kOperations[] = {
      {"PutRule", PutRule},
      {"DescribeRule", DescribeRule},
      {"ListRules", ListRules},
      {"DeleteRule", DeleteRule},
      {"EnableRule", EnableRule},
      {"DisableRule", DisableRule},
      {"PutTargets", PutTargets},
      {"RemoveTargets", RemoveTargets},
      {"ListTargetsByRule", ListTargetsByRule},
      {"ListRuleNamesByTarget", ListRuleNamesByTarget},
      {"PutEvents", PutEvents},
      {"TestEventPattern", TestEventPattern},
      {"TagResource", TagResource},
      {"UntagResource", UntagResource},
      {"ListTagsForResource", ListTagsForResource},
      {"DescribeEventBus", DescribeEventBus},
      {"ListEventBuses", ListEventBuses}};
  for (const auto& [name, operation] : kOperations) {
    dialect.Add(name, [&events, operation = operation](Call call, json::object input) {
      return operation(events, std::move(call), std::move(input));
    });
  }
}

}  // namespace scones::api

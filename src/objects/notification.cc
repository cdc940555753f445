#include "objects/notification.h"

#include "base/json.h"

namespace scones::objects {

bool Wants(const FunctionNotification& notification, const ObjectEvent& event) {
  const std::string_view key = event.key;
  if (!key.starts_with(notification.prefix) || !key.ends_with(notification.suffix)) return false;
  for (std::string_view wanted : notification.events) {
    if (wanted.starts_with("s3:")) wanted.remove_prefix(3);
    if (wanted == event.name) return true;
    const bool all = wanted.ends_with(":*");
    if (all && event.name.starts_with(wanted.substr(0, wanted.size() - 1))) return true;
  }
  return false;
}

std::string EncodeNotification(const NotificationConfiguration& configuration) {
  json::array functions;
  for (const FunctionNotification& one : configuration.functions) {
    functions.push_back(json::object{{"id", one.id},
                                     {"arn", one.function_arn},
                                     {"events", json::array(one.events.begin(), one.events.end())},
                                     {"prefix", one.prefix},
                                     {"suffix", one.suffix}});
  }
  return ToJson(json::object{{"event_bridge", configuration.event_bridge},
                             {"functions", std::move(functions)}});
}

Result<NotificationConfiguration> DecodeNotification(std::string_view text) {
  const Result<json::value> value = ParseJson(text);
  const json::object* object = value ? value->if_object() : nullptr;
  const json::array* functions = object == nullptr ? nullptr : FindArray(*object, "functions");
  if (functions == nullptr) {
    return Error(Code::kDataLoss, "a bucket's notifications are not what was written");
  }
  NotificationConfiguration configuration;
  configuration.event_bridge = FindBool(*object, "event_bridge").value_or(false);
  for (const json::value& item : *functions) {
    if (!item.is_object()) continue;
    const json::object& given = item.get_object();
    FunctionNotification one{.id = StringOr(given, "id", ""),
                             .function_arn = StringOr(given, "arn", ""),
                             .events = {},
                             .prefix = StringOr(given, "prefix", ""),
                             .suffix = StringOr(given, "suffix", "")};
    if (const json::array* events = FindArray(given, "events")) {
      for (const json::value& event : *events) {
        if (event.is_string()) one.events.emplace_back(event.get_string());
      }
    }
    configuration.functions.push_back(std::move(one));
  }
  return configuration;
}

}  // namespace scones::objects

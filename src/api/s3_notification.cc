// The notifications of a bucket: Get- and PutBucketNotificationConfiguration.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/s3_error.h"
#include "api/s3_operations.h"
#include "base/random.h"

namespace scones::api {
namespace {

using objects::FunctionNotification;
using objects::NotificationConfiguration;

constexpr std::size_t kMaxFunctions = 100;
constexpr std::size_t kMaxId = 255;
constexpr std::size_t kMaxAffix = 1024;

// The events that this store has.
constexpr std::array<std::string_view, 7> kEvents = {"s3:ObjectCreated:*",
                                                     "s3:ObjectCreated:Put",
                                                     "s3:ObjectCreated:Copy",
                                                     "s3:ObjectCreated:CompleteMultipartUpload",
                                                     "s3:ObjectRemoved:*",
                                                     "s3:ObjectRemoved:Delete",
                                                     "s3:ObjectRemoved:DeleteMarkerCreated"};
// Those of S3 that nothing here ever causes: a POST form, lost storage, tiers, replication, tags.
constexpr std::array<std::string_view, 6> kNeverCaused = {
    "s3:ObjectCreated:Post", "s3:ReducedRedundancyLostObject", "s3:ObjectRestore:",
    "s3:Replication:",       "s3:LifecycleTransition",         "s3:IntelligentTiering"};

Error Unsupported(std::string_view what) {
  return Error(Code::kInvalid, "InvalidArgument", std::string(what));
}

Result<void> CheckEvent(std::string_view event) {
  if (std::find(kEvents.begin(), kEvents.end(), event) != kEvents.end()) return {};
  for (const std::string_view never : kNeverCaused) {
    if (event.starts_with(never)) return {};
  }
  if (event.starts_with("s3:ObjectTagging:") || event.starts_with("s3:ObjectAcl:") ||
      event.starts_with("s3:LifecycleExpiration:")) {
    return Error(Code::kInvalid, "NotImplemented",
                 fmt::format("notifications of '{}' are not implemented", event));
  }
  return Unsupported("The event is not supported for notifications");
}

Result<void> ParseFilter(const XmlElement& filter, FunctionNotification& notification) {
  for (const XmlElement& rule : filter.Child("S3Key").children) {
    if (rule.name != "FilterRule") continue;
    std::string name = rule.Child("Name").text;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::string& value = rule.Child("Value").text;
    if (value.size() > kMaxAffix) {
      return Unsupported("Size of filter rule value cannot exceed 1024 bytes in UTF-8");
    }
    std::string* affix = name == "prefix"   ? &notification.prefix
                         : name == "suffix" ? &notification.suffix
                                            : nullptr;
    if (affix == nullptr) {
      return Unsupported("filter rule name must be either prefix or suffix");
    }
    if (!affix->empty()) {
      return Unsupported(fmt::format("Cannot specify more than one {} rule in a filter.", name));
    }
    *affix = value;
  }
  return {};
}

Result<FunctionNotification> ParseFunction(const XmlElement& element) {
  FunctionNotification notification{.id = element.Child("Id").text,
                                    .function_arn = element.Child("CloudFunction").text,
                                    .events = {},
                                    .prefix = {},
                                    .suffix = {}};
  if (notification.id.empty()) notification.id = RandomUuid();
  if (notification.id.size() > kMaxId) return Unsupported("The ID is longer than 255 characters");
  for (const XmlElement& child : element.children) {
    if (child.name != "Event") continue;
    TRY_VOID(CheckEvent(child.text));
    notification.events.push_back(child.text);
  }
  if (notification.events.empty()) return MalformedXml("a configuration needs an Event");
  if (notification.function_arn.empty()) return MalformedXml("a configuration needs a function");
  TRY_VOID(ParseFilter(element.Child("Filter"), notification));
  return notification;
}

bool SameEvent(std::string_view a, std::string_view b) {
  const auto covers = [](std::string_view all, std::string_view one) {
    return all.ends_with(":*") && one.starts_with(all.substr(0, all.size() - 1));
  };
  return a == b || covers(a, b) || covers(b, a);
}

// S3 must know for each event of a key the one configuration that it is for.
bool Overlap(const FunctionNotification& a, const FunctionNotification& b) {
  const std::string_view prefix_a = a.prefix, prefix_b = b.prefix;
  const std::string_view suffix_a = a.suffix, suffix_b = b.suffix;
  if (!prefix_a.starts_with(prefix_b) && !prefix_b.starts_with(prefix_a)) return false;
  if (!suffix_a.ends_with(suffix_b) && !suffix_b.ends_with(suffix_a)) return false;
  return std::any_of(a.events.begin(), a.events.end(), [&b](const std::string& one) {
    return std::any_of(b.events.begin(), b.events.end(),
                       [&one](const std::string& other) { return SameEvent(one, other); });
  });
}

Result<void> CheckApart(const std::vector<FunctionNotification>& functions) {
  for (std::size_t i = 0; i < functions.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (functions[i].id == functions[j].id) {
        return Unsupported("Same ID used for multiple configurations. IDs must be unique");
      }
      if (Overlap(functions[i], functions[j])) {
        return Unsupported(
            "Configurations overlap. Configurations on the same bucket cannot share a common event "
            "type.");
      }
    }
  }
  return {};
}

Result<NotificationConfiguration> ParseNotification(const XmlElement& root) {
  NotificationConfiguration configuration;
  for (const XmlElement& child : root.children) {
    if (child.name == "EventBridgeConfiguration") {
      configuration.event_bridge = true;
    } else if (child.name == "CloudFunctionConfiguration") {
      if (configuration.functions.size() == kMaxFunctions) {
        return Unsupported("more than 100 notification configurations");
      }
      TRY(FunctionNotification notification, ParseFunction(child));
      configuration.functions.push_back(std::move(notification));
    } else if (child.name == "QueueConfiguration" || child.name == "TopicConfiguration") {
      return Error(Code::kInvalid, "NotImplemented",
                   fmt::format("{}: this installation has no SQS and no SNS. Use "
                               "EventBridgeConfiguration with a rule, or a Lambda function.",
                               child.name));
    } else {
      return MalformedXml(fmt::format("'{}' is no notification configuration", child.name));
    }
  }
  TRY_VOID(CheckApart(configuration.functions));
  return configuration;
}

void WriteFilterRule(XmlWriter& xml, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  xml.Open("FilterRule");
  xml.Text("Name", name);
  xml.Text("Value", value);
  xml.Close("FilterRule");
}

std::string FormatNotification(const NotificationConfiguration& configuration) {
  XmlWriter xml("NotificationConfiguration");
  for (const FunctionNotification& one : configuration.functions) {
    xml.Open("CloudFunctionConfiguration");
    xml.Text("Id", one.id);
    xml.Text("CloudFunction", one.function_arn);
    for (const std::string& event : one.events) xml.Text("Event", event);
    if (!one.prefix.empty() || !one.suffix.empty()) {
      xml.Open("Filter");
      xml.Open("S3Key");
      WriteFilterRule(xml, "Prefix", one.prefix);
      WriteFilterRule(xml, "Suffix", one.suffix);
      xml.Close("S3Key");
      xml.Close("Filter");
    }
    xml.Close("CloudFunctionConfiguration");
  }
  if (configuration.event_bridge) xml.Text("EventBridgeConfiguration", "");
  return xml.Finish();
}

}  // namespace

S3Answer GetBucketNotification(S3Request& request) {
  CO_TRY(const NotificationConfiguration configuration,
         co_await request.store().GetNotification(request.bucket()));
  co_return XmlResponse(FormatNotification(configuration));
}

S3Answer PutBucketNotification(S3Request& request) {
  CO_TRY(const XmlElement root, co_await request.ReadXml("NotificationConfiguration"));
  CO_TRY(NotificationConfiguration configuration, ParseNotification(root));
  const bool trusted = request.Header("x-amz-skip-destination-validation").value_or("") == "true";
  CO_TRY_VOID(co_await request.store().SetNotification(request.bucket(), std::move(configuration),
                                                       trusted));
  co_return http::Response();
}

}  // namespace scones::api

// Who is told of a bucket's changes: the configuration of a bucket, what is told, and the port that
// takes it. Pure but for the port. Source: Amazon S3 User Guide, "Amazon S3 Event Notifications".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/connection.h"
#include "objects/types.h"

namespace scones::objects {

struct FunctionNotification {
  std::string id;
  std::string function_arn;
  std::vector<std::string> events;  // "s3:ObjectCreated:*", "s3:ObjectRemoved:Delete", …
  std::string prefix;
  std::string suffix;
};

struct NotificationConfiguration {
  bool event_bridge = false;
  std::vector<FunctionNotification> functions;

  bool empty() const { return !event_bridge && functions.empty(); }
};

// A change of an object, in the order of the changes of its key.
struct ObjectEvent {
  std::string name;  // "ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated", …
  std::string bucket;
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
  std::string version;  // "" where the bucket never kept versions
  std::int64_t sequence = 0;
  Timestamp time;
  Origin origin;
};

// Whether the notification asks for this event of this key.
bool Wants(const FunctionNotification& notification, const ObjectEvent& event);

// As the text that is kept with the bucket. Decode: kDataLoss.
std::string EncodeNotification(const NotificationConfiguration& configuration);
Result<NotificationConfiguration> DecodeNotification(std::string_view text);

class EventSink {
 public:
  virtual ~EventSink() = default;
  // Whether there is such a function. Errors: kNotFound, kInvalid.
  virtual Result<void> CheckFunction(const std::string& arn) const = 0;
  // Takes over the event within the transaction of the change, on the database's writer thread: if
  // that commits, so does what this writes through `connection`. An error undoes the change.
  virtual Result<void> Record(db::Connection& connection,
                              const NotificationConfiguration& configuration,
                              const ObjectEvent& event) = 0;
};

}  // namespace scones::objects

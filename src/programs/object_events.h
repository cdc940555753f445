// Takes the changes of objects to those whom their bucket names: to rules as events, to functions
// as deliveries; all within the transaction of the change.
#pragma once

#include "base/arn.h"
#include "events/events.h"
#include "objects/notification.h"

namespace scones::programs {

class ObjectEvents final : public objects::EventSink {
 public:
  // `events` outlives it.
  ObjectEvents(events::Events& events, Identity identity)
      : events_(events), identity_(std::move(identity)) {}

  Result<void> CheckFunction(const std::string& arn) const override;
  Result<void> Record(db::Connection& connection,
                      const objects::NotificationConfiguration& configuration,
                      const objects::ObjectEvent& event) override;

 private:
  events::Events& events_;
  const Identity identity_;
};

}  // namespace scones::programs

// Schedule expressions: rate(5 minutes), cron(0 12 * * ? *), at(2026-11-22T12:00:00). All in UTC.
// Pure; a Schedule is a value.
// Source: Amazon EventBridge User Guide, "Using cron and rate expressions to schedule rules".
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "events/cron.h"

namespace scones::events {

class Schedule {
 public:
  // Errors: kInvalid/ValidationException.
  static Result<Schedule> Parse(std::string_view expression);

  // The first time strictly after `after`; nothing where it never comes again. A rate counts from
  // `anchor`, the time from which its rule has been in force.
  std::optional<Timestamp> NextFire(Timestamp after, Timestamp anchor) const;

 private:
  struct Rate {
    std::chrono::microseconds period{};
  };
  struct At {
    Timestamp time;
  };
  using Kind = std::variant<Rate, Cron, At>;
  explicit Schedule(Kind kind) : kind_(std::move(kind)) {}

  Kind kind_;
};

}  // namespace scones::events

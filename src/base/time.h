// Points in time and the texts that AWS writes for them. All UTC; resolution is a microsecond.
// Pure but for SystemClock. Safe from any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace scones {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// Where the current time comes from; tests pass their own.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp Now() const override;
};

std::string FormatIso8601(Timestamp time);         // 2026-11-22T08:30:01.123Z
std::string FormatIso8601Seconds(Timestamp time);  // 2026-11-22T08:30:01Z
std::string FormatBasicIso8601(Timestamp time);    // 20261122T083001Z, as X-Amz-Date
std::string FormatHttpDate(Timestamp time);        // Sun, 22 Nov 2026 08:30:01 GMT

// Accepts RFC 3339: fraction of any length, 'Z' or an offset. Errors: kInvalid.
Result<Timestamp> ParseIso8601(std::string_view text);
Result<Timestamp> ParseBasicIso8601(std::string_view text);
Result<Timestamp> ParseHttpDate(std::string_view text);

// Seconds since the epoch, with a fraction of milliseconds: AWS JSON protocols' timestamp.
double EpochSeconds(Timestamp time);
std::int64_t EpochMilliseconds(Timestamp time);
Timestamp FromEpochMilliseconds(std::int64_t milliseconds);

}  // namespace scones

// $fromMillis and $toMillis: points in time written and read by the pictures of XPath Functions and
// Operators 3.1 §9.8, with JSONata 2.0.6's reading of them. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace scones::jsonata {

// `millis` since the epoch; without a picture ISO 8601 with milliseconds; `timezone` is "±hhmm".
// Errors: kInvalid with D3110 (no such day), D3130–D3135 as the reason.
Result<std::string> FormatDateTime(std::int64_t millis, std::optional<std::string_view> picture,
                                   std::optional<std::string_view> timezone);

// Milliseconds since the epoch; nullopt: `text` doesn't look as `picture` says. What `text` leaves
// out on the left is `now`'s. Errors: kInvalid with D3110 (not ISO 8601), D3130–D3136.
Result<std::optional<std::int64_t>> ParseDateTime(std::string_view text,
                                                  std::optional<std::string_view> picture,
                                                  Timestamp now);

}  // namespace scones::jsonata

#include "asl/retry.h"

#include <algorithm>
#include <cmath>

namespace scones::asl {

bool Matches(const std::vector<std::string>& errors, const Failure& failure) {
  const std::string_view error = failure.error ? std::string_view(*failure.error) : "";
  if (error == "States.Runtime") return false;
  const bool timeout = error == "States.Timeout" || error == "States.HeartbeatTimeout";
  return std::any_of(errors.begin(), errors.end(), [&](const std::string& name) {
    if (name == error && failure.error) return true;
    if (name == "States.ALL") return true;
    if (name == "States.Timeout") return timeout;
    return name == "States.TaskFailed" && failure.task && !timeout;
  });
}

std::chrono::microseconds RetryDelay(const Retrier& retrier, int retry, std::uint64_t random) {
  static constexpr double kMaxSeconds = 31'622'400;  // a year: no execution outlives it
  double seconds = static_cast<double>(retrier.interval_seconds) *
                   std::pow(retrier.backoff_rate, static_cast<double>(retry));
  const double most =
      retrier.max_delay_seconds ? static_cast<double>(*retrier.max_delay_seconds) : kMaxSeconds;
  seconds = std::min({seconds, most, kMaxSeconds});
  if (retrier.full_jitter) seconds *= static_cast<double>(random >> 11) * 0x1.0p-53;
  return std::chrono::microseconds(static_cast<std::int64_t>(std::llround(seconds * 1e6)));
}

}  // namespace scones::asl

#include "endpoints/batch_policy.h"

#include <algorithm>
#include <bit>

namespace scones::endpoints {
namespace {

// What each batch costs beside its run: waking threads, writing captures.
constexpr double kBatchSeconds = 20e-6;
// A larger batch must make a picture cheaper by this share.
constexpr double kWorthwhile = 0.03;

int PowerOfTwoUpTo(int count) {
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(count, 0))));
}

// The smallest batch whose pictures cost hardly more than those of any other.
int Preferred(const BatchPolicy::Costs& costs, int max_batch) {
  if (costs.empty()) return PowerOfTwoUpTo(max_batch);
  const auto a_picture = [&](std::size_t at) {
    return (costs[at] + kBatchSeconds) / static_cast<double>(std::size_t{1} << at);
  };
  double best = a_picture(0);
  for (std::size_t at = 1; at < costs.size(); ++at) best = std::min(best, a_picture(at));
  for (std::size_t at = 0; at < costs.size(); ++at) {
    if (a_picture(at) <= best * (1 + kWorthwhile)) {
      return std::min(1 << at, PowerOfTwoUpTo(max_batch));
    }
  }
  return 1;
}

}  // namespace

BatchPolicy::BatchPolicy(const Options& options)
    : options_(options),
      preferred_(Preferred(options.costs, options.max_batch)),
      shortest_run_(std::chrono::duration_cast<Time::duration>(
          std::chrono::duration<double>(options.costs.empty() ? 0 : options.costs.front()))) {}

std::optional<std::size_t> BatchPolicy::OnArrival(Time deadline) {
  if (waiting() >= options_.max_queue) return std::nullopt;
  const auto place = std::upper_bound(deadlines_.begin(), deadlines_.end(), deadline);
  return static_cast<std::size_t>(deadlines_.insert(place, deadline) - deadlines_.begin());
}

BatchPolicy::Decision BatchPolicy::Decide(Time now) {
  Decision decision;
  while (!deadlines_.empty() && now + shortest_run_ > deadlines_.front()) {
    deadlines_.pop_front();
    ++decision.expired;
  }
  decision.dispatch = PowerOfTwoUpTo(std::min(waiting(), preferred_));
  deadlines_.erase(deadlines_.begin(), deadlines_.begin() + decision.dispatch);
  return decision;
}

}  // namespace scones::endpoints

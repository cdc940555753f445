#include "endpoints/batch_policy.h"

#include <algorithm>

namespace scones::endpoints {

bool BatchPolicy::OnArrival(Time now) {
  if (waiting() >= options_.max_queue) return false;
  arrivals_.push_back(now);
  return true;
}

BatchPolicy::Decision BatchPolicy::Decide(Time now) {
  Decision decision;
  while (!arrivals_.empty() && now - arrivals_.front() > options_.max_queue_delay) {
    arrivals_.pop_front();
    ++decision.expired;
  }
  decision.dispatch = std::min(waiting(), options_.max_batch);
  arrivals_.erase(arrivals_.begin(), arrivals_.begin() + decision.dispatch);
  return decision;
}

}  // namespace scones::endpoints

// BatchPolicy: which waiting requests run together. Pure: counts and times in, decisions out; the
// requests themselves are kept, in the same order, by whoever asks. One thread at a time.
//
// A free model takes at once whatever waits, up to max_batch. A lone request is so never delayed,
// and under load batches form by themselves from what arrived during the run before.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace scones::endpoints {

class BatchPolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    int max_batch = 32;
    int max_queue = 1024;
    std::chrono::milliseconds max_queue_delay{30'000};
  };

  // From the front of the queue: first drop `expired`, then run `dispatch` (0: nothing waits).
  struct Decision {
    int expired = 0;
    int dispatch = 0;
  };

  explicit BatchPolicy(const Options& options) : options_(options) {}

  // False when the queue is full: the request must be refused.
  bool OnArrival(Time now);
  // Asked by a model that is free. The requests it names have left the queue.
  Decision Decide(Time now);
  int waiting() const { return static_cast<int>(arrivals_.size()); }

 private:
  Options options_;
  std::deque<Time> arrivals_;
};

}  // namespace scones::endpoints

// BatchPolicy: which waiting requests run together. Pure: deadlines, times and measured costs in,
// decisions out; the requests themselves are kept, in the same order, by whoever asks. One thread
// at a time.
//
// A free model takes at once what waits, so a lone request is never delayed, and under load batches
// form by themselves from what arrived during the run before. It takes no more than pays: beyond
// the size where a larger batch no longer makes a picture cheaper, it would only make requests wait
// for each other, and leave nothing to the model's other threads. Sizes are powers of two, for
// which the engine has programs; seven waiting requests run as four, two and one, each answered
// when it is done. Requests wait in the order of their deadlines; one that can't be answered in
// time any more is not run.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace scones::endpoints {

class BatchPolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Seconds that a batch of 1, 2, 4, 8 ... pictures takes; may end early.
  using Costs = std::vector<double>;

  struct Options {
    int max_batch = 32;
    int max_queue = 1024;
    Costs costs;  // empty: the largest batch is taken to be the best
  };

  // From the front of the queue: first drop `expired`, then run `dispatch` (0: nothing waits).
  struct Decision {
    int expired = 0;
    int dispatch = 0;
  };

  explicit BatchPolicy(const Options& options);

  // Where in the queue a request belongs that must be answered by `deadline`: behind those whose
  // deadlines are not later. Nothing when the queue is full: it must be refused.
  std::optional<std::size_t> OnArrival(Time deadline);
  // Asked by a model that is free. The requests it names have left the queue.
  Decision Decide(Time now);
  int waiting() const { return static_cast<int>(deadlines_.size()); }
  // The most that run together.
  int preferred_batch() const { return preferred_; }

 private:
  Options options_;
  int preferred_;
  Time::duration shortest_run_;
  std::deque<Time> deadlines_;  // ascending
};

}  // namespace scones::endpoints

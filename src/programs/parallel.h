// Runs the same work on many items with a few threads.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "programs/interrupt.h"

namespace scones::programs {

// Calls `work(i)` for each i below `count` on up to `threads` threads, and `finished(n)` (one call
// at a time) after each. Stops early at the first error, which it returns, or on Ctrl-C
// (kCancelled).
inline Result<void> ForEachInParallel(std::size_t count, std::size_t threads,
                                      const std::function<Result<void>(std::size_t)>& work,
                                      const std::function<void(std::size_t)>& finished) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  Result<void> outcome;
  const auto loop = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < count;) {
      Result<void> result = Interrupted() ? Error(Code::kCancelled, "interrupted") : work(i);
      const std::lock_guard lock(mutex);
      if (!result) {
        if (outcome) outcome = std::move(result);
        next = count;
        return;
      }
      finished(++done);
    }
  };
  std::vector<std::thread> pool;
  for (std::size_t i = 0; i < std::min(threads, count); ++i) pool.emplace_back(loop);
  for (std::thread& thread : pool) thread.join();
  return outcome;
}

}  // namespace scones::programs

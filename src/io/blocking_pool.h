// Threads for work that blocks: disk, decoding, compression. Bounded: a full queue is an error for
// the caller (503 SlowDown on the wire), not a longer wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "io/task.h"

namespace scones::io {

class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t queue_limit);
  // Runs what is queued, then joins.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Queues `job`; false when the queue is full or the pool is stopping. Safe from any thread.
  bool TryPost(std::function<void()> job);

  // Runs `job` (returning a Result<T>, not throwing) on a pool thread and resumes the caller.
  // Errors: kExhausted/SlowDown when the queue is full; else what `job` returns.
  template <class Job>
  Task<std::invoke_result_t<Job&>> Run(Job job);

 private:
  void Loop();
  Error Full() const;

  const std::string name_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class Job>
Task<std::invoke_result_t<Job&>> BlockingPool::Run(Job job) {
  using Outcome = std::invoke_result_t<Job&>;
  auto shared = std::make_shared<Job>(std::move(job));
  auto start = [this, shared](Completion<Outcome> done) {
    if (!TryPost([shared, done] { done((*shared)()); })) done(Full());
  };
  co_return co_await Await<Outcome>(std::move(start));
}

}  // namespace scones::io

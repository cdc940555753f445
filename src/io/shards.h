// The threads that serve connections: one single-threaded io_context each. Work on a shard never
// blocks for more than 100 us, but by a quick model's batch (docs/decisions/0009); what may, goes
// to a BlockingPool.
#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "io/task.h"

namespace scones::io {

class Shards {
 public:
  // Starts `count` threads (at least 1).
  explicit Shards(std::size_t count);
  // Stops.
  ~Shards();
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  std::size_t count() const { return contexts_.size(); }
  boost::asio::io_context& at(std::size_t index) { return *contexts_[index]; }
  // Round robin. Safe from any thread.
  boost::asio::io_context& Next();
  // Which of these shards the calling thread is; nothing on any other thread.
  std::optional<std::size_t> Current() const;

  // Ends all loops and joins the threads; coroutines that still wait are destroyed. Idempotent.
  void Stop();

  // Starts `task` on the next shard and lets it run by itself. A task reports its own errors; an
  // exception that escapes it is logged as "task.failed".
  void Spawn(Task<void> task);

  // Runs `task` on a shard while the calling thread (which must not be a shard's) waits for it.
  template <class T>
  T RunAndWait(Task<T> task);

 private:
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> next_{0};
};

template <class T>
T Shards::RunAndWait(Task<T> task) {
  std::promise<T> promise;
  auto future = promise.get_future();
  boost::asio::co_spawn(Next(), std::move(task), [&promise](std::exception_ptr error, T value) {
    if (error) {
      promise.set_exception(error);
    } else {
      promise.set_value(std::move(value));
    }
  });
  return future.get();
}

// Resumes the caller after `delay`.
Task<void> SleepFor(std::chrono::microseconds delay);

}  // namespace scones::io

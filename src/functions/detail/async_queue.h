// Asynchronous events: stored before they are acknowledged, run in order of their due times, tried
// again after a failure, taken up again after a restart. An event may run twice when the server
// ends in the middle of it (Lambda, too, delivers at least once). Safe from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/time.h"
#include "db/database.h"
#include "functions/functions.h"
#include "io/shards.h"
#include "io/task.h"

namespace scones::functions {

struct AsyncEvent {
  std::int64_t id = 0;
  std::string request_id;
  FunctionRef function;
  std::string payload;
  std::string client_context;
  std::size_t attempts = 0;  // made so far
};

enum class AsyncOutcome { kDone, kFailed, kThrottled, kCancelled };

class AsyncQueue {
 public:
  using Runner = std::function<io::Task<AsyncOutcome>(AsyncEvent event)>;
  AsyncQueue(db::Database& database, io::Shards& shards, const Clock& clock, const Options& options,
             Runner runner);

  // Reads what a former run left. Blocks.
  Result<void> Load();
  // Durable on return. Errors: kExhausted/TooManyRequestsException when the queue is full.
  io::Task<Result<void>> Add(AsyncEvent event);
  // Starts what is due.
  void Tick();
  // Starts no more.
  void Stop();
  // Waits for those under way. Blocks.
  void Join();

 private:
  // One of running_ until it goes.
  class Turn;

  io::Task<void> RunOne(std::int64_t id);
  io::Task<Result<AsyncEvent>> Read(std::int64_t id);
  io::Task<Result<void>> Settle(AsyncEvent event, AsyncOutcome outcome);
  void Schedule(std::int64_t id, Timestamp due);

  db::Database& database_;
  io::Shards& shards_;
  const Clock& clock_;
  const Options& options_;
  const Runner runner_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::size_t queued_ = 0;  // stored
  std::size_t running_ = 0;
  std::condition_variable idle_;
  std::multimap<Timestamp, std::int64_t> due_;
};

}  // namespace scones::functions

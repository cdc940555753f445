// What Functions is made of. Members are built in this order and end in the reverse.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "functions/detail/async_queue.h"
#include "functions/detail/environment_pool.h"
#include "functions/detail/package_store.h"
#include "functions/detail/registry.h"
#include "functions/functions.h"
#include "io/blocking_pool.h"

namespace scones::functions {

struct Functions::State : std::enable_shared_from_this<Functions::State> {
  State(Options options, Dependencies dependencies);

  Result<void> Open();
  void Stop();

  // Invoke's ways, once the request has been checked.
  io::Task<Result<InvokeResult>> Run(FunctionPointer function, VersionPointer version,
                                     Invocation invocation);
  io::Task<Result<Outcome>> RunNative(VersionPointer version, Invocation invocation);
  io::Task<Result<Outcome>> RunProcess(VersionPointer version, Invocation invocation);
  io::Task<AsyncOutcome> RunAsync(AsyncEvent event);
  // Calls Tick of what needs it until Stop.
  static io::Task<void> Housekeep(std::shared_ptr<State> state);

  // Sums up reserved_total anew.
  void CountReserved();

  const Options options;
  const Dependencies dependencies;
  std::shared_ptr<PackageStore> packages;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<io::BlockingPool> pool;  // unpacks packages, starts and ends processes
  std::unique_ptr<EnvironmentPool> environments;
  std::unique_ptr<AsyncQueue> events;

  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> unreserved_in_flight{0};  // of functions without reserved concurrency
  std::atomic<std::int64_t> reserved_total{0};
  std::mutex stop_mutex;
  std::condition_variable idle;
  std::int64_t active = 0;  // coroutines that use this state; guarded by stop_mutex
};

// Counts one coroutine of the service while it lives; Stop waits until there is none.
class ActiveGuard {
 public:
  explicit ActiveGuard(std::shared_ptr<Functions::State> state);
  ~ActiveGuard();
  ActiveGuard(const ActiveGuard&) = delete;
  ActiveGuard& operator=(const ActiveGuard&) = delete;

 private:
  std::shared_ptr<Functions::State> state_;
};

}  // namespace scones::functions

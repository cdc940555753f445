// Blocking waits that Ctrl-C ends.
#pragma once

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <utility>

#include "base/result.h"
#include "io/shards.h"
#include "programs/interrupt.h"

namespace scones::programs {

namespace detail {

template <class T>
io::Task<void> Deliver(io::Task<Result<T>> task, std::shared_ptr<std::promise<Result<T>>> to) {
  Result<T> result;
  try {
    result = co_await std::move(task);
  } catch (const std::exception& exception) {
    result = Error(Code::kInternal, exception.what());
  }
  to->set_value(std::move(result));
}

}  // namespace detail

// Runs `task` on a shard and waits for it, after Ctrl-C for at most `grace` more. Errors: those of
// the task; kCancelled when it was given up: it goes on until the shards are stopped, so what it
// refers to must live as long as they run.
template <class T>
Result<T> RunUntilInterrupted(io::Shards& shards, io::Task<Result<T>> task,
                              std::chrono::milliseconds grace) {
  constexpr std::chrono::milliseconds kLook{50};
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future = promise->get_future();
  shards.Spawn(detail::Deliver(std::move(task), std::move(promise)));
  for (std::chrono::milliseconds left = grace; left.count() > 0;) {
    if (future.wait_for(kLook) == std::future_status::ready) return future.get();
    if (Interrupted()) left -= kLook;
  }
  return Error(Code::kCancelled, "interrupted");
}

}  // namespace scones::programs

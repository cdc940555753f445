// The coroutine type of the whole tree, and the bridge from callbacks to it.
// A Task runs on the executor of whoever awaits it, one shard's thread (see shards.h).
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace scones::io {

template <class T>
using Task = boost::asio::awaitable<T>;

// Handle to a suspended coroutine: call it once, from any thread, and the coroutine goes on with
// the value on its own executor. Dropping every copy uncalled destroys the coroutine.
template <class T>
using Completion = std::function<void(T)>;

// While one lives, completions that its thread calls are held back; when it ends, all that belong
// to one executor go there together: one wake-up of a thread where there were many.
class CompletionBatch {
 public:
  CompletionBatch();
  ~CompletionBatch();
  CompletionBatch(const CompletionBatch&) = delete;
  CompletionBatch& operator=(const CompletionBatch&) = delete;

  // The innermost one of the calling thread, or null.
  static CompletionBatch* Current();
  void Add(boost::asio::any_io_executor executor, std::function<void()> resume);

 private:
  struct Held {
    boost::asio::any_io_executor executor;
    std::function<void()> resume;
  };
  std::vector<Held> held_;
  CompletionBatch* const outer_;
};

// Suspends until the Completion given to `start` is called. T must be default-constructible.
// `start` runs at once on the caller's thread and may itself complete.
template <class T, class Start>
Task<T> Await(Start start) {
  auto initiate = [&start](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto work = boost::asio::make_work_guard(executor);
    start(Completion<T>([executor, shared, work](T value) {
      if (CompletionBatch* const batch = CompletionBatch::Current()) {
        auto kept = std::make_shared<T>(std::move(value));
        return batch->Add(executor, [shared, kept] { (*shared)(std::move(*kept)); });
      }
      boost::asio::post(
          executor, [shared, value = std::move(value)]() mutable { (*shared)(std::move(value)); });
    }));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, boost::asio::use_awaitable);
}

}  // namespace scones::io

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
    struct Suspended {
      decltype(handler) resume;
      boost::asio::any_io_executor executor;
      boost::asio::executor_work_guard<boost::asio::any_io_executor> work;
    };
    const boost::asio::any_io_executor executor = boost::asio::get_associated_executor(handler);
    auto suspended = std::make_shared<Suspended>(
        Suspended{std::move(handler), executor, boost::asio::make_work_guard(executor)});
    start(Completion<T>([suspended](T value) {
      // The guard leaves with the resumption: whoever still holds this Completion must not touch
      // the executor, which may end as soon as the coroutine has gone on.
      auto resume = [suspended, work = std::move(suspended->work),
                     value = std::move(value)]() mutable { suspended->resume(std::move(value)); };
      if (CompletionBatch* const batch = CompletionBatch::Current()) {
        auto kept = std::make_shared<decltype(resume)>(std::move(resume));
        return batch->Add(suspended->executor, [kept] { (*kept)(); });
      }
      boost::asio::post(suspended->executor, std::move(resume));
    }));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, boost::asio::use_awaitable);
}

}  // namespace scones::io

#include "io/shards.h"

#include <pthread.h>

#include <boost/asio/steady_timer.hpp>

#include "base/log.h"

namespace scones::io {

Shards::Shards(std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
    work_.push_back(boost::asio::make_work_guard(*contexts_.back()));
  }
  for (auto& context : contexts_) {
    threads_.emplace_back([&context = *context] {
      pthread_setname_np(pthread_self(), "shard");
      context.run();
    });
  }
}

Shards::~Shards() { Stop(); }

boost::asio::io_context& Shards::Next() {
  return *contexts_[next_.fetch_add(1, std::memory_order_relaxed) % contexts_.size()];
}

std::optional<std::size_t> Shards::Current() const {
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    if (contexts_[i]->get_executor().running_in_this_thread()) return i;
  }
  return std::nullopt;
}

void Shards::Stop() {
  work_.clear();
  for (auto& context : contexts_) context->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Shards::Spawn(Task<void> task) {
  boost::asio::co_spawn(Next(), std::move(task), [](std::exception_ptr error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      LogError("task.failed", "what={}", LogValue(exception.what()));
    }
  });
}

Task<void> SleepFor(std::chrono::microseconds delay) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace scones::io

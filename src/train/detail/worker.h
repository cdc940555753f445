// One thread that does one piece of work at a time for its owner.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace scones::train {

// Start and Wait alternate, from one thread.
class Worker {
 public:
  Worker() : thread_([this] { Run(); }) {}
  ~Worker() {
    Hand(State::kLeaving, nullptr);
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start(std::function<void()> work) { Hand(State::kWorking, std::move(work)); }

  // Returns when the work is done; throws what it threw.
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return state_ == State::kIdle; });
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  enum class State { kIdle, kWorking, kLeaving };

  void Hand(State state, std::function<void()> work) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return state_ == State::kIdle; });
    state_ = state;
    work_ = std::move(work);
    changed_.notify_all();
  }

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return state_ != State::kIdle; });
      if (state_ == State::kLeaving) return;
      std::function<void()> work = std::move(work_);
      lock.unlock();
      std::exception_ptr failure;
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      failure_ = failure;
      state_ = State::kIdle;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kIdle;
  std::function<void()> work_;
  std::exception_ptr failure_;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace scones::train

#include "endpoints/detail/model_threads.h"

#include <pthread.h>

#include <utility>

namespace scones::endpoints::detail {

ModelThreads::ModelThreads(std::shared_ptr<JobQueue> queue,
                           std::vector<std::unique_ptr<BatchRunner>> runners)
    : queue_(std::move(queue)), runners_(std::move(runners)) {
  for (const auto& runner : runners_) {
    threads_.emplace_back(
        [this, &runner = *runner, &idler = idlers_.emplace_back()] { Serve(runner, idler); });
  }
}

ModelThreads::~ModelThreads() { Stop(); }

void ModelThreads::Wake() {
  Idler* idler = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return;
    idler = idle_.back();
    idler->woken = true;
    idle_.pop_back();
  }
  // Outside the lock, which the woken thread takes at once.
  idler->wake.notify_one();
}

void ModelThreads::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Idler* idler : idle_) idler->woken = true;
    idle_.clear();
  }
  for (Idler& idler : idlers_) idler.wake.notify_one();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool ModelThreads::AwaitWork(Idler& self) {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  if (queue_->waiting() > 0) return true;
  self.woken = false;
  idle_.push_back(&self);
  self.wake.wait(lock, [&self] { return self.woken; });
  return true;
}

void ModelThreads::Serve(BatchRunner& runner, Idler& self) {
  pthread_setname_np(pthread_self(), "model");
  do {
    while (runner.RunNext(*queue_)) {
    }
  } while (AwaitWork(self));
}

}  // namespace scones::endpoints::detail

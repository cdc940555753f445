// ModelThreads: a thread of its own for each engine of a model.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "endpoints/detail/batch_runner.h"

namespace scones::endpoints::detail {

class ModelThreads final : public BatchRunners {
 public:
  ModelThreads(std::shared_ptr<JobQueue> queue, std::vector<std::unique_ptr<BatchRunner>> runners);
  ~ModelThreads() override;

  void Wake() override;
  void Stop() override;

 private:
  // Where one thread waits for work.
  struct Idler {
    std::condition_variable wake;
    bool woken = false;
  };

  void Serve(BatchRunner& runner, Idler& self);
  // False when the threads are to end.
  bool AwaitWork(Idler& self);

  const std::shared_ptr<JobQueue> queue_;
  const std::vector<std::unique_ptr<BatchRunner>> runners_;
  std::mutex mutex_;
  std::deque<Idler> idlers_;  // one a thread
  std::vector<Idler*> idle_;  // those that wait; the last to come is woken first, its cache is warm
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace scones::endpoints::detail

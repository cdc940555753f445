// BatchRunner: one engine, and what it takes to answer the pictures of a batch with it.
// One thread at a time.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "endpoints/detail/answer.h"
#include "endpoints/detail/job_queue.h"
#include "nn/engine.h"

namespace scones::endpoints::detail {

class BatchRunner {
 public:
  // `temperature`: of the softmax, where the network ends without one.
  BatchRunner(std::unique_ptr<nn::Engine> engine, double temperature, Answerer answerer)
      : engine_(std::move(engine)), temperature_(temperature), answerer_(std::move(answerer)) {}

  // Runs and answers what is to run now; with kInternal where the engine fails. False when nothing
  // waits.
  bool RunNext(JobQueue& queue);

 private:
  void Run();

  const std::unique_ptr<nn::Engine> engine_;
  const double temperature_;
  const Answerer answerer_;
  // Kept from batch to batch.
  std::vector<Job> batch_;
  Tensor joined_;
  Tensor outputs_;
};

// The threads that run a model's batches.
class BatchRunners {
 public:
  virtual ~BatchRunners() = default;
  // Called after each job that was queued.
  virtual void Wake() = 0;
  // Of a closed queue: when this returns, no batch is begun any more. Idempotent, but not for two
  // threads at once.
  virtual void Stop() = 0;
};

}  // namespace scones::endpoints::detail

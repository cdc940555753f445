// JobQueue: the pictures that wait for a model, in the order that BatchPolicy gives them, and the
// memory that they are decoded into. Safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "endpoints/batch_policy.h"
#include "endpoints/detail/answer.h"

namespace scones::endpoints::detail {

// Memory for one picture as the model takes it, or for several.
using Tensor = std::vector<float>;

// A picture that waits to be classified.
struct Job {
  Tensor input;
  Invocation invocation;
  BatchPolicy::Time arrival;  // at the queue
};

class JobQueue {
 public:
  // `tensor_size`: numbers in a picture.
  JobQueue(const BatchPolicy::Options& options, std::size_t tensor_size);

  // Of the right size, its content undefined. Tensors of jobs that have run come back from here.
  Tensor TakeTensor();
  void ReturnTensor(Tensor tensor);

  // Takes the job unless it fails. Errors: kExhausted/ThrottlingException when the queue is full;
  // kUnavailable/ServiceUnavailable once it is closed.
  Result<void> Push(Job& job);
  // Gives what is to run together now, and answers those with kUnavailable/ServiceUnavailable whose
  // deadlines can't be met any more. `batch` brings the jobs of the run before, whose tensors are
  // used again. It comes back empty when nothing waits.
  void Take(std::vector<Job>& batch);
  std::size_t waiting() const;
  // Answers what waits, and whatever comes, with kUnavailable/ServiceUnavailable.
  void Close();

 private:
  const std::size_t tensor_size_;
  const std::size_t max_spare_;
  mutable std::mutex mutex_;
  BatchPolicy policy_;
  std::deque<Job> jobs_;
  std::vector<Tensor> spare_;
  bool closed_ = false;
};

}  // namespace scones::endpoints::detail

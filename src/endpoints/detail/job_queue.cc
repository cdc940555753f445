#include "endpoints/detail/job_queue.h"

#include <utility>

namespace scones::endpoints::detail {
namespace {

Error Closed() {
  return Error(Code::kUnavailable, "ServiceUnavailable", "The model is being removed. Try again.");
}

}  // namespace

JobQueue::JobQueue(const BatchPolicy::Options& options, std::size_t tensor_size)
    : tensor_size_(tensor_size),
      max_spare_(static_cast<std::size_t>(2 * options.max_batch)),
      policy_(options) {}

Tensor JobQueue::TakeTensor() {
  {
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      Tensor tensor = std::move(spare_.back());
      spare_.pop_back();
      return tensor;
    }
  }
  return Tensor(tensor_size_);
}

void JobQueue::ReturnTensor(Tensor tensor) {
  const std::lock_guard lock(mutex_);
  if (spare_.size() < max_spare_) spare_.push_back(std::move(tensor));
}

Result<void> JobQueue::Push(Job& job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return Closed();
  const auto place = policy_.OnArrival(job.invocation.deadline);
  if (!place) return TooMany();
  jobs_.insert(jobs_.begin() + static_cast<std::ptrdiff_t>(*place), std::move(job));
  return {};
}

void JobQueue::Take(std::vector<Job>& batch) {
  std::vector<Job> expired;
  const auto take = [&](int count, std::vector<Job>& to) {
    for (int i = 0; i < count; ++i) {
      to.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
  };
  {
    const std::lock_guard lock(mutex_);
    for (Job& job : batch) {
      if (spare_.size() < max_spare_) spare_.push_back(std::move(job.input));
    }
    batch.clear();
    if (closed_) return;
    const BatchPolicy::Decision decision = policy_.Decide(std::chrono::steady_clock::now());
    take(decision.expired, expired);
    take(decision.dispatch, batch);
  }
  for (Job& job : expired) job.invocation.done(TooLate());
}

std::size_t JobQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void JobQueue::Close() {
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(jobs_);
  }
  for (Job& job : left) job.invocation.done(Closed());
}

}  // namespace scones::endpoints::detail

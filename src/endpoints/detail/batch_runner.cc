#include "endpoints/detail/batch_runner.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/calibration.h"

namespace scones::endpoints::detail {
namespace {

std::int64_t Nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

}  // namespace

bool BatchRunner::RunNext(JobQueue& queue) {
  queue.Take(batch_);
  if (batch_.empty()) return false;
  Run();
  return true;
}

void BatchRunner::Run() {
  const auto started = std::chrono::steady_clock::now();
  const nn::Model& model = engine_->model();
  const auto classes = static_cast<std::size_t>(model.class_count());
  std::span<const float> input = batch_.front().input;
  if (batch_.size() > 1) {
    joined_.resize(batch_.size() * input.size());
    float* to = joined_.data();
    for (const Job& job : batch_) to = std::copy(job.input.begin(), job.input.end(), to);
    input = joined_;
  }
  outputs_.resize(batch_.size() * classes);
  const Result<void> ran = engine_->Run(input, static_cast<int>(batch_.size()), outputs_);
  if (!ran) {
    for (Job& job : batch_) job.invocation.done(ran.error());
    return;
  }
  if (!model.outputs_probabilities()) {
    for (std::size_t i = 0; i < outputs_.size(); i += classes) {
      Softmax(&outputs_[i], classes, temperature_);
    }
  }
  const std::int64_t infer_ns = Nanoseconds(std::chrono::steady_clock::now() - started);
  std::vector<Inferred> inferred;
  inferred.reserve(batch_.size());
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    inferred.push_back(
        {std::move(batch_[i].invocation),
         std::span<const float>(outputs_).subspan(i * classes, classes),
         {.queue_ns = Nanoseconds(started - batch_[i].arrival), .infer_ns = infer_ns}});
  }
  answerer_.Answer(inferred);
}

}  // namespace scones::endpoints::detail

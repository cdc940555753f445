#include "endpoints/detail/model_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace scones::endpoints::detail {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::int64_t Nanoseconds(SteadyClock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

Error Stopped() {
  return Error(Code::kUnavailable, "ServiceUnavailable", "The model is being removed. Try again.");
}

}  // namespace

Result<std::shared_ptr<ModelHost>> ModelHost::Start(const Artifact& artifact,
                                                    const Options& options) {
  TRY(std::shared_ptr<const nn::Model> model, nn::Model::FromOnnx(artifact.onnx));
  const nn::ImageShape shape = model->input_shape();
  const ModelMetadata& metadata = artifact.metadata;
  if (shape != nn::ImageShape{3, metadata.height, metadata.width}) {
    return Error(
        Code::kInvalid,
        fmt::format("model.onnx takes {}x{}x{} where metadata.json says 3x{}x{}", shape.channels,
                    shape.height, shape.width, metadata.height, metadata.width));
  }
  if (!metadata.classes.empty() &&
      std::cmp_not_equal(metadata.classes.size(), model->class_count())) {
    return Error(Code::kInvalid,
                 fmt::format("model.onnx has {} outputs where metadata.json names {} "
                             "classes",
                             model->class_count(), metadata.classes.size()));
  }
  std::shared_ptr<ModelHost> host(new ModelHost(std::move(model), metadata, options));
  for (int i = 0; i < options.instances; ++i) {
    TRY(auto engine, nn::Engine::Make(host->model_, options.engine));
    host->engines_.push_back(std::move(engine));
  }
  for (const auto& engine : host->engines_) {
    host->threads_.emplace_back([raw = host.get(), &engine = *engine] { raw->Serve(engine); });
  }
  return host;
}

ModelHost::ModelHost(std::shared_ptr<const nn::Model> model, const ModelMetadata& metadata,
                     const Options& options)
    : model_(std::move(model)),
      temperature_(metadata.temperature),
      policy_({.max_batch = options.engine.max_batch,
               .max_queue = options.max_queue,
               .max_queue_delay = options.max_queue_delay}) {
  tensor_.width = metadata.width;
  tensor_.height = metadata.height;
  tensor_.mean = metadata.mean;
  tensor_.std = metadata.std;
}

ModelHost::~ModelHost() { Stop(); }

void ModelHost::Stop() {
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    left.swap(queue_);
  }
  wake_.notify_all();
  for (Job& job : left) job.done(Stopped());
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

io::Task<Result<Inference>> ModelHost::Run(std::vector<float> input) {
  auto start = [this, &input](io::Completion<Result<Inference>> done) {
    Submit({std::move(input), std::move(done), SteadyClock::now()});
  };
  co_return co_await io::Await<Result<Inference>>(std::move(start));
}

void ModelHost::Submit(Job job) {
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    stopping = stopping_;
    if (!stopping && policy_.OnArrival(job.arrival)) {
      queue_.push_back(std::move(job));
      job.done = nullptr;
    }
  }
  if (job.done == nullptr) {
    wake_.notify_one();  // outside the lock, so that the woken thread does not meet it
    return;
  }
  if (stopping) return job.done(Stopped());
  job.done(Error(Code::kExhausted, "ThrottlingException",
                 "Too many requests wait for this model. Try again later."));
}

std::vector<ModelHost::Job> ModelHost::NextBatch() {
  std::vector<Job> expired;
  std::vector<Job> batch;
  const auto take = [&](int count, std::vector<Job>& to) {
    for (int i = 0; i < count; ++i) {
      to.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  };
  {
    std::unique_lock lock(mutex_);
    while (batch.empty()) {
      if (stopping_) return {};
      const BatchPolicy::Decision decision = policy_.Decide(SteadyClock::now());
      take(decision.expired, expired);
      take(decision.dispatch, batch);
      if (batch.empty()) {
        if (!expired.empty()) break;
        wake_.wait(lock);
      }
    }
  }
  for (Job& job : expired) {
    job.done(Error(Code::kUnavailable, "ServiceUnavailable",
                   "The request waited too long for the model. Try again later."));
  }
  return batch.empty() ? NextBatch() : std::move(batch);
}

void ModelHost::Serve(nn::Engine& engine) {
  while (true) {
    std::vector<Job> batch = NextBatch();
    if (batch.empty()) return;
    RunBatch(engine, std::move(batch));
  }
}

void ModelHost::RunBatch(nn::Engine& engine, std::vector<Job> batch) {
  const auto started = SteadyClock::now();
  const auto classes = static_cast<std::size_t>(model_->class_count());
  std::vector<float> joined;
  std::span<const float> input = batch.front().input;
  if (batch.size() > 1) {
    joined.reserve(batch.size() * input.size());
    for (const Job& job : batch) joined.insert(joined.end(), job.input.begin(), job.input.end());
    input = joined;
  }
  std::vector<float> outputs(batch.size() * classes);
  const Result<void> ran = engine.Run(input, static_cast<int>(batch.size()), outputs);
  if (!model_->outputs_probabilities()) ToProbabilities(outputs);
  const std::int64_t infer_ns = Nanoseconds(SteadyClock::now() - started);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!ran) {
      batch[i].done(ran.error());
      continue;
    }
    const auto first = outputs.begin() + static_cast<std::ptrdiff_t>(i * classes);
    batch[i].done(Inference{{first, first + static_cast<std::ptrdiff_t>(classes)},
                            Nanoseconds(started - batch[i].arrival),
                            infer_ns});
  }
}

void ModelHost::ToProbabilities(std::vector<float>& outputs) const {
  const auto classes = static_cast<std::size_t>(model_->class_count());
  for (std::size_t first = 0; first < outputs.size(); first += classes) {
    const std::span<float> row(outputs.data() + first, classes);
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float logit : row) sum += std::exp((logit - largest) / temperature_);
    for (float& value : row) {
      value = static_cast<float>(std::exp((value - largest) / temperature_) / sum);
    }
  }
}

}  // namespace scones::endpoints::detail

#include "endpoints/detail/model_host.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/calibration.h"
#include "endpoints/detail/accuracy.h"

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
                                                    const Options& options, Answerer answerer) {
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
  std::shared_ptr<ModelHost> host(
      new ModelHost(std::move(model), metadata, options, std::move(answerer)));
  TRY_VOID(host->MakeEngines(artifact, options));
  for (const auto& engine : host->engines_) {
    host->threads_.emplace_back(
        [raw = host.get(), &engine = *engine, &idler = host->idlers_.emplace_back()] {
          raw->Serve(engine, idler);
        });
  }
  return host;
}

ModelHost::ModelHost(std::shared_ptr<const nn::Model> model, const ModelMetadata& metadata,
                     const Options& options, Answerer answerer)
    : model_(std::move(model)),
      temperature_(metadata.temperature),
      answerer_(std::move(answerer)),
      max_spare_(static_cast<std::size_t>(2 * options.engine.max_batch)) {
  tensor_.width = metadata.width;
  tensor_.height = metadata.height;
  tensor_.mean = metadata.mean;
  tensor_.std = metadata.std;
}

Result<void> ModelHost::MakeEngines(const Artifact& artifact, const Options& options) {
  TRY(const nn::EngineOptions engine_options,
      SettlePrecision(model_, artifact, tensor_, options.precision, options.engine, options.name));
  for (int i = 0; i < options.instances; ++i) {
    TRY(auto engine, nn::Engine::Make(model_, engine_options));
    engines_.push_back(std::move(engine));
  }
  TRY(BatchPolicy::Costs costs, MeasureCosts(*engines_.front(), options.engine.max_batch));
  policy_.emplace(BatchPolicy::Options{.max_batch = options.engine.max_batch,
                                       .max_queue = options.max_queue,
                                       .costs = std::move(costs)});
  return {};
}

Result<BatchPolicy::Costs> ModelHost::MeasureCosts(nn::Engine& engine, int max_batch) const {
  constexpr std::chrono::milliseconds kEnough{100};  // for one size; larger ones count as the same
  constexpr int kRounds = 3;                         // the first is warm-up
  const auto most = static_cast<std::size_t>(max_batch);
  const Tensor input(most * tensor_.size());
  Tensor output(most * static_cast<std::size_t>(model_->class_count()));
  BatchPolicy::Costs costs;
  for (int size = 1; size <= max_batch; size *= 2) {
    auto best = SteadyClock::duration::max();
    for (int round = 0; round < kRounds; ++round) {
      const auto begin = SteadyClock::now();
      TRY_VOID(engine.Run(input, size, output));
      best = std::min(best, SteadyClock::now() - begin);
    }
    costs.push_back(std::chrono::duration<double>(best).count());
    if (best > kEnough) break;
  }
  return costs;
}

ModelHost::~ModelHost() { Stop(); }

void ModelHost::Stop() {
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    left.swap(queue_);
    for (Idler* idler : idle_) idler->woken = true;
    idle_.clear();
  }
  for (Idler& idler : idlers_) idler.wake.notify_one();
  for (Job& job : left) job.invocation.done(Stopped());
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

ModelHost::Tensor ModelHost::TakeTensor() {
  {
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      Tensor tensor = std::move(spare_.back());
      spare_.pop_back();
      return tensor;
    }
  }
  return Tensor(tensor_.size());
}

void ModelHost::ReturnTensor(Tensor tensor) {
  const std::lock_guard lock(mutex_);
  if (spare_.size() < max_spare_) spare_.push_back(std::move(tensor));
}

void ModelHost::Submit(Tensor input, Invocation invocation) {
  const auto now = SteadyClock::now();
  bool stopping = false;
  Idler* wake = nullptr;
  {
    const std::lock_guard lock(mutex_);
    stopping = stopping_;
    const auto place = stopping ? std::nullopt : policy_->OnArrival(invocation.deadline);
    if (place) {
      queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(*place),
                    {std::move(input), std::move(invocation), now});
      if (idle_.empty()) return;
      wake = idle_.back();
      wake->woken = true;
      idle_.pop_back();
    }
  }
  // Outside the lock, which the woken thread takes at once.
  if (wake != nullptr) return wake->wake.notify_one();
  if (stopping) return invocation.done(Stopped());
  invocation.done(TooMany());
}

bool ModelHost::NextBatch(std::vector<Job>& batch, Idler& self) {
  std::vector<Job> expired;
  const auto take = [&](int count, std::vector<Job>& to) {
    for (int i = 0; i < count; ++i) {
      to.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  };
  {
    std::unique_lock lock(mutex_);
    for (Job& job : batch) {  // of the former run
      if (spare_.size() < max_spare_) spare_.push_back(std::move(job.input));
    }
    batch.clear();
    while (batch.empty() && expired.empty()) {
      if (stopping_) return false;
      const BatchPolicy::Decision decision = policy_->Decide(SteadyClock::now());
      take(decision.expired, expired);
      take(decision.dispatch, batch);
      if (!batch.empty() || !expired.empty()) break;
      self.woken = false;
      idle_.push_back(&self);
      self.wake.wait(lock, [&self] { return self.woken; });
    }
  }
  for (Job& job : expired) {
    job.invocation.done(TooLate());
  }
  return true;
}

void ModelHost::Serve(nn::Engine& engine, Idler& self) {
  pthread_setname_np(pthread_self(), "model");
  std::vector<Job> batch;
  Tensor joined;
  Tensor outputs;
  while (NextBatch(batch, self)) {
    if (!batch.empty()) RunBatch(engine, batch, joined, outputs);
  }
}

void ModelHost::RunBatch(nn::Engine& engine, std::vector<Job>& batch, Tensor& joined,
                         Tensor& outputs) {
  const auto started = SteadyClock::now();
  const auto classes = static_cast<std::size_t>(model_->class_count());
  std::span<const float> input = batch.front().input;
  if (batch.size() > 1) {
    joined.resize(batch.size() * input.size());
    float* to = joined.data();
    for (const Job& job : batch) to = std::copy(job.input.begin(), job.input.end(), to);
    input = joined;
  }
  outputs.resize(batch.size() * classes);
  const Result<void> ran = engine.Run(input, static_cast<int>(batch.size()), outputs);
  if (!ran) {
    for (Job& job : batch) job.invocation.done(ran.error());
    return;
  }
  if (!model_->outputs_probabilities()) {
    for (std::size_t i = 0; i < outputs.size(); i += classes) {
      Softmax(&outputs[i], classes, temperature_);
    }
  }
  const std::int64_t infer_ns = Nanoseconds(SteadyClock::now() - started);
  std::vector<Inferred> inferred;
  inferred.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    inferred.push_back(
        {std::move(batch[i].invocation),
         std::span<const float>(outputs).subspan(i * classes, classes),
         {.queue_ns = Nanoseconds(started - batch[i].arrival), .infer_ns = infer_ns}});
  }
  answerer_.Answer(inferred);
}

}  // namespace scones::endpoints::detail

#include "endpoints/detail/model_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "endpoints/detail/accuracy.h"
#include "endpoints/detail/model_shards.h"
#include "endpoints/detail/model_threads.h"

namespace scones::endpoints::detail {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A batch that takes no longer may run on a shard: waking a thread for it and another for its
// answer would cost up to as much CPU as the run (docs/decisions/0009).
constexpr double kQuickSeconds = 1e-3;

// Of the batches, those that are quick.
BatchPolicy::Costs QuickOnly(BatchPolicy::Costs costs) {
  costs.erase(std::find_if(costs.begin(), costs.end(),
                           [](double seconds) { return seconds > kQuickSeconds; }),
              costs.end());
  return costs;
}

Result<void> CheckMetadata(const nn::Model& model, const ModelMetadata& metadata) {
  const nn::ImageShape shape = model.input_shape();
  if (shape != nn::ImageShape{3, metadata.height, metadata.width}) {
    return Error(
        Code::kInvalid,
        fmt::format("model.onnx takes {}x{}x{} where metadata.json says 3x{}x{}", shape.channels,
                    shape.height, shape.width, metadata.height, metadata.width));
  }
  if (!metadata.classes.empty() &&
      std::cmp_not_equal(metadata.classes.size(), model.class_count())) {
    return Error(Code::kInvalid,
                 fmt::format("model.onnx has {} outputs where metadata.json names {} "
                             "classes",
                             model.class_count(), metadata.classes.size()));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<ModelHost>> ModelHost::Start(const Artifact& artifact,
                                                    const Options& options,
                                                    const Answerer& answerer, io::Shards& shards) {
  TRY(std::shared_ptr<const nn::Model> model, nn::Model::FromOnnx(artifact.onnx));
  TRY_VOID(CheckMetadata(*model, artifact.metadata));
  std::shared_ptr<ModelHost> host(new ModelHost(artifact.metadata, answerer));
  TRY_VOID(host->MakeRunners(std::move(model), artifact, options, shards));
  return host;
}

ModelHost::ModelHost(const ModelMetadata& metadata, Answerer answerer)
    : answerer_(std::move(answerer)) {
  tensor_.width = metadata.width;
  tensor_.height = metadata.height;
  tensor_.mean = metadata.mean;
  tensor_.std = metadata.std;
}

Result<void> ModelHost::MakeRunners(std::shared_ptr<const nn::Model> model,
                                    const Artifact& artifact, const Options& options,
                                    io::Shards& shards) {
  TRY(const nn::EngineOptions engine_options,
      SettlePrecision(model, artifact, tensor_, options.precision, options.engine, options.name));
  std::vector<std::unique_ptr<BatchRunner>> runners;
  BatchPolicy::Options policy{.max_batch = options.engine.max_batch,
                              .max_queue = options.max_queue};
  for (int i = 0; i < options.instances; ++i) {
    TRY(auto engine, nn::Engine::Make(model, engine_options));
    if (i == 0) {
      TRY(policy.costs, MeasureCosts(*engine, options.engine.max_batch));
    }
    runners.push_back(
        std::make_unique<BatchRunner>(std::move(engine), artifact.metadata.temperature, answerer_));
  }
  const BatchPolicy::Costs quick = QuickOnly(policy.costs);
  // An engine of several threads has helpers, which belong to the thread that first ran it.
  const bool on_shards = !quick.empty() && options.engine.threads == 1;
  if (on_shards) policy.costs = quick;
  queue_ = std::make_shared<JobQueue>(policy, tensor_.size());
  if (on_shards) {
    runners_ = std::make_shared<ModelShards>(shards, queue_, std::move(runners));
  } else {
    runners_ = std::make_shared<ModelThreads>(queue_, std::move(runners));
  }
  return {};
}

Result<BatchPolicy::Costs> ModelHost::MeasureCosts(nn::Engine& engine, int max_batch) const {
  constexpr std::chrono::milliseconds kEnough{100};  // for one size; larger ones count as the same
  constexpr int kRounds = 3;                         // the first is warm-up
  const auto most = static_cast<std::size_t>(max_batch);
  const Tensor input(most * tensor_.size());
  Tensor output(most * static_cast<std::size_t>(engine.model().class_count()));
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
  if (queue_ != nullptr) queue_->Close();
  if (runners_ != nullptr) runners_->Stop();
}

void ModelHost::Submit(Tensor input, Invocation invocation) {
  Job job{std::move(input), std::move(invocation), SteadyClock::now()};
  const Result<void> queued = queue_->Push(job);
  if (!queued) return job.invocation.done(queued.error());
  runners_->Wake();
}

}  // namespace scones::endpoints::detail

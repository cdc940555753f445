// ModelHost: a loaded model, its queue, and the threads that run what waits there: shards where the
// model is quick, else threads of its own. Which requests run together is BatchPolicy's to say.
// Safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "endpoints/artifact.h"
#include "endpoints/batch_policy.h"
#include "endpoints/detail/answer.h"
#include "endpoints/detail/batch_runner.h"
#include "endpoints/detail/job_queue.h"
#include "endpoints/precision_choice.h"
#include "io/shards.h"
#include "nn/engine.h"
#include "vision/image.h"

namespace scones::endpoints::detail {

class ModelHost {
 public:
  struct Options {
    std::string name;   // for the log
    int instances = 1;  // of the network: so many batches run at a time
    PrecisionChoice precision;
    nn::EngineOptions engine;  // its precision is settled by `precision`
    int max_queue = 1024;
  };

  // Compiles the model, measures which batches it prefers, and starts its threads. Blocks for as
  // long as that takes. Errors: those of nn and SettlePrecision; kInvalid when metadata and network
  // disagree.
  static Result<std::shared_ptr<ModelHost>> Start(const Artifact& artifact, const Options& options,
                                                  const Answerer& answerer, io::Shards& shards);
  // Stops: a moment, because requests in flight keep their host from going.
  ~ModelHost();
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  // Answers what waits with kUnavailable/ServiceUnavailable and joins the model's own threads.
  // Idempotent, but not for two threads at once.
  void Stop();

  // What a Tensor must hold.
  const vision::TensorSpec& tensor() const { return tensor_; }
  const Answerer& answerer() const { return answerer_; }
  JobQueue& queue() { return *queue_; }

  // Queues the picture; `invocation` is answered from the thread that runs it.
  // Its errors: those of JobQueue; kInternal from the engine.
  void Submit(Tensor input, Invocation invocation);

 private:
  ModelHost(const ModelMetadata& metadata, Answerer answerer);
  Result<void> MakeRunners(std::shared_ptr<const nn::Model> model, const Artifact& artifact,
                           const Options& options, io::Shards& shards);
  // Seconds of one Run by batch size, the sizes being powers of two.
  Result<BatchPolicy::Costs> MeasureCosts(nn::Engine& engine, int max_batch) const;

  const Answerer answerer_;
  vision::TensorSpec tensor_;
  std::shared_ptr<JobQueue> queue_;
  std::shared_ptr<BatchRunners> runners_;
};

}  // namespace scones::endpoints::detail

// ModelHost: a loaded model with its threads, each with an engine of its own, and the queue of
// requests before them. Which requests run together is BatchPolicy's to say.
// Safe from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/result.h"
#include "endpoints/artifact.h"
#include "endpoints/batch_policy.h"
#include "endpoints/detail/answer.h"
#include "endpoints/precision_choice.h"
#include "nn/engine.h"
#include "vision/image.h"

namespace scones::endpoints::detail {

class ModelHost {
 public:
  struct Options {
    std::string name;  // for the log
    int instances = 1;
    PrecisionChoice precision;
    nn::EngineOptions engine;  // its precision is settled by `precision`
    int max_queue = 1024;
  };
  // Memory for one picture as the model takes it.
  using Tensor = std::vector<float>;

  // Compiles the model, measures which batches it prefers, and starts its threads. Blocks for as
  // long as that takes. Errors: those of nn and SettlePrecision; kInvalid when metadata and network
  // disagree.
  static Result<std::shared_ptr<ModelHost>> Start(const Artifact& artifact, const Options& options,
                                                  Answerer answerer);
  // Stops: a moment, because requests in flight keep their host from going.
  ~ModelHost();
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  // Answers what waits with kUnavailable/ServiceUnavailable and joins the threads. Idempotent, but
  // not for two threads at once.
  void Stop();

  // What a Tensor must hold.
  const vision::TensorSpec& tensor() const { return tensor_; }
  const Answerer& answerer() const { return answerer_; }

  // Of the right size, its content undefined. Tensors of answered requests come back from here.
  Tensor TakeTensor();
  void ReturnTensor(Tensor tensor);

  // Queues the picture; `invocation` is answered from an engine's thread.
  // Its errors: kExhausted/ThrottlingException when the queue is full; kUnavailable/
  //   ServiceUnavailable when its deadline can't be met; kInternal from the engine.
  void Submit(Tensor input, Invocation invocation);

 private:
  struct Job {
    Tensor input;
    Invocation invocation;
    BatchPolicy::Time arrival;  // at the queue
  };
  // Where one thread waits for work.
  struct Idler {
    std::condition_variable wake;
    bool woken = false;
  };

  ModelHost(std::shared_ptr<const nn::Model> model, const ModelMetadata& metadata,
            const Options& options, Answerer answerer);
  Result<void> MakeEngines(const Artifact& artifact, const Options& options);
  // Seconds of one Run by batch size, the sizes being powers of two.
  Result<BatchPolicy::Costs> MeasureCosts(nn::Engine& engine, int max_batch) const;
  void Serve(nn::Engine& engine, Idler& self);
  // Waits for work; fills `batch` with the jobs to run. False when the host stops.
  bool NextBatch(std::vector<Job>& batch, Idler& self);
  void RunBatch(nn::Engine& engine, std::vector<Job>& batch, Tensor& joined, Tensor& outputs);

  const std::shared_ptr<const nn::Model> model_;
  const double temperature_;  // of the softmax, where the network ends without one
  const Answerer answerer_;
  vision::TensorSpec tensor_;
  std::size_t max_spare_ = 0;
  std::mutex mutex_;
  std::optional<BatchPolicy> policy_;  // made once the costs are known
  std::deque<Job> queue_;
  std::vector<Tensor> spare_;
  std::deque<Idler> idlers_;  // one a thread
  std::vector<Idler*> idle_;  // those that wait; the last to come is woken first, its cache is warm
  bool stopping_ = false;
  std::vector<std::unique_ptr<nn::Engine>> engines_;
  std::vector<std::thread> threads_;
};

}  // namespace scones::endpoints::detail

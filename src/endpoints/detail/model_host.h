// ModelHost: a loaded model with its threads, each with an engine of its own, and the queue of
// requests before them. Which requests run together is BatchPolicy's to say.
// Run may be called from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "endpoints/artifact.h"
#include "endpoints/batch_policy.h"
#include "io/task.h"
#include "nn/engine.h"
#include "vision/image.h"

namespace scones::endpoints::detail {

struct Inference {
  std::vector<float> probabilities;
  std::int64_t queue_ns = 0;
  std::int64_t infer_ns = 0;  // of the whole batch
};

class ModelHost {
 public:
  struct Options {
    int instances = 1;
    nn::EngineOptions engine;
    int max_queue = 1024;
    std::chrono::milliseconds max_queue_delay{30'000};
  };

  // Compiles the model and starts its threads. Blocks for as long as that takes.
  // Errors: those of nn; kInvalid when metadata and network disagree.
  static Result<std::shared_ptr<ModelHost>> Start(const Artifact& artifact, const Options& options);
  // Stops: a moment, because requests in flight keep their host from going.
  ~ModelHost();
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  // Answers what waits with kUnavailable/ServiceUnavailable and joins the threads. Idempotent, but
  // not for two threads at once.
  void Stop();

  // What `input` of Run must be.
  const vision::TensorSpec& tensor() const { return tensor_; }
  int class_count() const { return model_->class_count(); }

  // Errors: kExhausted/ThrottlingException when the queue is full; kUnavailable/ServiceUnavailable
  //   after max_queue_delay; kInternal from the engine.
  io::Task<Result<Inference>> Run(std::vector<float> input);

 private:
  struct Job {
    std::vector<float> input;
    io::Completion<Result<Inference>> done;
    BatchPolicy::Time arrival;
  };

  ModelHost(std::shared_ptr<const nn::Model> model, const ModelMetadata& metadata,
            const Options& options);
  void Submit(Job job);
  void Serve(nn::Engine& engine);
  // Waits for work; the jobs to run, none when the host stops.
  std::vector<Job> NextBatch();
  void RunBatch(nn::Engine& engine, std::vector<Job> batch);
  // Softmax of logits at the metadata's temperature, where the network ends without one.
  void ToProbabilities(std::vector<float>& outputs) const;

  const std::shared_ptr<const nn::Model> model_;
  const double temperature_;
  vision::TensorSpec tensor_;
  std::mutex mutex_;
  std::condition_variable wake_;
  BatchPolicy policy_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<nn::Engine>> engines_;
  std::vector<std::thread> threads_;
};

}  // namespace scones::endpoints::detail

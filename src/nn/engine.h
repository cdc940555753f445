// Engine: a Model compiled by oneDNN for this machine's processor. Layouts, weights in those
// layouts, and one block of working memory are settled when it is made; Run allocates nothing of
// ours. One thread at a time per engine; any number of engines may share a Model.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "nn/calibration.h"
#include "nn/model.h"
#include "nn/precision.h"

namespace scones::nn {

struct EngineOptions {
  Precision precision = Precision::kFloat32;
  // Cores that one Run uses. More than one pays only for large models.
  int threads = 1;
  // The most pictures in one Run, 1 to 256. Working memory grows with it.
  int max_batch = 32;
  // Working memory beyond which Make refuses. Default 1 GiB.
  std::size_t max_arena_bytes = std::size_t{1} << 30;
  // Of this model; needed for kInt8.
  Calibration calibration;
};

class Engine {
 public:
  // Compiles a program for each power of two up to max_batch. Takes milliseconds to a second.
  // Errors: kInvalid for options out of range, bf16 on a processor without it, and int8 without a
  //   calibration of this model; kExhausted when
  //   max_arena_bytes does not do; kInternal when oneDNN refuses an operator, which is named.
  static Result<std::unique_ptr<Engine>> Make(std::shared_ptr<const Model> model,
                                              const EngineOptions& options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Classifies `count` pictures. `input`: float32 [count, C, H, W], normalised as in training.
  // `output`: receives float32 [count, classes], whatever the model's last operator gives.
  // A picture's result does not depend on what it was batched with, up to rounding.
  // Errors: kInvalid when count is not in 1..max_batch or a span is too short; kInternal from
  // oneDNN.
  Result<void> Run(std::span<const float> input, int count, std::span<float> output);

  const Model& model() const;
  const EngineOptions& options() const;
  // Bytes of working memory and of reordered weights.
  std::size_t arena_bytes() const;
  std::size_t weight_bytes() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace scones::nn

// Update rules over the network's flat weight array. Includes ATen. One thread at a time.
#pragma once

#include <ATen/ATen.h>

#include "train/hyperparameters.h"

namespace scones::train {

class Optimizer {
 public:
  Optimizer(const Hyperparameters& settings, const at::Tensor& weights,
            const at::Tensor& decay_mask);

  // One step on `weights` from `gradient`, which is overwritten.
  void Step(const at::Tensor& gradient, double learning_rate);

 private:
  enum class Rule { kSgd, kNag, kAdam, kRmsprop };

  Rule rule_;
  const Hyperparameters& settings_;
  at::Tensor weights_;
  at::Tensor decay_;   // weight decay of each weight; empty for rules without
  at::Tensor first_;   // velocity, or first moment
  at::Tensor second_;  // second moment
  long steps_ = 0;
};

}  // namespace scones::train

#include "train/detail/optimizer.h"

#include <cmath>

namespace scones::train {

Optimizer::Optimizer(const Hyperparameters& settings, const at::Tensor& weights,
                     const at::Tensor& decay_mask)
    : settings_(settings), weights_(weights) {
  if (settings.optimizer == "adam") {
    rule_ = Rule::kAdam;
  } else if (settings.optimizer == "rmsprop") {
    rule_ = Rule::kRmsprop;
  } else {
    rule_ = settings.optimizer == "nag" ? Rule::kNag : Rule::kSgd;
    decay_ = decay_mask * settings.weight_decay;
  }
  first_ = at::zeros_like(weights);
  if (rule_ == Rule::kAdam || rule_ == Rule::kRmsprop) second_ = at::zeros_like(weights);
}

void Optimizer::Step(const at::Tensor& gradient, double learning_rate) {
  at::NoGradGuard no_grad;
  ++steps_;
  if (decay_.defined()) gradient.addcmul_(decay_, weights_);
  switch (rule_) {
    case Rule::kSgd:
      first_.mul_(settings_.momentum).add_(gradient);
      weights_.add_(first_, -learning_rate);
      return;
    case Rule::kNag:
      first_.mul_(settings_.momentum).add_(gradient);
      weights_.add_(gradient, -learning_rate).add_(first_, -learning_rate * settings_.momentum);
      return;
    case Rule::kAdam: {
      first_.lerp_(gradient, 1 - settings_.beta_1);
      second_.mul_(settings_.beta_2).addcmul_(gradient, gradient, 1 - settings_.beta_2);
      double first_share = 1 - std::pow(settings_.beta_1, steps_);
      double second_share = 1 - std::pow(settings_.beta_2, steps_);
      at::Tensor scale = (second_ / second_share).sqrt_().add_(settings_.eps);
      weights_.addcdiv_(first_, scale, -learning_rate / first_share);
      return;
    }
    case Rule::kRmsprop:
      second_.mul_(settings_.gamma).addcmul_(gradient, gradient, 1 - settings_.gamma);
      weights_.addcdiv_(gradient, (second_ + settings_.eps).sqrt_(), -learning_rate);
      return;
  }
}

}  // namespace scones::train

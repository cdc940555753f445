// When the learning rate changes and when training stops: pure decisions of the training loop.
// C++17.
#pragma once

#include "train/hyperparameters.h"

namespace scones::train {

// The learning rate for a step, where `epoch` counts passes with a fraction (2.5: half through the
// third).
double LearningRateAt(const Hyperparameters& settings, double epoch);

// Side lengths at which pictures are shown at `progress` (0..1) of the run.
struct ShownSize {
  int height;
  int width;
};
ShownSize ShownSizeAt(const Hyperparameters& settings, double progress);

// Decides after each epoch. An improvement counts when it is by more than `tolerance` of the best.
class EarlyStopping {
 public:
  explicit EarlyStopping(const Hyperparameters& settings) : settings_(settings) {}

  // `epoch` from 0. True when training should stop.
  bool Observe(int epoch, double validation_accuracy);

 private:
  const Hyperparameters& settings_;
  double best_ = -1;
  int since_best_ = 0;
};

}  // namespace scones::train

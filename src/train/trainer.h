// The training loop: pictures and settings in, weights and metrics out. libtorch stays inside.
// Blocking; uses `num_threads` threads; one training at a time in a process. C++17.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "train/augment.h"
#include "train/graph.h"
#include "train/hyperparameters.h"
#include "train/job_log.h"
#include "train/safetensors.h"

namespace scones::train {

struct Metrics {
  double train_accuracy = 0;  // over the last epoch's augmented pictures
  double train_loss = 0;
  int epochs_run = 0;
  int kept_epoch = 0;    // from 0
  bool stopped = false;  // by `stop`
  double seconds = 0;
  // What Calibrate adds after training; -1: not measured. The held-out figures are of training
  // pictures by networks that did not see them (held_out.h), the errors of calibrated confidences,
  // the validation figures of the kept weights in float32 over every picture of that channel.
  double held_out_accuracy = -1;
  double held_out_calibration_error = -1;
  double validation_accuracy = -1;
  int validation_correct = 0;
  double validation_top_k_accuracy = -1;
  double validation_calibration_error = -1;
  double temperature = 1;  // has been folded into the weights
};

struct TrainedModel {
  Graph graph;
  Parameters parameters;
  Normalization normalization;
  Metrics metrics;
};

// Where training starts instead of at random: arrays that it doesn't name stay random.
struct StartingPoint {
  Parameters parameters;
  Normalization normalization;
};

struct TrainingRequest {
  Hyperparameters settings;
  const StartingPoint* start = nullptr;     // or null: from scratch
  const PictureSet* train = nullptr;        // at least one picture
  const PictureSet* validation = nullptr;   // or null
  const std::atomic<bool>* stop = nullptr;  // when set, training ends after the current step
  // Called with the weights of every checkpoint_frequency-th epoch; may be empty.
  std::function<Result<void>(int epoch, const Graph&, const Parameters&)> checkpoint;
};

ResNetShape NetworkShape(const Hyperparameters& settings);

// Errors: kInvalid (a setting that the pictures rule out), kExhausted (memory), kInternal (libtorch
// failed, or the loss is no longer a number: the learning rate is too high), and checkpoint's own.
Result<TrainedModel> Train(const TrainingRequest& request, JobLog& log);

// Probabilities [pictures][classes] of centre crops, as a served model answers.
Result<std::vector<std::vector<float>>> Predict(const TrainedModel& model,
                                                const Hyperparameters& settings,
                                                const PictureSet& pictures);

}  // namespace scones::train

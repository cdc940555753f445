// Makes a trained network as sure as its answers are right: the temperature that was fitted on
// held-out pictures becomes part of its weights. C++17.
#pragma once

#include "train/graph.h"
#include "train/trainer.h"

namespace scones::train {

// Divides the logits by `temperature`, by dividing the classifier's weights and biases: after this
// the network's own softmax is the calibrated one, wherever the network runs. No answer changes.
// Requires temperature > 0 and `parameters` to hold those of the graph's last layer, its Gemm.
void FoldTemperature(const Graph& graph, double temperature, Parameters& parameters);

// Fits the temperature by `calibration_share` of the request's settings, folds it into the model
// and measures what answers and confidences are worth then, on held-out training pictures and on
// the validation pictures (which choose nothing). Without a share, and when training was stopped,
// only measures. Errors: Train's.
Result<void> Calibrate(const TrainingRequest& request, TrainedModel& model, JobLog& log);

}  // namespace scones::train

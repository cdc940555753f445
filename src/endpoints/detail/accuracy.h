// What a lower precision costs a model, measured on the pictures that came with it when it is
// deployed. Blocks for some hundred inferences.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "endpoints/artifact.h"
#include "endpoints/precision_choice.h"
#include "nn/engine.h"
#include "vision/image.h"

namespace scones::endpoints::detail {

struct LabelledTensors {
  std::vector<float> values;  // as the model takes them, one picture after the other
  std::vector<int> labels;
};

// Decodes and resizes as for a request. Errors: kInvalid naming the picture, or a label that is no
// output of the model.
Result<LabelledTensors> DecodeCalibration(std::span<const CalibrationPicture> pictures,
                                          const vision::TensorSpec& spec, int class_count);

// Right answers of both precisions on the same pictures.
struct AccuracyComparison {
  int pictures = 0;
  int right_at_fp32 = 0;
  int right = 0;
  int same_answer = 0;

  // Points of a hundred; below zero where the lower precision is right more often.
  double LostPoints() const { return 100.0 * (right_at_fp32 - right) / pictures; }
};

// Requires at least one picture. Errors: those of nn.
Result<AccuracyComparison> CompareAccuracy(nn::Engine& fp32, nn::Engine& candidate,
                                           const LabelledTensors& tensors);

// Error: kInvalid with both accuracies and the bound, worded for a FailureReason.
Result<void> CheckAccuracy(const AccuracyComparison& comparison, const PrecisionChoice& choice);

// Options with which the model may be served as chosen: calibrated, measured and within the bound.
// `name` is for the log, which tells what was measured.
// Errors: kInvalid (no pictures for int8, too much lost); those of DecodeCalibration and nn.
Result<nn::EngineOptions> SettlePrecision(const std::shared_ptr<const nn::Model>& model,
                                          const Artifact& artifact, const vision::TensorSpec& spec,
                                          const PrecisionChoice& choice, nn::EngineOptions options,
                                          const std::string& name);

}  // namespace scones::endpoints::detail

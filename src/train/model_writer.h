// Writes model/: model.onnx, metadata.json, calibration/ and checkpoints. Format:
// docs/formats/model.md. Blocking; one thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "train/hyperparameters.h"
#include "train/trainer.h"

namespace scones::train {

struct ModelFacts {
  std::size_t trained_on = 0;    // pictures
  std::size_t validated_on = 0;  // 0 without a validation channel
};

// The text of metadata.json.
std::string DescribeModel(const TrainedModel& model, const Hyperparameters& settings,
                          const ModelFacts& facts);

// Some of `pictures`, the training channel, become calibration/.
// Errors: kExhausted (disk full), kDenied, kInternal.
Result<void> WriteModel(const std::filesystem::path& directory, const TrainedModel& model,
                        const Hyperparameters& settings, const ModelFacts& facts,
                        const PictureSet& pictures);

// Writes checkpoint-NNNN.onnx for `epoch`, counted from 0 (NNNN from 1). Returns its path.
Result<std::filesystem::path> WriteCheckpoint(const std::filesystem::path& directory, int epoch,
                                              const Graph& graph, const Parameters& parameters,
                                              const Hyperparameters& settings);

}  // namespace scones::train

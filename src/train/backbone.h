// Backbones: ResNets that we trained beforehand on other pictures and ship in models/, compiled
// into the program. `use_pretrained_model=1` starts from one with a new last layer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "train/augment.h"
#include "train/safetensors.h"
#include "train/trainer.h"

namespace scones::train {

struct Backbone {
  std::string name;  // of the file, without its ending
  ResNetShape shape;
  Parameters parameters;  // without the last layer's
  Normalization normalization;
  std::string trained_on;  // for people
};

// The shipped backbone of this architecture; the number of classes and the size of the pictures
// don't matter. Errors: kInvalid, naming those that there are.
Result<Backbone> FindBackbone(const ResNetShape& shape);

// The file of a backbone: safetensors with what FindBackbone needs as metadata. `facts` are added
// to it (data, accuracy, seed).
std::string EncodeBackbone(const TrainedModel& model, const ResNetShape& shape,
                           const std::map<std::string, std::string>& facts);
// Errors: kInvalid.
Result<Backbone> ParseBackbone(const std::string& name, std::string_view bytes);

}  // namespace scones::train

// What a network says of training pictures that it was not trained on: the temperature is fitted on
// that, and it estimates the accuracy without a test set. Blocking, like Train. C++17.
#pragma once

#include <vector>

#include "base/calibration.h"
#include "train/trainer.h"

namespace scones::train {

// A set of its own with the pictures at `indexes`, in their order.
PictureSet Select(const PictureSet& set, const std::vector<int>& indexes);

// Which pictures are held out, as indexes: `share` (0..1) of each label's, spread over the set.
std::vector<int> ChooseHeldOut(const PictureSet& set, double share);

struct HeldOut {
  LogitRows logits;  // logarithms of probabilities, one row a picture
  std::vector<int> labels;
};

// Trains one further network by the request's settings without `share` of the pictures, and asks it
// about those. Costs 1 - share of what the training itself does. Nothing is in the answer when
// the set is too small to be parted, or when the request's `stop` came. Errors: Train's.
Result<HeldOut> PredictHeldOut(const TrainingRequest& request, double share);

}  // namespace scones::train

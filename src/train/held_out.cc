#include "train/held_out.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace scones::train {
namespace {

// Keeps the logarithm of a probability that was rounded to 0 finite.
constexpr float kSmallestProbability = 1e-20f;

}  // namespace

PictureSet Select(const PictureSet& set, const std::vector<int>& indexes) {
  PictureSet selected;
  selected.channels = set.channels;
  for (int index : indexes) {
    PictureSet::Picture picture = set.pictures[index];
    auto first = set.samples.begin() + static_cast<std::ptrdiff_t>(picture.offset);
    picture.offset = selected.samples.size();
    selected.samples.insert(selected.samples.end(), first,
                            first + std::ptrdiff_t{picture.width} * picture.height * set.channels);
    selected.pictures.push_back(picture);
  }
  return selected;
}

std::vector<int> ChooseHeldOut(const PictureSet& set, double share) {
  std::vector<int> chosen;
  std::vector<int> seen;
  for (std::size_t i = 0; i < set.size(); ++i) {
    auto label = static_cast<std::size_t>(set.pictures[i].label);
    if (seen.size() <= label) seen.resize(label + 1);
    // Picture n of its label is held out when the whole part of n * share grows there.
    int n = ++seen[label];
    if (std::floor(n * share) > std::floor((n - 1) * share)) chosen.push_back(static_cast<int>(i));
  }
  return chosen;
}

Result<HeldOut> PredictHeldOut(const TrainingRequest& request, double share) {
  HeldOut result;
  std::vector<int> own = ChooseHeldOut(*request.train, share);
  std::vector<int> others(request.train->size());
  std::iota(others.begin(), others.end(), 0);
  auto held_out = [&own](int i) { return std::binary_search(own.begin(), own.end(), i); };
  others.erase(std::remove_if(others.begin(), others.end(), held_out), others.end());
  if (own.empty() || others.empty()) return result;

  PictureSet known = Select(*request.train, others);
  PictureSet unknown = Select(*request.train, own);
  TrainingRequest part = request;
  part.train = &known;
  part.validation = nullptr;
  part.checkpoint = nullptr;
  JobLog silent(nullptr);
  TRY(TrainedModel model, Train(part, silent));
  if (model.metrics.stopped) return result;
  TRY(auto rows, Predict(model, request.settings, unknown));
  for (std::vector<float>& row : rows) {
    for (float& value : row) value = std::log(std::max(value, kSmallestProbability));
    result.logits.push_back(std::move(row));
  }
  for (const auto& picture : unknown.pictures) result.labels.push_back(picture.label);
  return result;
}

}  // namespace scones::train

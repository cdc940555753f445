// Draws batches into host memory. Includes ATen. One thread at a time; may use more inside.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "train/augment.h"
#include "train/hyperparameters.h"
#include "train/schedule.h"

namespace scones::train {

// What each picture becomes depends only on (seed, epoch, position), never on the thread.
// Keeps references to what it is made from.
class BatchDrawer {
 public:
  BatchDrawer(const Hyperparameters& settings, const Normalization& normalization);

  Canvas CanvasFor(ShownSize size) const {
    return {size.height, size.width, settings_.height, settings_.width};
  }

  // Centre crops of pictures first, first + 1, ...
  void DrawPlain(const PictureSet& set, std::size_t first, int count, const Canvas& canvas);

  struct Batch {
    const int* order;  // indices of `count` pictures
    int count;
    std::uint64_t epoch;
    std::uint64_t position;  // of the first in the epoch
    bool plain_colors;       // no mixing, colour, rotation, zoom and cutout
  };
  void DrawAugmented(const PictureSet& set, const Batch& batch, const Canvas& canvas);

  // Views of what was drawn last, valid until the next drawing: [N, C, H, W] channels-last, and
  // after DrawAugmented the target shares [N, classes].
  at::Tensor Pixels(int channels, const Canvas& canvas);
  at::Tensor Targets();

 private:
  void Resize(const PictureSet& set, int count, const Canvas& canvas);
  void SetTargets(const PictureSet& set, const Batch& batch);
  void Mix(int channels, const Batch& batch, const Canvas& canvas);

  const Hyperparameters& settings_;
  const Normalization& normalization_;
  Augmentation augmentation_;
  std::size_t stride_ = 1;  // floats of one picture
  std::vector<float> drawn_;
  std::vector<float> mixed_;
  std::vector<float> targets_;
};

}  // namespace scones::train

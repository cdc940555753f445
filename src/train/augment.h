// Pictures in memory, and how one is drawn into the network's input: cropped, flipped, turned,
// recoloured, mixed. Pure; safe from any thread. C++17.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/random_stream.h"

namespace scones::train {

// Decoded pictures of one channel of input, rows of interleaved 8-bit samples.
struct PictureSet {
  struct Picture {
    int width = 0;
    int height = 0;
    int label = 0;
    std::size_t offset = 0;  // into `samples`
  };
  int channels = 3;
  std::vector<Picture> pictures;
  std::vector<std::uint8_t> samples;

  std::size_t size() const { return pictures.size(); }
};

// Per channel, in the samples' own unit (0..255).
struct Normalization {
  std::vector<float> mean;
  std::vector<float> standard_deviation;
};
Normalization MeasureNormalization(const PictureSet& set);

struct Augmentation {
  bool crop_and_flip = false;
  bool color = false;      // hue, saturation, lightness; three channels only
  bool transform = false;  // rotation, shear, aspect ratio
  int crop_padding = 0;    // the crop may lie this far outside the picture (mirrored there)
  int cutout = 0;          // side of a square that is blanked; 0: none
  double zoom = 0;         // objects may be this share larger or smaller
};

// What a drawn picture measures; `height` and `width` as seen by the network, while the crop is
// `crop_height` x `crop_width` of the source: smaller outputs show the same crop at lower
// resolution.
struct Canvas {
  int height = 0;
  int width = 0;
  int crop_height = 0;
  int crop_width = 0;
};

// Draws into out[height * width * channels], interleaved, normalised. Without augmentation the
// centre crop is drawn.
// Precondition: the picture is at least crop_height x crop_width.
void DrawPicture(const PictureSet& set, std::size_t index, const Canvas& canvas,
                 const Augmentation& augmentation, const Normalization& normalization,
                 RandomStream& random, float* out);

// out = the first picture with part of the second: a blend (mixup, Zhang et al. 2017,
// arXiv:1710.09412) or a pasted rectangle (cutmix, Yun et al. 2019, arXiv:1905.04899).
// Returns the share of the first.
float MixUp(const float* first, const float* second, std::size_t count, double share, float* out);
float CutMix(const float* first, const float* second, const Canvas& canvas, int channels,
             double share, RandomStream& random, float* out);

}  // namespace scones::train

// Numbers about a picture that drift when a camera, its light or its aim changes. Pure.
#pragma once

#include <array>

#include "vision/image.h"

namespace scones::vision {

// All in 0..1 of full scale. Brightness is the Rec. 601 luma of each pixel.
struct ImageStatistics {
  double brightness = 0;                 // mean of luma
  double contrast = 0;                   // standard deviation of luma
  std::array<double, 3> channel_mean{};  // red, green, blue
};

// Requires a non-empty image.
ImageStatistics ComputeStatistics(const Image& image);

}  // namespace scones::vision

#include "vision/image_statistics.h"

#include <cmath>

#include "base/check.h"

namespace scones::vision {

ImageStatistics ComputeStatistics(const Image& image) {
  SCONES_CHECK(!image.pixels.empty());
  std::array<std::uint64_t, 3> sums{};
  double luma_sum = 0;
  double luma_squares = 0;
  const std::size_t count = image.pixels.size() / 3;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* pixel = image.pixels.data() + 3 * i;
    for (std::size_t c = 0; c < 3; ++c) sums[c] += pixel[c];
    const double luma = (0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]) / 255.0;
    luma_sum += luma;
    luma_squares += luma * luma;
  }
  ImageStatistics result;
  const double n = static_cast<double>(count);
  result.brightness = luma_sum / n;
  result.contrast =
      std::sqrt(std::max(0.0, luma_squares / n - result.brightness * result.brightness));
  for (std::size_t c = 0; c < 3; ++c) result.channel_mean[c] = sums[c] / (255.0 * n);
  return result;
}

}  // namespace scones::vision

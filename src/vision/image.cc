#include "vision/image.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace scones::vision {
namespace {

// One output position's two source positions and the second one's share in 1/2048.
struct Tap {
  int first = 0;
  int second = 0;
  int weight = 0;
};

constexpr int kWeightBits = 11;
constexpr int kOne = 1 << kWeightBits;

std::vector<Tap> MakeTaps(int from, int to) {
  std::vector<Tap> taps(to);
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double centre = std::clamp((i + 0.5) * scale - 0.5, 0.0, static_cast<double>(from - 1));
    const int first = static_cast<int>(centre);
    taps[i] = {first, std::min(first + 1, from - 1),
               static_cast<int>(std::lround((centre - first) * kOne))};
  }
  return taps;
}

}  // namespace

Image::Image(int width, int height) : width(width), height(height) {
  SCONES_CHECK(width > 0 && height > 0);
  pixels.resize(std::size_t{3} * width * height);
}

Image Resize(const Image& image, int width, int height) {
  SCONES_CHECK(image.width > 0 && image.height > 0);
  if (image.width == width && image.height == height) return image;
  Image result(width, height);
  const std::vector<Tap> columns = MakeTaps(image.width, width);
  const std::vector<Tap> rows = MakeTaps(image.height, height);
  std::uint8_t* out = result.pixels.data();
  for (const Tap& row : rows) {
    const std::uint8_t* top = image.At(0, row.first);
    const std::uint8_t* bottom = image.At(0, row.second);
    for (const Tap& column : columns) {
      const std::size_t left = std::size_t{3} * column.first;
      const std::size_t right = std::size_t{3} * column.second;
      for (int c = 0; c < 3; ++c) {
        const int above = top[left + c] * (kOne - column.weight) + top[right + c] * column.weight;
        const int below =
            bottom[left + c] * (kOne - column.weight) + bottom[right + c] * column.weight;
        // 8 + 11 + 11 bits and the rounding half fit 31 bits.
        const int sum = above * (kOne - row.weight) + below * row.weight;
        *out++ =
            static_cast<std::uint8_t>((sum + (1 << (2 * kWeightBits - 1))) >> (2 * kWeightBits));
      }
    }
  }
  return result;
}

void WriteTensor(const Image& image, const TensorSpec& spec, std::span<float> out) {
  if (image.width != spec.width || image.height != spec.height) {
    return WriteTensor(Resize(image, spec.width, spec.height), spec, out);
  }
  WriteTensor(image.pixels.data(), std::size_t{3} * spec.width, spec, out);
}

void WriteTensor(const std::uint8_t* rows, std::size_t stride, const TensorSpec& spec,
                 std::span<float> out) {
  SCONES_CHECK(out.size() == spec.size());
  const auto width = static_cast<std::size_t>(spec.width);
  const std::size_t plane = width * static_cast<std::size_t>(spec.height);
  for (std::size_t c = 0; c < 3; ++c) {
    const float scale = 1.0f / (255.0f * spec.std[c]);
    const float shift = -spec.mean[c] / spec.std[c];
    for (std::size_t y = 0; y < static_cast<std::size_t>(spec.height); ++y) {
      const std::uint8_t* in = rows + y * stride + c;
      float* row = out.data() + c * plane + y * width;
      for (std::size_t x = 0; x < width; ++x) row[x] = in[3 * x] * scale + shift;
    }
  }
}

}  // namespace scones::vision

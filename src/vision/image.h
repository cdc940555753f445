// A decoded picture and the arithmetic on its pixels. Pure; a value, safe from any thread that owns
// it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace scones::vision {

// 8-bit RGB, row by row from the top, three bytes a pixel: pixels.size() == width * height * 3.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;

  Image() = default;
  // All black. Requires width > 0 and height > 0.
  Image(int width, int height);

  std::uint8_t* At(int x, int y) { return pixels.data() + (std::size_t{3} * (y * width + x)); }
  const std::uint8_t* At(int x, int y) const {
    return pixels.data() + (std::size_t{3} * (y * width + x));
  }
  friend bool operator==(const Image&, const Image&) = default;
};

// Bilinear, aspect ratio not kept, pixel centres at half-integers, no smoothing when shrinking: as
// SageMaker's image classification does on inference. Requires a non-empty image and sides > 0.
Image Resize(const Image& image, int width, int height);

// What a network takes: a float [3, height, width] of (pixel / 255 - mean[c]) / std[c].
struct TensorSpec {
  int width = 0;
  int height = 0;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> std = {1, 1, 1};

  std::size_t size() const { return std::size_t{3} * width * height; }
};

// Resizes where the sides differ, then normalises into out. Requires out.size() == spec.size().
void WriteTensor(const Image& image, const TensorSpec& spec, std::span<float> out);
// The same of spec.height rows of RGB samples, `stride` bytes apart.
void WriteTensor(const std::uint8_t* rows, std::size_t stride, const TensorSpec& spec,
                 std::span<float> out);

}  // namespace scones::vision

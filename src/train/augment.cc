#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace scones::train {
namespace {

// Ranges of the original algorithm's augmentation types.
constexpr double kHueDegrees = 36;
constexpr double kSaturation = 50.0 / 255;
constexpr double kLightness = 50.0 / 255;
constexpr double kRotationDegrees = 10;
constexpr double kShear = 0.1;
constexpr double kAspect = 0.25;
constexpr double kPi = 3.14159265358979323846;

// Index of the pixel that a mirrored border shows at i.
int Reflect(int i, int size) {
  if (size == 1) return 0;
  int period = 2 * (size - 1);
  i = std::abs(i) % period;
  return i < size ? i : period - i;
}

// Output pixel centre (x, y) -> source position: (a x + b y + c, d x + e y + f).
struct Affine {
  double a, b, c, d, e, f;
  bool copies = false;  // whole steps, no turn: pixels can be copied
};

Affine ChooseAffine(const PictureSet::Picture& picture, const Canvas& canvas,
                    const Augmentation& augmentation, RandomStream& random) {
  double center_x = picture.width / 2 - canvas.crop_width / 2 + canvas.crop_width / 2.0;
  double center_y = picture.height / 2 - canvas.crop_height / 2 + canvas.crop_height / 2.0;
  double scale_x = static_cast<double>(canvas.crop_width) / canvas.width;
  double scale_y = static_cast<double>(canvas.crop_height) / canvas.height;
  bool copies = canvas.crop_width == canvas.width && canvas.crop_height == canvas.height;
  double angle = 0;
  double shear = 0;
  double flip = 1;
  if (augmentation.crop_and_flip) {
    int room_x = picture.width - canvas.crop_width + 2 * augmentation.crop_padding;
    int room_y = picture.height - canvas.crop_height + 2 * augmentation.crop_padding;
    center_x = random.Below(room_x + 1) - augmentation.crop_padding + canvas.crop_width / 2.0;
    center_y = random.Below(room_y + 1) - augmentation.crop_padding + canvas.crop_height / 2.0;
    if (random.Coin()) flip = -1;
  }
  if (augmentation.transform) {
    angle = random.Uniform(-kRotationDegrees, kRotationDegrees) * kPi / 180;
    shear = random.Uniform(-kShear, kShear);
    double aspect = 1 + random.Uniform(-kAspect, kAspect);
    scale_x *= std::sqrt(aspect);
    scale_y /= std::sqrt(aspect);
    copies = false;
  }
  if (augmentation.zoom > 0) {
    double range = std::log1p(augmentation.zoom);
    double factor = std::exp(random.Uniform(-range, range));
    scale_x *= factor;
    scale_y *= factor;
    copies = false;
  }
  Affine t{};
  t.a = flip * scale_x * std::cos(angle);
  t.b = -scale_y * std::sin(angle) + shear * scale_y;
  t.d = flip * scale_x * std::sin(angle);
  t.e = scale_y * std::cos(angle);
  double middle_x = canvas.width / 2.0 - 0.5;
  double middle_y = canvas.height / 2.0 - 0.5;
  t.c = center_x - 0.5 - t.a * middle_x - t.b * middle_y;
  t.f = center_y - 0.5 - t.d * middle_x - t.e * middle_y;
  t.copies = copies;
  return t;
}

void CopyPixels(const PictureSet& set, const PictureSet::Picture& picture, const Affine& t,
                const Canvas& canvas, float* out) {
  const std::uint8_t* source = set.samples.data() + picture.offset;
  int channels = set.channels;
  int step = t.a < 0 ? -1 : 1;
  int left = static_cast<int>(std::lround(t.c));
  int top = static_cast<int>(std::lround(t.f));
  for (int y = 0; y < canvas.height; ++y) {
    const std::uint8_t* row = source + static_cast<std::size_t>(Reflect(top + y, picture.height)) *
                                           picture.width * channels;
    for (int x = 0; x < canvas.width; ++x) {
      const std::uint8_t* pixel = row + Reflect(left + step * x, picture.width) * channels;
      for (int c = 0; c < channels; ++c) *out++ = pixel[c];
    }
  }
}

void SamplePixels(const PictureSet& set, const PictureSet::Picture& picture, const Affine& t,
                  const Canvas& canvas, float* out) {
  const std::uint8_t* source = set.samples.data() + picture.offset;
  int channels = set.channels;
  std::size_t stride = static_cast<std::size_t>(picture.width) * channels;
  for (int y = 0; y < canvas.height; ++y) {
    for (int x = 0; x < canvas.width; ++x) {
      double source_x = t.a * x + t.b * y + t.c;
      double source_y = t.d * x + t.e * y + t.f;
      int x0 = static_cast<int>(std::floor(source_x));
      int y0 = static_cast<int>(std::floor(source_y));
      float right = static_cast<float>(source_x - x0);
      float low = static_cast<float>(source_y - y0);
      int left = Reflect(x0, picture.width) * channels;
      int next = Reflect(x0 + 1, picture.width) * channels;
      const std::uint8_t* upper = source + Reflect(y0, picture.height) * stride;
      const std::uint8_t* lower = source + Reflect(y0 + 1, picture.height) * stride;
      for (int c = 0; c < channels; ++c) {
        float above = upper[left + c] + right * (upper[next + c] - upper[left + c]);
        float below = lower[left + c] + right * (lower[next + c] - lower[left + c]);
        *out++ = above + low * (below - above);
      }
    }
  }
}

// Turns hue, saturation and lightness by one amount over the whole picture, in the RGB cube: hue is
// a rotation about the grey axis, saturation a stretch away from it, lightness a shift along it.
void Recolor(float* pixels, int count, RandomStream& random) {
  double hue = random.Uniform(-kHueDegrees, kHueDegrees) * kPi / 180;
  double saturation = 1 + 2 * random.Uniform(-kSaturation, kSaturation);
  float lightness = static_cast<float>(255 * random.Uniform(-kLightness, kLightness));
  double cosine = saturation * std::cos(hue);
  double sine = saturation * std::sin(hue) / std::sqrt(3.0);
  float same = static_cast<float>((1 - cosine) / 3 + cosine);
  float before = static_cast<float>((1 - cosine) / 3 - sine);
  float after = static_cast<float>((1 - cosine) / 3 + sine);
  for (int i = 0; i < count; ++i, pixels += 3) {
    float r = pixels[0], g = pixels[1], b = pixels[2];
    pixels[0] = std::clamp(same * r + before * g + after * b + lightness, 0.f, 255.f);
    pixels[1] = std::clamp(after * r + same * g + before * b + lightness, 0.f, 255.f);
    pixels[2] = std::clamp(before * r + after * g + same * b + lightness, 0.f, 255.f);
  }
}

struct Box {
  int left, top, right, bottom;  // half open
};

Box ChooseBox(const Canvas& canvas, double width, double height, RandomStream& random) {
  double x = random.Uniform(0, canvas.width);
  double y = random.Uniform(0, canvas.height);
  return {std::clamp(static_cast<int>(std::lround(x - width / 2)), 0, canvas.width),
          std::clamp(static_cast<int>(std::lround(y - height / 2)), 0, canvas.height),
          std::clamp(static_cast<int>(std::lround(x + width / 2)), 0, canvas.width),
          std::clamp(static_cast<int>(std::lround(y + height / 2)), 0, canvas.height)};
}

}  // namespace

Normalization MeasureNormalization(const PictureSet& set) {
  int channels = set.channels;
  std::vector<double> sum(channels, 0);
  std::vector<double> squares(channels, 0);
  double count = 0;
  for (std::size_t i = 0; i + channels <= set.samples.size(); i += channels) {
    for (int c = 0; c < channels; ++c) {
      double sample = set.samples[i + c];
      sum[c] += sample;
      squares[c] += sample * sample;
    }
    ++count;
  }
  Normalization result;
  for (int c = 0; c < channels; ++c) {
    double mean = count > 0 ? sum[c] / count : 0;
    double variance = count > 0 ? squares[c] / count - mean * mean : 0;
    result.mean.push_back(static_cast<float>(mean));
    result.standard_deviation.push_back(static_cast<float>(std::sqrt(std::max(variance, 1.0))));
  }
  return result;
}

void DrawPicture(const PictureSet& set, std::size_t index, const Canvas& canvas,
                 const Augmentation& augmentation, const Normalization& normalization,
                 RandomStream& random, float* out) {
  const PictureSet::Picture& picture = set.pictures[index];
  Affine affine = ChooseAffine(picture, canvas, augmentation, random);
  if (affine.copies) {
    CopyPixels(set, picture, affine, canvas, out);
  } else {
    SamplePixels(set, picture, affine, canvas, out);
  }
  int count = canvas.height * canvas.width;
  if (augmentation.color && set.channels == 3) Recolor(out, count, random);
  for (int c = 0; c < set.channels; ++c) {
    float mean = normalization.mean[c];
    float factor = 1 / normalization.standard_deviation[c];
    for (int i = 0; i < count; ++i) {
      float& sample = out[static_cast<std::size_t>(i) * set.channels + c];
      sample = (sample - mean) * factor;
    }
  }
  if (augmentation.cutout > 0) {
    double side = static_cast<double>(augmentation.cutout) * canvas.width / canvas.crop_width;
    Box box = ChooseBox(canvas, side, side, random);
    for (int y = box.top; y < box.bottom; ++y) {
      float* row = out + (static_cast<std::size_t>(y) * canvas.width + box.left) * set.channels;
      std::fill_n(row, static_cast<std::size_t>(box.right - box.left) * set.channels, 0.f);
    }
  }
}

float MixUp(const float* first, const float* second, std::size_t count, double share, float* out) {
  float a = static_cast<float>(share);
  for (std::size_t i = 0; i < count; ++i) out[i] = a * first[i] + (1 - a) * second[i];
  return a;
}

float CutMix(const float* first, const float* second, const Canvas& canvas, int channels,
             double share, RandomStream& random, float* out) {
  std::memcpy(out, first, sizeof(float) * canvas.height * canvas.width * channels);
  double side = std::sqrt(1 - share);
  Box box = ChooseBox(canvas, side * canvas.width, side * canvas.height, random);
  std::size_t row_size = static_cast<std::size_t>(box.right - box.left) * channels;
  for (int y = box.top; y < box.bottom; ++y) {
    std::size_t start = (static_cast<std::size_t>(y) * canvas.width + box.left) * channels;
    std::memcpy(out + start, second + start, row_size * sizeof(float));
  }
  float pasted = static_cast<float>((box.right - box.left) * (box.bottom - box.top));
  return 1 - pasted / static_cast<float>(canvas.height * canvas.width);
}

}  // namespace scones::train

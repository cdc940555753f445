#include "vision/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "io/file.h"
#include "vision/detail/cifar_names.h"
#include "vision/detail/cifar_writer.h"
#include "vision/detail/vehicle.h"

namespace scones::vision {
namespace {

constexpr int kSide = 32;
// Drawn at twice the size and averaged: thin tubes keep their shape.
constexpr int kShrink = 2;
constexpr int kMaxPerClass = 5000;

// Something in front, at the edge, so that a part of the vehicle is hidden.
void DrawOccluder(Canvas& canvas, detail::Random& random) {
  const auto size = static_cast<float>(canvas.width());
  const Color color = detail::RandomColor(random);
  const float extent = random.Uniform(0.06f, 0.28f) * size;
  switch (random.Below(4)) {
    case 0:
      return canvas.FillRect(random.Uniform(0, size), 0, extent * 0.6f, size, color);
    case 1:
      return canvas.FillRect(0, size - extent, size, extent, color);
    case 2:
      return canvas.FillEllipse({random.Uniform(0, size), random.Uniform(0.6f, 1) * size}, extent,
                                extent, 0, color);
    default:
      return canvas.FillRect(random.Chance(0.5f) ? 0 : size - extent, 0, extent, size, color);
  }
}

Image Blur(const Image& image) {
  const int half = std::max(image.width / 2, 1);
  return Resize(Resize(image, half + half / 2, half + half / 2), image.width, image.height);
}

void AddLightAndNoise(Image& image, detail::Random& random) {
  const float gain = random.Uniform(0.6f, 1.15f);
  const float lift = random.Uniform(-0.05f, 0.2f);
  const float noise =
      random.Chance(0.3f) ? random.Uniform(0.04f, 0.1f) : random.Uniform(0.005f, 0.04f);
  for (std::uint8_t& sample : image.pixels) {
    const float value = static_cast<float>(sample) / 255.0f;
    const float changed = (value - 0.5f) * gain + 0.5f + lift * (1 - gain) + noise * random.Bell();
    sample = static_cast<std::uint8_t>(std::clamp(changed * 255.0f + 0.5f, 0.0f, 255.0f));
  }
}

struct Kind {
  Vehicle vehicle;
  const char* name;
};
constexpr Kind kKinds[] = {{Vehicle::kBicycle, "bicycle"}, {Vehicle::kMotorcycle, "motorcycle"}};

std::uint8_t LabelOf(std::span<const char* const> names, std::string_view name) {
  return static_cast<std::uint8_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

// The records of both classes in a mixed order. `stream` tells the splits' pictures apart.
std::vector<detail::CifarRecord> DrawSplit(std::uint64_t seed, std::uint64_t stream, int per_class,
                                           const std::function<bool()>& go_on) {
  detail::Random random(seed * 2 + stream);
  std::vector<int> order(static_cast<std::size_t>(2 * per_class));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.Below(static_cast<int>(i)))]);
  }
  std::vector<detail::CifarRecord> records;
  for (const int number : order) {
    if (!go_on()) return {};
    const Kind& kind = kKinds[number % 2];
    records.push_back({fmt::format("drawn_{}_s_{:06}.png", kind.name, number / 2),
                       LabelOf(detail::kFineNames, kind.name),
                       LabelOf(detail::kCoarseNames, "vehicles_1"),
                       DrawVehicle(kind.vehicle, random.Next())});
  }
  return records;
}

}  // namespace

Image DrawVehicle(Vehicle vehicle, std::uint64_t seed) {
  detail::Random random(seed);
  Canvas canvas(kSide * kShrink, kSide * kShrink, {1, 1, 1, 1});
  detail::DrawBackground(canvas, random);
  detail::Placement place(canvas, random);
  switch (vehicle) {
    case Vehicle::kBicycle:
      detail::DrawBicycle(place, random);
      break;
    case Vehicle::kMotorcycle:
      detail::DrawMotorcycle(place, random);
      break;
  }
  if (random.Chance(0.25f)) DrawOccluder(canvas, random);
  Image image = canvas.ToImage(kShrink);
  if (random.Chance(0.25f)) image = Blur(image);
  AddLightAndNoise(image, random);
  return image;
}

Result<void> WriteGeneratedArchive(const std::filesystem::path& file,
                                   const GeneratorOptions& options) {
  const auto fits = [](int count) { return count >= 1 && count <= kMaxPerClass; };
  if (!fits(options.train_per_class) || !fits(options.test_per_class)) {
    return Error(Code::kInvalid,
                 fmt::format("pictures per class must be from 1 to {}", kMaxPerClass));
  }
  const auto total =
      static_cast<std::uint64_t>(2 * (options.train_per_class + options.test_per_class));
  std::uint64_t done = 0;
  bool cancelled = false;
  const auto go_on = [&] {
    cancelled = options.progress && !options.progress(done++, total);
    return !cancelled;
  };
  const auto train = DrawSplit(options.seed, 0, options.train_per_class, go_on);
  if (cancelled) return Error(Code::kCancelled, "drawing was cancelled");
  const auto test = DrawSplit(options.seed, 1, options.test_per_class, go_on);
  if (cancelled) return Error(Code::kCancelled, "drawing was cancelled");
  const std::string meta =
      detail::MakeCifarMeta({std::begin(detail::kFineNames), std::end(detail::kFineNames)},
                            {std::begin(detail::kCoarseNames), std::end(detail::kCoarseNames)});
  return io::WriteFileDurably(
      file, detail::MakeTarGz(
                {{"cifar-100-python/meta", meta},
                 {"cifar-100-python/train", detail::MakeCifarSplit("training batch 1 of 1", train)},
                 {"cifar-100-python/test", detail::MakeCifarSplit("testing batch 1 of 1", test)}}));
}

}  // namespace scones::vision

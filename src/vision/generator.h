// Draws bicycles and motorcycles, for machines that can't reach the real pictures, and writes them
// as a genuine CIFAR-100 archive for Python, so that everything after it is the same.
// Deterministic: the same options and the same program give the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"
#include "vision/image.h"

namespace scones::vision {

struct GeneratorOptions {
  std::uint64_t seed = 1;
  int train_per_class = 500;
  int test_per_class = 100;
  // As in DatasetOptions, counted in pictures.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

enum class Vehicle { kBicycle, kMotorcycle };

// One picture of 32x32 pixels: colours, ground, pose, size, light, occlusion and noise all drawn
// from `seed`.
Image DrawVehicle(Vehicle vehicle, std::uint64_t seed);

// Writes cifar-100-python/{meta,train,test} as a gzip tar; the meta file has all 100 class names,
// and only bicycle and motorcycle have pictures. The file appears under its name only when
// complete. Errors: kInvalid (counts out of 1..5000), kExhausted (disk full), kCancelled,
// kInternal.
Result<void> WriteGeneratedArchive(const std::filesystem::path& file,
                                   const GeneratorOptions& options = {});

}  // namespace scones::vision

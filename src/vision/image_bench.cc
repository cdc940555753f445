// Decoding on the request path of inference.
#include <benchmark/benchmark.h>

#include "vision/generator.h"
#include "vision/image_codec.h"

namespace scones::vision {
namespace {

void DecodePngToTensor(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const std::string png = EncodePng(Resize(DrawVehicle(Vehicle::kBicycle, 1), side, side));
  const TensorSpec spec{.width = 32, .height = 32};
  std::vector<float> tensor(spec.size());
  for (auto _ : state) {
    if (!DecodeToTensor(png, spec, tensor)) state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(tensor.data());
  }
}
BENCHMARK(DecodePngToTensor)->Arg(32)->Arg(224)->Arg(1024);

void EncodePngOf(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const Image image = Resize(DrawVehicle(Vehicle::kBicycle, 1), side, side);
  for (auto _ : state) benchmark::DoNotOptimize(EncodePng(image));
}
BENCHMARK(EncodePngOf)->Arg(32)->Arg(224);

void DrawPicture(benchmark::State& state) {
  std::uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(DrawVehicle(Vehicle::kMotorcycle, seed++));
}
BENCHMARK(DrawPicture);

}  // namespace
}  // namespace scones::vision

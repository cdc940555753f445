// Feeds arbitrary bytes to the ONNX reader, and compiles and runs what it accepts and is small.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/calibration.h"
#include "nn/engine.h"
#include "nn/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scones::nn;
  const ModelLimits limits{.max_nodes = 300,
                           .max_weight_bytes = 1 << 22,
                           .max_multiply_adds = 1 << 24,
                           .max_activation_elements = 1 << 16};
  const auto model =
      Model::FromOnnx(std::string_view(reinterpret_cast<const char*>(data), size), limits);
  if (!model) return 0;
  const std::vector<float> input(2 * static_cast<std::size_t>((*model)->input_shape().size()),
                                 1.0f);
  std::vector<float> output(2 * static_cast<std::size_t>((*model)->class_count()));
  EngineOptions options{.max_batch = 2, .max_arena_bytes = 1 << 24};
  if (auto calibration = Calibrate(*model, input)) options.calibration = std::move(*calibration);
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16, Precision::kInt8}) {
    options.precision = precision;
    auto engine = Engine::Make(*model, options);
    if (engine) (void)(*engine)->Run(input, 2, output);  // any outcome but a crash
  }
  return 0;
}

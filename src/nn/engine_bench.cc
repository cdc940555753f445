// Time of one Run on one thread: networks as Scones trains them, and ResNet-50 at 224x224 (whose
// making takes a minute). Arguments: batch size; precision (0 fp32, 1 bf16, 2 int8).
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "nn/engine.h"
#include "nn/testing/reference_net.h"

namespace scones::nn {
namespace {

using testing::ReferenceNet;

std::string Block(ReferenceNet& net, const std::string& x, std::int64_t width, std::int64_t stride,
                  bool project) {
  std::string y = net.Relu(net.BatchNorm(net.Conv(x, {.out = width, .stride = stride})));
  y = net.BatchNorm(net.Conv(y, {.out = width}));
  const testing::ConvShape shortcut{
      .out = width, .kernel_h = 1, .kernel_w = 1, .stride = stride, .pads = {0, 0, 0, 0}};
  return net.Relu(net.Add(y, project ? net.BatchNorm(net.Conv(x, shortcut)) : x));
}

std::shared_ptr<const Model> ResNet(const std::vector<std::int64_t>& widths, int blocks) {
  ReferenceNet net(1, 3, 32, 32);
  std::string x = net.Relu(net.BatchNorm(net.Conv("input", {.out = widths[0]})));
  std::int64_t before = widths[0];
  for (const std::int64_t width : widths) {
    for (int i = 0; i < blocks; ++i) {
      x = Block(net, x, width, width != before ? 2 : 1, width != before);
      before = width;
    }
  }
  return Model::FromOnnx(
             net.Finish(net.Softmax(net.Gemm(net.Flatten(net.GlobalAveragePool(x)), 10))))
      .value();
}

std::shared_ptr<const Model> ResNet50At224() {
  const std::vector<std::int64_t> no_pads = {0, 0, 0, 0};
  ReferenceNet net(1, 3, 224, 224);
  std::string x = net.Relu(net.Conv(
      "input", {.out = 64, .kernel_h = 7, .kernel_w = 7, .stride = 2, .pads = {3, 3, 3, 3}}));
  x = net.Pool("MaxPool", x, 3, 2, 1);
  const auto point = [&](const std::string& from, std::int64_t width, std::int64_t stride = 1) {
    return net.Conv(
        from, {.out = width, .kernel_h = 1, .kernel_w = 1, .stride = stride, .pads = no_pads});
  };
  std::int64_t width = 64;
  for (const int blocks : {3, 4, 6, 3}) {
    for (int i = 0; i < blocks; ++i) {
      const std::int64_t stride = i == 0 && width > 64 ? 2 : 1;
      const std::string y =
          net.Relu(net.Conv(net.Relu(point(x, width)), {.out = width, .stride = stride}));
      x = net.Relu(net.Add(point(y, 4 * width), i == 0 ? point(x, 4 * width, stride) : x));
    }
    width *= 2;
  }
  return Model::FromOnnx(
             net.Finish(net.Softmax(net.Gemm(net.Flatten(net.GlobalAveragePool(x)), 1000))))
      .value();
}

void Run(benchmark::State& state, const std::shared_ptr<const Model>& model) {
  const int batch = static_cast<int>(state.range(0));
  const auto precision = static_cast<Precision>(state.range(1));
  const auto picture = static_cast<std::size_t>(model->input_shape().size());
  std::vector<float> input(static_cast<std::size_t>(batch) * picture);
  std::mt19937 random(1);
  for (float& value : input) value = std::normal_distribution<float>()(random);
  EngineOptions options{.precision = precision, .max_batch = batch};
  if (precision == Precision::kInt8) {
    options.calibration = Calibrate(model, std::span(input).first(picture)).value();
  }
  auto engine = Engine::Make(model, options).value();
  std::vector<float> output(static_cast<std::size_t>(batch) *
                            static_cast<std::size_t>(model->class_count()));
  for (auto _ : state) {
    if (!engine->Run(input, batch, output)) state.SkipWithError("the run failed");
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(model->multiply_adds()) * batch,
                         benchmark::Counter::kIsIterationInvariantRate);
  state.counters["arena_bytes"] = static_cast<double>(engine->arena_bytes());
}

void ResNet20(benchmark::State& state) {
  static const auto model = ResNet({16, 32, 64}, 3);
  Run(state, model);
}
void ResNet18(benchmark::State& state) {
  static const auto model = ResNet({64, 128, 256, 512}, 2);
  Run(state, model);
}
void ResNet50(benchmark::State& state) {
  static const auto model = ResNet50At224();
  Run(state, model);
}
void MakeEngine(benchmark::State& state) {
  static const auto model = ResNet({16, 32, 64}, 3);
  for (auto _ : state) {
    if (!Engine::Make(model, {.max_batch = 32})) state.SkipWithError("the engine was not made");
  }
}

BENCHMARK(ResNet20)->ArgsProduct({{1, 8, 32}, {0, 1, 2}})->Unit(benchmark::kMillisecond);
BENCHMARK(ResNet18)->ArgsProduct({{1, 8, 32}, {0, 1, 2}})->Unit(benchmark::kMillisecond);
BENCHMARK(ResNet50)->ArgsProduct({{1, 8}, {0, 1, 2}})->Unit(benchmark::kMillisecond);
BENCHMARK(MakeEngine)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace scones::nn

#include "train/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "nn/engine.h"
#include "nn/model.h"
#include "train/onnx_writer.h"

namespace scones::train {
namespace {

constexpr int kSize = 8;

Parameters RandomParameters(const Graph& graph) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 0.3f);
  Parameters parameters;
  for (const ParameterSpec& spec : ListParameters(graph)) {
    std::vector<float>& values = parameters[spec.name];
    for (long i = 0; i < spec.Count(); ++i) {
      values.push_back(spec.trained ? normal(random) : 0.5f + std::abs(normal(random)));
    }
  }
  return parameters;
}

std::vector<float> Probabilities(const Graph& graph, const Parameters& parameters) {
  const auto model = nn::Model::FromOnnx(EncodeOnnx(graph, parameters, kSize, kSize));
  EXPECT_TRUE(model);
  const auto engine = nn::Engine::Make(*model);
  EXPECT_TRUE(engine);
  std::vector<float> picture(3 * kSize * kSize);
  for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = std::sin(static_cast<float>(i));
  std::vector<float> result(3);
  EXPECT_TRUE((*engine)->Run(picture, 1, result));
  return result;
}

TEST(FoldTemperature, DividesTheExportedNetworksLogits) {
  const auto graph = MakeResNet({8, 3, kSize, kSize, 3});
  ASSERT_TRUE(graph);
  Parameters parameters = RandomParameters(*graph);
  const std::vector<float> before = Probabilities(*graph, parameters);
  FoldTemperature(*graph, 2.5, parameters);
  const std::vector<float> after = Probabilities(*graph, parameters);
  for (int i = 1; i < 3; ++i) {
    const float logit = std::log(before[i] / before[0]);
    EXPECT_GT(std::abs(logit), 0.01) << "the network must prefer a class";
    EXPECT_NEAR(std::log(after[i] / after[0]), logit / 2.5, 1e-3);
  }
}

TEST(FoldTemperature, OfOneLeavesEveryWeightAsItWas) {
  const auto graph = MakeResNet({8, 3, kSize, kSize, 3});
  ASSERT_TRUE(graph);
  const Parameters before = RandomParameters(*graph);
  Parameters after = before;
  FoldTemperature(*graph, 1, after);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace scones::train

#include "train/graph.h"

#include <gtest/gtest.h>

#include <set>

namespace scones::train {
namespace {

long CountTrained(const Graph& graph) {
  long count = 0;
  for (const ParameterSpec& spec : ListParameters(graph)) count += spec.trained ? spec.Count() : 0;
  return count;
}

// Parameter counts of the papers' networks with 1000 (ImageNet) and 10 (CIFAR) classes.
TEST(ResNet, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(CountTrained(*MakeResNet({18, 3, 224, 224, 1000})), 11689512);
  EXPECT_EQ(CountTrained(*MakeResNet({34, 3, 224, 224, 1000})), 21797672);
  EXPECT_EQ(CountTrained(*MakeResNet({50, 3, 224, 224, 1000})), 25557032);
  EXPECT_EQ(CountTrained(*MakeResNet({101, 3, 224, 224, 1000})), 44549160);
  EXPECT_EQ(CountTrained(*MakeResNet({152, 3, 224, 224, 1000})), 60192808);
  // 0.27 M with projection shortcuts.
  EXPECT_EQ(CountTrained(*MakeResNet({20, 3, 32, 32, 10})), 272474);
}

TEST(ResNet, CostsThePublishedMultiplyAdds) {
  EXPECT_NEAR(CountMultiplyAdds(*MakeResNet({18, 3, 224, 224, 1000}), 224, 224), 1.814e9, 2e6);
  EXPECT_NEAR(CountMultiplyAdds(*MakeResNet({50, 3, 224, 224, 1000}), 224, 224), 4.089e9, 2e6);
  EXPECT_NEAR(CountMultiplyAdds(*MakeResNet({20, 3, 32, 32, 10}), 32, 32), 40.8e6, 0.5e6);
}

TEST(ResNet, SmallPicturesGetAStemThatKeepsTheirResolution) {
  auto small = MakeResNet({18, 3, 64, 64, 2});
  auto large = MakeResNet({18, 3, 65, 65, 2});
  EXPECT_EQ(small->layers[0].stride, 1);
  EXPECT_EQ(small->layers[0].kernel, 3);
  EXPECT_EQ(large->layers[0].stride, 2);
  EXPECT_EQ(large->layers[0].kernel, 7);
}

TEST(ResNet, EveryDocumentedDepthCanBeBuiltAndItsLayersReadWhatCameBefore) {
  for (int depth : {18, 34, 50, 101, 152, 200, 20, 32, 44, 56, 110}) {
    auto graph = MakeResNet({depth, 3, 32, 32, 5});
    ASSERT_TRUE(graph) << depth;
    std::set<std::string> names;
    for (int i = 0; i < static_cast<int>(graph->layers.size()); ++i) {
      const Layer& layer = graph->layers[i];
      EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
      EXPECT_LT(layer.input, i);
      EXPECT_LT(layer.second_input, i);
    }
    EXPECT_EQ(graph->layers.back().out_channels, 5);
  }
}

TEST(ResNet, AnotherDepthIsRefused) { EXPECT_FALSE(MakeResNet({19, 3, 32, 32, 2})); }

}  // namespace
}  // namespace scones::train

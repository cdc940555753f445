#include "train/backbone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/embedded_backbones.h"

namespace scones::train {
namespace {

using ::testing::HasSubstr;

constexpr ResNetShape kShape = {8, 3, 32, 32, 5, 2, 2};

TrainedModel SomeModel() {
  TrainedModel model;
  model.graph = MakeResNet(kShape).value();
  float next = 0.125f;
  for (const ParameterSpec& spec : ListParameters(model.graph)) {
    std::vector<float>& values = model.parameters[spec.name];
    for (long i = 0; i < spec.Count(); ++i) values.push_back(next = next > 2 ? -2 : next + 0.125f);
  }
  model.normalization = {{129.5f, 124.25f, 112}, {68, 65.5f, 70}};
  return model;
}

TEST(Backbone, AFileKeepsEverythingButTheLastLayer) {
  TrainedModel model = SomeModel();
  auto read = ParseBackbone("some", EncodeBackbone(model, kShape, {{"trained_on", "drawings"}}));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->trained_on, "drawings");
  EXPECT_EQ(read->shape.num_layers, 8);
  EXPECT_EQ(read->shape.width_factor, 2);
  EXPECT_EQ(read->normalization.mean, model.normalization.mean);
  EXPECT_EQ(read->normalization.standard_deviation, model.normalization.standard_deviation);
  EXPECT_EQ(read->parameters.size() + 2, model.parameters.size());
  EXPECT_EQ(read->parameters.count("classifier.weight"), 0u);
  for (const auto& [name, values] : read->parameters) EXPECT_EQ(values, model.parameters[name]);
}

TEST(Backbone, AFileThatIsCutOrChangedIsRefused) {
  std::string whole = EncodeBackbone(SomeModel(), kShape, {});
  for (std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() - 1}) {
    EXPECT_FALSE(ParseBackbone("cut", whole.substr(0, size))) << size;
  }
  std::string renamed = whole;
  renamed.replace(renamed.find("stem.conv.weight"), 4, "item");
  auto read = ParseBackbone("renamed", renamed);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), HasSubstr("stem.conv.weight"));
}

TEST(Backbone, AnArchitectureWithoutOneIsToldWhichThereAre) {
  auto found = FindBackbone({110, 3, 32, 32, 2, 1, 1});
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("num_layers 110"));
  EXPECT_THAT(found.error().message(), HasSubstr("use_pretrained_model 0"));
}

TEST(Backbone, EveryShippedFileIsReadable) {
  ASSERT_GT(kEmbeddedBackboneCount, 0u);
  for (std::size_t i = 0; i < kEmbeddedBackboneCount; ++i) {
    const EmbeddedFile& file = kEmbeddedBackbones[i];
    auto size = static_cast<std::size_t>(file.end - file.begin);
    auto read = ParseBackbone(file.name, {reinterpret_cast<const char*>(file.begin), size});
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_LE(size, 6'000'000u) << file.name;
    EXPECT_TRUE(FindBackbone(read->shape)) << file.name;
  }
}

}  // namespace
}  // namespace scones::train

#include "nn/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "nn/detail/graph.h"
#include "nn/model.h"
#include "nn/testing/parity.h"
#include "nn/testing/reference_net.h"

namespace scones::nn {
namespace {

using testing::ExpectParity;
using testing::ReferenceNet;

std::string Head(ReferenceNet& net, const std::string& from, std::int64_t classes = 5) {
  return net.Gemm(net.Flatten(net.GlobalAveragePool(from)), classes);
}

TEST(Engine, ConvolutionsOfEveryShapeMatchPlainLoops) {
  const std::vector<testing::ConvShape> shapes = {
      {.out = 16},
      {.out = 7, .kernel_h = 1, .kernel_w = 1, .pads = {0, 0, 0, 0}, .bias = false},
      {.out = 32, .kernel_h = 5, .kernel_w = 3, .stride = 2, .pads = {2, 1, 2, 1}},
      {.out = 16, .pads = {0, 1, 2, 0}},
      {.out = 16, .dilation = 2, .pads = {2, 2, 2, 2}},
      {.out = 24, .groups = 4},
      {.out = 16, .groups = 16},
      {.out = 32, .groups = 16},
  };
  for (const auto& shape : shapes) {
    SCOPED_TRACE(shape.out);
    ReferenceNet net(3, 16, 11, 9);
    ExpectParity(net, net.Flatten(net.Conv("input", shape)), 2);
  }
}

TEST(Engine, BatchNormAndActivationMeltIntoTheConvolution) {
  ReferenceNet net(2, 3, 8, 8);
  std::string x = net.Relu(net.BatchNorm(net.Conv("input", {.out = 16})));
  x = net.Clip(net.BatchNorm(net.Conv(x, {.out = 20, .bias = false})), 0.0f, 0.5f);
  ExpectParity(net, Head(net, x), 5);
}

TEST(Engine, ABatchNormOfItsOwnRuns) {
  ReferenceNet net(2, 3, 8, 8);
  const std::string x = net.Conv("input", {.out = 16});
  const std::string y = net.Relu(net.BatchNorm(x));  // x is read again below, so nothing melts
  ExpectParity(net, Head(net, net.Add(x, y)), 7);
}

TEST(Engine, ResidualBlocksMeltIntoOneConvolutionEach) {
  ReferenceNet net(5, 3, 12, 12);
  std::string x = net.Relu(net.BatchNorm(net.Conv("input", {.out = 16})));
  for (const std::int64_t width : {16, 32}) {
    const std::int64_t stride = width / 16;
    std::string y = net.Relu(net.BatchNorm(net.Conv(x, {.out = width, .stride = stride})));
    y = net.BatchNorm(net.Conv(y, {.out = width}));
    const std::string shortcut = stride == 1 ? x
                                             : net.BatchNorm(net.Conv(x, {.out = width,
                                                                          .kernel_h = 1,
                                                                          .kernel_w = 1,
                                                                          .stride = stride,
                                                                          .pads = {0, 0, 0, 0}}));
    x = net.Relu(net.Add(y, shortcut));
  }
  ExpectParity(net, net.Softmax(Head(net, x)), 6 + 4);
}

TEST(Engine, AResidualThatIsReadLaterIsNotOverwritten) {
  ReferenceNet net(2, 3, 8, 8);
  const std::string x = net.Conv("input", {.out = 16});
  const std::string y = net.Add(net.Conv(x, {.out = 16}), x);
  const std::string z = net.Add(net.Conv(y, {.out = 16}), x);
  ExpectParity(net, Head(net, z), 6);
}

TEST(Engine, AConvolutionAddedToItsOwnInput) {
  ReferenceNet net(2, 16, 8, 8);
  const std::string x = net.Relu(net.Conv("input", {.out = 16}));
  ExpectParity(net, Head(net, net.Relu(net.Add(x, net.Conv(x, {.out = 16})))), 5);
}

TEST(Engine, TheInputItselfAsResidualIsNotWritten) {
  ReferenceNet net(2, 16, 8, 8);
  ExpectParity(net, Head(net, net.Add("input", net.Conv("input", {.out = 16}))), 4);
}

TEST(Engine, PoolsMatchPlainLoops) {
  for (const bool include : {false, true}) {
    ReferenceNet net(2, 16, 9, 9);
    std::string x = net.Pool("MaxPool", "input", 3, 2, 1);
    x = net.Pool("AveragePool", x, 3, 1, 1, include);
    ExpectParity(net, net.Flatten(x), 3);
  }
  ReferenceNet net(2, 5, 8, 8);
  const std::string x = net.Pool("MaxPool", "input", 3, 2, 0, false, true);
  ExpectParity(net, net.Flatten(net.Pool("AveragePool", x, 3, 2, 1, false, true)), 3);
}

TEST(Engine, FlattenKeepsChannelsFirst) {
  ReferenceNet net(2, 3, 4, 5);
  const std::string x = net.Relu(net.Conv("input", {.out = 32}));
  ExpectParity(net, net.Softmax(net.Gemm(net.Reshape(x, {-1, 32 * 20}), 7, false)), 4);
}

TEST(Engine, AnOddNumberOfChannelsIsPaddedUnseen) {
  ReferenceNet net(3, 3, 6, 6);
  std::string x = net.Relu(net.Conv("input", {.out = 13}));
  x = net.Relu(net.Add(net.Conv(x, {.out = 13}), x));
  ExpectParity(net, Head(net, x, 3), 5);
}

TEST(Engine, ConstantsAreAddedAndMultipliedPerChannel) {
  ReferenceNet net(2, 3, 5, 5);
  const auto shift = net.Random(3, 1.0);
  net.builder.Initializer(testing::FloatTensor("shift", {1, 3, 1, 1}, shift));
  net.builder.Initializer(testing::FloatTensor("factor", {}, {4.0f}));
  net.builder.Node("Sub", {"input", "shift"}, {"shifted"});
  net.builder.Node("Div", {"shifted", "factor"}, {"scaled"});
  testing::Array y = net.value("input");
  for (std::int64_t i = 0; i < y.n; ++i) {
    for (std::int64_t p = 0; p < 75; ++p) {
      double& v = y.at(i, p / 25, p / 5 % 5, p % 5);
      v = (v - shift[static_cast<std::size_t>(p / 25)]) / 4;
    }
  }
  net.Keep("scaled", y);
  ExpectParity(net, Head(net, net.Conv("scaled", {.out = 8})), 5);
}

TEST(Engine, AModelThatOnlyFlattensCopies) {
  ReferenceNet net(3, 1, 2, 2);
  ExpectParity(net, net.Flatten("input"), 1, 0.0);
}

TEST(Engine, EveryBatchSizeGivesTheSameAnswers) {
  ReferenceNet net(11, 3, 8, 8);
  const std::string x = net.Relu(net.Conv("input", {.out = 16}));
  const std::string output = net.Softmax(Head(net, x, 4));
  const auto model = Model::FromOnnx(net.Finish(output)).value();
  EXPECT_TRUE(model->outputs_probabilities());
  EXPECT_EQ(model->input_shape(), (ImageShape{3, 8, 8}));
  EXPECT_EQ(model->class_count(), 4);
  auto engine = Engine::Make(model, {.max_batch = 11}).value();
  const auto input = net.input();
  for (int count = 1; count <= 11; ++count) {
    std::vector<float> got(static_cast<std::size_t>(count) * 4 + 1, -7.0f);
    ASSERT_TRUE(engine->Run(input, count, got));
    for (std::size_t i = 0; i + 1 < got.size(); ++i) {
      ASSERT_NEAR(got[i], net.value(output).v[i], 1e-5);
    }
    EXPECT_EQ(got.back(), -7.0f);
  }
  std::vector<float> out(100);
  EXPECT_FALSE(engine->Run(input, 12, out));
  EXPECT_FALSE(engine->Run(input, 0, out));
  EXPECT_FALSE(engine->Run(std::span(input).first(10), 1, out));
  EXPECT_FALSE(engine->Run(input, 11, std::span(out).first(43)));
}

TEST(Engine, OptionsThatCannotBeHadAreNamed) {
  ReferenceNet net(1, 3, 8, 8);
  const auto model = Model::FromOnnx(net.Finish(Head(net, net.Conv("input", {.out = 8})))).value();
  const auto int8 = Engine::Make(model, {.precision = Precision::kInt8});
  ASSERT_FALSE(int8);
  EXPECT_NE(int8.error().message().find("needs a calibration"), std::string::npos);
  EXPECT_FALSE(Engine::Make(model, {.threads = 0}));
  EXPECT_FALSE(Engine::Make(model, {.max_batch = 0}));
  EXPECT_EQ(Engine::Make(model, {.max_arena_bytes = 100}).error().code(), Code::kExhausted);
  EXPECT_EQ(ParsePrecision("bf16").value(), Precision::kBFloat16);
  EXPECT_FALSE(ParsePrecision("fp8"));
}

}  // namespace
}  // namespace scones::nn

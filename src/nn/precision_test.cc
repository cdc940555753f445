// What only the lower precisions can get wrong: signs, steps, saturation, shapes without a fast
// form, and the calibration itself.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "nn/calibration.h"
#include "nn/detail/range_finder.h"
#include "nn/engine.h"
#include "nn/testing/operator_error.h"
#include "nn/testing/parity.h"
#include "nn/testing/reference_net.h"

namespace scones::nn {
namespace {

using testing::ConvShape;
using testing::ExpectParity;
using testing::ReferenceNet;

const std::vector<std::int64_t> kNoPads = {0, 0, 0, 0};

std::string Head(ReferenceNet& net, const std::string& from) {
  return net.Gemm(net.Flatten(net.GlobalAveragePool(from)), 5);
}

TEST(Precision, ChannelsOfAnyNumberAndDepthwiseConvolutions) {
  for (const std::int64_t width : {3, 10, 17, 40}) {
    SCOPED_TRACE(width);
    ReferenceNet net(2, 3, 9, 9);
    std::string x = net.Relu(net.Conv("input", {.out = width}));
    x = net.Clip(net.Conv(x, {.out = width, .stride = 2, .groups = width}), 0.0f, 6.0f);
    x = net.Conv(x, {.out = width, .kernel_h = 1, .kernel_w = 1, .pads = kNoPads});
    x = net.Add(net.Conv(x, {.out = width}), x);  // without relu: signed values
    ExpectParity(net, Head(net, x), 4 + 3);
  }
}

TEST(Precision, ResidualsOfBothSignsJoinInPlaceOrByCopy) {
  ReferenceNet net(3, 16, 8, 8);
  const std::string x = net.Relu(net.Conv("input", {.out = 32}));
  const std::string y = net.Conv(x, {.out = 32});                        // s8, joins below
  const std::string z = net.Relu(net.Add(net.Conv(x, {.out = 32}), y));  // s8 summed into u8
  const std::string w = net.Add(net.Conv(z, {.out = 32}), z);            // u8 summed into s8
  const std::string v = net.Relu(net.Add(net.Conv(w, {.out = 32}), z));  // z is read again: a copy
  ExpectParity(net, Head(net, net.Conv(v, {.out = 8})), 6 + 3);
}

TEST(Precision, PoolsBetweenConvolutions) {
  ReferenceNet net(2, 3, 16, 16);
  std::string x = net.Relu(net.Conv("input", {.out = 16}));
  x = net.Pool("MaxPool", x, 3, 2, 1);
  x = net.Relu(net.Conv(x, {.out = 16}));
  x = net.Pool("AveragePool", x, 2, 2, 0);
  ExpectParity(net, Head(net, net.Relu(net.Conv(x, {.out = 16}))), 5 + 3);
}

// Chains of convolutions, activations, pools and residuals drawn at random.
TEST(Precision, RandomNets) {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto draw = [&](std::int64_t most) {
      return std::uniform_int_distribution<std::int64_t>(0, most)(random);
    };
    ReferenceNet net(2, 1 + draw(4), 8 + draw(4), 8 + draw(4), seed);
    std::string x = "input";
    for (std::int64_t layer = 0, layers = 2 + draw(4); layer < layers; ++layer) {
      const std::int64_t before = net.value(x).c;
      const bool deep = draw(4) == 0;
      const std::int64_t width = deep ? before : 1 + draw(39);
      ConvShape shape{.out = width, .stride = 1 + draw(1), .groups = deep ? before : 1};
      if (draw(2) == 0) shape = {.out = width, .kernel_h = 1, .kernel_w = 1, .pads = kNoPads};
      std::string y = net.Conv(x, shape);
      if (draw(1) == 0) y = net.BatchNorm(y);
      const testing::Array& from = net.value(x);
      const testing::Array& to = net.value(y);
      if (from.c == to.c && from.h == to.h && from.w == to.w) y = net.Add(y, x);
      if (draw(2) != 0) y = net.Relu(y);
      if (draw(5) == 0 && net.value(y).h > 3 && net.value(y).w > 3) {
        y = net.Pool("MaxPool", y, 3, 2, 1);
      }
      x = y;
    }
    const std::string output = Head(net, x);
    const auto model = Model::FromOnnx(net.Finish(output)).value();
    testing::ExpectEveryPrecision(net, model, output, model->graph().ops.size());
  }
}

// MobileNet's block with what EfficientNet adds: a depthwise convolution, swish, and channels
// weighed by what the picture shows.
std::string ExciteBlock(ReferenceNet& net, const std::string& from, std::int64_t width) {
  const std::int64_t before = net.value(from).c;
  std::string x = net.Conv(from, {.out = width, .kernel_h = 1, .kernel_w = 1, .pads = kNoPads});
  x = net.Swish(x);
  x = net.Swish(net.Conv(x, {.out = width, .groups = width}));
  std::string gate = net.GlobalAveragePool(x);
  const ConvShape to_few = {.out = width / 4, .kernel_h = 1, .kernel_w = 1, .pads = kNoPads};
  const ConvShape to_all = {.out = width, .kernel_h = 1, .kernel_w = 1, .pads = kNoPads};
  gate = net.Sigmoid(net.Conv(net.Swish(net.Conv(gate, to_few)), to_all));
  x = net.Scale(x, gate);
  x = net.Conv(x, {.out = before, .kernel_h = 1, .kernel_w = 1, .pads = kNoPads});
  return net.Add(x, from);
}

// The name of its output.
std::string BuildExciteNet(ReferenceNet& net) {
  const std::string x = net.Swish(net.Conv("input", {.out = 16}));
  return Head(net, ExciteBlock(net, ExciteBlock(net, x, 48), 48));
}

TEST(Precision, BlocksOfSwishDepthwiseExcitationAndResidual) {
  ReferenceNet net(8, 3, 10, 10);
  const std::string output = BuildExciteNet(net);
  const auto model = Model::FromOnnx(net.Finish(output)).value();
  testing::ExpectEveryPrecision(net, model, output, model->graph().ops.size());
  const auto calibration = Calibrate(model, net.input()).value();
  const auto worst = testing::WorstOperator(model->graph(), calibration, net.input());
  EXPECT_LE(worst.error, 0.05) << worst.name;
}

// A picture that sets the network off costs the others nothing.
TEST(Precision, OneWildPictureInTheCalibrationLeavesTheOthersRight) {
  ReferenceNet net(8, 3, 10, 10);
  const std::string output = BuildExciteNet(net);
  const auto model = Model::FromOnnx(net.Finish(output)).value();
  const std::vector<float> input = net.input();
  std::vector<float> with_wild = input;
  for (std::size_t i = 0; i < 300; ++i) with_wild.push_back(300 * input[i]);
  const auto error = [&](std::span<const float> seen) {
    const auto calibration = Calibrate(model, seen).value();
    const auto got = testing::Run(
        model, {.precision = Precision::kInt8, .max_batch = 8, .calibration = calibration}, net, 8);
    return testing::RelativeError(got, net.value(output).v);
  };
  EXPECT_LE(error(with_wild), 2 * error(input));
}

// One channel through three convolutions that pass it on.
std::shared_ptr<const Model> Wire() {
  ReferenceNet net(1, 1, 2, 2);
  std::string x = "input";
  for (const char* name : {"a", "b", "c"}) {
    const std::string weight = std::string(name) + "_w";
    net.builder.Initializer(testing::FloatTensor(weight, {1, 1, 1, 1}, {1.0f}));
    net.builder.Node("Conv", {x, weight}, {name});
    const std::string relu = std::string(name) + "_r";
    net.builder.Node("Relu", {name}, {relu});
    net.Keep(relu, net.value("input"));
    x = relu;
  }
  return Model::FromOnnx(net.Finish(net.Flatten(x))).value();
}

TEST(Precision, ValuesBeyondTheCalibratedRangeSaturate) {
  const auto model = Wire();
  const std::vector<float> seen = {0.1f, 0.4f, 0.7f, 1.0f};
  const auto calibration = Calibrate(model, seen).value();
  auto engine =
      Engine::Make(model, {.precision = Precision::kInt8, .calibration = calibration}).value();
  std::vector<float> got(4);
  const std::vector<float> input = {-5.0f, 0.5f, 1.0f, 1000.0f};
  ASSERT_TRUE(engine->Run(input, 1, got));
  const float step = 1.0f / 127;  // of the signed input, the coarsest on the way
  EXPECT_EQ(got[0], 0.0f);
  EXPECT_NEAR(got[1], 0.5f, step);
  EXPECT_NEAR(got[2], 1.0f, step);
  EXPECT_NEAR(got[3], 1.0f, step);
}

TEST(Precision, APictureAloneAnswersAsInABatch) {
  ReferenceNet net(7, 3, 8, 8);
  std::string x = net.Relu(net.Conv("input", {.out = 16}));
  x = net.Relu(net.Add(net.Conv(x, {.out = 16}), x));
  const auto model = Model::FromOnnx(net.Finish(Head(net, x))).value();
  const auto input = net.input();
  const auto calibration = Calibrate(model, input).value();
  auto engine = Engine::Make(model, {.precision = Precision::kInt8, .calibration = calibration});
  ASSERT_TRUE(engine);
  std::vector<float> together(7 * 5);
  ASSERT_TRUE((*engine)->Run(input, 7, together));
  for (std::size_t i = 0; i < 7; ++i) {
    std::vector<float> alone(5);
    ASSERT_TRUE((*engine)->Run(std::span(input).subspan(i * 3 * 64, 3 * 64), 1, alone));
    for (std::size_t c = 0; c < 5; ++c) EXPECT_NEAR(alone[c], together[i * 5 + c], 1e-5);
  }
}

TEST(Calibration, SurvivesJson) {
  ReferenceNet net(2, 3, 8, 8);
  const std::string x = net.Relu(net.Conv("input", {.out = 16}));
  const auto model = Model::FromOnnx(net.Finish(Head(net, x))).value();
  const auto calibration = Calibrate(model, net.input()).value();
  EXPECT_EQ(calibration.ranges.size(), model->graph().ops.size() + 1);
  EXPECT_EQ(calibration.ranges[1].low, 0);  // after relu
  EXPECT_LT(calibration.ranges[0].low, 0);
  EXPECT_EQ(calibration, Calibrate(model, net.input()).value());
  const auto parsed = ParseJson(ToJson(ToJsonValue(calibration)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(CalibrationFromJson(*parsed).value(), calibration);
}

TEST(Calibration, DamagedJsonIsRefused) {
  for (const char* text :
       {"1", "{}", R"({"ranges":1})", R"({"ranges":[1]})", R"({"ranges":[{"name":"a","low":1}]})",
        R"({"ranges":[{"name":"a","low":2,"high":1}]})",
        R"({"ranges":[{"name":1,"low":0,"high":1}]})",
        R"({"ranges":[{"name":"a","low":0,"high":1e99}]})"}) {
    EXPECT_FALSE(CalibrationFromJson(ParseJson(text).value())) << text;
  }
}

TEST(Calibration, WhatCannotBeCalibratedIsRefused) {
  ReferenceNet net(1, 3, 8, 8);
  const auto model = Model::FromOnnx(net.Finish(Head(net, net.Conv("input", {.out = 8})))).value();
  auto pictures = net.input();
  EXPECT_FALSE(Calibrate(model, {}));
  EXPECT_FALSE(Calibrate(model, std::span(pictures).first(100)));
  pictures[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(Calibrate(model, pictures));
  pictures[7] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(Calibrate(model, pictures));
  pictures[7] = std::numeric_limits<float>::max();  // finite, but its sums are not
  EXPECT_FALSE(Calibrate(model, std::vector<float>(pictures.size(), pictures[7])));
}

TEST(Calibration, IsOfOneModel) {
  ReferenceNet small(1, 3, 8, 8);
  const auto model =
      Model::FromOnnx(small.Finish(Head(small, small.Conv("input", {.out = 8})))).value();
  auto calibration = Calibrate(model, small.input()).value();
  const auto make = [&] {
    return Engine::Make(model, {.precision = Precision::kInt8, .calibration = calibration});
  };
  EXPECT_TRUE(make());
  calibration.ranges[1].name = "another";
  const auto renamed = make();
  ASSERT_FALSE(renamed);
  EXPECT_NE(renamed.error().message().find("not of this model"), std::string::npos);
  calibration.ranges.pop_back();
  EXPECT_FALSE(make());
}

std::vector<float> Bell(std::size_t count, float deviation) {
  std::mt19937 random(1);
  std::vector<float> values(count);
  for (float& value : values) value = std::normal_distribution<float>(0, deviation)(random);
  return values;
}

float BestLimit(const std::vector<std::vector<float>>& pictures) {
  RangeFinder finder(127);
  for (const auto& picture : pictures) finder.Add(picture);
  return finder.BestLimit();
}

TEST(RangeFinder, ClipsWhatIsRareAndFar) {
  std::vector<float> values = Bell(100'000, 1);
  const float alone = BestLimit({values});
  EXPECT_GT(alone, 3.0f);
  EXPECT_LT(alone, 5.0f);
  values.push_back(12.0f);
  const float limit = BestLimit({values});
  EXPECT_LT(limit, 9.0f);

  const auto error = [&](float clip) {  // by rounding every value
    double sum = 0;
    for (const float value : values) {
      const float step = clip / 127;
      const float rounded = std::clamp(std::round(value / step), -127.0f, 127.0f) * step;
      sum += (value - rounded) * (value - rounded);
    }
    return sum;
  };
  EXPECT_LT(error(limit), error(12.0f));
  for (const float other : {limit / 1.3f, limit * 1.3f}) EXPECT_LE(error(limit), error(other));
}

TEST(RangeFinder, OnePictureOfManyDoesNotSetTheSteps) {
  std::vector<std::vector<float>> pictures(20, Bell(1000, 1));
  const float usual = BestLimit(pictures);
  pictures.push_back(Bell(1000, 500));
  EXPECT_LT(BestLimit(pictures), 1.3f * usual);
  // Half of them is not one of many.
  for (std::size_t i = 0; i < 20; i += 2) pictures[i] = Bell(1000, 10);
  EXPECT_GT(BestLimit(pictures), 5 * usual);
}

TEST(RangeFinder, HasNoLimitsOfItsOwn) {
  EXPECT_EQ(BestLimit({}), 0.0f);
  EXPECT_EQ(BestLimit({{0.0f, 0.0f}}), 0.0f);
  EXPECT_NEAR(BestLimit({{0.0f, 0.001f, 3.0f, -700.0f}}), 700.0f, 1.0f);
  for (const float size : {1e-30f, 1e-5f, 1e9f, 1e30f}) {
    const float limit = BestLimit({{size / 2, -size}});
    EXPECT_GT(limit, 0.9f * size);
    EXPECT_LE(limit, size);
  }
  RangeFinder finder(255);
  finder.Add(std::vector<float>{-2.0f, 0.5f});
  finder.Add(std::vector<float>{1.5f});
  EXPECT_EQ(finder.low(), -2.0f);
  EXPECT_EQ(finder.high(), 1.5f);
}

}  // namespace
}  // namespace scones::nn

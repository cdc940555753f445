#include "nn/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "nn/detail/memory_plan.h"
#include "nn/engine.h"
#include "nn/testing/reference_net.h"

namespace scones::nn {
namespace {

using testing::FloatTensor;
using ::testing::HasSubstr;
using testing::IntAttribute;
using testing::IntsAttribute;
using testing::IntTensor;
using testing::OnnxBuilder;
using testing::ReferenceNet;

// A graph [N, 3, 4, 4] -> `op` -> Flatten.
std::string OneNode(std::string_view op, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& attributes,
                    const std::vector<std::string>& tensors = {}) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 3, 4, 4});
  for (const auto& tensor : tensors) builder.Initializer(tensor);
  builder.Node(op, inputs, {"y"}, attributes);
  builder.Node("Flatten", {"y"}, {"z"});
  builder.Output("z", {-1, -1});
  return builder.Build();
}

std::string Refusal(const std::string& onnx, const ModelLimits& limits = {}) {
  const auto model = Model::FromOnnx(onnx, limits);
  return model ? "accepted" : model.error().message();
}

TEST(Model, AnUnsupportedOperatorIsNamedWithItsNode) {
  EXPECT_EQ(Refusal(OneNode("Einsum", {"x"}, {})),
            "node 'n_y' (Einsum): this operator is not supported");
}

TEST(Model, WhatAConvolutionCannotBeIsSaid) {
  const std::string w = FloatTensor("w", {2, 3, 3, 3}, std::vector<float>(54));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {}, {w})), HasSubstr("accepted"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "x"}, {}, {w})), HasSubstr("must be a constant"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x"}, {}, {w})), HasSubstr("must be a constant"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {IntAttribute("group", 2)}, {w})),
              HasSubstr("do not fit"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {IntAttribute("group", 0)}, {w})),
              HasSubstr("do not fit"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {IntsAttribute("strides", {0, 1})}, {w})),
              HasSubstr("strides"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {IntsAttribute("pads", {-1, 0, 0, 0})}, {w})),
              HasSubstr("pads"));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {IntsAttribute("dilations", {2, 2})}, {w})),
              HasSubstr("would have shape [2, 0, 0]"));
  const std::string cut = FloatTensor("w", {2, 3, 3, 3}, std::vector<float>(53));
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {}, {cut})), HasSubstr("53 values"));
  const std::string huge = FloatTensor("w", {std::int64_t{1} << 40, 3, 1 << 20, 3}, {});
  EXPECT_THAT(Refusal(OneNode("Conv", {"x", "w"}, {}, {huge})), HasSubstr("too large"));
}

TEST(Model, ShapesThatDoNotMeetAreRefused) {
  EXPECT_THAT(Refusal(OneNode("Reshape", {"x", "s"}, {}, {IntTensor("s", {-1, 47})})),
              HasSubstr("[-1, 47] is not supported"));
  EXPECT_THAT(
      Refusal(OneNode("Gemm", {"x", "w"}, {}, {FloatTensor("w", {3, 3}, std::vector<float>(9))})),
      HasSubstr("do not fit"));
  EXPECT_THAT(Refusal(OneNode("Add", {"x", "b"}, {}, {FloatTensor("b", {4}, {1, 2, 3, 4})})),
              HasSubstr("accepted"));
  EXPECT_THAT(Refusal(OneNode("Add", {"x", "b"}, {}, {FloatTensor("b", {3}, {1, 2, 3})})),
              HasSubstr("do not fit together"));
  EXPECT_THAT(Refusal(OneNode("Softmax", {"x"}, {IntAttribute("axis", 4)})),
              HasSubstr("axis 4 is not among 4 axes"));
  EXPECT_THAT(Refusal(OneNode("Relu", {"nowhere"}, {})), HasSubstr("'nowhere'"));
}

TEST(Model, AGraphMustBeAClassifier) {
  OnnxBuilder no_output;
  no_output.Input("x", {-1, 3, 4, 4});
  no_output.Node("Flatten", {"x"}, {"y"});
  EXPECT_THAT(Refusal(no_output.Build()), HasSubstr("has 0 outputs"));
  no_output.Output("nothing", {-1, 48});
  EXPECT_THAT(Refusal(no_output.Build()), HasSubstr("no node computes"));
  OnnxBuilder image;
  image.Input("x", {-1, 3, 4, 4});
  image.Node("Relu", {"x"}, {"y"});
  image.Output("y", {-1, 3, 4, 4});
  EXPECT_THAT(Refusal(image.Build()), HasSubstr("needed is [classes]"));
  EXPECT_THAT(Refusal(image.Build(3)), HasSubstr("operator set 3"));
  OnnxBuilder symbolic;
  symbolic.Input("x", {-1, 3, -1, -1});
  symbolic.Output("x", {-1, 3});
  EXPECT_THAT(Refusal(symbolic.Build()), HasSubstr("[-1, 3, -1, -1]"));
  EXPECT_THAT(Refusal(""), HasSubstr("no graph"));
  EXPECT_THAT(Refusal("this is not a model"), HasSubstr("ONNX"));
}

TEST(Model, LimitsHold) {
  ReferenceNet net(1, 3, 8, 8);
  const std::string onnx =
      net.Finish(net.Gemm(net.Flatten(net.Relu(net.Conv("input", {.out = 8}))), 4));
  EXPECT_EQ(Refusal(onnx), "accepted");
  EXPECT_THAT(Refusal(onnx, {.max_file_bytes = 100}), HasSubstr("at most 100"));
  EXPECT_THAT(Refusal(onnx, {.max_nodes = 2}), HasSubstr("too many nodes"));
  EXPECT_THAT(Refusal(onnx, {.max_weight_bytes = 100}), HasSubstr("limit of 100 bytes"));
  EXPECT_THAT(Refusal(onnx, {.max_multiply_adds = 100}), HasSubstr("multiply-adds"));
  EXPECT_THAT(Refusal(onnx, {.max_activation_elements = 300}), HasSubstr("too large"));
  EXPECT_THAT(Refusal(onnx, {.max_image_side = 4}), HasSubstr("up to 4"));
  EXPECT_THAT(Refusal(onnx, {.max_classes = 3}), HasSubstr("up to 3"));
}

TEST(Model, ACutFileIsRefusedAtEveryLength) {
  ReferenceNet net(1, 1, 4, 4);
  const std::string onnx =
      net.Finish(net.Gemm(net.Flatten(net.Relu(net.Conv("input", {.out = 2}))), 2));
  for (std::size_t length = 0; length < onnx.size(); ++length) {
    EXPECT_FALSE(Model::FromOnnx(std::string_view(onnx).substr(0, length))) << length;
  }
}

TEST(Model, DamagedFilesNeverDoHarm) {
  ReferenceNet net(1, 3, 6, 6);
  std::string x = net.Relu(net.BatchNorm(net.Conv("input", {.out = 4})));
  x = net.Pool("MaxPool", net.Add(net.Conv(x, {.out = 4}), x), 2, 2, 0);
  const std::string onnx = net.Finish(net.Softmax(net.Gemm(net.Flatten(x), 3)));
  std::mt19937 random(7);
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = onnx;
    const int edits = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < edits; ++i)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto model = Model::FromOnnx(damaged, {.max_activation_elements = 1 << 16});
    if (!model) continue;
    ++accepted;  // most bytes are weights
    auto engine = Engine::Make(*model, {.max_batch = 1, .max_arena_bytes = 1 << 24});
    if (!engine) continue;
    const std::vector<float> input(static_cast<std::size_t>((*model)->input_shape().size()), 1.0f);
    std::vector<float> output(static_cast<std::size_t>((*model)->class_count()));
    EXPECT_TRUE((*engine)->Run(input, 1, output));
  }
  EXPECT_GT(accepted, 100);
}

TEST(MemoryPlan, LifetimesThatMeetDoNotOverlapAndOthersShare) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lifetimes(20);
    std::size_t sum = 0;
    for (Lifetime& lifetime : lifetimes) {
      lifetime.bytes = random() % 1000;
      lifetime.first = static_cast<int>(random() % 20);
      lifetime.last = lifetime.first + static_cast<int>(random() % 4);
      sum += (lifetime.bytes + 63) / 64 * 64;
    }
    const MemoryPlan plan = PlanMemory(lifetimes);
    EXPECT_LT(plan.total_bytes, sum);
    for (std::size_t a = 0; a < lifetimes.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % 64, 0u);
      EXPECT_LE(plan.offsets[a] + lifetimes[a].bytes, plan.total_bytes);
      for (std::size_t b = 0; b < a; ++b) {
        const bool together =
            lifetimes[a].first <= lifetimes[b].last && lifetimes[b].first <= lifetimes[a].last;
        const bool apart = plan.offsets[a] + lifetimes[a].bytes <= plan.offsets[b] ||
                           plan.offsets[b] + lifetimes[b].bytes <= plan.offsets[a];
        EXPECT_TRUE(!together || apart);
      }
    }
  }
}

}  // namespace
}  // namespace scones::nn

// The hand-written training step against libtorch: in float32 as the truth, and in bfloat16, whose
// own distance from the truth is the measure.
#include "train/detail/fused_network.h"

#include <gtest/gtest.h>

#include "train/detail/winograd.h"

#if defined(__x86_64__)
namespace scones::train {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

double Distance(const at::Tensor& a, const at::Tensor& truth) {
  return ((a.to(at::kFloat) - truth).norm() / truth.norm()).item<double>();
}

at::Tensor Bfloat16Maps(const at::Tensor& maps) {
  return maps.to(at::kBFloat16).contiguous(kChannelsLast);
}

Maps MapsOf(const at::Tensor& t) {
  return {reinterpret_cast<Bfloat16*>(t.data_ptr()), static_cast<int>(t.size(0)),
          static_cast<int>(t.size(2)), static_cast<int>(t.size(3)), static_cast<int>(t.size(1))};
}

struct Gradients {
  at::Tensor x, weights;
};

Gradients ReferenceGradients(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weights,
                             int stride) {
  auto [dx, of_weights, of_bias] =
      at::convolution_backward(dy, x, weights, c10::nullopt, {stride, stride}, {1, 1}, {1, 1},
                               false, {0, 0}, 1, {true, true, false});
  return {dx, of_weights};
}

struct Shape {
  int count, height, width, inputs, outputs, stride;
};

class Winograd : public ::testing::TestWithParam<Shape> {};

TEST_P(Winograd, ConvolutionAndItsGradientsAreLibtorchs) {
  if (!HasAvx512()) GTEST_SKIP() << "needs AVX-512 with bfloat16";
  constexpr double kNear = 0.008;  // two roundings to 8 bits on the way
  at::manual_seed(1);
  Shape s = GetParam();
  at::Tensor x = Bfloat16Maps(at::relu(at::randn({s.count, s.inputs, s.height, s.width})));
  at::Tensor weights = at::randn({s.outputs, s.inputs, 3, 3}).contiguous(kChannelsLast);
  at::Tensor true_y = at::conv2d(x.to(at::kFloat), weights, {}, s.stride, 1);
  at::Tensor dy = Bfloat16Maps(at::randn(true_y.sizes()));
  Gradients truth = ReferenceGradients(dy.to(at::kFloat), x.to(at::kFloat), weights, s.stride);

  WinogradConvolution convolution(s.inputs, s.outputs, s.stride);
  convolution.Pack(weights.data_ptr<float>());
  at::Tensor y = at::empty_like(dy);
  std::vector<double> totals(2 * s.outputs);
  convolution.Forward(MapsOf(x), MapsOf(y), totals.data());
  EXPECT_LT(Distance(y, true_y), kNear);
  at::Tensor sums = at::from_blob(totals.data(), {2, s.outputs}, at::kDouble).to(at::kFloat);
  EXPECT_LT(Distance(sums[0], true_y.sum({0, 2, 3})), kNear);
  EXPECT_LT(Distance(sums[1], true_y.pow(2).sum({0, 2, 3})), kNear);

  at::Tensor dx = at::empty_like(x);
  convolution.BackwardInput(MapsOf(dy), MapsOf(dx), false);
  EXPECT_LT(Distance(dx, truth.x), kNear);
  convolution.BackwardInput(MapsOf(dy), MapsOf(dx), true);
  EXPECT_LT(Distance(dx, truth.x * 2), kNear);

  at::Tensor gradient = at::empty_like(weights);
  convolution.BackwardWeights(MapsOf(x), MapsOf(dy), gradient.data_ptr<float>());
  EXPECT_LT(Distance(gradient, truth.weights), kNear);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Winograd,
                         ::testing::Values(Shape{3, 16, 16, 64, 64, 1}, Shape{5, 7, 9, 32, 48, 1},
                                           Shape{1, 1, 1, 32, 32, 1}, Shape{16, 4, 4, 160, 256, 1},
                                           Shape{3, 16, 16, 64, 128, 2}, Shape{5, 7, 9, 80, 32, 2},
                                           Shape{2, 6, 5, 32, 32, 2}, Shape{1, 1, 2, 32, 32, 2}));

struct Pass {
  at::Tensor logits, gradient, statistics;
};

at::Tensor LossGradient(const at::Tensor& logits) {
  at::Tensor targets = at::zeros_like(logits);
  targets.select(1, 0).fill_(1);
  return (at::softmax(logits, 1) - targets) / static_cast<double>(logits.size(0));
}

Pass RunLibtorch(const Network& network, const at::Tensor& picture, at::ScalarType compute) {
  Network own = Network::Sharing(network);
  at::Tensor logits = own.Forward(picture, Network::Mode::kTraining, compute);
  (logits * LossGradient(logits.detach())).sum().backward();
  return {logits.detach(), own.gradient(), own.statistics()};
}

Pass RunFused(const Network& network, const at::Tensor& picture) {
  Network own = Network::Sharing(network);
  own.gradient().fill_(7);  // must not matter
  FusedNetwork fused(own.graph());
  fused.TakeWeights(own);
  at::Tensor logits = fused.Forward(own, picture, Network::Mode::kTraining);
  fused.Backward(own, LossGradient(logits));
  return {logits, own.gradient(), own.statistics()};
}

Network MakeNetwork(const ResNetShape& shape) {
  Network network(*MakeResNet(shape), at::kCPU, 3);
  // Residual branches start silent: give them a voice.
  at::NoGradGuard no_grad;
  const Graph& graph = network.graph();
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    if (graph.layers[i].op != Op::kBatchNorm) continue;
    network.parameter(static_cast<int>(i), 0).detach().uniform_(0.5, 1.0);
    network.parameter(static_cast<int>(i), 1).detach().normal_(0, 0.3);
  }
  return network;
}

TEST(FusedNetwork, TrainsAsLibtorchDoesForEveryKindOfNetwork) {
  if (!HasAvx512()) GTEST_SKIP() << "needs AVX-512 with bfloat16";
  at::manual_seed(2);
  // Layers, channels, height, width, classes, width factor, stem stride.
  for (ResNetShape shape :
       {ResNetShape{8, 3, 32, 32, 10, 2, 2}, ResNetShape{14, 1, 20, 28, 5, 1, 1},
        ResNetShape{18, 3, 72, 72, 7, 1, 1}, ResNetShape{50, 3, 32, 32, 10, 1, 1}}) {
    SCOPED_TRACE(shape.num_layers);
    Network network = MakeNetwork(shape);
    ASSERT_TRUE(FusedNetwork::Supports(network.graph(), at::kCPU, at::kBFloat16));
    at::Tensor picture = at::randn({16, shape.channels, shape.height, shape.width});
    Pass truth = RunLibtorch(network, picture, at::kFloat);
    Pass rounded = RunLibtorch(network, picture, at::kBFloat16);
    Pass fused = RunFused(network, picture);
    EXPECT_LT(Distance(fused.logits, truth.logits), 1.6 * Distance(rounded.logits, truth.logits));
    EXPECT_LT(Distance(fused.gradient, truth.gradient),
              1.6 * Distance(rounded.gradient, truth.gradient));
    EXPECT_LT(Distance(fused.statistics, truth.statistics), 0.02);
    if (shape.num_layers < 50) EXPECT_LT(Distance(fused.gradient, truth.gradient), 0.1);

    FusedNetwork inference(network.graph());
    inference.TakeWeights(network);
    at::Tensor logits = inference.Forward(network, picture, Network::Mode::kInference);
    at::NoGradGuard no_grad;
    at::Tensor expected = network.Forward(picture, Network::Mode::kInference, at::kFloat);
    EXPECT_LT(Distance(logits, expected), 0.03);
  }
}

TEST(FusedNetwork, OtherDevicesAndPrecisionsAreLeftToLibtorch) {
  Network network = MakeNetwork({8, 3, 32, 32, 10, 1, 1});
  EXPECT_FALSE(FusedNetwork::Supports(network.graph(), at::kCPU, at::kFloat));
  EXPECT_FALSE(FusedNetwork::Supports(network.graph(), at::kCUDA, at::kBFloat16));
}

}  // namespace
}  // namespace scones::train
#endif

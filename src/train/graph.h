// The network as data: a list of layers in execution order. The trainer runs it, the exporter
// writes it as ONNX, so the two can't disagree. Pure values; safe from any thread. C++17.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace scones::train {

enum class Op { kConv, kBatchNorm, kRelu, kAdd, kMaxPool, kGlobalAveragePool, kFlatten, kGemm };

// The value that a layer reads: the index of the layer that made it, or the network's input.
constexpr int kPicture = -1;

struct Layer {
  Op op;
  std::string name;  // prefix of its parameters, e.g. "stage1.unit1.conv1"
  int input = kPicture;
  int second_input = kPicture;  // kAdd only
  int in_channels = 0;
  int out_channels = 0;
  int kernel = 0;  // square; kConv, kMaxPool
  int stride = 1;
  int padding = 0;
  bool zero_scale = false;  // kBatchNorm that starts at scale 0: a residual branch starts silent
};

// The last layer is the Gemm whose output are the logits.
struct Graph {
  std::vector<Layer> layers;
  std::string network;  // "resnet-20 (CIFAR style, 3x3 stem)", for logs and metadata
};

// Added to the variance by every kBatchNorm.
constexpr float kNormEpsilon = 1e-5f;

struct ResNetShape {
  int num_layers = 20;
  int channels = 3;
  int height = 32;
  int width = 32;
  int num_classes = 2;
  int width_factor = 1;  // CIFAR style: multiplies the channels of every stage
  int stem_stride = 1;   // CIFAR style: 2 halves the resolution of all that follows, at a 5x5 stem
};

// Depths 8, 14, 20, 32, 44, 56, 110 make the CIFAR style: three stages of 16, 32, 64 channels of
// basic blocks (times width_factor: Zagoruyko and Komodakis 2016, arXiv:1605.07146). 18, 34
// (basic), 50, 101, 152, 200 (bottleneck) make the ImageNet style, whose stem is 7x7 stride 2 and a
// max pool, or 3x3 stride 1 alone for pictures up to kSmallPicture. Errors: kInvalid for another
// depth. Source: He et al. 2015, arXiv:1512.03385, table 1, §4.2 and shortcut option B; stride on
// the 3x3 convolution of a bottleneck; depth 200 as in He et al. 2016, arXiv:1603.05027.
constexpr int kSmallPicture = 64;
bool IsCifarDepth(int num_layers);
Result<Graph> MakeResNet(const ResNetShape& shape);

// One array of numbers that belongs to a layer. Conv: "weight" [out, in, k, k]; BatchNorm: "scale",
// "bias", "mean", "variance" [channels]; Gemm: "weight" [out, in], "bias" [out].
struct ParameterSpec {
  std::string name;  // "<layer>.<part>"
  int layer = 0;
  std::vector<int> shape;
  bool trained = true;  // false for running statistics

  long Count() const;
};
std::vector<ParameterSpec> ListParameters(const Graph& graph);

// Multiply-adds of one forward pass of one picture.
double CountMultiplyAdds(const Graph& graph, int height, int width);

}  // namespace scones::train

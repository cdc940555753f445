#include "train/graph.h"

#include <map>

namespace scones::train {
namespace {

class GraphBuilder {
 public:
  explicit GraphBuilder(const ResNetShape& shape) : shape_(shape) {}

  int Add(Layer layer) {
    graph_.layers.push_back(std::move(layer));
    return static_cast<int>(graph_.layers.size()) - 1;
  }

  int Conv(const std::string& name, int input, int in, int out, int kernel, int stride) {
    Layer layer{Op::kConv, name, input};
    layer.in_channels = in;
    layer.out_channels = out;
    layer.kernel = kernel;
    layer.stride = stride;
    layer.padding = kernel / 2;
    return Add(layer);
  }

  int Norm(const std::string& name, int input, int channels) {
    Layer layer{Op::kBatchNorm, name, input};
    layer.in_channels = layer.out_channels = channels;
    return Add(layer);
  }

  int Relu(const std::string& name, int input) { return Add(Layer{Op::kRelu, name, input}); }

  int ConvNormRelu(const std::string& name, int input, int in, int out, int kernel, int stride) {
    int x = Conv(name + ".conv", input, in, out, kernel, stride);
    return Relu(name + ".relu", Norm(name + ".norm", x, out));
  }

  // Adds the shortcut to a residual branch that ends in convolution `branch`.
  int Join(const std::string& name, int input, int branch, int in, int out, int stride) {
    int norm = Norm(name + ".last.norm", branch, out);
    graph_.layers[norm].zero_scale = true;
    int shortcut = input;
    if (stride != 1 || in != out) {
      shortcut = Conv(name + ".shortcut.conv", input, in, out, 1, stride);
      shortcut = Norm(name + ".shortcut.norm", shortcut, out);
    }
    Layer sum{Op::kAdd, name + ".add", norm};
    sum.second_input = shortcut;
    return Relu(name + ".relu", Add(sum));
  }

  int BasicBlock(const std::string& name, int input, int in, int out, int stride) {
    int x = ConvNormRelu(name + ".first", input, in, out, 3, stride);
    x = Conv(name + ".last.conv", x, out, out, 3, 1);
    return Join(name, input, x, in, out, stride);
  }

  int Bottleneck(const std::string& name, int input, int in, int out, int stride) {
    int inner = out / 4;
    int x = ConvNormRelu(name + ".first", input, in, inner, 1, 1);
    x = ConvNormRelu(name + ".middle", x, inner, inner, 3, stride);
    x = Conv(name + ".last.conv", x, inner, out, 1, 1);
    return Join(name, input, x, in, out, stride);
  }

  Graph Finish(int input, int channels, std::string network) {
    int x = Add(Layer{Op::kGlobalAveragePool, "pool", input});
    x = Add(Layer{Op::kFlatten, "flatten", x});
    Layer gemm{Op::kGemm, "classifier", x};
    gemm.in_channels = channels;
    gemm.out_channels = shape_.num_classes;
    Add(gemm);
    graph_.network = std::move(network);
    return std::move(graph_);
  }

 private:
  ResNetShape shape_;
  Graph graph_;
};

std::string UnitName(std::size_t stage, int unit) {
  return "stage" + std::to_string(stage + 1) + ".unit" + std::to_string(unit + 1);
}

Graph MakeCifarResNet(const ResNetShape& shape) {
  GraphBuilder builder(shape);
  const std::vector<int> widths = {16 * shape.width_factor, 32 * shape.width_factor,
                                   64 * shape.width_factor};
  int units = (shape.num_layers - 2) / 6;
  int in = widths[0];
  int x = builder.ConvNormRelu("stem", kPicture, shape.channels, in, shape.stem_stride == 1 ? 3 : 5,
                               shape.stem_stride);
  for (std::size_t stage = 0; stage < widths.size(); ++stage) {
    for (int unit = 0; unit < units; ++unit) {
      int stride = stage > 0 && unit == 0 ? 2 : 1;
      x = builder.BasicBlock(UnitName(stage, unit), x, in, widths[stage], stride);
      in = widths[stage];
    }
  }
  std::string network = "resnet-" + std::to_string(shape.num_layers) + " (CIFAR style, " +
                        (shape.stem_stride == 1 ? "3x3 stem" : "5x5 stride 2 stem");
  if (shape.width_factor > 1) network += ", " + std::to_string(shape.width_factor) + " times wide";
  return builder.Finish(x, in, network + ")");
}

struct Depth {
  std::vector<int> units;
  bool bottleneck;
};

const std::map<int, Depth>& ImageNetDepths() {
  static const std::map<int, Depth> depths = {
      {18, {{2, 2, 2, 2}, false}},  {34, {{3, 4, 6, 3}, false}},  {50, {{3, 4, 6, 3}, true}},
      {101, {{3, 4, 23, 3}, true}}, {152, {{3, 8, 36, 3}, true}}, {200, {{3, 24, 36, 3}, true}},
  };
  return depths;
}

Graph MakeImageNetResNet(const ResNetShape& shape, const Depth& depth) {
  GraphBuilder builder(shape);
  bool small = shape.height <= kSmallPicture && shape.width <= kSmallPicture;
  int in = 64;
  int x = builder.ConvNormRelu("stem", kPicture, shape.channels, in, small ? 3 : 7, small ? 1 : 2);
  if (!small) {
    Layer pool{Op::kMaxPool, "stem.pool", x};
    pool.kernel = 3;
    pool.stride = 2;
    pool.padding = 1;
    x = builder.Add(pool);
  }
  for (std::size_t stage = 0; stage < depth.units.size(); ++stage) {
    int out = (depth.bottleneck ? 256 : 64) << stage;
    for (int unit = 0; unit < depth.units[stage]; ++unit) {
      int stride = stage > 0 && unit == 0 ? 2 : 1;
      std::string name = UnitName(stage, unit);
      x = depth.bottleneck ? builder.Bottleneck(name, x, in, out, stride)
                           : builder.BasicBlock(name, x, in, out, stride);
      in = out;
    }
  }
  return builder.Finish(x, in,
                        "resnet-" + std::to_string(shape.num_layers) + " (ImageNet style, " +
                            (small ? "3x3 stride 1 stem)" : "7x7 stride 2 stem)"));
}

}  // namespace

bool IsCifarDepth(int num_layers) {
  return num_layers == 8 || num_layers == 14 || num_layers == 20 || num_layers == 32 ||
         num_layers == 44 || num_layers == 56 || num_layers == 110;
}

Result<Graph> MakeResNet(const ResNetShape& shape) {
  if (IsCifarDepth(shape.num_layers)) return MakeCifarResNet(shape);
  auto depth = ImageNetDepths().find(shape.num_layers);
  if (depth == ImageNetDepths().end()) {
    return Error(Code::kInvalid, "there is no ResNet of " + std::to_string(shape.num_layers) +
                                     " layers: use 18, 34, 50, 101, 152 or 200, or 8, 14, 20, 32, "
                                     "44, 56 or 110 for small pictures");
  }
  return MakeImageNetResNet(shape, depth->second);
}

long ParameterSpec::Count() const {
  long count = 1;
  for (int size : shape) count *= size;
  return count;
}

std::vector<ParameterSpec> ListParameters(const Graph& graph) {
  std::vector<ParameterSpec> specs;
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    const Layer& layer = graph.layers[i];
    int in = layer.in_channels;
    int out = layer.out_channels;
    if (layer.op == Op::kConv) {
      specs.push_back({layer.name + ".weight", i, {out, in, layer.kernel, layer.kernel}});
    } else if (layer.op == Op::kGemm) {
      specs.push_back({layer.name + ".weight", i, {out, in}});
      specs.push_back({layer.name + ".bias", i, {out}});
    } else if (layer.op == Op::kBatchNorm) {
      specs.push_back({layer.name + ".scale", i, {out}});
      specs.push_back({layer.name + ".bias", i, {out}});
      specs.push_back({layer.name + ".mean", i, {out}, false});
      specs.push_back({layer.name + ".variance", i, {out}, false});
    }
  }
  return specs;
}

double CountMultiplyAdds(const Graph& graph, int height, int width) {
  struct Size {
    int height, width;
  };
  std::vector<Size> sizes;
  double total = 0;
  for (const Layer& layer : graph.layers) {
    Size size = layer.input == kPicture ? Size{height, width} : sizes[layer.input];
    if (layer.op == Op::kConv || layer.op == Op::kMaxPool) {
      size.height = (size.height + 2 * layer.padding - layer.kernel) / layer.stride + 1;
      size.width = (size.width + 2 * layer.padding - layer.kernel) / layer.stride + 1;
    } else if (layer.op == Op::kGlobalAveragePool || layer.op == Op::kFlatten) {
      size = {1, 1};
    }
    if (layer.op == Op::kConv) {
      total += double(layer.in_channels) * layer.out_channels * layer.kernel * layer.kernel *
               size.height * size.width;
    } else if (layer.op == Op::kGemm) {
      total += double(layer.in_channels) * layer.out_channels;
    }
    sizes.push_back(size);
  }
  return total;
}

}  // namespace scones::train

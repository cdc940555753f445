#include "train/detail/network.h"

#include <cmath>

#include "train/random_stream.h"

namespace scones::train {
namespace {

// A view of flat[offset...] in the parameter's shape; convolution weights lie channels-last, as the
// kernels want them.
at::Tensor ViewOf(const at::Tensor& flat, long offset, const std::vector<int>& shape) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end());
  std::int64_t count = 1;
  for (auto size : sizes) count *= size;
  at::Tensor part = flat.narrow(0, offset, count);
  if (sizes.size() != 4) return part.view(sizes);
  return part.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

}  // namespace

Network::Network(Graph graph, at::Device device, std::uint64_t seed)
    : graph_(std::move(graph)), specs_(ListParameters(graph_)) {
  last_use_.assign(graph_.layers.size(), -1);
  for (std::size_t i = 0; i < graph_.layers.size(); ++i) {
    const Layer& layer = graph_.layers[i];
    if (layer.input != kPicture) last_use_[layer.input] = static_cast<int>(i);
    if (layer.op == Op::kAdd) last_use_[layer.second_input] = static_cast<int>(i);
  }
  Allocate(at::kCPU);
  Initialize(seed);
  if (device != at::Device(at::kCPU)) {
    at::Tensor weights = weights_;
    at::Tensor statistics = statistics_;
    Allocate(device);
    weights_.copy_(weights);
    statistics_.copy_(statistics);
  }
}

Network Network::Sharing(const Network& other) {
  Network network;
  network.graph_ = other.graph_;
  network.specs_ = other.specs_;
  network.last_use_ = other.last_use_;
  network.weights_ = other.weights_;
  network.decay_mask_ = other.decay_mask_;
  network.gradient_ = at::zeros_like(other.gradient_);
  network.statistics_ = other.statistics_.clone();
  network.statistics_momentum_ = other.statistics_momentum_;
  network.Bind();
  return network;
}

void Network::Allocate(at::Device device) {
  long trained = 0;
  long running = 0;
  for (const ParameterSpec& spec : specs_) (spec.trained ? trained : running) += spec.Count();
  auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  weights_ = at::zeros({trained}, options);
  gradient_ = at::zeros({trained}, options);
  decay_mask_ = at::zeros({trained}, options);
  statistics_ = at::zeros({std::max(running, 1L)}, options);
  long offset = 0;
  for (const ParameterSpec& spec : specs_) {
    if (!spec.trained) continue;
    if (spec.shape.size() > 1) decay_mask_.narrow(0, offset, spec.Count()).fill_(1);
    offset += spec.Count();
  }
  Bind();
}

void Network::Bind() {
  of_layer_.assign(graph_.layers.size(), {});
  long trained = 0;
  long running = 0;
  for (const ParameterSpec& spec : specs_) {
    long& offset = spec.trained ? trained : running;
    at::Tensor view = ViewOf(spec.trained ? weights_ : statistics_, offset, spec.shape).detach();
    if (spec.trained) {
      view.set_requires_grad(true);
      view.mutable_grad() = ViewOf(gradient_, offset, spec.shape);
    }
    of_layer_[spec.layer].push_back(view);
    offset += spec.Count();
  }
}

// He et al. 2015, arXiv:1502.01852, fan-out form, for convolutions; the classifier starts small.
void Network::Initialize(std::uint64_t seed) {
  at::NoGradGuard no_grad;
  long offset = 0;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const ParameterSpec& spec = specs_[i];
    const Layer& layer = graph_.layers[spec.layer];
    long count = spec.Count();
    if (!spec.trained) continue;
    float* values = weights_.data_ptr<float>() + offset;
    offset += count;
    double deviation = 0;
    if (layer.op == Op::kConv) {
      deviation = std::sqrt(2.0 / (layer.out_channels * layer.kernel * layer.kernel));
    } else if (layer.op == Op::kGemm && spec.shape.size() == 2) {
      deviation = 0.01;
    }
    RandomStream random(seed, 1, i);
    for (long k = 0; k < count && deviation > 0; ++k) {
      values[k] = static_cast<float>(deviation * random.Normal());
    }
  }
  for (std::size_t i = 0; i < graph_.layers.size(); ++i) {
    if (graph_.layers[i].op != Op::kBatchNorm) continue;
    of_layer_[i][0].fill_(graph_.layers[i].zero_scale ? 0 : 1);
    of_layer_[i][3].fill_(1);
  }
}

at::Tensor Network::Run(const Layer& layer, std::size_t index, const at::Tensor& x,
                        const at::Tensor& y, Mode mode, at::ScalarType compute) {
  const std::vector<at::Tensor>& p = of_layer_[index];
  switch (layer.op) {
    case Op::kConv:
      return at::conv2d(x, p[0].to(compute), {}, layer.stride, layer.padding);
    case Op::kBatchNorm:
      return at::batch_norm(x, p[0], p[1], p[2], p[3], mode == Mode::kTraining,
                            statistics_momentum_, kNormEpsilon, true);
    case Op::kRelu:
      return at::relu(x);
    case Op::kAdd:
      return x + y;
    case Op::kMaxPool:
      return at::max_pool2d(x, layer.kernel, layer.stride, layer.padding);
    case Op::kGlobalAveragePool:
      return x.to(at::kFloat).mean({2, 3}, true);
    case Op::kFlatten:
      return x.flatten(1);
    case Op::kGemm:
      return at::linear(x, p[0], p[1]);
  }
  return x;
}

at::Tensor Network::Forward(const at::Tensor& picture, Mode mode, at::ScalarType compute) {
  at::Tensor start = picture.to(compute);
  std::vector<at::Tensor> values(graph_.layers.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Layer& layer = graph_.layers[i];
    const at::Tensor& x = layer.input == kPicture ? start : values[layer.input];
    const at::Tensor& y = layer.op == Op::kAdd ? values[layer.second_input] : x;
    values[i] = Run(layer, i, x, y, mode, compute);
    for (int used : {layer.input, layer.second_input}) {
      if (used != kPicture && last_use_[used] == static_cast<int>(i)) values[used] = at::Tensor();
    }
  }
  return values.back();
}

std::map<std::string, std::vector<float>> Network::Export() const {
  at::NoGradGuard no_grad;
  std::map<std::string, std::vector<float>> result;
  std::vector<std::size_t> next(graph_.layers.size(), 0);
  for (const ParameterSpec& spec : specs_) {
    at::Tensor value = of_layer_[spec.layer][next[spec.layer]++].detach().cpu().contiguous();
    const float* data = value.data_ptr<float>();
    result[spec.name].assign(data, data + value.numel());
  }
  return result;
}

void Network::Import(const std::map<std::string, std::vector<float>>& parameters) {
  at::NoGradGuard no_grad;
  std::vector<std::size_t> next(graph_.layers.size(), 0);
  for (const ParameterSpec& spec : specs_) {
    at::Tensor view = of_layer_[spec.layer][next[spec.layer]++].detach();
    auto found = parameters.find(spec.name);
    if (found == parameters.end()) continue;
    std::vector<float> values = found->second;
    std::vector<std::int64_t> sizes(spec.shape.begin(), spec.shape.end());
    view.copy_(at::from_blob(values.data(), sizes, at::TensorOptions().dtype(at::kFloat)));
  }
}

}  // namespace scones::train

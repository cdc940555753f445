#include "train/detail/fused_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "train/detail/norm_kernels.h"
#include "train/detail/winograd.h"

namespace scones::train {

#if defined(__x86_64__)
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
constexpr int kOutside = -2;  // no such layer

Bfloat16* Data(const at::Tensor& maps) {
  return reinterpret_cast<Bfloat16*>(maps.data_ptr<at::BFloat16>());
}

Maps MapsOf(const at::Tensor& maps) {
  return {Data(maps), static_cast<int>(maps.size(0)), static_cast<int>(maps.size(2)),
          static_cast<int>(maps.size(3)), static_cast<int>(maps.size(1))};
}

Rows RowsOf(const at::Tensor& maps) {
  return {maps.numel() / maps.size(1), static_cast<int>(maps.size(1))};
}

at::Tensor NewMaps(at::IntArrayRef sizes) {
  return at::empty(sizes, at::TensorOptions().dtype(at::kBFloat16).memory_format(kChannelsLast));
}

// The only layer that reads `value`; kOutside where there are several or none.
int OnlyUser(const Graph& graph, int value) {
  int user = kOutside;
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    const Layer& layer = graph.layers[i];
    bool uses = layer.input == value || (layer.op == Op::kAdd && layer.second_input == value);
    if (!uses) continue;
    if (user != kOutside) return kOutside;
    user = i;
  }
  return user;
}

bool IsOp(const Graph& graph, int layer, Op op) {
  return layer >= 0 && graph.layers[layer].op == op;
}

// What is computed with a normalisation: z = relu(norm(y) + shortcut), the last two if present.
struct NormEnd {
  int output;
  int shortcut = kOutside;
  bool relu = false;
};

NormEnd FindEnd(const Graph& graph, int norm) {
  int user = OnlyUser(graph, norm);
  if (IsOp(graph, user, Op::kRelu)) return {user, kOutside, true};
  if (!IsOp(graph, user, Op::kAdd) || graph.layers[user].input != norm) return {norm};
  int relu = OnlyUser(graph, user);
  if (!IsOp(graph, relu, Op::kRelu)) return {norm};
  return {relu, graph.layers[user].second_input, true};
}

// Narrower ones gain nothing from fewer multiplications.
bool SuitsWinograd(const Layer& layer) {
  constexpr int kFewest = 32;
  auto suits = [](int channels) {
    return channels % kLanes == 0 && channels >= kFewest && channels <= kMaxChannels;
  };
  return layer.kernel == 3 && layer.padding == 1 && layer.stride <= 2 && suits(layer.in_channels) &&
         suits(layer.out_channels);
}

}  // namespace

// One or several layers that are computed together.
struct FusedNetwork::Step {
  Op op;
  int layer;   // that has the parameters
  int input;   // value, or kPicture
  int output;  // value
  int shortcut = kOutside;
  bool relu = false;
  std::unique_ptr<WinogradConvolution> winograd;  // or
  at::Tensor weights;                             // bfloat16
  std::vector<double> mean, inverse_deviation;    // of the last batch
  at::Tensor indices;                             // of a pooling's largest values
};

bool FusedNetwork::Supports(const Graph& graph, at::Device device, at::ScalarType compute) {
  if (device.is_cuda() || compute != at::kBFloat16 || !HasAvx512()) return false;
  std::vector<bool> covered(graph.layers.size(), false);
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    const Layer& layer = graph.layers[i];
    if (layer.op == Op::kBatchNorm) {
      if (layer.out_channels % kLanes != 0 || layer.out_channels > kMaxChannels) return false;
      NormEnd end = FindEnd(graph, i);
      covered[end.output] = true;
      if (end.shortcut != kOutside) covered[OnlyUser(graph, i)] = true;
    } else if ((layer.op == Op::kRelu || layer.op == Op::kAdd) && !covered[i]) {
      return false;
    }
  }
  return true;
}

FusedNetwork::FusedNetwork(const Graph& graph) : graph_(graph) {
  std::vector<Step> ending(graph.layers.size());
  std::vector<bool> ends(graph.layers.size(), false);
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    const Layer& layer = graph.layers[i];
    if (layer.op == Op::kRelu || layer.op == Op::kAdd) continue;
    Step step{layer.op, i, layer.input, i};
    if (layer.op == Op::kBatchNorm) {
      NormEnd end = FindEnd(graph, i);
      step.output = end.output;
      step.shortcut = end.shortcut;
      step.relu = end.relu;
    } else if (layer.op == Op::kConv && SuitsWinograd(layer)) {
      step.winograd = std::make_unique<WinogradConvolution>(layer.in_channels, layer.out_channels,
                                                            layer.stride);
    }
    ends[step.output] = true;
    ending[step.output] = std::move(step);
  }
  for (std::size_t i = 0; i < ending.size(); ++i) {
    if (ends[i]) steps_.push_back(std::move(ending[i]));
  }
  values_.resize(graph.layers.size());
  gradients_.resize(graph.layers.size());
  totals_.resize(graph.layers.size());
}

FusedNetwork::~FusedNetwork() = default;

void FusedNetwork::TakeWeights(const Network& network) {
  at::NoGradGuard no_grad;
  for (Step& step : steps_) {
    if (step.op != Op::kConv) continue;
    const at::Tensor& weights = network.parameter(step.layer, 0);
    if (step.winograd) {
      step.winograd->Pack(weights.data_ptr<float>());
    } else {
      step.weights = weights.to(at::kBFloat16);
    }
  }
}

at::Tensor FusedNetwork::Forward(Network& network, const at::Tensor& picture, Network::Mode mode) {
  at::NoGradGuard no_grad;
  picture_ = picture.to(at::kBFloat16).contiguous(kChannelsLast);
  for (Step& step : steps_) {
    const Layer& layer = graph_.layers[step.layer];
    at::Tensor& y = values_[step.output];
    switch (step.op) {
      case Op::kConv:
        RunConvolution(step, mode);
        break;
      case Op::kBatchNorm:
        RunNorm(network, step, mode);
        break;
      case Op::kMaxPool:
        std::tie(y, step.indices) = at::max_pool2d_with_indices(values_[step.input], layer.kernel,
                                                                layer.stride, layer.padding);
        y = y.contiguous(kChannelsLast);
        break;
      case Op::kGlobalAveragePool:
        y = values_[step.input].to(at::kFloat).mean({2, 3}, true);
        break;
      case Op::kFlatten:
        y = values_[step.input].flatten(1);
        break;
      case Op::kGemm:
        y = at::linear(values_[step.input], network.parameter(step.layer, 0),
                       network.parameter(step.layer, 1));
        break;
      case Op::kRelu:
      case Op::kAdd:
        break;  // parts of normalisations
    }
  }
  return values_.back();
}

void FusedNetwork::RunConvolution(Step& step, Network::Mode mode) {
  const Layer& layer = graph_.layers[step.layer];
  const at::Tensor& x = step.input == kPicture ? picture_ : values_[step.input];
  at::Tensor& y = values_[step.output];
  std::vector<double>& totals = totals_[step.output];
  totals.clear();
  if (!step.winograd) {
    y = at::conv2d(x, step.weights, {}, layer.stride, layer.padding).contiguous(kChannelsLast);
    return;
  }
  y = NewMaps({x.size(0), layer.out_channels, (x.size(2) - 1) / layer.stride + 1,
               (x.size(3) - 1) / layer.stride + 1});
  if (mode == Network::Mode::kTraining) totals.resize(2 * layer.out_channels);
  step.winograd->Forward(MapsOf(x), MapsOf(y), totals.empty() ? nullptr : totals.data());
}

void FusedNetwork::RunNorm(Network& network, Step& step, Network::Mode mode) {
  const at::Tensor& y = values_[step.input];
  Rows rows = RowsOf(y);
  auto numbers = [&](int part) { return network.parameter(step.layer, part).data_ptr<float>(); };
  const float* gain = numbers(0);
  const float* bias = numbers(1);
  float* running_mean = numbers(2);
  float* running_variance = numbers(3);
  std::vector<double>& totals = totals_[step.input];
  if (mode == Network::Mode::kTraining && totals.empty()) {
    totals.resize(2 * rows.channels);
    SumRows(Data(y), rows, totals.data());
  }
  step.mean.resize(rows.channels);
  step.inverse_deviation.resize(rows.channels);
  std::vector<float> scale(rows.channels);
  std::vector<float> shift(rows.channels);
  auto count = static_cast<double>(rows.count);
  double share = network.statistics_momentum();
  for (int c = 0; c < rows.channels; ++c) {
    double mean = running_mean[c];
    double variance = running_variance[c];
    if (mode == Network::Mode::kTraining) {
      mean = totals[c] / count;
      variance = std::max(totals[rows.channels + c] / count - mean * mean, 0.0);
      double unbiased = variance * count / std::max(count - 1, 1.0);
      running_mean[c] += static_cast<float>(share * (mean - running_mean[c]));
      running_variance[c] += static_cast<float>(share * (unbiased - running_variance[c]));
    }
    step.mean[c] = mean;
    step.inverse_deviation[c] = 1 / std::sqrt(variance + kNormEpsilon);
    double factor = gain[c] * step.inverse_deviation[c];
    scale[c] = static_cast<float>(factor);
    shift[c] = static_cast<float>(bias[c] - mean * factor);
  }
  at::Tensor& z = values_[step.output];
  z = NewMaps(y.sizes());
  const Bfloat16* shortcut = step.shortcut == kOutside ? nullptr : Data(values_[step.shortcut]);
  ScaleRows(Data(y), rows, scale.data(), shift.data(), shortcut, step.relu, Data(z));
}

void FusedNetwork::Backward(Network& network, const at::Tensor& logits_gradient) {
  at::NoGradGuard no_grad;
  gradients_.back() = logits_gradient;
  for (auto it = steps_.rbegin(); it != steps_.rend(); ++it) {
    Step& step = *it;
    const Layer& layer = graph_.layers[step.layer];
    const at::Tensor& x = step.input == kPicture ? picture_ : values_[step.input];
    at::Tensor dy = std::exchange(gradients_[step.output], {});
    switch (step.op) {
      case Op::kConv:
        UndoConvolution(network, step, dy);
        break;
      case Op::kBatchNorm:
        UndoNorm(network, step, dy);
        break;
      case Op::kMaxPool:
        AddGradient(step.input,
                    at::max_pool2d_with_indices_backward(dy, x, layer.kernel, layer.stride,
                                                         layer.padding, 1, false, step.indices));
        break;
      case Op::kGlobalAveragePool:
        dy = dy.div(static_cast<double>(x.size(2) * x.size(3))).to(at::kBFloat16);
        AddGradient(step.input, dy.expand(x.sizes()));
        break;
      case Op::kFlatten:
        AddGradient(step.input, dy.view(x.sizes()));
        break;
      case Op::kGemm:
        network.gradient(step.layer, 0).copy_(dy.t().matmul(x));
        network.gradient(step.layer, 1).copy_(dy.sum(0));
        AddGradient(step.input, dy.matmul(network.parameter(step.layer, 0)));
        break;
      case Op::kRelu:
      case Op::kAdd:
        break;
    }
  }
}

void FusedNetwork::AddGradient(int value, const at::Tensor& gradient) {
  at::Tensor& sum = gradients_[value];
  if (sum.defined()) {
    sum.add_(gradient);
  } else {
    sum = gradient.dim() == 4 ? gradient.contiguous(kChannelsLast) : gradient;
  }
}

void FusedNetwork::UndoConvolution(Network& network, Step& step, const at::Tensor& dy) {
  const Layer& layer = graph_.layers[step.layer];
  bool inner = step.input != kPicture;
  const at::Tensor& x = inner ? values_[step.input] : picture_;
  at::Tensor gradient = network.gradient(step.layer, 0);
  if (step.winograd) {
    step.winograd->BackwardWeights(MapsOf(x), MapsOf(dy), gradient.data_ptr<float>());
    at::Tensor& dx = gradients_[step.input];
    bool add = dx.defined();
    if (!add) dx = NewMaps(x.sizes());
    step.winograd->BackwardInput(MapsOf(dy), MapsOf(dx), add);
    return;
  }
  at::Tensor dx, of_weights, of_bias;
  std::tie(dx, of_weights, of_bias) = at::convolution_backward(
      dy, x, step.weights, c10::nullopt, {layer.stride, layer.stride},
      {layer.padding, layer.padding}, {1, 1}, false, {0, 0}, 1, {inner, true, false});
  gradient.copy_(of_weights);
  if (inner) AddGradient(step.input, dx);
}

void FusedNetwork::UndoNorm(Network& network, Step& step, const at::Tensor& dz) {
  const at::Tensor& y = values_[step.input];
  Rows rows = RowsOf(y);
  const Bfloat16* z = step.relu ? Data(values_[step.output]) : nullptr;
  bool adds = step.shortcut != kOutside;
  std::vector<double> totals(2 * rows.channels);
  SumGradientRows(Data(dz), z, Data(y), rows, adds ? Data(dz) : nullptr, totals.data());

  // dy = gain / deviation * (g - mean(g) - x * mean(g * x)), x being the normalised y.
  const float* gain = network.parameter(step.layer, 0).data_ptr<float>();
  float* of_gain = network.gradient(step.layer, 0).data_ptr<float>();
  float* of_bias = network.gradient(step.layer, 1).data_ptr<float>();
  auto count = static_cast<double>(rows.count);
  GradientFactors factors(rows.channels);
  for (int c = 0; c < rows.channels; ++c) {
    double sum = totals[c];
    double product = (totals[rows.channels + c] - step.mean[c] * sum) * step.inverse_deviation[c];
    of_gain[c] = static_cast<float>(product);
    of_bias[c] = static_cast<float>(sum);
    double factor = gain[c] * step.inverse_deviation[c];
    double slope = -factor * step.inverse_deviation[c] * product / count;
    factors.of_gradient[c] = static_cast<float>(factor);
    factors.of_value[c] = static_cast<float>(slope);
    factors.constant[c] = static_cast<float>(-factor * sum / count - slope * step.mean[c]);
  }
  // With a shortcut dz has become g, which is the shortcut's gradient; else it may be overwritten.
  at::Tensor dy = adds ? NewMaps(y.sizes()) : dz;
  CombineGradientRows(Data(dz), adds ? nullptr : z, Data(y), rows, factors, Data(dy));
  AddGradient(step.input, dy);
  if (adds) AddGradient(step.shortcut, dz);
}

#else

struct FusedNetwork::Step {};
bool FusedNetwork::Supports(const Graph&, at::Device, at::ScalarType) { return false; }
FusedNetwork::FusedNetwork(const Graph& graph) : graph_(graph) {}
FusedNetwork::~FusedNetwork() = default;
void FusedNetwork::TakeWeights(const Network&) {}
at::Tensor FusedNetwork::Forward(Network&, const at::Tensor&, Network::Mode) { return {}; }
void FusedNetwork::Backward(Network&, const at::Tensor&) {}

#endif

}  // namespace scones::train

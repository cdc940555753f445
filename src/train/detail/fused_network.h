// A Network's training step on a processor with AVX-512 and bfloat16, derived by hand instead of by
// libtorch: convolutions by Winograd's method, each normalisation in one pass with the sum and the
// ReLU that follow. Includes ATen. One thread at a time.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "train/detail/network.h"

namespace scones::train {

class FusedNetwork {
 public:
  // Whether this processor and kind of graph are served.
  static bool Supports(const Graph& graph, at::Device device, at::ScalarType compute);

  explicit FusedNetwork(const Graph& graph);
  ~FusedNetwork();

  // Prepares the weights of `network`, which has this graph, for the calls that follow.
  void TakeWeights(const Network& network);

  // As Network::Forward in bfloat16, but the logits know nothing of how they were made.
  at::Tensor Forward(Network& network, const at::Tensor& picture, Network::Mode mode);

  // Sets every gradient of `network` from that of the logits of the last Forward in training.
  void Backward(Network& network, const at::Tensor& logits_gradient);

 private:
  struct Step;

  void RunConvolution(Step& step, Network::Mode mode);
  void RunNorm(Network& network, Step& step, Network::Mode mode);
  void UndoConvolution(Network& network, Step& step, const at::Tensor& dy);
  void UndoNorm(Network& network, Step& step, const at::Tensor& dz);
  void AddGradient(int value, const at::Tensor& gradient);

  const Graph& graph_;
  std::vector<Step> steps_;
  std::vector<at::Tensor> values_;     // of layers; empty for those inside a step
  std::vector<at::Tensor> gradients_;  // of values_
  // Sums over pixels of each channel of values_ and of its square, where a convolution made them.
  std::vector<std::vector<double>> totals_;
  at::Tensor picture_;  // bfloat16
};

}  // namespace scones::train

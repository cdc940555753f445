// A Graph with weights, run and differentiated by libtorch. Includes ATen: for the .cc files of
// this module only. One thread at a time.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "train/graph.h"

namespace scones::train {

// All weights lie in one flat float32 array, as do their gradients and the running statistics, so
// that an optimiser step or an average is a handful of vector operations whatever the depth.
class Network {
 public:
  Network(Graph graph, at::Device device, std::uint64_t seed);
  // A second user of `other`'s weights, with a gradient and statistics of its own, so that both can
  // run at once on different pictures while the weights stand still.
  static Network Sharing(const Network& other);

  // picture: [N, C, H, W], channels-last, float32. Returns logits [N, classes], float32.
  // Training uses and updates batch statistics; `compute` is the type that convolutions run in.
  enum class Mode { kTraining, kInference };
  at::Tensor Forward(const at::Tensor& picture, Mode mode, at::ScalarType compute);

  // The `part`-th parameter of a layer, in the order of its ParameterSpecs, and its gradient.
  const at::Tensor& parameter(int layer, int part) const { return of_layer_[layer][part]; }
  at::Tensor gradient(int layer, int part) const { return of_layer_[layer][part].grad(); }

  at::Tensor weights() const { return weights_; }
  at::Tensor gradient() const { return gradient_; }
  at::Tensor statistics() const { return statistics_; }
  // 1 where weight decay applies (convolutions and the classifier's matrix), else 0.
  at::Tensor decay_mask() const { return decay_mask_; }
  double statistics_momentum() const { return statistics_momentum_; }
  void set_statistics_momentum(double momentum) { statistics_momentum_ = momentum; }

  const Graph& graph() const { return graph_; }
  const std::vector<ParameterSpec>& specs() const { return specs_; }
  // Every parameter as plain numbers in the order and shape of its ParameterSpec.
  std::map<std::string, std::vector<float>> Export() const;
  // Takes back what Export gave for the same graph, or some of it: the rest stays as it is.
  void Import(const std::map<std::string, std::vector<float>>& parameters);

 private:
  Network() = default;
  void Allocate(at::Device device);
  // Makes the views of each layer into the flat arrays.
  void Bind();
  void Initialize(std::uint64_t seed);
  at::Tensor Run(const Layer& layer, std::size_t index, const at::Tensor& x, const at::Tensor& y,
                 Mode mode, at::ScalarType compute);

  Graph graph_;
  std::vector<ParameterSpec> specs_;
  std::vector<std::vector<at::Tensor>> of_layer_;  // parameters of each layer, in specs' order
  std::vector<int> last_use_;                      // of each layer's value
  at::Tensor weights_;
  at::Tensor gradient_;
  at::Tensor statistics_;
  at::Tensor decay_mask_;
  double statistics_momentum_ = 0.1;
};

}  // namespace scones::train

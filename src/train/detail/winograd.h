// 3x3 convolutions with few multiplications, in bfloat16 on the processor, forward and backward:
// 16 products of matrices instead of 36 for two by two outputs (25 at stride 2). They are bound by
// multiplications, so this is what makes training faster than any direct convolution.
// One thread at a time; may use more inside. The results don't depend on their number.
#pragma once

#include <vector>

#include "train/detail/winograd_kernels.h"

#if defined(__x86_64__)
namespace scones::train {

class WinogradConvolution {
 public:
  // Padding 1; stride 1 or 2; channels are multiples of kLanes, up to kMaxChannels.
  WinogradConvolution(int inputs, int outputs, int stride);

  // Takes the weights [outputs][3][3][inputs] that the next calls use.
  void Pack(const float* weights);
  // totals[2][outputs]: sums over the batch of y and of its square; may be null.
  void Forward(const Maps& x, const Maps& y, double* totals);
  // dx = or += the gradient of the input.
  void BackwardInput(const Maps& dy, const Maps& dx, bool add);
  // gradient[outputs][3][3][inputs] = the gradient of the weights.
  void BackwardWeights(const Maps& x, const Maps& dy, float* gradient);

 private:
  int inputs_;
  int outputs_;
  int stride_;
  std::vector<Bfloat16> over_inputs_;
  std::vector<Bfloat16> over_outputs_;
  std::vector<Bfloat16> left_;
  std::vector<Bfloat16> right_;
  std::vector<float> products_;
};

}  // namespace scones::train
#endif

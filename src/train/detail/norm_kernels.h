// Batch normalisation with what surrounds it (sum with a shortcut, ReLU), forward and backward, in
// one pass over the memory each: they are bound by it. Arrays are [rows][channels] in bfloat16, a
// row being a pixel of the batch; channels are a multiple of kLanes.
// One thread at a time; may use more inside. The results don't depend on their number.
#pragma once

#include <vector>

#include "train/detail/avx512.h"

#if defined(__x86_64__)
namespace scones::train {

struct Rows {
  long count;
  int channels;
};

// totals[2][channels]: sums of y and of its square.
void SumRows(const Bfloat16* y, Rows rows, double* totals);

// z = y * scale + shift, then + shortcut where there is one, then ReLU if asked for.
void ScaleRows(const Bfloat16* y, Rows rows, const float* scale, const float* shift,
               const Bfloat16* shortcut, bool relu, Bfloat16* z);

// g = dz, or 0 where ReLU gave 0 (z; null without ReLU). totals[2][channels]: sums of g and of g *
// y. masked = g, unless null; it may be dz.
void SumGradientRows(const Bfloat16* dz, const Bfloat16* z, const Bfloat16* y, Rows rows,
                     Bfloat16* masked, double* totals);

// dy = of_gradient * g + of_value * y + constant. dy may be dz.
struct GradientFactors {
  explicit GradientFactors(int channels)
      : of_gradient(channels), of_value(channels), constant(channels) {}
  std::vector<float> of_gradient, of_value, constant;
};
void CombineGradientRows(const Bfloat16* dz, const Bfloat16* z, const Bfloat16* y, Rows rows,
                         const GradientFactors& factors, Bfloat16* dy);

}  // namespace scones::train
#endif

// Activations as oneDNN's element-wise functions. Pure.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "nn/detail/graph.h"

namespace scones::nn {

// One or two oneDNN functions in a row that make up an activation.
struct Eltwise {
  dnnl::algorithm function;
  float alpha = 0;
  float beta = 0;
};
// May throw dnnl::error, for a function that oneDNN has not.
std::vector<Eltwise> EltwisesOf(const Activation& activation);

}  // namespace scones::nn

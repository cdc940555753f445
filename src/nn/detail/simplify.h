// Simplify: rewrites a Graph into fewer operators that compute the same. Pure.
#pragma once

#include "nn/detail/graph.h"

namespace scones::nn {

// In this order: drops operators whose results are not used; folds each Affine into the Conv, Dense
// or Affine before it; attaches each Add to the later of its Convs; attaches each activation to the
// operator before it. An operator is only taken in by one whose result nothing else uses.
void Simplify(Graph& graph);

}  // namespace scones::nn

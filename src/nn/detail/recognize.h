// Recognize: finds functions that an exporter wrote out in elementary operators (swish, hard swish,
// gelu, layer normalization) and puts one operator in their place. Pure.
#pragma once

#include "nn/detail/graph.h"

namespace scones::nn {

// The operators that are no longer read stay for the caller to drop.
void Recognize(Graph& graph);

}  // namespace scones::nn

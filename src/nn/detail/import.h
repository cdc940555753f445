// ImportOnnx: an ONNX file's nodes as a Graph, with every shape settled and every constant read.
// Pure; safe from any thread.
#pragma once

#include "base/result.h"
#include "nn/detail/graph.h"
#include "nn/detail/onnx.h"

namespace scones::nn {

// Errors: kInvalid naming the node; kExhausted beyond the limits.
Result<Graph> ImportOnnx(const onnx::File& file, const ModelLimits& limits);

}  // namespace scones::nn

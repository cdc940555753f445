// Writes a trained network as an ONNX file (docs/formats/model.md). Pure. C++17.
#pragma once

#include <string>

#include "train/graph.h"
#include "train/trainer.h"

namespace scones::train {

// The bytes of a ModelProto, opset 13: input "data" [N, C, height, width], output "softmax"
// [N, classes]. Requires `parameters` to hold every ListParameters(graph) in its shape.
std::string EncodeOnnx(const Graph& graph, const Parameters& parameters, int height, int width);

}  // namespace scones::train

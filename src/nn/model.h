// Model: an ONNX image classifier, read, checked and simplified (batch-norm folded, activations and
// residual adds attached to their convolutions), ready to be compiled by an Engine.
// Immutable after loading; share one among threads and engines.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace scones::nn {

struct Graph;  // detail/graph.h

// What a model may cost at most. Everything beyond is refused while it is read.
struct ModelLimits {
  std::size_t max_file_bytes = std::size_t{1} << 30;
  int max_nodes = 10'000;
  // Weights of all operators as fp32.
  std::size_t max_weight_bytes = std::size_t{1} << 30;
  // Of one picture: ResNet-152 at 224x224 needs 11.5e9.
  std::int64_t max_multiply_adds = 1'000'000'000'000;
  // Floats in any one activation of one picture: 64 Mi is 256 MiB of fp32.
  std::int64_t max_activation_elements = std::int64_t{64} << 20;
  int max_image_side = 4096;
  int max_classes = 100'000;
};

// Channels, rows and columns of one picture.
struct ImageShape {
  int channels = 0;
  int height = 0;
  int width = 0;

  std::int64_t size() const { return std::int64_t{channels} * height * width; }
  bool operator==(const ImageShape&) const = default;
};

class Model {
 public:
  // Reads the bytes of an ONNX file (opset 7 to 22) with one float input [N, C, H, W], where N may
  // be symbolic, and one float output [N, classes]. Copies what it needs of `onnx`. README.md lists
  // the operators.
  // Errors: kInvalid, naming the node and the operator, attribute or shape that cannot be had;
  //   kExhausted when a limit is passed.
  // Source: the ONNX IR and operator specifications, onnx.ai/onnx/repo-docs/IR.html.
  static Result<std::shared_ptr<const Model>> FromOnnx(std::string_view onnx,
                                                       const ModelLimits& limits = {});
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  ImageShape input_shape() const;
  int class_count() const;
  // True when the last operator is Softmax: outputs are probabilities, else they are logits.
  bool outputs_probabilities() const;
  std::int64_t weight_bytes() const;
  // Multiply-adds of one picture.
  std::int64_t multiply_adds() const;

  // For Engine.
  const Graph& graph() const { return *graph_; }

 private:
  explicit Model(std::unique_ptr<const Graph> graph);

  std::unique_ptr<const Graph> graph_;
};

}  // namespace scones::nn

// Importer: one pass over an ONNX file's nodes, with a method for each operator. Private to
// ImportOnnx; import.cc holds the pass, import_image.cc the operators on pictures, import_vector.cc
// the others.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nn/detail/graph.h"
#include "nn/detail/onnx.h"

namespace scones::nn {

using onnx::Node;
using onnx::Tensor;

inline Error Refuse(std::string message) { return Error(Code::kInvalid, std::move(message)); }
inline std::string Show(const Dims& dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

class Importer {
 public:
  Importer(const onnx::File& file, const ModelLimits& limits)
      : file_(file),
        limits_(limits),
        floats_left_(static_cast<std::int64_t>(limits.max_weight_bytes / sizeof(float))) {}

  Result<Graph> Run();

 private:
  using Rule = Result<void> (Importer::*)(const Node&);
  static const std::unordered_map<std::string_view, Rule>& Rules();

  Result<void> ReadInput();
  Result<void> ReadOutput();
  Result<void> Import(const Node& node);

  Result<void> OnConv(const Node& node);
  Result<void> OnBatchNorm(const Node& node);
  Result<void> OnRelu(const Node& node);
  Result<void> OnClip(const Node& node);
  Result<void> OnArithmetic(const Node& node);
  Result<void> OnPool(const Node& node);
  Result<void> OnGlobalPool(const Node& node);
  Result<void> OnReduceMean(const Node& node);
  Result<void> OnFlatten(const Node& node);
  Result<void> OnReshape(const Node& node);
  Result<void> OnGemm(const Node& node);
  Result<void> OnMatMul(const Node& node);
  Result<void> OnSoftmax(const Node& node);
  Result<void> OnIdentity(const Node& node);
  Result<void> OnConstant(const Node& node);

  std::string_view Input(const Node& node, std::size_t index) const {
    return index < node.inputs.size() ? node.inputs[index] : std::string_view();
  }
  Result<ValueId> Value(const Node& node, std::size_t index) const;
  const Tensor* FindConstant(const Node& node, std::size_t index) const;
  Result<const Tensor*> Constant(const Node& node, std::size_t index) const;
  // `count` floats of a constant input.
  Result<std::vector<float>> Floats(const Node& node, std::size_t index, std::int64_t count);
  Result<float> Scalar(const Node& node, std::size_t index, float fallback);
  const Dims& DimsOf(ValueId value) const { return graph_.values[static_cast<std::size_t>(value)]; }
  Result<Dims> ImageDims(ValueId value) const;

  // Takes `count` floats from what the weights of all nodes may need together, before they are
  // made: a small file could else name one tensor ten thousand times.
  Result<void> Charge(std::int64_t count);
  // Appends an operator whose result is the node's first output; valid until the next one.
  Result<Op*> Append(const Node& node, Op op, Dims dims);
  template <class Kind>
  Result<Op*> Emit(const Node& node, Kind kind, std::vector<ValueId> inputs, Dims dims) {
    Op op;
    op.kind = std::move(kind);
    op.inputs = std::move(inputs);
    return Append(node, std::move(op), std::move(dims));
  }
  Result<void> EmitDense(const Node& node, ValueId input, std::vector<float> weights,
                         std::vector<float> bias);

  const onnx::File& file_;
  const ModelLimits& limits_;
  Graph graph_;
  std::unordered_map<std::string_view, ValueId> values_;
  std::unordered_map<std::string_view, const Tensor*> constants_;
  std::unordered_set<std::string_view> consumed_;  // names that some node reads
  std::int64_t floats_left_;
};

}  // namespace scones::nn

// Importer: one pass over an ONNX file's nodes, with a method for each operator. Private to
// ImportOnnx. import.cc holds the pass; import_constant.cc what is known beforehand,
// import_shape.cc and import_part.cc operators that move elements, import_math.cc those that
// compute on each, import_image.cc those on pictures, import_dense.cc products of matrices.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nn/detail/constant.h"
#include "nn/detail/graph.h"
#include "nn/detail/onnx.h"

namespace scones::nn {

using onnx::Node;

inline Error Refuse(std::string message) { return Error(Code::kInvalid, std::move(message)); }
inline std::string Show(const Dims& dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

// The shapes of an exported file hold the batch dimension, which may wander (transposed for
// attention) and be multiplied with others. A classifier's answer for a picture does not depend on
// its batch, so the whole file is read for a batch of one: every shape is then known, whatever
// computes it. The graph leaves that dimension out, and programs put theirs in front.
class Importer {
 public:
  Importer(const onnx::File& file, const ModelLimits& limits)
      : file_(file),
        limits_(limits),
        weights_(limits.max_weight_bytes),
        scratch_(limits.max_weight_bytes) {}

  Result<Graph> Run();

 private:
  using Rule = Result<void> (Importer::*)(const Node&);
  static const std::unordered_map<std::string_view, Rule>& Rules();

  // What an ONNX name stands for: a constant, or a value of the graph. `dims` is its full shape;
  // the graph's value has as many elements in the same order, under dimensions that suit it.
  struct Operand {
    const Constant* constant = nullptr;
    ValueId id = -1;
    Dims dims;
  };

  Result<void> ReadInput();
  Result<void> ReadOutput();
  Result<void> Import(const Node& node);

  Result<void> OnConstant(const Node& node);
  Result<void> OnConstantOfShape(const Node& node);
  Result<void> OnShape(const Node& node);
  Result<void> OnRange(const Node& node);
  Result<void> OnWhere(const Node& node);
  Result<void> OnCast(const Node& node);
  Result<void> OnComparison(const Node& node);

  Result<void> OnIdentity(const Node& node);
  Result<void> OnReshape(const Node& node);
  Result<void> OnFlatten(const Node& node);
  Result<void> OnSqueeze(const Node& node);
  Result<void> OnUnsqueeze(const Node& node);
  Result<void> OnTranspose(const Node& node);
  Result<void> OnExpand(const Node& node);
  Result<void> OnTile(const Node& node);

  Result<void> OnSlice(const Node& node);
  Result<void> OnGather(const Node& node);
  Result<void> OnSplit(const Node& node);
  Result<void> OnConcat(const Node& node);

  Result<void> OnFunction(const Node& node);
  Result<void> OnClip(const Node& node);
  Result<void> OnArithmetic(const Node& node);
  Result<void> OnReduce(const Node& node);
  Result<void> OnSoftmax(const Node& node);
  Result<void> OnLayerNorm(const Node& node);

  Result<void> OnConv(const Node& node);
  Result<void> OnBatchNorm(const Node& node);
  Result<void> OnPool(const Node& node);
  Result<void> OnGlobalPool(const Node& node);
  Result<void> OnPad(const Node& node);

  Result<void> OnGemm(const Node& node);
  Result<void> OnMatMul(const Node& node);

  std::string_view Input(const Node& node, std::size_t index) const {
    return index < node.inputs.size() ? node.inputs[index] : std::string_view();
  }
  // Null where the name is unknown or left out.
  const Operand* Find(const Node& node, std::size_t index) const;
  const Constant* FindConstant(const Node& node, std::size_t index) const;
  Result<Operand> Read(const Node& node, std::size_t index) const;
  // One that is computed from the picture.
  Result<Operand> Value(const Node& node, std::size_t index) const;
  Result<const Constant*> Known(const Node& node, std::size_t index) const;
  Result<std::vector<std::int64_t>> Ints(const Node& node, std::size_t index);
  // `count` floats of a constant input, as weights.
  Result<std::vector<float>> Floats(const Node& node, std::size_t index, std::int64_t count);
  Result<float> Scalar(const Node& node, std::size_t index, float fallback);
  // Integers that older operator sets have as an attribute and newer ones as an input.
  Result<std::optional<std::vector<std::int64_t>>> IntsOf(const Node& node,
                                                          std::string_view attribute,
                                                          std::size_t index);
  const Dims& DimsOf(ValueId value) const { return graph_.values[static_cast<std::size_t>(value)]; }
  // [C, H, W] of a picture.
  Result<Dims> ImageDims(const Operand& operand) const;
  // As the graph has it where an operator does not care: without the batch dimension.
  static Dims Natural(const Dims& dims);
  // True where a picture's [1, C, H, W] should keep those dimensions and so its layout.
  static bool IsImage(const Dims& dims) { return dims.size() == 4 && dims[0] == 1; }

  // Appends an operator whose result has the graph's dimensions `dims`.
  Result<ValueId> Append(const Node& node, Op op, Dims dims);
  template <class Kind>
  Result<ValueId> Emit(const Node& node, Kind kind, std::vector<ValueId> inputs, Dims dims) {
    Op op;
    op.kind = std::move(kind);
    op.inputs = std::move(inputs);
    return Append(node, std::move(op), std::move(dims));
  }
  // The operand's value under the graph's dimensions `dims`; a reshape where it has others.
  Result<ValueId> As(const Node& node, const Operand& operand, const Dims& dims);
  Result<Operand> Activated(const Node& node, const Operand& x, const Activation& activation);
  // A constant as a value of the graph.
  Result<Operand> Literally(const Node& node, const Constant& constant);
  // x * scale + shift along `axis`.
  Result<Operand> Affinely(const Node& node, const Operand& x, std::size_t axis,
                           std::vector<float> scale, std::vector<float> shift);
  Result<Operand> Arithmetic(const Node& node, std::string_view op, const Operand& a,
                             const Operand& b);
  Result<Operand> WithConstant(const Node& node, std::string_view op, const Operand& x,
                               const Operand& constant, bool constant_first);
  Result<Operand> WithScalar(const Node& node, std::string_view op, const Operand& x, float scalar,
                             bool scalar_first);
  Result<Operand> OfValues(const Node& node, std::string_view op, Operand a, Operand b);
  Result<Operand> MeanOver(const Node& node, const Operand& x, std::size_t first, std::size_t last);
  Result<Operand> Part(const Node& node, const Operand& x, std::size_t axis, std::int64_t start,
                       std::int64_t size);
  Result<Operand> Densely(const Node& node, const Operand& x, std::vector<float> weights,
                          std::vector<float> bias);
  Result<Operand> Product(const Node& node, const Operand& a, const Operand& b);

  // Lets the node's output `index` stand for an operand or a constant.
  Result<void> Bind(const Node& node, Operand operand, std::size_t index = 0);
  Result<void> BindConstant(const Node& node, Constant constant, std::size_t index = 0);
  // The same elements under another full shape.
  Result<void> Rename(const Node& node, const Operand& operand, Dims dims);

  const onnx::File& file_;
  const ModelLimits& limits_;
  Graph graph_;
  std::unordered_map<std::string_view, Operand> operands_;
  std::deque<Constant> constants_;
  std::unordered_set<std::string_view> consumed_;  // names that some node reads
  std::int64_t file_batch_ = 1;                    // pictures that the file was exported for
  Budget weights_;                                 // what the graph holds
  Budget scratch_;                                 // what is computed on the way
};

}  // namespace scones::nn

#include <algorithm>
#include <limits>

#include "nn/detail/importer.h"

namespace scones::nn {
namespace {

// [rows, columns] to [columns, rows].
std::vector<float> Transposed(const std::vector<float>& matrix, std::int64_t rows,
                              std::int64_t columns) {
  std::vector<float> result(matrix.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      result[static_cast<std::size_t>(c * rows + r)] =
          matrix[static_cast<std::size_t>(r * columns + c)];
    }
  }
  return result;
}

}  // namespace

Result<void> Importer::OnRelu(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(Op * op, Emit(node, Activate{}, {input}, DimsOf(input)));
  op->activation = nn::Relu();
  return {};
}

Result<void> Importer::OnClip(const Node& node) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  TRY(const ValueId input, Value(node, 0));
  float low = node.FloatOr("min", -kLargest);
  float high = node.FloatOr("max", kLargest);
  if (file_.opset >= 11) {
    TRY(low, Scalar(node, 1, -kLargest));
    TRY(high, Scalar(node, 2, kLargest));
  }
  if (!(low <= high)) return Refuse("its bounds are not in order");
  TRY(Op * op, Emit(node, Activate{}, {input}, DimsOf(input)));
  op->activation = nn::Clip(std::max(low, -kLargest), std::min(high, kLargest));
  return {};
}

// Add of two values of one shape; or any of the four with a constant, per channel or for all.
Result<void> Importer::OnArithmetic(const Node& node) {
  if (node.inputs.size() != 2) return Refuse("it needs two inputs");
  const bool first_constant = FindConstant(node, 0) != nullptr;
  const bool second_constant = FindConstant(node, 1) != nullptr;
  const bool commutes = node.op_type == "Add" || node.op_type == "Mul";
  if (!first_constant && !second_constant) {
    TRY(const ValueId a, Value(node, 0));
    TRY(const ValueId b, Value(node, 1));
    if (node.op_type != "Add") return Refuse("one input must be a constant");
    if (DimsOf(a) != DimsOf(b)) {
      return Refuse(fmt::format("shapes {} and {} differ", Show(DimsOf(a)), Show(DimsOf(b))));
    }
    TRY(const Op* op, Emit(node, Add{}, {a, b}, DimsOf(a)));
    (void)op;
    return {};
  }
  if (first_constant && !commutes) return Refuse("the constant must be its second input");
  TRY(const ValueId input, Value(node, first_constant ? 1 : 0));
  const Dims dims = DimsOf(input);
  TRY(const Tensor* tensor, Constant(node, first_constant ? 0 : 1));
  TRY_VOID(Charge(2 * dims[0]));
  TRY(const std::int64_t count, tensor->ElementCount());
  if (count != 1 && count != dims[0]) {
    return Refuse(
        fmt::format("a constant of shape {} does not fit {}", Show(tensor->dims), Show(dims)));
  }
  TRY(std::vector<float> constant, tensor->Floats());
  // Per channel means [C, 1, 1] or [1, C, 1, 1] for pictures and [C] or [1, C] for vectors.
  auto shape = tensor->dims;
  if (shape.size() == dims.size() + 1 && shape[0] == 1) shape.erase(shape.begin());
  const Dims per_channel = dims.size() == 3 ? Dims{dims[0], 1, 1} : dims;
  if (constant.size() == 1) {
    constant.resize(static_cast<std::size_t>(dims[0]), constant[0]);
  } else if (shape != per_channel) {
    return Refuse(
        fmt::format("a constant of shape {} does not fit {}", Show(tensor->dims), Show(dims)));
  }
  const std::string_view kind = node.op_type;
  Affine affine;
  affine.scale.assign(constant.size(), 1.0f);
  affine.shift.assign(constant.size(), 0.0f);
  for (std::size_t c = 0; c < constant.size(); ++c) {
    if (kind == "Add") affine.shift[c] = constant[c];
    if (kind == "Sub") affine.shift[c] = -constant[c];
    if (kind == "Mul") affine.scale[c] = constant[c];
    if (kind == "Div") affine.scale[c] = 1.0f / constant[c];
  }
  TRY(const Op* op, Emit(node, std::move(affine), {input}, dims));
  (void)op;
  return {};
}

Result<void> Importer::OnFlatten(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  const Dims dims = DimsOf(input);
  const std::int64_t axis = node.IntOr("axis", 1);
  if (axis != 1 && axis != -static_cast<std::int64_t>(dims.size())) {
    return Refuse(fmt::format("axis {} is not supported; only 1 is", axis));
  }
  if (dims.size() == 1) {
    values_[node.outputs[0]] = input;
    return {};
  }
  TRY(const Op* op, Emit(node, nn::Reshape{}, {input}, {ElementCount(dims)}));
  (void)op;
  return {};
}

// Only to [N, everything else].
Result<void> Importer::OnReshape(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(const Tensor* tensor, Constant(node, 1));
  TRY(const auto shape, tensor->Ints());
  const Dims dims = DimsOf(input);
  const std::int64_t count = ElementCount(dims);
  const bool flat = shape.size() == 2 && (shape[1] == count || (shape[1] == -1 && shape[0] != -1));
  const bool zero_means_zero = node.IntOr("allowzero", 0) != 0;
  if (!flat || (shape[0] == 0 && zero_means_zero)) {
    return Refuse(fmt::format("shape {} is not supported; only [N, {}] is", Show(shape), count));
  }
  if (dims.size() == 1) {
    values_[node.outputs[0]] = input;
    return {};
  }
  TRY(const Op* op, Emit(node, nn::Reshape{}, {input}, {count}));
  (void)op;
  return {};
}

Result<void> Importer::EmitDense(const Node& node, ValueId input, std::vector<float> weights,
                                 std::vector<float> bias) {
  const auto outputs = static_cast<std::int64_t>(bias.size());
  TRY(const Op* op, Emit(node, Dense{std::move(weights), std::move(bias)}, {input}, {outputs}));
  (void)op;
  return {};
}

Result<void> Importer::OnGemm(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(const Tensor* tensor, Constant(node, 1));
  const Dims dims = DimsOf(input);
  const bool transposed = node.IntOr("transB", 0) != 0;
  if (node.IntOr("transA", 0) != 0) return Refuse("transA is not supported");
  const auto& shape = tensor->dims;
  const std::size_t in_axis = transposed ? 1 : 0;
  if (dims.size() != 1 || shape.size() != 2 || shape[in_axis] != dims[0] ||
      shape[1 - in_axis] <= 0) {
    return Refuse(fmt::format("weights {} do not fit an input of shape [N, {}]", Show(shape),
                              fmt::join(dims, ", ")));
  }
  const std::int64_t outputs = shape[1 - in_axis];
  TRY(const std::int64_t count, tensor->ElementCount());
  TRY_VOID(Charge(count + outputs));
  TRY(std::vector<float> weights, tensor->Floats());
  if (!transposed) weights = Transposed(weights, dims[0], outputs);
  const float alpha = node.FloatOr("alpha", 1.0f);
  for (float& weight : weights) weight *= alpha;
  std::vector<float> bias(static_cast<std::size_t>(outputs), 0.0f);
  if (!Input(node, 2).empty()) {
    TRY(const Tensor* addend, Constant(node, 2));
    TRY(const std::int64_t addends, addend->ElementCount());
    if (addends > outputs) return Refuse("input 2 has more values than outputs");
    TRY(bias, addend->Floats());
    if (bias.size() == 1) bias.resize(static_cast<std::size_t>(outputs), bias[0]);
    const bool row = !addend->dims.empty() && addend->dims.back() == outputs;
    if (std::cmp_not_equal(bias.size(), outputs) ||
        (!row && outputs > 1 && addend->dims.size() > 1)) {
      return Refuse(
          fmt::format("input 2 of shape {} does not fit {} outputs", Show(addend->dims), outputs));
    }
  }
  const float beta = node.FloatOr("beta", 1.0f);
  for (float& value : bias) value *= beta;
  return EmitDense(node, input, std::move(weights), std::move(bias));
}

Result<void> Importer::OnMatMul(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(const Tensor* tensor, Constant(node, 1));
  const Dims dims = DimsOf(input);
  const auto& shape = tensor->dims;
  if (dims.size() != 1 || shape.size() != 2 || shape[0] != dims[0] || shape[1] <= 0) {
    return Refuse(fmt::format("weights {} do not fit an input of shape [N, {}]", Show(shape),
                              fmt::join(dims, ", ")));
  }
  TRY(const std::int64_t count, tensor->ElementCount());
  TRY_VOID(Charge(count + shape[1]));
  TRY(const std::vector<float> weights, tensor->Floats());
  return EmitDense(node, input, Transposed(weights, shape[0], shape[1]),
                   std::vector<float>(static_cast<std::size_t>(shape[1]), 0.0f));
}

Result<void> Importer::OnSoftmax(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  const Dims dims = DimsOf(input);
  const std::int64_t axis = node.IntOr("axis", file_.opset >= 13 ? -1 : 1);
  if (dims.size() != 1 || (axis != 1 && axis != -1)) {
    return Refuse("only the softmax over the classes of [N, classes] is supported");
  }
  TRY(const Op* op, Emit(node, Softmax{}, {input}, dims));
  (void)op;
  return {};
}

Result<void> Importer::OnIdentity(const Node& node) {
  if (const Tensor* tensor = FindConstant(node, 0); tensor != nullptr) {
    constants_[node.outputs[0]] = tensor;
    return {};
  }
  TRY(const ValueId input, Value(node, 0));
  values_[node.outputs[0]] = input;
  return {};
}

Result<void> Importer::OnConstant(const Node& node) {
  const onnx::Attribute* value = node.Find("value");
  if (value == nullptr || value->tensors.empty()) {
    return Refuse("only constants given as a tensor are supported");
  }
  constants_[node.outputs[0]] = &value->tensors[0];
  return {};
}

}  // namespace scones::nn

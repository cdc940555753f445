#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"

namespace scones::nn {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

// The function that an operator of one input applies to each element. Source: the ONNX operator
// specification, also for what an absent attribute means.
std::optional<Activation> ActivationOf(const Node& node) {
  const std::string_view op = node.op_type;
  if (op == "Relu") return Relu();
  if (op == "LeakyRelu") return Activation{Function::kLeakyRelu, node.FloatOr("alpha", 0.01f)};
  if (op == "Elu") return Activation{Function::kElu, node.FloatOr("alpha", 1.0f)};
  if (op == "Sigmoid") return Activation{Function::kSigmoid};
  if (op == "HardSigmoid") {
    return Activation{Function::kHardSigmoid, node.FloatOr("alpha", 0.2f),
                      node.FloatOr("beta", 0.5f)};
  }
  if (op == "HardSwish") return Activation{Function::kHardSwish};
  if (op == "Gelu") {
    const onnx::Attribute* form = node.Find("approximate");
    const bool is_tanh = form != nullptr && form->s == "tanh";
    return Activation{is_tanh ? Function::kGeluTanh : Function::kGelu};
  }
  if (op == "Tanh") return Activation{Function::kTanh};
  if (op == "Softplus") return Activation{Function::kSoftplus};
  if (op == "Mish") return Activation{Function::kMish};
  if (op == "Erf") return Activation{Function::kErf};
  if (op == "Exp") return Activation{Function::kExp};
  if (op == "Log") return Activation{Function::kLog};
  if (op == "Sqrt") return Activation{Function::kSqrt};
  if (op == "Abs") return Activation{Function::kAbs};
  if (op == "Neg") return Activation{Function::kLinear, -1, 0};
  if (op == "Reciprocal") return Activation{Function::kPower, 1, -1};
  return std::nullopt;
}

std::optional<nn::Arithmetic> ArithmeticOf(std::string_view op) {
  using enum nn::Arithmetic;
  if (op == "Add") return kAdd;
  if (op == "Sub") return kSubtract;
  if (op == "Mul") return kMultiply;
  if (op == "Div") return kDivide;
  if (op == "Min") return kMinimum;
  if (op == "Max") return kMaximum;
  return std::nullopt;
}

// The one axis along which a constant differs, when there is one.
std::optional<std::size_t> OnlyAxis(const Dims& dims) {
  std::optional<std::size_t> axis;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    if (axis) return std::nullopt;
    axis = i;
  }
  return axis;
}

}  // namespace

Result<Importer::Operand> Importer::Activated(const Node& node, const Operand& x,
                                              const Activation& activation) {
  Op op;
  op.inputs = {x.id};
  op.kind = Activate{};
  op.activation = activation;
  TRY(const ValueId id, Append(node, std::move(op), DimsOf(x.id)));
  return Operand{nullptr, id, x.dims};
}

Result<Importer::Operand> Importer::Literally(const Node& node, const Constant& constant) {
  if (!constant.is_float) return Refuse("a constant of integers meets a value of floats");
  TRY(Constant decoded, Decode(constant, weights_));
  TRY(const ValueId id, Emit(node, Literal{std::move(decoded.floats)}, {}, Natural(constant.dims)));
  return Operand{nullptr, id, constant.dims};
}

Result<void> Importer::OnFunction(const Node& node) {
  TRY(const Operand x, Read(node, 0));
  if (x.constant != nullptr) {
    TRY(const Constant from, Decode(*x.constant, scratch_));
    TRY(Constant result, Apply(node.op_type, from, scratch_));
    return BindConstant(node, std::move(result));
  }
  const std::optional<Activation> activation = ActivationOf(node);
  if (!activation) return Refuse("this operator is supported for constants only");
  TRY(Operand result, Activated(node, x, *activation));
  return Bind(node, std::move(result));
}

Result<void> Importer::OnClip(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  float low = node.FloatOr("min", -kLargest);
  float high = node.FloatOr("max", kLargest);
  if (file_.opset >= 11) {
    TRY(low, Scalar(node, 1, -kLargest));
    TRY(high, Scalar(node, 2, kLargest));
  }
  if (!(low <= high)) return Refuse("its bounds are not in order");
  TRY(Operand result,
      Activated(node, x, nn::Clip(std::max(low, -kLargest), std::min(high, kLargest))));
  return Bind(node, std::move(result));
}

Result<void> Importer::OnArithmetic(const Node& node) {
  const bool any_number = node.op_type == "Min" || node.op_type == "Max";
  if (node.inputs.empty() || (!any_number && node.inputs.size() != 2)) {
    return Refuse("it needs two inputs");
  }
  TRY(Operand result, Read(node, 0));
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    TRY(const Operand next, Read(node, i));
    TRY(result, Arithmetic(node, node.op_type, result, next));
  }
  return Bind(node, std::move(result));
}

Result<Importer::Operand> Importer::Arithmetic(const Node& node, std::string_view op,
                                               const Operand& a, const Operand& b) {
  if (a.constant != nullptr && b.constant != nullptr) {
    TRY(const Constant first, Decode(*a.constant, scratch_));
    TRY(Constant second, Decode(*b.constant, scratch_));
    if (op == "Pow" && first.is_float && !second.is_float) {
      TRY(second, Convert(second, static_cast<int>(onnx::DataType::kFloat), scratch_));
    }
    TRY(Constant result, Apply(op, first, second, scratch_));
    constants_.push_back(std::move(result));
    return Operand{&constants_.back(), -1, constants_.back().dims};
  }
  if (b.constant != nullptr) return WithConstant(node, op, a, b, false);
  if (a.constant != nullptr) return WithConstant(node, op, b, a, true);
  return OfValues(node, op, a, b);
}

Result<Importer::Operand> Importer::WithScalar(const Node& node, std::string_view op,
                                               const Operand& x, float scalar, bool scalar_first) {
  const auto activated = [&](Function function, float alpha, float beta) {
    return Activated(node, x, {function, alpha, beta});
  };
  if (op == "Add") return activated(Function::kLinear, 1, scalar);
  if (op == "Mul") return activated(Function::kLinear, scalar, 0);
  if (op == "Min") return activated(Function::kClip, -kLargest, std::min(scalar, kLargest));
  if (op == "Max") return activated(Function::kClip, std::max(scalar, -kLargest), kLargest);
  if (op == "Sub" && scalar_first) return activated(Function::kLinear, -1, scalar);
  if (op == "Sub") return activated(Function::kLinear, 1, -scalar);
  if (op == "Div" && scalar_first) return activated(Function::kPower, scalar, -1);
  if (op == "Div") return activated(Function::kLinear, 1 / scalar, 0);
  if (op == "Pow" && !scalar_first) return activated(Function::kPower, 1, scalar);
  return Refuse("a constant to the power of a value is not supported");
}

Result<Importer::Operand> Importer::WithConstant(const Node& node, std::string_view op,
                                                 const Operand& x, const Operand& constant,
                                                 bool constant_first) {
  TRY(const Dims dims, BroadcastShape(x.dims, constant.dims));
  TRY(const std::int64_t count, CheckedCount(dims));
  TRY(Constant known, Decode(*constant.constant, scratch_));
  if (op == "Pow" && !known.is_float) {
    TRY(known, Convert(known, static_cast<int>(onnx::DataType::kFloat), scratch_));
  }
  if (!known.is_float) return Refuse("a constant of integers meets a value of floats");
  if (count != ElementCount(x.dims) || op == "Min" || op == "Max" || op == "Pow") {
    if (known.floats.size() != 1) {
      TRY(const Operand literal, Literally(node, known));
      return constant_first ? OfValues(node, op, literal, x) : OfValues(node, op, x, literal);
    }
  }
  Operand base = x;
  base.dims = dims;
  if (known.floats.size() == 1) {
    return WithScalar(node, op, base, known.floats[0], constant_first);
  }
  // c - x is -x + c, and c / x is 1/x * c.
  if (constant_first && op == "Sub") {
    TRY(base, Activated(node, base, {Function::kLinear, -1, 0}));
  } else if (constant_first && op == "Div") {
    TRY(base, Activated(node, base, {Function::kPower, 1, -1}));
  } else if (op == "Sub") {
    for (float& value : known.floats) value = -value;
  } else if (op == "Div") {
    for (float& value : known.floats) value = 1 / value;
  }
  const bool multiply = op == "Mul" || op == "Div";
  const auto axis = OnlyAxis(Aligned(known.dims, dims.size()));
  if (axis &&
      (CountBetween(dims, 0, *axis) == 1 || CountBetween(dims, *axis + 1, dims.size()) == 1)) {
    std::vector<float> other(known.floats.size(), multiply ? 0.0f : 1.0f);
    return multiply ? Affinely(node, base, *axis, std::move(known.floats), std::move(other))
                    : Affinely(node, base, *axis, std::move(other), std::move(known.floats));
  }
  TRY(Constant full, Expand(known, dims, weights_));
  TRY(base.id, Emit(node, Combine{multiply, std::move(full.floats)}, {base.id}, DimsOf(base.id)));
  return base;
}

Result<Importer::Operand> Importer::Affinely(const Node& node, const Operand& x, std::size_t axis,
                                             std::vector<float> scale, std::vector<float> shift) {
  const std::int64_t outer = CountBetween(x.dims, 0, axis);
  const std::int64_t inner = CountBetween(x.dims, axis + 1, x.dims.size());
  const std::int64_t size = x.dims[axis];
  TRY_VOID(weights_.Take(2 * size));
  Operand result{nullptr, -1, x.dims};
  Affine affine{std::move(scale), std::move(shift), 0};
  Dims dims = {size, inner};
  if (IsImage(x.dims) && axis == 1) {
    dims = {size, x.dims[2], x.dims[3]};
  } else if (outer == 1 && inner == 1) {
    dims = {size};
  } else if (outer > 1) {
    const Dims& present = DimsOf(x.id);
    dims = present.size() > 1 && present.back() == size ? present : Dims{outer, size};
    affine.axis = static_cast<int>(dims.size()) - 1;
  }
  TRY(const ValueId input, As(node, x, dims));
  TRY(result.id, Emit(node, std::move(affine), {input}, dims));
  return result;
}

Result<Importer::Operand> Importer::OfValues(const Node& node, std::string_view op, Operand a,
                                             Operand b) {
  TRY(const Dims dims, BroadcastShape(a.dims, b.dims));
  TRY(const std::int64_t count, CheckedCount(dims));
  if (ElementCount(a.dims) != count) {  // the second is the one that is repeated
    if (op == "Sub") {
      TRY(b, Activated(node, b, {Function::kLinear, -1, 0}));
      return OfValues(node, "Add", std::move(b), std::move(a));
    }
    if (op == "Div") {
      TRY(b, Activated(node, b, {Function::kPower, 1, -1}));
      return OfValues(node, "Mul", std::move(b), std::move(a));
    }
    std::swap(a, b);
  }
  const auto arithmetic = ArithmeticOf(op);
  if (!arithmetic || ElementCount(a.dims) != count) {
    return Refuse(
        fmt::format("values of shapes {} and {} are not supported", Show(a.dims), Show(b.dims)));
  }
  Operand result{nullptr, -1, dims};
  const bool repeats = ElementCount(b.dims) != count;
  const Dims common = repeats ? Natural(dims) : DimsOf(a.id);
  if (repeats && common.size() + 1 < dims.size()) {
    return Refuse(fmt::format("values of shapes {} and {} have too many dimensions", Show(a.dims),
                              Show(b.dims)));
  }
  Dims second = common;
  if (repeats) {
    const Dims aligned = Aligned(b.dims, dims.size());
    second.assign(aligned.end() - static_cast<std::ptrdiff_t>(common.size()), aligned.end());
  }
  TRY(const ValueId first_id, As(node, a, common));
  TRY(const ValueId second_id, As(node, b, second));
  if (!repeats && *arithmetic == nn::Arithmetic::kAdd) {
    TRY(result.id, Emit(node, nn::Add{}, {first_id, second_id}, common));
  } else {
    TRY(result.id, Emit(node, Binary{*arithmetic}, {first_id, second_id}, common));
  }
  return result;
}

Result<Importer::Operand> Importer::MeanOver(const Node& node, const Operand& x, std::size_t first,
                                             std::size_t last) {
  const std::int64_t outer = CountBetween(x.dims, 0, first);
  const std::int64_t size = CountBetween(x.dims, first, last);
  const std::int64_t inner = CountBetween(x.dims, last, x.dims.size());
  Operand result = x;
  std::fill(result.dims.begin() + static_cast<std::ptrdiff_t>(first),
            result.dims.begin() + static_cast<std::ptrdiff_t>(last), 1);
  if (size == 1) return result;
  TRY(const ValueId input, As(node, x, {outer, size, inner}));
  TRY(result.id, Emit(node, Mean{1}, {input}, {outer, 1, inner}));
  return result;
}

// Means and sums. That over a picture's rows and columns is a global average pool.
Result<void> Importer::OnReduce(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const auto named, IntsOf(node, "axes", 1));
  std::vector<std::size_t> axes;
  if (named && !named->empty()) {
    TRY(axes, AxesOf(*named, x.dims.size()));
  } else if (node.IntOr("noop_with_empty_axes", 0) == 0) {
    for (std::size_t i = 0; i < x.dims.size(); ++i) axes.push_back(i);
  }
  Operand result = x;
  std::int64_t count = 1;
  for (const std::size_t axis : axes) count *= x.dims[axis];
  if (IsImage(x.dims) && axes == std::vector<std::size_t>{2, 3}) {
    Pool pool{PoolKind::kAverage, {}};
    pool.window.kernel[0] = pool.window.stride[0] = x.dims[2];
    pool.window.kernel[1] = pool.window.stride[1] = x.dims[3];
    TRY(const ValueId input, As(node, x, Natural(x.dims)));
    TRY(result.id, Emit(node, pool, {input}, {x.dims[1], 1, 1}));
    result.dims = {1, x.dims[1], 1, 1};
  } else {
    for (std::size_t i = 0; i < axes.size();) {  // runs of neighbouring axes
      std::size_t end = i + 1;
      while (end < axes.size() && axes[end] == axes[end - 1] + 1) ++end;
      TRY(result, MeanOver(node, result, axes[i], axes[end - 1] + 1));
      i = end;
    }
  }
  if (node.op_type == "ReduceSum") {
    TRY(result, Activated(node, result, {Function::kLinear, static_cast<float>(count), 0}));
  }
  if (node.IntOr("keepdims", 1) == 0) {
    for (std::size_t i = axes.size(); i-- > 0;) {
      result.dims.erase(result.dims.begin() + static_cast<std::ptrdiff_t>(axes[i]));
    }
  }
  return Bind(node, std::move(result));
}

// Before operator set 13, over all axes from `axis` on together.
Result<void> Importer::OnSoftmax(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  const bool newer = file_.opset >= 13;
  TRY(const std::size_t axis, AxisOf(node.IntOr("axis", newer ? -1 : 1), x.dims.size()));
  const std::size_t last = newer ? axis + 1 : x.dims.size();
  const std::int64_t outer = CountBetween(x.dims, 0, axis);
  const std::int64_t size = CountBetween(x.dims, axis, last);
  const std::int64_t inner = CountBetween(x.dims, last, x.dims.size());
  Dims dims;
  if (outer > 1) dims.push_back(outer);
  const auto place = static_cast<int>(dims.size());
  dims.push_back(size);
  if (inner > 1) dims.push_back(inner);
  TRY(const ValueId input, As(node, x, dims));
  Operand result = x;
  TRY(result.id, Emit(node, nn::Softmax{place}, {input}, dims));
  if (node.op_type == "LogSoftmax") {
    TRY(result, Activated(node, result, {Function::kLog, 0, 0}));
  }
  return Bind(node, std::move(result));
}

Result<void> Importer::OnLayerNorm(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const std::size_t axis, AxisOf(node.IntOr("axis", -1), x.dims.size()));
  const std::int64_t outer = CountBetween(x.dims, 0, axis);
  const std::int64_t size = CountBetween(x.dims, axis, x.dims.size());
  LayerNorm norm;
  norm.epsilon = node.FloatOr("epsilon", 1e-5f);
  TRY(norm.scale, Floats(node, 1, size));
  if (Input(node, 2).empty()) {
    TRY_VOID(weights_.Take(size));
    norm.shift.assign(static_cast<std::size_t>(size), 0.0f);
  } else {
    TRY(norm.shift, Floats(node, 2, size));
  }
  const Dims dims = outer > 1 ? Dims{outer, size} : Dims{size};
  TRY(const ValueId input, As(node, x, dims));
  Operand result = x;
  TRY(result.id, Emit(node, std::move(norm), {input}, dims));
  return Bind(node, std::move(result));
}

}  // namespace scones::nn

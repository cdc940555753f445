#include <cmath>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"

namespace scones::nn {
namespace {

bool IsInteger(int data_type) {
  using onnx::DataType;
  const auto type = static_cast<DataType>(data_type);
  return type == DataType::kInt64 || type == DataType::kInt32 || type == DataType::kBool;
}

}  // namespace

Result<void> Importer::OnConstant(const Node& node) {
  if (const onnx::Attribute* value = node.Find("value");
      value != nullptr && !value->tensors.empty()) {
    const onnx::Tensor& tensor = value->tensors[0];
    return BindConstant(node, {tensor.dims, !IsInteger(tensor.data_type), {}, {}, &tensor});
  }
  if (const onnx::Attribute* value = node.Find("value_float"); value != nullptr) {
    return BindConstant(node, {{}, true, {value->f}, {}});
  }
  if (const onnx::Attribute* value = node.Find("value_int"); value != nullptr) {
    return BindConstant(node, {{}, false, {}, {value->i}});
  }
  if (const onnx::Attribute* value = node.Find("value_floats"); value != nullptr) {
    TRY_VOID(scratch_.Take(static_cast<std::int64_t>(value->floats.size())));
    const auto count = static_cast<std::int64_t>(value->floats.size());
    return BindConstant(node, {{count}, true, value->floats, {}});
  }
  if (const onnx::Attribute* value = node.Find("value_ints"); value != nullptr) {
    TRY_VOID(scratch_.Take(2 * static_cast<std::int64_t>(value->ints.size())));
    const auto count = static_cast<std::int64_t>(value->ints.size());
    return BindConstant(node, {{count}, false, {}, value->ints});
  }
  return Refuse("only constants given as a tensor or numbers are supported");
}

Result<void> Importer::OnConstantOfShape(const Node& node) {
  TRY(const Dims dims, Ints(node, 0));
  Constant one{{}, true, {0.0f}, {}};
  if (const onnx::Attribute* value = node.Find("value");
      value != nullptr && !value->tensors.empty()) {
    const onnx::Tensor& tensor = value->tensors[0];
    TRY(one, Decode({tensor.dims, !IsInteger(tensor.data_type), {}, {}, &tensor}, scratch_));
    if (one.floats.size() + one.ints.size() != 1) return Refuse("attribute value is not a scalar");
    one.dims = {};
  }
  TRY_VOID(CheckedCount(dims));
  TRY(Constant result, Expand(one, dims, scratch_));
  return BindConstant(node, std::move(result));
}

// Shape and Size, of a constant or a value.
Result<void> Importer::OnShape(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY(const std::int64_t count, CheckedCount(operand.dims));
  if (node.op_type == "Size") return BindConstant(node, {{}, false, {}, {count}});
  const auto rank = static_cast<std::int64_t>(operand.dims.size());
  const auto clamp = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = clamp(node.IntOr("start", 0));
  const std::int64_t end = std::max(start, clamp(node.IntOr("end", rank)));
  return BindConstant(
      node, {{end - start}, false, {}, {operand.dims.begin() + start, operand.dims.begin() + end}});
}

Result<void> Importer::OnRange(const Node& node) {
  Constant parts[3];
  for (std::size_t i = 0; i < 3; ++i) {
    TRY(const Constant* known, Known(node, i));
    TRY(parts[i], Decode(*known, scratch_));
    if (parts[i].floats.size() + parts[i].ints.size() != 1 ||
        parts[i].is_float != parts[0].is_float) {
      return Refuse("its inputs must be three scalars of one type");
    }
  }
  const auto number = [&](const Constant& part) {
    return part.is_float ? double{part.floats[0]} : static_cast<double>(part.ints[0]);
  };
  const double start = number(parts[0]);
  const double step = number(parts[2]);
  const double steps = std::ceil((number(parts[1]) - start) / step);
  if (!(std::fabs(steps) < 1e9)) return Refuse("its range is not finite");
  const auto count = static_cast<std::int64_t>(std::max(steps, 0.0));
  TRY_VOID(scratch_.Take(2 * count));
  Constant result{{count}, parts[0].is_float, {}, {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const double value = start + static_cast<double>(i) * step;
    if (result.is_float) {
      result.floats.push_back(static_cast<float>(value));
    } else {
      result.ints.push_back(static_cast<std::int64_t>(value));
    }
  }
  return BindConstant(node, std::move(result));
}

// Of constants; or of a value where the condition is the same everywhere.
Result<void> Importer::OnWhere(const Node& node) {
  TRY(const Constant* known, Known(node, 0));
  TRY(const Constant condition, Decode(*known, scratch_));
  const Constant* first = FindConstant(node, 1);
  const Constant* second = FindConstant(node, 2);
  if (first != nullptr && second != nullptr) {
    TRY(const Constant a, Decode(*first, scratch_));
    TRY(const Constant b, Decode(*second, scratch_));
    TRY(Constant result, Choose(condition, a, b, scratch_));
    return BindConstant(node, std::move(result));
  }
  const auto& asked = condition.ints;
  const bool all = std::find(asked.begin(), asked.end(), 0) == asked.end();
  const bool none = std::all_of(asked.begin(), asked.end(), [](auto x) { return x == 0; });
  TRY(const Operand chosen, Read(node, all ? 1 : 2));
  TRY(const Operand other, Read(node, all ? 2 : 1));
  TRY(const Dims values, BroadcastShape(chosen.dims, other.dims));
  TRY(const Dims dims, BroadcastShape(values, condition.dims));
  if ((!all && !none) || ElementCount(dims) != ElementCount(chosen.dims)) {
    return Refuse("a choice element by element is not supported");
  }
  return Rename(node, chosen, dims);
}

Result<void> Importer::OnCast(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  const std::int64_t type = node.IntOr("to", 0);
  if (operand.constant != nullptr) {
    TRY(const Constant from, Decode(*operand.constant, scratch_));
    TRY(Constant result, Convert(from, type, scratch_));
    return BindConstant(node, std::move(result));
  }
  if (type != static_cast<int>(onnx::DataType::kFloat) &&
      type != static_cast<int>(onnx::DataType::kDouble)) {
    return Refuse(fmt::format("a conversion to data type {} is not supported", type));
  }
  return Rename(node, operand, operand.dims);
}

// Operators of two constants that have no meaning for values.
Result<void> Importer::OnComparison(const Node& node) {
  TRY(const Constant* first, Known(node, 0));
  TRY(const Constant* second, Known(node, 1));
  TRY(const Constant a, Decode(*first, scratch_));
  TRY(const Constant b, Decode(*second, scratch_));
  TRY(Constant result, Apply(node.op_type, a, b, scratch_));
  return BindConstant(node, std::move(result));
}

}  // namespace scones::nn

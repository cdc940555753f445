#include <algorithm>
#include <numeric>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"

namespace scones::nn {
namespace {

struct Range {
  std::int64_t start = 0;
  std::int64_t size = 0;
  std::int64_t step = 1;
};

// What [start, end) by `step` takes of an axis of `size`, as in the ONNX specification of Slice.
Result<Range> RangeOf(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
  if (step == 0 || step > size + 1 || step < -size - 1) {
    return Refuse(fmt::format("a step of {} is not supported", step));
  }
  const auto settle = [&](std::int64_t at, std::int64_t lowest, std::int64_t highest) {
    return std::clamp(at < 0 && at >= -size - 1 ? at + size : at, lowest, highest);
  };
  if (size == 0) return Range{};
  if (step > 0) {
    start = settle(start, 0, size);
    end = settle(end, 0, size);
    return Range{start, std::max<std::int64_t>(0, (end - start + step - 1) / step), step};
  }
  start = settle(start, 0, size - 1);
  end = settle(end, -1, size - 1);
  return Range{start, std::max<std::int64_t>(0, (start - end - step - 1) / -step), step};
}

// Where an operator works along one axis: what is before and after it is merged, unless the value
// is a picture, whose layout is better kept.
struct Along {
  Dims dims;
  int axis = 0;
};
Along AlongAxis(const Dims& dims, std::size_t axis, bool is_image) {
  if (is_image && axis > 0) return {Dims(dims.begin() + 1, dims.end()), static_cast<int>(axis) - 1};
  const std::int64_t outer = CountBetween(dims, 0, axis);
  const std::int64_t inner = CountBetween(dims, axis + 1, dims.size());
  Along along;
  if (outer > 1) along.dims.push_back(outer);
  along.axis = static_cast<int>(along.dims.size());
  along.dims.push_back(dims[axis]);
  if (inner > 1) along.dims.push_back(inner);
  return along;
}

}  // namespace

Result<Importer::Operand> Importer::Part(const Node& node, const Operand& x, std::size_t axis,
                                         std::int64_t start, std::int64_t size) {
  if (start < 0 || size <= 0 || start > x.dims[axis] - size) {
    return Refuse(fmt::format("elements {} to {} of axis {} are not within {}", start, start + size,
                              axis, Show(x.dims)));
  }
  Operand part = x;
  part.dims[axis] = size;
  if (size == x.dims[axis]) return part;
  Along along = AlongAxis(x.dims, axis, IsImage(x.dims));
  TRY(const ValueId input, As(node, x, along.dims));
  along.dims[static_cast<std::size_t>(along.axis)] = size;
  TRY(part.id, Emit(node, nn::Slice{along.axis, start}, {input}, along.dims));
  return part;
}

Result<void> Importer::OnSlice(const Node& node) {
  TRY(Operand x, Read(node, 0));
  TRY(const auto starts, IntsOf(node, "starts", 1));
  TRY(const auto ends, IntsOf(node, "ends", 2));
  TRY(const auto axes, IntsOf(node, "axes", 3));
  TRY(const auto steps, IntsOf(node, "steps", 4));
  if (!starts || !ends || starts->size() != ends->size() || starts->size() > x.dims.size() ||
      (axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size())) {
    return Refuse("its starts, ends, axes and steps do not fit together");
  }
  std::vector<Range> ranges;
  for (const std::int64_t dim : x.dims) ranges.push_back({0, dim, 1});
  for (std::size_t i = 0; i < starts->size(); ++i) {
    TRY(const std::size_t axis,
        AxisOf(axes ? (*axes)[i] : static_cast<std::int64_t>(i), x.dims.size()));
    TRY(ranges[axis], RangeOf((*starts)[i], (*ends)[i], steps ? (*steps)[i] : 1, x.dims[axis]));
  }
  if (x.constant != nullptr) {
    TRY(const Constant from, Decode(*x.constant, scratch_));
    Dims dims;
    Dims strides = StridesOf(from.dims);
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      dims.push_back(ranges[i].size);
      offset += ranges[i].start * strides[i];
      strides[i] *= ranges[i].step;
    }
    TRY(Constant result, Take(from, dims, strides, offset, scratch_));
    return BindConstant(node, std::move(result));
  }
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    if (ranges[axis].step != 1) return Refuse("steps other than 1 are not supported");
    TRY(x, Part(node, x, axis, ranges[axis].start, ranges[axis].size));
  }
  return Bind(node, std::move(x));
}

// Of constants any indices; of values one, or several that follow each other.
Result<void> Importer::OnGather(const Node& node) {
  TRY(const Operand x, Read(node, 0));
  TRY(auto indices, Ints(node, 1));
  TRY(const Constant* shape, Known(node, 1));
  TRY(const std::size_t axis, AxisOf(node.IntOr("axis", 0), x.dims.size()));
  for (std::int64_t& index : indices) {
    if (index < 0) index += x.dims[axis];
    if (index < 0 || index >= x.dims[axis]) {
      return Refuse(fmt::format("an index is not within axis {} of {}", axis, Show(x.dims)));
    }
  }
  const auto at = static_cast<std::ptrdiff_t>(axis);
  Dims dims(x.dims.begin(), x.dims.begin() + at);
  dims.insert(dims.end(), shape->dims.begin(), shape->dims.end());
  dims.insert(dims.end(), x.dims.begin() + at + 1, x.dims.end());
  constexpr std::size_t kMostIndices = 1 << 16;
  if (indices.empty() || indices.size() > kMostIndices) {
    return Refuse(
        fmt::format("it has {} indices; 1 to {} are supported", indices.size(), kMostIndices));
  }
  if (x.constant != nullptr) {
    TRY(const Constant from, Decode(*x.constant, scratch_));
    std::vector<Constant> parts;
    Dims one = from.dims;
    one[axis] = 1;
    const Dims strides = StridesOf(from.dims);
    for (const std::int64_t index : indices) {
      TRY(Constant part, Take(from, one, strides, index * strides[axis], scratch_));
      parts.push_back(std::move(part));
    }
    TRY(Constant result, Join(parts, axis, scratch_));
    result.dims = std::move(dims);
    return BindConstant(node, std::move(result));
  }
  for (std::size_t i = 1; i < indices.size(); ++i) {
    if (indices[i] != indices[i - 1] + 1) {
      return Refuse("indices that do not follow each other are not supported");
    }
  }
  TRY(Operand part, Part(node, x, axis, indices[0], static_cast<std::int64_t>(indices.size())));
  part.dims = std::move(dims);
  return Bind(node, std::move(part));
}

Result<void> Importer::OnSplit(const Node& node) {
  TRY(const Operand x, Read(node, 0));
  TRY(const std::size_t axis, AxisOf(node.IntOr("axis", 0), x.dims.size()));
  TRY(auto sizes, IntsOf(node, "split", 1));
  const auto parts = static_cast<std::int64_t>(node.outputs.size());
  if (!sizes) {  // as equal as can be: the last may be smaller
    const std::int64_t size = (x.dims[axis] + parts - 1) / parts;
    sizes.emplace(node.outputs.size(), size);
    sizes->back() = x.dims[axis] - size * (parts - 1);
  }
  if (sizes->size() != node.outputs.size()) return Refuse("it has not as many outputs as parts");
  Constant from;
  if (x.constant != nullptr) {
    TRY(from, Decode(*x.constant, scratch_));
  }
  std::int64_t start = 0;
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    const std::int64_t size = (*sizes)[i];
    if (size <= 0 || size > x.dims[axis] - start) return Refuse("its parts do not fit its input");
    if (x.constant != nullptr) {
      Dims dims = x.dims;
      dims[axis] = size;
      const Dims strides = StridesOf(x.dims);
      TRY(Constant part, Take(from, dims, strides, start * strides[axis], scratch_));
      TRY_VOID(BindConstant(node, std::move(part), i));
    } else {
      TRY(Operand part, Part(node, x, axis, start, size));
      TRY_VOID(Bind(node, std::move(part), i));
    }
    start += size;
  }
  return {};
}

Result<void> Importer::OnConcat(const Node& node) {
  std::vector<Operand> operands;
  bool known = true;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    TRY(Operand operand, Read(node, i));
    known = known && operand.constant != nullptr;
    operands.push_back(std::move(operand));
  }
  if (operands.empty()) return Refuse("it has no inputs");
  TRY(const std::size_t axis, AxisOf(node.IntOr("axis", 0), operands[0].dims.size()));
  if (known) {
    std::vector<Constant> parts;
    for (const Operand& operand : operands) {
      TRY(Constant part, Decode(*operand.constant, scratch_));
      parts.push_back(std::move(part));
    }
    TRY(Constant result, Join(parts, axis, scratch_));
    return BindConstant(node, std::move(result));
  }
  Dims dims = operands[0].dims;
  dims[axis] = 0;
  std::vector<ValueId> inputs;
  for (Operand& operand : operands) {
    Dims expected = operands[0].dims;
    if (operand.dims.size() == dims.size()) expected[axis] = operand.dims[axis];
    if (operand.dims != expected) {
      return Refuse(fmt::format("shapes {} and {} do not fit together", Show(operands[0].dims),
                                Show(operand.dims)));
    }
    if (operand.constant != nullptr) {
      TRY(operand, Literally(node, *operand.constant));
    }
    dims[axis] += operand.dims[axis];
    const Along along = AlongAxis(operand.dims, axis, IsImage(operand.dims));
    TRY(const ValueId id, As(node, operand, along.dims));
    inputs.push_back(id);
  }
  if (inputs.size() == 1) return Bind(node, operands[0]);
  Along along = AlongAxis(dims, axis, IsImage(dims));
  TRY(const ValueId id, Emit(node, nn::Concat{along.axis}, std::move(inputs), along.dims));
  return Bind(node, {nullptr, id, std::move(dims)});
}

}  // namespace scones::nn

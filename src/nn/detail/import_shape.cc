#include <algorithm>
#include <numeric>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"

namespace scones::nn {

// Identity and Dropout, which does nothing outside of training.
Result<void> Importer::OnIdentity(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  return Bind(node, operand);
}

Result<void> Importer::OnReshape(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY(const auto shape, Ints(node, 1));
  TRY_VOID(CheckedCount(operand.dims));
  TRY(Dims dims, ReshapedTo(operand.dims, shape, node.IntOr("allowzero", 0) != 0, file_batch_));
  return Rename(node, operand, std::move(dims));
}

Result<void> Importer::OnFlatten(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY_VOID(CheckedCount(operand.dims));
  const auto rank = static_cast<std::int64_t>(operand.dims.size());
  std::int64_t axis = node.IntOr("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) return Refuse(fmt::format("axis {} is not supported", axis));
  const auto split = static_cast<std::size_t>(axis);
  return Rename(node, operand,
                {CountBetween(operand.dims, 0, split),
                 CountBetween(operand.dims, split, operand.dims.size())});
}

Result<void> Importer::OnSqueeze(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY(const auto named, IntsOf(node, "axes", 1));
  std::vector<std::size_t> axes;
  if (named) {
    TRY(axes, AxesOf(*named, operand.dims.size()));
  }
  Dims dims;
  for (std::size_t i = 0; i < operand.dims.size(); ++i) {
    // Where no axes are named, all that are 1 go; the batch is 1 only here.
    const bool is_batch = i == 0 && operand.constant == nullptr && file_batch_ != 1;
    const bool asked = named ? std::binary_search(axes.begin(), axes.end(), i) : !is_batch;
    if (named && asked && operand.dims[i] != 1) {
      return Refuse(fmt::format("axis {} of {} is not 1", i, Show(operand.dims)));
    }
    if (!asked || operand.dims[i] != 1) dims.push_back(operand.dims[i]);
  }
  return Rename(node, operand, std::move(dims));
}

Result<void> Importer::OnUnsqueeze(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY(const auto named, IntsOf(node, "axes", 1));
  if (!named || named->size() > kMaxRank) return Refuse("its axes are missing or too many");
  TRY(const auto axes, AxesOf(*named, operand.dims.size() + named->size()));
  Dims dims = operand.dims;
  for (const std::size_t axis : axes) {
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  }
  return Rename(node, operand, std::move(dims));
}

Result<void> Importer::OnTranspose(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  const std::size_t rank = operand.dims.size();
  std::vector<std::size_t> axes(rank);
  std::iota(axes.rbegin(), axes.rend(), std::size_t{0});
  if (const onnx::Attribute* perm = node.Find("perm"); perm != nullptr) {
    TRY_VOID(AxesOf(perm->ints, rank));
    if (perm->ints.size() != rank) {
      return Refuse(fmt::format("attribute perm does not fit {}", Show(operand.dims)));
    }
    for (std::size_t i = 0; i < rank; ++i) {
      TRY(axes[i], AxisOf(perm->ints[i], rank));
    }
  }
  Dims dims;
  for (const std::size_t axis : axes) dims.push_back(operand.dims[axis]);
  if (operand.constant != nullptr) {
    TRY(const Constant from, Decode(*operand.constant, scratch_));
    const Dims before = StridesOf(from.dims);
    Dims strides;
    for (const std::size_t axis : axes) strides.push_back(before[axis]);
    TRY(Constant result, Take(from, dims, strides, 0, scratch_));
    return BindConstant(node, std::move(result));
  }
  const Permutation permutation = Reduced(operand.dims, axes);
  if (permutation.changes_nothing()) return Rename(node, operand, std::move(dims));
  TRY(const ValueId input, As(node, operand, permutation.dims));
  Dims result;
  for (const int axis : permutation.axes) {
    result.push_back(permutation.dims[static_cast<std::size_t>(axis)]);
  }
  TRY(const ValueId id, Emit(node, Permute{permutation.axes}, {input}, std::move(result)));
  return Bind(node, {nullptr, id, std::move(dims)});
}

Result<void> Importer::OnExpand(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY(Dims shape, Ints(node, 1));
  // A leading number of pictures that the file was exported for is one picture here.
  if (file_batch_ > 1 && !shape.empty() && shape[0] == file_batch_) shape[0] = 1;
  TRY_VOID(CheckedCount(shape));
  TRY(const Dims dims, BroadcastShape(operand.dims, shape));
  if (operand.constant != nullptr) {
    TRY(const Constant from, Decode(*operand.constant, scratch_));
    TRY(Constant result, Expand(from, dims, scratch_));
    return BindConstant(node, std::move(result));
  }
  TRY(const std::int64_t count, CheckedCount(dims));
  if (count != ElementCount(operand.dims)) {
    return Refuse(fmt::format("repeating a value of shape {} to {} is not supported",
                              Show(operand.dims), Show(dims)));
  }
  return Rename(node, operand, dims);
}

Result<void> Importer::OnTile(const Node& node) {
  TRY(const Operand operand, Read(node, 0));
  TRY(const auto repeats, Ints(node, 1));
  const bool once = std::all_of(repeats.begin(), repeats.end(), [&](auto n) { return n == 1; });
  if (!once || repeats.size() != operand.dims.size()) {
    return Refuse(fmt::format("repeating {} by [{}] is not supported", Show(operand.dims),
                              fmt::join(repeats, ", ")));
  }
  return Rename(node, operand, operand.dims);
}

}  // namespace scones::nn

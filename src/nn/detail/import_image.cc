#include <algorithm>
#include <cmath>

#include "nn/detail/importer.h"
#include "nn/detail/window.h"

namespace scones::nn {

Result<void> Importer::OnConv(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(const Dims dims, ImageDims(input));
  TRY(const Tensor* weights, Constant(node, 1));
  const auto& shape = weights->dims;
  Conv conv;
  conv.groups = node.IntOr("group", 1);
  if (shape.size() != 4 || *std::min_element(shape.begin(), shape.end()) <= 0) {
    return Refuse(
        fmt::format("weights have shape {}; only 2-D convolutions are supported", Show(shape)));
  }
  if (conv.groups <= 0 || dims[0] % conv.groups != 0 || shape[0] % conv.groups != 0 ||
      shape[1] != dims[0] / conv.groups) {
    return Refuse(fmt::format("weights {} in {} groups do not fit an input of {} channels",
                              Show(shape), conv.groups, dims[0]));
  }
  TRY(conv.window, ReadWindow(node, shape[2], shape[3], dims[1], dims[2]));
  if (conv.window.kernel[0] != shape[2] || conv.window.kernel[1] != shape[3]) {
    return Refuse("attribute kernel_shape differs from the weights' shape");
  }
  TRY(const std::int64_t count, weights->ElementCount());
  TRY_VOID(Charge(count + shape[0]));
  TRY(conv.weights, weights->Floats());
  conv.bias.assign(static_cast<std::size_t>(shape[0]), 0.0f);
  if (!Input(node, 2).empty()) {
    TRY(conv.bias, Floats(node, 2, shape[0]));
  }
  const Dims result = {shape[0], OutputSize(conv.window, 0, dims[1]),
                       OutputSize(conv.window, 1, dims[2])};
  TRY(const Op* op, Emit(node, std::move(conv), {input}, result));
  (void)op;
  return {};
}

Result<void> Importer::OnBatchNorm(const Node& node) {
  if (node.IntOr("training_mode", 0) != 0) return Refuse("training mode is not supported");
  TRY(const ValueId input, Value(node, 0));
  const Dims dims = DimsOf(input);
  Affine affine;
  TRY(affine.scale, Floats(node, 1, dims[0]));
  TRY(affine.shift, Floats(node, 2, dims[0]));
  TRY(const auto mean, Floats(node, 3, dims[0]));
  TRY(const auto variance, Floats(node, 4, dims[0]));
  const double epsilon = node.FloatOr("epsilon", 1e-5f);
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const double factor = affine.scale[c] / std::sqrt(variance[c] + epsilon);
    affine.scale[c] = static_cast<float>(factor);
    affine.shift[c] = static_cast<float>(affine.shift[c] - mean[c] * factor);
    if (!std::isfinite(affine.scale[c]) || !std::isfinite(affine.shift[c])) {
      return Refuse(fmt::format("its statistics of channel {} are not finite", c));
    }
  }
  TRY(const Op* op, Emit(node, std::move(affine), {input}, dims));
  (void)op;
  return {};
}

Result<void> Importer::OnPool(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(const Dims dims, ImageDims(input));
  if (node.Find("kernel_shape") == nullptr) return Refuse("attribute kernel_shape is missing");
  Pool pool;
  const bool with_padding = node.IntOr("count_include_pad", 0) != 0;
  if (node.op_type == "AveragePool") {
    pool.kind = with_padding ? PoolKind::kAverageWithPadding : PoolKind::kAverage;
    if (with_padding && node.IntOr("ceil_mode", 0) != 0) {
      return Refuse("count_include_pad together with ceil_mode is not supported");
    }
  }
  TRY(pool.window, ReadWindow(node, 1, 1, dims[1], dims[2]));
  const Window& window = pool.window;
  for (int axis = 0; axis < 2; ++axis) {
    if (window.dilation[axis] != 1) return Refuse("dilations other than 1 are not supported");
    if (window.pad_begin[axis] >= window.kernel[axis] ||
        window.pad_end[axis] >= window.kernel[axis]) {
      return Refuse("padding must be smaller than the kernel");
    }
  }
  const Dims result = {dims[0], OutputSize(window, 0, dims[1]), OutputSize(window, 1, dims[2])};
  TRY(const Op* op, Emit(node, pool, {input}, result));
  (void)op;
  return {};
}

Result<void> Importer::OnGlobalPool(const Node& node) {
  TRY(const ValueId input, Value(node, 0));
  TRY(const Dims dims, ImageDims(input));
  Pool pool{PoolKind::kAverage, {}};
  pool.window.kernel[0] = pool.window.stride[0] = dims[1];
  pool.window.kernel[1] = pool.window.stride[1] = dims[2];
  TRY(const Op* op, Emit(node, pool, {input}, {dims[0], 1, 1}));
  (void)op;
  return {};
}

// The mean over rows and columns: global average pooling, flattened unless keepdims.
Result<void> Importer::OnReduceMean(const Node& node) {
  std::vector<std::int64_t> axes;
  if (const onnx::Attribute* attribute = node.Find("axes"); attribute != nullptr) {
    axes = attribute->ints;
  } else if (const Tensor* tensor = FindConstant(node, 1); tensor != nullptr) {
    TRY(axes, tensor->Ints());
  }
  for (std::int64_t& axis : axes) axis = axis < 0 ? axis + 4 : axis;
  std::sort(axes.begin(), axes.end());
  if (axes != std::vector<std::int64_t>{2, 3}) {
    return Refuse("only the mean over axes 2 and 3 is supported");
  }
  TRY_VOID(OnGlobalPool(node));
  if (node.IntOr("keepdims", 1) != 0) return {};
  const ValueId pooled = graph_.ops.back().output;
  TRY(const Op* op, Emit(node, nn::Reshape{}, {pooled}, {DimsOf(pooled)[0]}));
  (void)op;
  return {};
}

}  // namespace scones::nn

#include <algorithm>
#include <cmath>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"
#include "nn/detail/window.h"

namespace scones::nn {

Result<void> Importer::OnConv(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const Dims dims, ImageDims(x));
  TRY(const Constant* weights, Known(node, 1));
  const Dims& shape = weights->dims;
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
  TRY(const std::int64_t count, CheckedCount(shape));
  TRY_VOID(weights_.Take(shape[0]));
  TRY(conv.weights, Floats(node, 1, count));
  if (!Input(node, 2).empty()) {
    TRY(conv.bias, Floats(node, 2, shape[0]));
  }
  conv.bias.resize(static_cast<std::size_t>(shape[0]), 0.0f);
  const Dims result = {shape[0], OutputSize(conv.window, 0, dims[1]),
                       OutputSize(conv.window, 1, dims[2])};
  TRY(const ValueId input, As(node, x, dims));
  TRY(const ValueId id, Emit(node, std::move(conv), {input}, result));
  return Bind(node, {nullptr, id, {1, result[0], result[1], result[2]}});
}

// Per channel, which is the second axis of any shape.
Result<void> Importer::OnBatchNorm(const Node& node) {
  if (node.IntOr("training_mode", 0) != 0) return Refuse("training mode is not supported");
  TRY(const Operand x, Value(node, 0));
  if (x.dims.size() < 2) return Refuse(fmt::format("its input has shape {}", Show(x.dims)));
  const std::int64_t channels = x.dims[1];
  TRY(std::vector<float> scale, Floats(node, 1, channels));
  TRY(std::vector<float> shift, Floats(node, 2, channels));
  TRY(const auto mean, Floats(node, 3, channels));
  TRY(const auto variance, Floats(node, 4, channels));
  const double epsilon = node.FloatOr("epsilon", 1e-5f);
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const double factor = scale[c] / std::sqrt(variance[c] + epsilon);
    scale[c] = static_cast<float>(factor);
    shift[c] = static_cast<float>(shift[c] - mean[c] * factor);
    if (!std::isfinite(scale[c]) || !std::isfinite(shift[c])) {
      return Refuse(fmt::format("its statistics of channel {} are not finite", c));
    }
  }
  if (x.dims[0] != 1 && x.dims.size() != 2) {
    return Refuse(fmt::format("an input of shape {} is not supported", Show(x.dims)));
  }
  TRY(Operand result, Affinely(node, x, 1, std::move(scale), std::move(shift)));
  return Bind(node, std::move(result));
}

Result<void> Importer::OnPool(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const Dims dims, ImageDims(x));
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
  TRY(const ValueId input, As(node, x, dims));
  TRY(const ValueId id, Emit(node, pool, {input}, result));
  return Bind(node, {nullptr, id, {1, result[0], result[1], result[2]}});
}

Result<void> Importer::OnGlobalPool(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const Dims dims, ImageDims(x));
  Pool pool{node.op_type == "GlobalMaxPool" ? PoolKind::kMax : PoolKind::kAverage, {}};
  pool.window.kernel[0] = pool.window.stride[0] = dims[1];
  pool.window.kernel[1] = pool.window.stride[1] = dims[2];
  TRY(const ValueId input, As(node, x, dims));
  TRY(const ValueId id, Emit(node, pool, {input}, {dims[0], 1, 1}));
  return Bind(node, {nullptr, id, {1, dims[0], 1, 1}});
}

// Constants around the rows and columns of a picture.
Result<void> Importer::OnPad(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const auto pads, IntsOf(node, "pads", 1));
  const onnx::Attribute* mode = node.Find("mode");
  if (mode != nullptr && mode->s != "constant") {
    return Refuse(fmt::format("mode '{}' is not supported", onnx::Printable(mode->s)));
  }
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < x.dims.size(); ++i) axes.push_back(i);
  if (!Input(node, 3).empty()) {
    TRY(const auto named, Ints(node, 3));
    TRY_VOID(AxesOf(named, x.dims.size()));
    axes.clear();
    for (const std::int64_t axis : named) {
      TRY(axes.emplace_back(), AxisOf(axis, x.dims.size()));
    }
  }
  if (!pads || pads->size() != 2 * axes.size()) return Refuse("its pads do not fit its input");
  nn::Pad pad;
  pad.value = node.FloatOr("value", 0.0f);
  TRY(pad.value, Scalar(node, 2, pad.value));
  constexpr std::int64_t kMostPadding = 1 << 16;
  bool any = false;
  for (std::size_t i = 0; i < pads->size(); ++i) {
    const std::size_t axis = axes[i % axes.size()];
    const std::int64_t size = (*pads)[i];
    if (size == 0) continue;
    if (size < 0 || size > kMostPadding || !IsImage(x.dims) || axis < 2) {
      return Refuse(
          fmt::format("padding axis {} of {} by {} is not supported", axis, Show(x.dims), size));
    }
    (i < axes.size() ? pad.begin : pad.end)[axis - 2] = size;
    any = true;
  }
  if (!any) return Bind(node, x);
  const Dims dims = {x.dims[1], x.dims[2] + pad.begin[0] + pad.end[0],
                     x.dims[3] + pad.begin[1] + pad.end[1]};
  TRY_VOID(weights_.Take(2 * (dims[0] * dims[1] * dims[2] - ElementCount(x.dims))));
  TRY(const ValueId input, As(node, x, {x.dims[1], x.dims[2], x.dims[3]}));
  TRY(const ValueId id, Emit(node, pad, {input}, dims));
  return Bind(node, {nullptr, id, {1, dims[0], dims[1], dims[2]}});
}

}  // namespace scones::nn

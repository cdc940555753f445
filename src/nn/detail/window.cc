#include "nn/detail/window.h"

#include <fmt/format.h>

#include <algorithm>

namespace scones::nn {
namespace {

// Far beyond any real classifier, and small enough that sizes can't overflow.
constexpr std::int64_t kMaxExtent = 1 << 16;

Result<void> ReadPair(const onnx::Node& node, std::string_view name, std::int64_t smallest,
                      std::int64_t (&pair)[2]) {
  const onnx::Attribute* attribute = node.Find(name);
  if (attribute == nullptr || attribute->ints.empty()) return {};
  if (attribute->ints.size() != 2) {
    return Error(Code::kInvalid, fmt::format("attribute {} has {} values; only 2-D is supported",
                                             name, attribute->ints.size()));
  }
  for (int axis = 0; axis < 2; ++axis) {
    pair[axis] = attribute->ints[static_cast<std::size_t>(axis)];
    if (pair[axis] < smallest || pair[axis] > kMaxExtent) {
      return Error(Code::kInvalid,
                   fmt::format("attribute {} holds {}, which is out of range", name, pair[axis]));
    }
  }
  return {};
}

Result<void> ReadPads(const onnx::Node& node, Window& window) {
  const onnx::Attribute* attribute = node.Find("pads");
  if (attribute == nullptr || attribute->ints.empty()) return {};
  const auto& pads = attribute->ints;
  if (pads.size() != 4) {
    return Error(Code::kInvalid,
                 fmt::format("attribute pads has {} values instead of 4", pads.size()));
  }
  for (const std::int64_t pad : pads) {
    if (pad < 0 || pad > kMaxExtent) {
      return Error(Code::kInvalid,
                   fmt::format("attribute pads holds {}, which is out of range", pad));
    }
  }
  for (std::size_t axis = 0; axis < 2; ++axis) {
    window.pad_begin[axis] = pads[axis];
    window.pad_end[axis] = pads[axis + 2];
  }
  return {};
}

std::int64_t Extent(const Window& window, int axis) {
  return (window.kernel[axis] - 1) * window.dilation[axis] + 1;
}

// SAME_UPPER and SAME_LOWER: as many outputs as strides fit, the odd pad at the end or the
// beginning.
void PadSame(bool upper, const std::int64_t (&sizes)[2], Window& window) {
  for (int axis = 0; axis < 2; ++axis) {
    const std::int64_t outputs = (sizes[axis] + window.stride[axis] - 1) / window.stride[axis];
    const std::int64_t needed =
        (outputs - 1) * window.stride[axis] + Extent(window, axis) - sizes[axis];
    const std::int64_t pad = std::max<std::int64_t>(needed, 0);
    window.pad_begin[axis] = upper ? pad / 2 : pad - pad / 2;
    window.pad_end[axis] = pad - window.pad_begin[axis];
  }
}

// ceil_mode: the end is padded so that the last, partial window counts; a window that would start
// in the padding at the end does not.
void PadForCeil(const std::int64_t (&sizes)[2], Window& window) {
  for (int axis = 0; axis < 2; ++axis) {
    const std::int64_t stride = window.stride[axis];
    const std::int64_t span =
        sizes[axis] + window.pad_begin[axis] + window.pad_end[axis] - Extent(window, axis);
    if (span < 0) continue;
    std::int64_t outputs = (span + stride - 1) / stride + 1;
    if ((outputs - 1) * stride >= sizes[axis] + window.pad_begin[axis]) --outputs;
    window.pad_end[axis] =
        (outputs - 1) * stride + Extent(window, axis) - sizes[axis] - window.pad_begin[axis];
  }
}

}  // namespace

std::int64_t OutputSize(const Window& window, int axis, std::int64_t input_size) {
  const std::int64_t span =
      input_size + window.pad_begin[axis] + window.pad_end[axis] - Extent(window, axis);
  return span < 0 ? 0 : span / window.stride[axis] + 1;
}

Result<Window> ReadWindow(const onnx::Node& node, std::int64_t kernel_height,
                          std::int64_t kernel_width, std::int64_t height, std::int64_t width) {
  Window window;
  window.kernel[0] = kernel_height;
  window.kernel[1] = kernel_width;
  const std::int64_t sizes[2] = {height, width};
  TRY_VOID(ReadPair(node, "kernel_shape", 1, window.kernel));
  TRY_VOID(ReadPair(node, "strides", 1, window.stride));
  TRY_VOID(ReadPair(node, "dilations", 1, window.dilation));
  const onnx::Attribute* auto_pad = node.Find("auto_pad");
  const std::string_view mode = auto_pad == nullptr || auto_pad->s.empty() ? "NOTSET" : auto_pad->s;
  if (mode == "NOTSET") {
    TRY_VOID(ReadPads(node, window));
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    PadSame(mode == "SAME_UPPER", sizes, window);
  } else if (mode != "VALID") {
    return Error(Code::kInvalid,
                 fmt::format("attribute auto_pad '{}' is unknown", onnx::Printable(mode)));
  }
  if (node.IntOr("ceil_mode", 0) != 0) PadForCeil(sizes, window);
  return window;
}

}  // namespace scones::nn

// Kernel, stride, dilation and padding of a convolution or pooling node, and the size of its
// result. Source: the ONNX operator specification, Conv and MaxPool.
#pragma once

#include "base/result.h"
#include "nn/detail/graph.h"
#include "nn/detail/onnx.h"

namespace scones::nn {

// Reads the window of `node` over an input of `height` x `width`; pads are settled for auto_pad and
// ceil_mode. `kernel_*` is used where the attribute kernel_shape is absent.
// Errors: kInvalid, without the node's name.
Result<Window> ReadWindow(const onnx::Node& node, std::int64_t kernel_height,
                          std::int64_t kernel_width, std::int64_t height, std::int64_t width);

// Output size along `axis` (0 rows, 1 columns); not positive when the kernel does not fit.
std::int64_t OutputSize(const Window& window, int axis, std::int64_t input_size);

}  // namespace scones::nn

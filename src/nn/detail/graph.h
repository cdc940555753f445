// Graph: a classifier as a list of operators in the order they run, over values without their batch
// dimension. Made by ImportOnnx, rewritten by Simplify, compiled by Program. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nn/model.h"

namespace scones::nn {

// [C, H, W] or [C].
using Dims = std::vector<std::int64_t>;
using ValueId = int;

struct Window {
  std::int64_t kernel[2] = {1, 1};  // rows, columns
  std::int64_t stride[2] = {1, 1};
  std::int64_t dilation[2] = {1, 1};
  std::int64_t pad_begin[2] = {0, 0};
  std::int64_t pad_end[2] = {0, 0};
};

struct Conv {
  Window window;
  std::int64_t groups = 1;
  std::vector<float> weights;  // [C_out, C_in / groups, rows, columns]
  std::vector<float> bias;     // [C_out]
};

// y[c] = x[c] * scale[c] + shift[c]: a batch-norm, or a constant added or multiplied.
struct Affine {
  std::vector<float> scale;
  std::vector<float> shift;
};

enum class PoolKind { kMax, kAverage, kAverageWithPadding };
struct Pool {
  PoolKind kind = PoolKind::kMax;
  Window window;
};

struct Dense {
  std::vector<float> weights;  // [C_out, C_in]
  std::vector<float> bias;     // [C_out]
};

struct Add {};      // inputs[0] + inputs[1]
struct Flatten {};  // [C, H, W] to [C * H * W], in that order
struct Softmax {};
struct Activate {};  // only what Op::activation says

// max(low, min(x, high)).
struct Clamp {
  float low = 0;
  float high = 0;
  bool operator==(const Clamp&) const = default;
};

struct Op {
  std::string name;  // of the ONNX node, for messages
  std::variant<Conv, Affine, Pool, Dense, Add, Flatten, Softmax, Activate> kind;
  std::vector<ValueId> inputs;
  ValueId output = -1;
  // Added to the result (Conv only), then the activation is applied.
  std::optional<ValueId> residual;
  std::optional<Clamp> activation;
};

struct Graph {
  std::vector<Dims> values;  // by ValueId; value 0 is the input
  std::vector<Op> ops;
  ValueId output = 0;
  ImageShape input_shape;
  int class_count = 0;
};

inline std::int64_t ElementCount(const Dims& dims) {
  std::int64_t count = 1;
  for (const std::int64_t dim : dims) count *= dim;
  return count;
}

}  // namespace scones::nn

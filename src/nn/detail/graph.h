// Graph: a classifier as a list of operators in the order they run, over values without their batch
// dimension. Made by ImportOnnx, rewritten by Simplify, compiled by Program. Plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nn/model.h"

namespace scones::nn {

// [C, H, W] of a picture, [C] of a vector, [rows, C] of tokens, or any others up to five.
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
  int axis = 0;  // of c: the first, or the last
};

enum class PoolKind { kMax, kAverage, kAverageWithPadding };
struct Pool {
  PoolKind kind = PoolKind::kMax;
  Window window;
};

// Over the last dimension.
struct Dense {
  std::vector<float> weights;  // [C_out, C_in]
  std::vector<float> bias;     // [C_out]
};

struct Add {};  // inputs[0] + inputs[1], of the same dimensions

// Of two values of as many dimensions; those of the second that are 1 are repeated.
enum class Arithmetic { kAdd, kSubtract, kMultiply, kDivide, kMinimum, kMaximum };
struct Binary {
  Arithmetic arithmetic = Arithmetic::kAdd;
};

// Adds or multiplies by as many constants as a picture has elements there.
struct Combine {
  bool multiply = false;
  std::vector<float> constants;
};

// [batch, M, K] times [batch, K, N]: matrices of activations, for each picture.
struct MatMul {
  float scale = 1;  // of the result
};

// Mean 0 and variance 1 over the last dimension, then scaled and shifted.
struct LayerNorm {
  std::vector<float> scale;
  std::vector<float> shift;
  float epsilon = 1e-5f;
};

struct Softmax {
  int axis = 0;
};
struct Mean {
  int axis = 0;  // becomes 1
};

struct Reshape {};  // the same elements in the same order under other dimensions
struct Permute {
  std::vector<int> axes;  // result dimension i is dimension axes[i] of the input
};
struct Slice {
  int axis = 0;
  std::int64_t start = 0;  // the size is that of the result
};
struct Concat {
  int axis = 0;
};
// Of [C, H, W]: rows and columns around it.
struct Pad {
  std::int64_t begin[2] = {0, 0};
  std::int64_t end[2] = {0, 0};
  float value = 0;
};
// The same for every picture.
struct Literal {
  std::vector<float> values;
};

struct Activate {};  // only what Op::activation says

// A function of one element; a and b are `alpha` and `beta`.
enum class Function {
  kClip,         // max(a, min(x, b)); relu is [0, the largest float]
  kLeakyRelu,    // x < 0 ? a * x : x
  kElu,          // x < 0 ? a * (exp(x) - 1) : x
  kSigmoid,      // 1 / (1 + exp(-x))
  kSwish,        // x / (1 + exp(-a * x))
  kHardSigmoid,  // max(0, min(1, a * x + b))
  kHardSwish,    // x * max(0, min(1, x / 6 + 1 / 2))
  kGelu,         // x / 2 * (1 + erf(x / sqrt(2)))
  kGeluTanh,     // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
  kTanh,
  kSoftplus,  // log(1 + exp(x))
  kMish,      // x * tanh(softplus(x))
  kErf,
  kExp,
  kLog,
  kSqrt,
  kAbs,
  kLinear,  // a * x + b
  kPower,   // a * x^b
};
struct Activation {
  Function function = Function::kClip;
  float alpha = 0;
  float beta = 0;
  bool operator==(const Activation&) const = default;
};

inline Activation Clip(float low, float high) { return {Function::kClip, low, high}; }
inline Activation Relu() { return Clip(0, std::numeric_limits<float>::max()); }
// True where no result can be below zero.
inline bool NeverNegative(const Activation& activation) {
  switch (activation.function) {
    case Function::kClip:
      return activation.alpha >= 0;
    case Function::kSigmoid:
    case Function::kHardSigmoid:
    case Function::kSoftplus:
    case Function::kExp:
    case Function::kSqrt:
    case Function::kAbs:
      return true;
    default:
      return false;
  }
}

struct Op {
  std::string name;  // of the ONNX node, for messages
  std::variant<Conv, Affine, Pool, Dense, Add, Binary, Combine, MatMul, LayerNorm, Softmax, Mean,
               Reshape, Permute, Slice, Concat, Pad, Literal, Activate>
      kind;
  std::vector<ValueId> inputs;
  ValueId output = -1;
  // Added to the result (Conv and Dense only), then the activation is applied.
  std::optional<ValueId> residual;
  std::optional<Activation> activation;
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

// The shapes of ONNX values: full dimensions, in which one picture's batch dimension is 1. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "nn/detail/graph.h"

namespace scones::nn {

constexpr std::size_t kMaxRank = 8;

// `axis` counted from the front. Errors: kInvalid when it is not among `rank` axes.
Result<std::size_t> AxisOf(std::int64_t axis, std::size_t rank);
// All of `axes`, in order, each once.
Result<std::vector<std::size_t>> AxesOf(const std::vector<std::int64_t>& axes, std::size_t rank);

// The shape that two operands have together; 1s are repeated, missing leading ones are 1.
Result<Dims> BroadcastShape(const Dims& a, const Dims& b);
// `dims` with 1s in front, `rank` in all.
Dims Aligned(const Dims& dims, std::size_t rank);
// Row-major.
Dims StridesOf(const Dims& dims);
// Product of dims[first, last).
std::int64_t CountBetween(const Dims& dims, std::size_t first, std::size_t last);

// What Reshape makes of `from`: 0 keeps a dimension (unless `zero_is_zero`), -1 takes what is left.
// Where the file was exported for `batch` pictures, not one, a leading `batch` stands for one too.
Result<Dims> ReshapedTo(const Dims& from, const std::vector<std::int64_t>& shape, bool zero_is_zero,
                        std::int64_t batch);

// A permutation with axes of size 1 left out and those that stay neighbours merged.
struct Permutation {
  Dims dims;  // of the input
  std::vector<int> axes;
  bool changes_nothing() const { return axes.size() < 2; }
};
Permutation Reduced(const Dims& dims, const std::vector<std::size_t>& axes);

}  // namespace scones::nn

// Constant: a tensor whose values are known while a model is read: an initializer, or what follows
// from those and from shapes, and the arithmetic on them. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nn/detail/graph.h"
#include "nn/detail/onnx.h"

namespace scones::nn {

struct Constant {
  Dims dims;
  bool is_float = true;
  // One of these, row-major. Integers stand for truth too, as 0 and 1.
  std::vector<float> floats;
  std::vector<std::int64_t> ints;
  // Where the values still are in the file: then neither of the above is filled.
  const onnx::Tensor* stored = nullptr;
};

// How many more elements may be made. Constants are small files' way to large memory: every one is
// taken from here before it is made.
class Budget {
 public:
  explicit Budget(std::size_t bytes)
      : bytes_(bytes), left_(static_cast<std::int64_t>(bytes / sizeof(float))) {}
  // Errors: kExhausted.
  Result<void> Take(std::int64_t floats);

 private:
  std::size_t bytes_;
  std::int64_t left_;
};

// Product of `dims`. Errors: kInvalid when one is negative or it passes 2^40.
Result<std::int64_t> CheckedCount(const Dims& dims);
// The values of a constant, wherever they are.
Result<Constant> Decode(const Constant& constant, Budget& budget);

// Element [i, j, …] of the result is that of `from` at offset + i * strides[0] + j * strides[1] …,
// which must lie within it.
Result<Constant> Take(const Constant& from, const Dims& dims, const Dims& strides,
                      std::int64_t offset, Budget& budget);
// `from` repeated to `dims`, by the rules of broadcasting. Errors: kInvalid when it does not fit.
Result<Constant> Expand(const Constant& from, const Dims& dims, Budget& budget);
// All of one type, joined along `axis`.
Result<Constant> Join(std::span<const Constant> parts, std::size_t axis, Budget& budget);
// Op types of one and two inputs: Neg, Sqrt, … and Add, Pow, Equal, …
// Errors: kInvalid for an operator that is none of them, shapes or types that don't meet, or a
// result that its type can't hold.
Result<Constant> Apply(std::string_view op, const Constant& a, Budget& budget);
Result<Constant> Apply(std::string_view op, const Constant& a, const Constant& b, Budget& budget);
// condition ? a : b, element by element.
Result<Constant> Choose(const Constant& condition, const Constant& a, const Constant& b,
                        Budget& budget);
// ONNX Cast to a data type of onnx.proto.
Result<Constant> Convert(const Constant& from, std::int64_t data_type, Budget& budget);

}  // namespace scones::nn

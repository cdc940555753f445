#include "nn/detail/constant.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "nn/detail/shape.h"

namespace scones::nn {
namespace {

Error Refuse(std::string message) { return Error(Code::kInvalid, std::move(message)); }

constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

// An empty constant of `dims`, with room taken from the budget.
Result<Constant> Sized(const Dims& dims, bool is_float, Budget& budget) {
  TRY(const std::int64_t count, CheckedCount(dims));
  TRY_VOID(budget.Take(is_float ? count : 2 * count));
  Constant result{dims, is_float, {}, {}};
  const auto size = static_cast<std::size_t>(count);
  is_float ? result.floats.resize(size) : result.ints.resize(size);
  return result;
}

template <class T>
void TakeFrom(const std::vector<T>& from, const Dims& dims, const Dims& strides,
              std::int64_t offset, std::vector<T>& to) {
  Dims at(dims.size(), 0);
  for (T& value : to) {
    value = from[static_cast<std::size_t>(offset)];
    for (std::size_t axis = dims.size(); axis-- > 0;) {
      offset += strides[axis];
      if (++at[axis] < dims[axis]) break;
      offset -= strides[axis] * dims[axis];
      at[axis] = 0;
    }
  }
}

template <class F, class T>
bool AllOf(const std::vector<T>& values, F holds) {
  for (const T value : values) {
    if (!holds(value)) return false;
  }
  return true;
}

using FloatFunction = double (*)(double);
FloatFunction FindFloat(std::string_view op) {
  static const auto& functions = *new std::unordered_map<std::string_view, FloatFunction>{
      {"Neg", [](double x) { return -x; }},
      {"Abs", [](double x) { return std::fabs(x); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Log", [](double x) { return std::log(x); }},
      {"Sin", [](double x) { return std::sin(x); }},
      {"Cos", [](double x) { return std::cos(x); }},
      {"Erf", [](double x) { return std::erf(x); }},
      {"Tanh", [](double x) { return std::tanh(x); }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
      {"Reciprocal", [](double x) { return 1 / x; }},
      {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Relu", [](double x) { return x < 0 ? 0 : x; }},
  };
  const auto found = functions.find(op);
  return found == functions.end() ? nullptr : found->second;
}

using FloatPair = double (*)(double, double);
FloatPair FindFloatPair(std::string_view op) {
  static const auto& functions = *new std::unordered_map<std::string_view, FloatPair>{
      {"Add", [](double a, double b) { return a + b; }},
      {"Sub", [](double a, double b) { return a - b; }},
      {"Mul", [](double a, double b) { return a * b; }},
      {"Div", [](double a, double b) { return a / b; }},
      {"Pow", [](double a, double b) { return std::pow(a, b); }},
      {"Min", [](double a, double b) { return a < b ? a : b; }},
      {"Max", [](double a, double b) { return a > b ? a : b; }},
  };
  const auto found = functions.find(op);
  return found == functions.end() ? nullptr : found->second;
}

// False when the result cannot be held.
using IntPair = bool (*)(std::int64_t, std::int64_t, std::int64_t&);
bool Quotient(std::int64_t a, std::int64_t b, std::int64_t& out) {
  if (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min())) return false;
  out = a / b;
  return true;
}
// The remainder has the sign of the divisor.
bool Remainder(std::int64_t a, std::int64_t b, std::int64_t& out) {
  if (!Quotient(a, b, out)) return false;
  out = a % b;
  if (out != 0 && (out < 0) != (b < 0)) out += b;
  return true;
}
bool IntPower(std::int64_t a, std::int64_t b, std::int64_t& out) {
  if (b < 0 || b > 63) return false;
  out = 1;
  for (; b > 0; --b) {
    if (__builtin_mul_overflow(out, a, &out)) return false;
  }
  return true;
}
IntPair FindIntPair(std::string_view op) {
  using I = std::int64_t;
  static const auto& functions = *new std::unordered_map<std::string_view, IntPair>{
      {"Add", [](I a, I b, I& out) { return !__builtin_add_overflow(a, b, &out); }},
      {"Sub", [](I a, I b, I& out) { return !__builtin_sub_overflow(a, b, &out); }},
      {"Mul", [](I a, I b, I& out) { return !__builtin_mul_overflow(a, b, &out); }},
      {"Div", Quotient},
      {"Mod", Remainder},
      {"Pow", IntPower},
      {"Min", [](I a, I b, I& out) { return out = std::min(a, b), true; }},
      {"Max", [](I a, I b, I& out) { return out = std::max(a, b), true; }},
      {"And", [](I a, I b, I& out) { return out = a != 0 && b != 0, true; }},
      {"Or", [](I a, I b, I& out) { return out = a != 0 || b != 0, true; }},
  };
  const auto found = functions.find(op);
  return found == functions.end() ? nullptr : found->second;
}

using Comparison = bool (*)(double, double);
Comparison FindComparison(std::string_view op) {
  static const auto& functions = *new std::unordered_map<std::string_view, Comparison>{
      {"Equal", [](double a, double b) { return a == b; }},
      {"Less", [](double a, double b) { return a < b; }},
      {"LessOrEqual", [](double a, double b) { return a <= b; }},
      {"Greater", [](double a, double b) { return a > b; }},
      {"GreaterOrEqual", [](double a, double b) { return a >= b; }},
  };
  const auto found = functions.find(op);
  return found == functions.end() ? nullptr : found->second;
}

double NumberAt(const Constant& constant, std::size_t i) {
  return constant.is_float ? constant.floats[i] : static_cast<double>(constant.ints[i]);
}

Error NotApplicable(std::string_view op) {
  return Refuse(fmt::format("{} of such constants is not supported", onnx::Printable(op)));
}

}  // namespace

Result<void> Budget::Take(std::int64_t floats) {
  if (floats > left_) {
    return Error(Code::kExhausted,
                 fmt::format("its constants pass the limit of {} bytes in all", bytes_));
  }
  left_ -= floats;
  return {};
}

Result<std::int64_t> CheckedCount(const Dims& dims) {
  std::int64_t count = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || (dim > 0 && count > kMaxElements / dim)) {
      return Refuse(
          fmt::format("shape [{}] has negative or too large dimensions", fmt::join(dims, ", ")));
    }
    count *= dim;
  }
  return count;
}

Result<Constant> Decode(const Constant& constant, Budget& budget) {
  TRY(const std::int64_t count, CheckedCount(constant.dims));
  TRY_VOID(budget.Take(constant.is_float ? count : 2 * count));
  if (constant.stored == nullptr) return constant;
  Constant result{constant.dims, constant.is_float, {}, {}};
  if (constant.is_float) {
    TRY(result.floats, constant.stored->Floats());
  } else {
    TRY(result.ints, constant.stored->Ints());
  }
  return result;
}

Result<Constant> Take(const Constant& from, const Dims& dims, const Dims& strides,
                      std::int64_t offset, Budget& budget) {
  TRY(Constant result, Sized(dims, from.is_float, budget));
  if (from.is_float) {
    TakeFrom(from.floats, dims, strides, offset, result.floats);
  } else {
    TakeFrom(from.ints, dims, strides, offset, result.ints);
  }
  return result;
}

Result<Constant> Expand(const Constant& from, const Dims& dims, Budget& budget) {
  TRY(const Dims together, BroadcastShape(from.dims, dims));
  if (together != dims) {
    return Refuse(fmt::format("shape [{}] does not fit [{}]", fmt::join(from.dims, ", "),
                              fmt::join(dims, ", ")));
  }
  const Dims aligned = Aligned(from.dims, dims.size());
  Dims strides = StridesOf(aligned);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (aligned[i] == 1) strides[i] = 0;
  }
  return Take(from, dims, strides, 0, budget);
}

Result<Constant> Join(std::span<const Constant> parts, std::size_t axis, Budget& budget) {
  Dims dims = parts[0].dims;
  dims[axis] = 0;
  for (const Constant& part : parts) {
    Dims expected = parts[0].dims;
    if (part.dims.size() == dims.size()) expected[axis] = part.dims[axis];
    if (part.dims != expected || part.is_float != parts[0].is_float) {
      return Refuse("its inputs differ in type or shape");
    }
    dims[axis] += part.dims[axis];
  }
  TRY(Constant result, Sized(dims, parts[0].is_float, budget));
  const std::int64_t outer = CountBetween(dims, 0, axis);
  const std::int64_t inner = CountBetween(dims, axis + 1, dims.size());
  const auto append = [&](const auto& from, std::int64_t row, std::int64_t run, auto& to,
                          std::size_t& at) {
    for (std::int64_t i = 0; i < run; ++i) to[at++] = from[static_cast<std::size_t>(row * run + i)];
  };
  std::size_t at = 0;
  for (std::int64_t row = 0; row < outer; ++row) {
    for (const Constant& part : parts) {
      const std::int64_t run = part.dims[axis] * inner;
      if (result.is_float) {
        append(part.floats, row, run, result.floats, at);
      } else {
        append(part.ints, row, run, result.ints, at);
      }
    }
  }
  return result;
}

Result<Constant> Apply(std::string_view op, const Constant& a, Budget& budget) {
  TRY(Constant result, Sized(a.dims, a.is_float, budget));
  if (a.is_float) {
    const FloatFunction function = FindFloat(op);
    if (function == nullptr) return NotApplicable(op);
    for (std::size_t i = 0; i < a.floats.size(); ++i) {
      result.floats[i] = static_cast<float>(function(a.floats[i]));
    }
    return result;
  }
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  if (!AllOf(a.ints, [](std::int64_t x) { return x != kLowest; })) return NotApplicable(op);
  for (std::size_t i = 0; i < a.ints.size(); ++i) {
    const std::int64_t x = a.ints[i];
    if (op == "Neg") {
      result.ints[i] = -x;
    } else if (op == "Abs") {
      result.ints[i] = x < 0 ? -x : x;
    } else if (op == "Not") {
      result.ints[i] = x == 0 ? 1 : 0;
    } else {
      return NotApplicable(op);
    }
  }
  return result;
}

Result<Constant> Apply(std::string_view op, const Constant& a, const Constant& b, Budget& budget) {
  if (a.is_float != b.is_float) return NotApplicable(op);
  TRY(const Dims dims, BroadcastShape(a.dims, b.dims));
  TRY(const Constant first, Expand(a, dims, budget));
  TRY(const Constant second, Expand(b, dims, budget));
  const Comparison compare = FindComparison(op);
  TRY(Constant result, Sized(dims, compare == nullptr && a.is_float, budget));
  const auto count = static_cast<std::size_t>(ElementCount(dims));
  const FloatPair floats = FindFloatPair(op);
  const IntPair ints = FindIntPair(op);
  for (std::size_t i = 0; i < count; ++i) {
    if (compare != nullptr) {
      result.ints[i] = compare(NumberAt(first, i), NumberAt(second, i)) ? 1 : 0;
    } else if (a.is_float && floats != nullptr) {
      result.floats[i] = static_cast<float>(floats(first.floats[i], second.floats[i]));
    } else if (a.is_float || ints == nullptr ||
               !ints(first.ints[i], second.ints[i], result.ints[i])) {
      return NotApplicable(op);
    }
  }
  return result;
}

Result<Constant> Choose(const Constant& condition, const Constant& a, const Constant& b,
                        Budget& budget) {
  if (a.is_float != b.is_float || condition.is_float) return NotApplicable("Where");
  TRY(const Dims values, BroadcastShape(a.dims, b.dims));
  TRY(const Dims dims, BroadcastShape(values, condition.dims));
  TRY(const Constant asked, Expand(condition, dims, budget));
  TRY(Constant result, Expand(b, dims, budget));
  TRY(const Constant first, Expand(a, dims, budget));
  for (std::size_t i = 0; i < asked.ints.size(); ++i) {
    if (asked.ints[i] == 0) continue;
    if (result.is_float) {
      result.floats[i] = first.floats[i];
    } else {
      result.ints[i] = first.ints[i];
    }
  }
  return result;
}

Result<Constant> Convert(const Constant& from, std::int64_t data_type, Budget& budget) {
  using onnx::DataType;
  const auto type = static_cast<DataType>(data_type);
  const bool to_float = type == DataType::kFloat || type == DataType::kDouble;
  const bool to_bool = type == DataType::kBool;
  if (!to_float && !to_bool && type != DataType::kInt64 && type != DataType::kInt32) {
    return Refuse(fmt::format("a conversion to data type {} is not supported", data_type));
  }
  TRY(Constant result, Sized(from.dims, to_float, budget));
  const auto count = static_cast<std::size_t>(ElementCount(from.dims));
  for (std::size_t i = 0; i < count; ++i) {
    const double value = NumberAt(from, i);
    if (to_float) {
      result.floats[i] = static_cast<float>(value);
    } else if (to_bool) {
      result.ints[i] = value != 0 ? 1 : 0;
    } else if (!from.is_float) {
      result.ints[i] = from.ints[i];
    } else if (std::fabs(value) < 9e18) {
      result.ints[i] = static_cast<std::int64_t>(value);
    } else {
      return Refuse("a constant does not fit the integer it is converted to");
    }
  }
  return result;
}

}  // namespace scones::nn

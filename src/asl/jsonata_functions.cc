#include "asl/jsonata_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "asl/java_random.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::asl {
namespace {

using Arguments = std::span<const std::optional<json::value>>;
using Value = std::optional<json::value>;
using jsonata::Environment;

constexpr std::size_t kMaxRangeLength = 360'145;  // AWS's, measured

Error SignatureError(std::size_t argument, std::string_view function) {
  return Error(Code::kInvalid, "T0410",
               fmt::format("Argument {} of function \"{}\" does not match function signature",
                           argument, function));
}

Error ValueError(std::string message) { return Error(Code::kInvalid, "D3137", std::move(message)); }

const json::value* Argument(Arguments arguments, std::size_t index) {
  return index < arguments.size() && arguments[index] ? &*arguments[index] : nullptr;
}

Result<void> AtMost(std::size_t count, Arguments arguments, std::string_view function) {
  if (Argument(arguments, count) != nullptr) return SignatureError(count + 1, function);
  return {};
}

// The argument as an integer, rounded towards zero; beyond 64 bits the nearest that there is.
Result<std::int64_t> Integer(Arguments arguments, std::size_t index, std::string_view function) {
  const json::value* argument = Argument(arguments, index);
  if (argument == nullptr || !argument->is_number()) return SignatureError(index + 1, function);
  if (argument->is_int64()) return argument->get_int64();
  const double number = std::trunc(argument->to_number<double>());
  if (std::isnan(number)) return 0;
  if (number >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (number < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(number);
}

Result<Value> Partition(Arguments arguments, const Environment&) {
  TRY_VOID(AtMost(2, arguments, "partition"));
  const json::value* items = Argument(arguments, 0);
  if (items == nullptr) return Value();
  if (!items->is_array()) {
    return Error(Code::kInvalid, "T0412",
                 "Argument 1 of function \"partition\" must be an array of undefined");
  }
  const json::array& array = items->get_array();
  if (array.empty()) return Value();
  json::array chunks;
  if (Argument(arguments, 1) == nullptr) {
    chunks.emplace_back(array);
    return Value(std::move(chunks));
  }
  TRY(const std::int64_t size, Integer(arguments, 1, "partition"));
  if (size < 0) return ValueError("Second argument must be zero or greater");
  if (size == 0) return Value();
  for (const json::value& item : array) {
    if (chunks.empty() || static_cast<std::int64_t>(chunks.back().get_array().size()) == size) {
      chunks.emplace_back(json::array());
    }
    chunks.back().get_array().push_back(item);
  }
  return Value(std::move(chunks));
}

// As a JSONata sequence: nothing for no number, the number itself for one.
Result<Value> Range(Arguments arguments, const Environment&) {
  TRY_VOID(AtMost(3, arguments, "range"));
  TRY(const std::int64_t first, Integer(arguments, 0, "range"));
  TRY(const std::int64_t last, Integer(arguments, 1, "range"));
  if (Argument(arguments, 2) == nullptr) return Value();
  TRY(const std::int64_t step, Integer(arguments, 2, "range"));
  if (step == 0 || (step > 0 ? first > last : first < last)) return Value();
  const __int128 count = (static_cast<__int128>(last) - first) / step + 1;
  if (count == 1) return Value(first);
  if (count > static_cast<__int128>(kMaxRangeLength)) {
    return Error(Code::kExhausted, "U1001",
                 "Expression evaluation memory limit exceeded: Check for excessive memory usage");
  }
  json::array numbers;
  numbers.reserve(static_cast<std::size_t>(count));
  for (__int128 i = 0; i < count; ++i) {
    numbers.emplace_back(static_cast<std::int64_t>(first + i * step));
  }
  return Value(std::move(numbers));
}

Result<Value> Hash(Arguments arguments, const Environment&) {
  static constexpr std::pair<std::string_view, HashAlgorithm> kAlgorithms[] = {
      {"MD5", HashAlgorithm::kMd5},
      {"SHA-1", HashAlgorithm::kSha1},
      {"SHA-256", HashAlgorithm::kSha256},
      {"SHA-384", HashAlgorithm::kSha384},
      {"SHA-512", HashAlgorithm::kSha512}};
  TRY_VOID(AtMost(2, arguments, "hash"));
  const json::value* text = Argument(arguments, 0);
  const json::value* wanted = Argument(arguments, 1);
  if (text == nullptr || !text->is_string()) return SignatureError(1, "hash");
  if (wanted == nullptr) return Value();
  if (!wanted->is_string()) return SignatureError(2, "hash");
  for (const auto& [name, algorithm] : kAlgorithms) {
    if (wanted->get_string() != name) continue;
    return Value(json::string(HexEncode(Digest(algorithm, text->get_string()))));
  }
  return ValueError(
      fmt::format("Hash algorithm '{}' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5",
                  std::string_view(wanted->get_string())));
}

Result<Value> Random(Arguments arguments, const Environment& environment) {
  TRY_VOID(AtMost(1, arguments, "random"));
  if (Argument(arguments, 0) == nullptr) {
    return Value(static_cast<double>(environment.random() >> 11) * 0x1.0p-53);
  }
  TRY(const std::int64_t seed, Integer(arguments, 0, "random"));
  return Value(JavaRandom(seed).NextDouble());
}

Result<Value> Uuid(Arguments arguments, const Environment& environment) {
  TRY_VOID(AtMost(0, arguments, "uuid"));
  const std::uint64_t high = (environment.random() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (environment.random() & ~(3ULL << 62)) | (2ULL << 62);
  return Value(json::string(fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32,
                                        (high >> 16) & 0xFFFF, high & 0xFFFF, low >> 48,
                                        low & 0xFFFFFFFFFFFFULL)));
}

bool IsFinite(const json::value& value) {
  if (const double* number = value.if_double()) return std::isfinite(*number);
  if (const json::array* array = value.if_array()) return std::ranges::all_of(*array, IsFinite);
  const json::object* object = value.if_object();
  return object == nullptr || std::ranges::all_of(*object, [](const json::key_value_pair& member) {
           return IsFinite(member.value());
         });
}

Result<Value> Parse(Arguments arguments, const Environment&) {
  TRY_VOID(AtMost(1, arguments, "parse"));
  const json::value* text = Argument(arguments, 0);
  if (text == nullptr) return Value();
  if (!text->is_string()) return SignatureError(1, "parse");
  auto value = ParseJson(text->get_string(), {.refuse_duplicate_keys = true});
  if (!value || !IsFinite(*value)) return ValueError("Invalid JSON");
  return Value(*std::move(value));
}

}  // namespace

std::span<const jsonata::NativeFunction> StatesFunctions() {
  static const jsonata::NativeFunction kFunctions[] = {
      {"partition", "", Partition}, {"range", "", Range}, {"hash", "", Hash},
      {"random", "", Random},       {"uuid", "", Uuid},   {"parse", "", Parse}};
  return kFunctions;
}

}  // namespace scones::asl

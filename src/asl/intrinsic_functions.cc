// The table of intrinsic functions. Errors: States.IntrinsicFailure, worded by us.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "asl/intrinsic.h"
#include "asl/java_random.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::asl {
namespace {

using Arguments = IntrinsicArguments;

constexpr std::size_t kMaxRangeLength = 1000;  // the Developer Guide's limits
constexpr std::size_t kMaxEncodedLength = 10'000;

json::value Text(std::string_view text) { return json::value(json::string(text)); }

// As Java's Math.round: halves go up. Errors: not finite or beyond 64 bits.
Result<std::int64_t> Rounded(const json::value& number) {
  if (number.is_int64()) return number.get_int64();
  const double rounded = std::floor(number.to_number<double>() + 0.5);
  if (!(rounded >= -9.2e18 && rounded <= 9.2e18))
    return IntrinsicFailure("a number is out of range");
  return static_cast<std::int64_t>(rounded);
}

Result<json::value> StringToJson(const Arguments& arguments, const Scope&) {
  const std::string_view text = arguments[0].get_string();
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::value();
  auto value = ParseJson(text);
  if (!value) {
    return IntrinsicFailure("States.StringToJson: the argument is not JSON: " +
                            value.error().message());
  }
  return value;
}

Result<json::value> JsonToString(const Arguments& arguments, const Scope&) {
  return Text(ToJson(arguments[0]));
}

Result<json::value> Array(const Arguments& arguments, const Scope&) {
  json::array array;
  for (const json::value& argument : arguments) array.push_back(argument);
  return json::value(std::move(array));
}

Result<json::value> ArrayPartition(const Arguments& arguments, const Scope&) {
  TRY(const std::int64_t size, Rounded(arguments[1]));
  if (size <= 0) return IntrinsicFailure("States.ArrayPartition: the chunk size must be positive");
  json::array chunks;
  for (const json::value& element : arguments[0].get_array()) {
    const bool full =
        chunks.empty() || static_cast<std::int64_t>(chunks.back().get_array().size()) == size;
    if (full) chunks.emplace_back(json::array());
    chunks.back().get_array().push_back(element);
  }
  return json::value(std::move(chunks));
}

Result<json::value> ArrayContains(const Arguments& arguments, const Scope&) {
  const json::array& array = arguments[0].get_array();
  return json::value(std::any_of(array.begin(), array.end(), [&](const json::value& element) {
    return JsonEquals(element, arguments[1]);
  }));
}

Result<json::value> ArrayRange(const Arguments& arguments, const Scope&) {
  TRY(const std::int64_t first, Rounded(arguments[0]));
  TRY(const std::int64_t last, Rounded(arguments[1]));
  TRY(const std::int64_t step, Rounded(arguments[2]));
  if (step == 0) return IntrinsicFailure("States.ArrayRange: the increment must not be 0");
  json::array array;
  for (std::int64_t at = first; step > 0 ? at <= last : at >= last;) {
    if (array.size() == kMaxRangeLength) {
      return IntrinsicFailure("States.ArrayRange: the range has more than 1000 elements");
    }
    array.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return json::value(std::move(array));
}

Result<json::value> ArrayGetItem(const Arguments& arguments, const Scope&) {
  TRY(const std::int64_t index, Rounded(arguments[1]));
  const json::array& array = arguments[0].get_array();
  if (index < 0 || index >= static_cast<std::int64_t>(array.size())) {
    return IntrinsicFailure(
        fmt::format("States.ArrayGetItem: index {} is out of the array's bounds", index));
  }
  return array[static_cast<std::size_t>(index)];
}

Result<json::value> ArrayLength(const Arguments& arguments, const Scope&) {
  return json::value(static_cast<std::int64_t>(arguments[0].get_array().size()));
}

Result<json::value> ArrayUnique(const Arguments& arguments, const Scope&) {
  json::array unique;
  for (const json::value& element : arguments[0].get_array()) {
    const bool known = std::any_of(unique.begin(), unique.end(), [&](const json::value& other) {
      return JsonEquals(element, other);
    });
    if (!known) unique.push_back(element);
  }
  return json::value(std::move(unique));
}

Result<json::value> Base64EncodeText(const Arguments& arguments, const Scope&) {
  const std::string_view text = arguments[0].get_string();
  if (text.size() > kMaxEncodedLength) {
    return IntrinsicFailure("States.Base64Encode: the argument is longer than 10000 characters");
  }
  return Text(Base64Encode(text));
}

Result<json::value> Base64DecodeText(const Arguments& arguments, const Scope&) {
  const std::string_view text = arguments[0].get_string();
  if (text.size() > kMaxEncodedLength) {
    return IntrinsicFailure("States.Base64Decode: the argument is longer than 10000 characters");
  }
  auto bytes = Base64Decode(text);
  if (!bytes) return IntrinsicFailure("States.Base64Decode: the argument is not Base64");
  return Text(*bytes);
}

Result<json::value> Hash(const Arguments& arguments, const Scope&) {
  static constexpr std::pair<std::string_view, HashAlgorithm> kAlgorithms[] = {
      {"MD5", HashAlgorithm::kMd5},
      {"SHA-1", HashAlgorithm::kSha1},
      {"SHA-256", HashAlgorithm::kSha256},
      {"SHA-384", HashAlgorithm::kSha384},
      {"SHA-512", HashAlgorithm::kSha512}};
  const json::string* text = arguments[0].if_string();
  const std::string bytes = text != nullptr ? std::string(*text) : ToJson(arguments[0]);
  if (bytes.size() > kMaxEncodedLength) {
    return IntrinsicFailure("States.Hash: the argument is longer than 10000 characters");
  }
  for (const auto& [name, algorithm] : kAlgorithms) {
    if (arguments[1].get_string() == name) return Text(HexEncode(Digest(algorithm, bytes)));
  }
  return IntrinsicFailure(fmt::format("States.Hash: unknown algorithm {}", ToJson(arguments[1])));
}

Result<json::value> JsonMerge(const Arguments& arguments, const Scope&) {
  const json::object* first = arguments[0].if_object();
  const json::object* second = arguments[1].if_object();
  if (first == nullptr || second == nullptr) {
    return IntrinsicFailure("States.JsonMerge: the first two arguments must be objects");
  }
  if (arguments[2].get_bool()) {
    return IntrinsicFailure("States.JsonMerge: deep merging is not supported");
  }
  json::object merged = *first;
  for (const auto& member : *second) merged.insert_or_assign(member.key(), member.value());
  return json::value(std::move(merged));
}

Result<json::value> MathRandom(const Arguments& arguments, const Scope& scope) {
  TRY(const std::int64_t start, Rounded(arguments[0]));
  TRY(const std::int64_t end, Rounded(arguments[1]));
  if (start >= end) return IntrinsicFailure("States.MathRandom: the start must be below the end");
  if (arguments.size() > 2) {
    TRY(const std::int64_t seed, Rounded(arguments[2]));
    return json::value(JavaRandom(seed).Between(start, end));
  }
  const std::uint64_t bits = scope.random();
  const auto span = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start);
  return json::value(static_cast<std::int64_t>(static_cast<std::uint64_t>(start) + bits % span));
}

Result<json::value> MathAdd(const Arguments& arguments, const Scope&) {
  TRY(const std::int64_t a, Rounded(arguments[0]));
  TRY(const std::int64_t b, Rounded(arguments[1]));
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    return IntrinsicFailure("States.MathAdd: the sum is out of range");
  return json::value(sum);
}

// Every character of the second argument separates; empty pieces are dropped.
Result<json::value> StringSplit(const Arguments& arguments, const Scope&) {
  const std::string_view text = arguments[0].get_string();
  const std::string_view separators = arguments[1].get_string();
  json::array pieces;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    if (end > at) pieces.push_back(Text(text.substr(at, end - at)));
    at = end + 1;
  }
  return json::value(std::move(pieces));
}

Result<json::value> Uuid(const Arguments&, const Scope& scope) {
  const std::uint64_t high = (scope.random() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (scope.random() & ~(3ULL << 62)) | (2ULL << 62);
  return Text(fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                          high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFFULL));
}

Result<json::value> Format(const Arguments& arguments, const Scope&) {
  TRY(std::string text, FormatIntrinsic(arguments[0].get_string(), arguments));
  return Text(text);
}

constexpr IntrinsicFunction kFunctions[] = {
    {"Format", "s?v*", Format},
    {"StringToJson", "s", StringToJson},
    {"JsonToString", "v", JsonToString},
    {"Array", "?v*", Array},
    {"ArrayPartition", "an", ArrayPartition},
    {"ArrayContains", "av", ArrayContains},
    {"ArrayRange", "nnn", ArrayRange},
    {"ArrayGetItem", "an", ArrayGetItem},
    {"ArrayLength", "a", ArrayLength},
    {"ArrayUnique", "a", ArrayUnique},
    {"Base64Encode", "s", Base64EncodeText},
    {"Base64Decode", "s", Base64DecodeText},
    {"Hash", "vs", Hash},
    {"JsonMerge", "vvb", JsonMerge},
    {"MathRandom", "nn?n", MathRandom},
    {"MathAdd", "nn", MathAdd},
    {"StringSplit", "ss", StringSplit},
    {"UUID", "", Uuid},
};

// As AWS puts a value into a text: objects and arrays in the form of Java's collections,
// "{name=value, list=[1, 2]}".
void AppendShown(const json::value& value, std::string& text) {
  if (const json::array* array = value.if_array()) {
    text.push_back('[');
    for (const json::value& element : *array) {
      if (&element != array->begin()) text += ", ";
      AppendShown(element, text);
    }
    text.push_back(']');
  } else if (const json::object* object = value.if_object()) {
    text.push_back('{');
    for (const auto& member : *object) {
      if (&member != object->begin()) text += ", ";
      text.append(member.key()).push_back('=');
      AppendShown(member.value(), text);
    }
    text.push_back('}');
  } else {
    text += value.is_string() ? std::string(value.get_string()) : ToJson(value);
  }
}

}  // namespace

const IntrinsicFunction* FindIntrinsic(std::string_view name) {
  for (const IntrinsicFunction& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

Result<std::string> FormatIntrinsic(std::string_view pattern, const IntrinsicArguments& arguments) {
  std::string text;
  std::size_t next = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      text.push_back(pattern[++i]);
    } else if (pattern.substr(i, 2) == "{}") {
      if (next >= arguments.size())
        return IntrinsicFailure("States.Format: more '{}' than arguments");
      AppendShown(arguments[next++], text);
      ++i;
    } else {
      text.push_back(pattern[i]);
    }
  }
  if (next != arguments.size()) return IntrinsicFailure("States.Format: more arguments than '{}'");
  return text;
}

}  // namespace scones::asl

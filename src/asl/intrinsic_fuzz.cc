// Fuzzes intrinsic functions: a line with the call, the rest the input that its paths read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asl/expression.h"
#include "base/check.h"

using namespace scones::asl;  // NOLINT: a program of its own

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const scones::json::value kDocument = *scones::ParseJson(
      R"({"a":[1,2,2,[3],{"b":1}],"s":"x,y {} z","n":-7.5,"o":{"p":null},"j":"{\"k\":[1]}"})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const auto call = Expression::Parse(text.substr(0, line));
  if (!call) {
    SCONES_CHECK(!call.error().message().empty());
    return 0;
  }
  const auto parsed =
      scones::ParseJson(line == std::string_view::npos ? "" : text.substr(line + 1));
  std::size_t budget = 1 << 20;
  std::uint64_t bits = size;
  Scope scope;
  scope.input = parsed ? &*parsed : &kDocument;
  scope.context = []() -> const scones::json::value& { return kDocument; };
  scope.random = [&bits] { return bits = bits * 6364136223846793005ULL + 1442695040888963407ULL; };
  scope.budget = &budget;
  scope.variable = [](std::string_view name) { return name == "a" ? &kDocument : nullptr; };
  const auto value = call->Evaluate(scope);
  if (!value) SCONES_CHECK(!value.error().message().empty());
  return 0;
}

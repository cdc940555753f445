// Fuzzes the whole of JSONata: a line with the input as JSON, the rest the expression. Small
// limits, so that a run is short; an expression gives the same result twice.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "jsonata/jsonata.h"

using namespace scones::jsonata;  // NOLINT: a program of its own

namespace {

scones::Result<std::optional<scones::json::value>> Run(const Expression& expression,
                                                       const scones::json::value& input) {
  std::uint64_t bits = 1;
  Environment environment;
  environment.input = &input;
  environment.variable = [&input](std::string_view name) {
    return name == "states" ? &input : nullptr;
  };
  environment.now = scones::Timestamp{std::chrono::seconds(1'521'801'216)};
  environment.random = [&bits] {
    return bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
  };
  environment.limits.max_steps = 20'000;
  environment.limits.max_bytes = 1 << 20;
  environment.limits.max_range = 10'000;
  return expression.Evaluate(environment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const scones::json::value kDocument = *scones::ParseJson(
      R"({"a":[1,2.5,{"b":"x","c":[3]},null,true],"b":{"c":{"d":[[],{}]}},"s":"Hello é","n":-7})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const auto expression =
      Expression::Parse(line == std::string_view::npos ? text : text.substr(line + 1));
  if (!expression) {
    SCONES_CHECK(!expression.error().message().empty());
    return 0;
  }
  const auto parsed = scones::ParseJson(line == std::string_view::npos ? "" : text.substr(0, line));
  const scones::json::value& input = parsed ? *parsed : kDocument;
  const auto first = Run(*expression, input);
  const auto second = Run(*expression, input);
  SCONES_CHECK(first.has_value() == second.has_value());
  if (!first) {
    SCONES_CHECK(!first.error().message().empty());
  } else {
    SCONES_CHECK(first->has_value() == second->has_value());
    if (*first) SCONES_CHECK(scones::ToJson(**first) == scones::ToJson(**second));
  }
  return 0;
}

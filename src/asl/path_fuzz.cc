// Fuzzes JSONPath: a line with the path, the rest the document that it is looked up in.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asl/expression.h"
#include "base/check.h"

using namespace scones::asl;  // NOLINT: a program of its own

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const scones::json::value kDocument = *scones::ParseJson(
      R"({"a":[1,2.5,{"b":"x"},null,true],"b":{"c":{"d":[[],{}]}},"é":[-1,"10",{"a":3,"b":[4]}]})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const auto path = Expression::ParsePath(text.substr(0, line));
  if (!path) {
    SCONES_CHECK(!path.error().message().empty());
    return 0;
  }
  const auto parsed =
      scones::ParseJson(line == std::string_view::npos ? "" : text.substr(line + 1));
  std::size_t budget = 1 << 20;
  Scope scope;
  scope.input = parsed ? &*parsed : &kDocument;
  scope.context = []() -> const scones::json::value& { return kDocument; };
  scope.budget = &budget;
  scope.variable = [](std::string_view name) { return name == "a" ? &kDocument : nullptr; };
  const auto found = path->Evaluate(scope);
  if (!found) SCONES_CHECK(!found.error().message().empty());
  return 0;
}

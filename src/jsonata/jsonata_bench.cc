// What typical expressions of state machines cost to parse and to evaluate.
#include <benchmark/benchmark.h>

#include "jsonata/jsonata.h"

namespace scones::jsonata {
namespace {

constexpr std::string_view kSum = "$states.input.a + 1";
constexpr std::string_view kObject =
    R"({"id": $states.input.id, "name": $uppercase($states.input.name), "big": $states.input.a > 40})";
constexpr std::string_view kFilter = "$states.input.items[price > 500].name";
constexpr std::string_view kMap =
    R"($map($states.input.items[price > 500], function($v, $i){ {"n": $i, "p": $v.price * 2} }))";
constexpr std::string_view kGroup = R"($states.input.items{kind: $sum(price)})";
constexpr std::string_view kSort = "$states.input.items^(>price).name";

json::value States() {
  json::array items;
  for (int i = 0; i < 1000; ++i) {
    items.push_back({{"name", "item " + std::to_string(i)},
                     {"kind", "kind " + std::to_string(i % 10)},
                     {"price", (i * 7919) % 1000}});
  }
  return {{"input", {{"a", 41}, {"id", "x-1"}, {"name", "bicycle"}, {"items", items}}}};
}

void BM_Parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(Expression::Parse(text));
}

void BM_Evaluate(benchmark::State& state, std::string_view text) {
  const json::value states = States();
  const Expression expression = *Expression::Parse(text);
  Environment environment;
  environment.variable = [&](std::string_view name) {
    return name == "states" ? &states : nullptr;
  };
  for (auto _ : state) {
    auto result = expression.Evaluate(environment);
    if (!result) state.SkipWithError(result.error().message().c_str());
    benchmark::DoNotOptimize(result);
  }
}

BENCHMARK_CAPTURE(BM_Parse, sum, kSum);
BENCHMARK_CAPTURE(BM_Parse, object, kObject);
BENCHMARK_CAPTURE(BM_Parse, map, kMap);
BENCHMARK_CAPTURE(BM_Evaluate, sum, kSum);
BENCHMARK_CAPTURE(BM_Evaluate, object, kObject);
BENCHMARK_CAPTURE(BM_Evaluate, filter_1000_items, kFilter);
BENCHMARK_CAPTURE(BM_Evaluate, map_1000_items, kMap);
BENCHMARK_CAPTURE(BM_Evaluate, group_1000_items, kGroup);
BENCHMARK_CAPTURE(BM_Evaluate, sort_1000_items, kSort);

}  // namespace
}  // namespace scones::jsonata

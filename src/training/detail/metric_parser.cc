#include "training/detail/metric_parser.h"

#include <array>
#include <charconv>

namespace scones::training::detail {
namespace {

struct Definition {
  std::string_view name;
  std::string_view marker;
};

// Source: Amazon SageMaker Developer Guide, image classification, metrics.
constexpr std::array<Definition, 2> kDefinitions = {
    Definition{"train:accuracy", "Train-accuracy="},
    Definition{"validation:accuracy", "Validation-accuracy="}};

}  // namespace

std::optional<std::pair<std::string, double>> ParseMetric(std::string_view line) {
  for (const Definition& definition : kDefinitions) {
    const std::size_t at = line.find(definition.marker);
    if (at == std::string_view::npos) continue;
    const char* begin = line.data() + at + definition.marker.size();
    double value = 0;
    if (std::from_chars(begin, line.data() + line.size(), value).ec == std::errc()) {
      return std::pair(std::string(definition.name), value);
    }
  }
  return std::nullopt;
}

}  // namespace scones::training::detail

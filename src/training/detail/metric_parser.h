// Finds the metrics that SageMaker's image classification defines in a training program's log:
// "Train-accuracy=0.9" is train:accuracy, "Validation-accuracy=0.9" is validation:accuracy. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace scones::training::detail {

std::optional<std::pair<std::string, double>> ParseMetric(std::string_view line);

}  // namespace scones::training::detail

// What the user says about a model's precision, in the Environment of its container:
// SCONES_PRECISION (fp32, bf16 or int8; default fp32) and SCONES_MAX_ACCURACY_LOSS (points of a
// hundred that it may cost; default 0.5). Pure.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace scones::endpoints {

struct PrecisionChoice {
  std::string precision = "fp32";  // as nn::ParsePrecision takes it
  double max_accuracy_loss = 0.5;  // points: 0.5 is from 97.0 % to 96.5 %

  bool operator==(const PrecisionChoice&) const = default;
};

// Errors: kInvalid naming the variable, its value and what it may be.
Result<PrecisionChoice> ParsePrecisionChoice(const std::map<std::string, std::string>& environment);

}  // namespace scones::endpoints

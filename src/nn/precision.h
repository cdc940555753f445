// Precision: the data type in which an Engine computes. A plain value.
#pragma once

#include <string_view>

#include "base/result.h"

namespace scones::nn {

// Inputs and outputs are fp32 at each of them.
enum class Precision { kFloat32, kBFloat16, kInt8 };

// "fp32", "bf16", "int8". Errors: kInvalid.
Result<Precision> ParsePrecision(std::string_view text);

}  // namespace scones::nn

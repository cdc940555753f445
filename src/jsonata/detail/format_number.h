// $formatNumber, $formatInteger, $parseInteger and $formatBase: numbers written and read by the
// pictures of XPath Functions and Operators 3.1 §4.6 and §4.7, with JSONata 2.0.6's reading of
// them. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace scones::jsonata {

// `options` may replace the symbols: "decimal-separator", "zero-digit" and so on; null: none does.
// Errors: kInvalid with D3080–D3093 as the reason.
Result<std::string> FormatNumber(double value, std::string_view picture,
                                 const json::object* options);

// Errors: kInvalid with D3130, D3131.
Result<std::string> FormatInteger(double value, std::string_view picture);
// NaN where `text` is no such number. Errors: kInvalid with D3130, D3131.
Result<std::optional<double>> ParseInteger(std::string_view text, std::string_view picture);

// Of the value rounded half to even. Errors: kInvalid with D3100: `radix` is not within 2 to 36.
Result<std::string> FormatBase(double value, int radix);

}  // namespace scones::jsonata

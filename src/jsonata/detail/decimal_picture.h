// The picture of $formatNumber: "#,##0.00;(0)", its parts and what they say. Part of
// format_number.h. Works in UTF-16 code units, as JSONata does. Pure; safe from any thread.
// Source: XPath Functions and Operators 3.1 §4.7.3 and §4.7.4, with JSONata 2.0.6's reading.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace scones::jsonata {

// XPath's "decimal format": which characters mean what in a picture and in the result.
struct DecimalSymbols {
  std::u16string decimal_separator = u".";
  std::u16string grouping_separator = u",";
  std::u16string exponent_separator = u"e";
  std::u16string minus_sign = u"-";
  std::u16string percent = u"%";
  std::u16string per_mille = u"\u2030";
  std::u16string zero_digit = u"0";
  std::u16string digit = u"#";
  std::u16string pattern_separator = u";";

  // Errors: kInvalid with T0410 for a symbol that is no text or empty.
  static Result<DecimalSymbols> From(const json::object* options);
  bool IsDigit(char16_t c) const { return c >= zero_digit[0] && c < zero_digit[0] + 10; }
  bool IsOptionalDigit(char16_t c) const { return std::u16string_view(&c, 1) == digit; }
};

// One sub-picture.
struct DecimalPicture {
  std::u16string text;
  std::u16string prefix;
  std::u16string suffix;
  std::vector<int> integer_groups;  // digits to the right of each separator, from left to right
  int group_size = 0;               // 0: not regular
  std::vector<int> fraction_groups;
  int least_integer = 0;
  int scaling = 0;
  int least_fraction = 0;
  int most_fraction = 0;
  int least_exponent = 0;  // 0: no exponent

  // Errors: kInvalid with D3081 to D3093.
  static Result<DecimalPicture> Analyse(std::u16string_view text, const DecimalSymbols& symbols);
};

}  // namespace scones::jsonata

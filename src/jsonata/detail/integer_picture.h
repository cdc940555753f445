// The pictures of $formatInteger, $parseInteger and of a date's numbers: "#,##0", "001", "w;o",
// "I". Pure; safe from any thread. Source: XPath Functions and Operators 3.1 §4.6.1, with JSONata
// 2.0.6's reading of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::jsonata {

struct IntegerPicture {
  enum class Kind { kDecimal, kLetters, kRoman, kWords, kSequence };
  enum class Case { kLower, kUpper, kTitle };
  struct Separator {
    int position;  // digits to its right
    char32_t character;
  };

  Kind kind = Kind::kDecimal;
  Case letter_case = Case::kLower;
  bool ordinal = false;
  char32_t zero = U'0';  // the first of the ten digits
  int mandatory_digits = 0;
  int optional_digits = 0;
  int group_size = 0;  // 0: not regular; else the separators repeat every so many digits
  std::vector<Separator> separators;  // from right to left
  int parse_digits = -1;  // so many are read, less the optional ones; -1: as many as there are
  std::u32string text;

  // Errors: kInvalid with D3131.
  static Result<IntegerPicture> Analyse(std::u32string_view picture);

  // `value` must be integral or not finite. Errors: kInvalid with D3130, U1001 (too long).
  Result<std::string> Format(double value) const;
  // A JavaScript regular expression (flag "i") that finds such a number. Errors: D3130.
  Result<std::string> Pattern() const;
  // NaN where `text` is no such number. Errors: D3130.
  Result<double> Parse(std::string_view text) const;
};

}  // namespace scones::jsonata

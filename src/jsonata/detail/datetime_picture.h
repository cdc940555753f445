// A date picture, "[D1o] [MNn] [Y0001]", as its literals and markers. Part of datetime.h. Pure;
// safe from any thread. Source: XPath Functions and Operators 3.1 §9.8.4, with JSONata 2.0.6's
// reading of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jsonata/detail/integer_picture.h"

namespace scones::jsonata {

struct DatePart {
  char component = 0;                         // 0: a literal
  std::string literal;                        // UTF-8
  char modifier = 0;                          // the second presentation modifier: 'o', 't' …
  std::optional<IntegerPicture::Case> names;  // written as a name, in this case
  std::optional<int> most_width;
  std::optional<IntegerPicture> integer;
};

// Errors: kInvalid with D3131, D3132, D3135.
Result<std::vector<DatePart>> AnalyseDatePicture(std::string_view picture);

// January and Monday are 1. "": no such month or day.
std::string_view MonthName(std::int64_t month);
std::string_view DayName(std::int64_t week_day);

// D3133.
Error NoNameError(char component);

}  // namespace scones::jsonata

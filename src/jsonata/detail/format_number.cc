#include "jsonata/detail/format_number.h"

#include <fmt/format.h>

#include <cmath>

#include "jsonata/detail/code_points.h"
#include "jsonata/detail/integer_picture.h"
#include "jsonata/detail/js_number.h"

namespace scones::jsonata {

Result<std::string> FormatInteger(double value, std::string_view picture) {
  TRY(const IntegerPicture analysed, IntegerPicture::Analyse(ToCodePoints(picture)));
  return analysed.Format(std::floor(value));
}

Result<std::optional<double>> ParseInteger(std::string_view text, std::string_view picture) {
  TRY(const IntegerPicture analysed, IntegerPicture::Analyse(ToCodePoints(picture)));
  TRY(const double value, analysed.Parse(text));
  return std::optional<double>(value);
}

Result<std::string> FormatBase(double value, int radix) {
  if (radix < 2 || radix > 36) {
    return Error(Code::kInvalid, "D3100",
                 fmt::format("The radix of the formatBase function must be between 2 and 36.  It "
                             "was given {}",
                             radix));
  }
  return JsInteger(RoundHalfEven(value, 0), radix);
}

}  // namespace scones::jsonata

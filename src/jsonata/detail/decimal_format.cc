// $formatNumber: a number written by a DecimalPicture. Source: XPath Functions and Operators 3.1
// §4.7.5, whose steps are named below, with JSONata 2.0.6's reading of them.
#include <algorithm>
#include <cmath>

#include "jsonata/detail/decimal_picture.h"
#include "jsonata/detail/format_number.h"
#include "jsonata/detail/js_number.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

// The digits of |value| with `places` decimal places, in the digits of `symbols`.
std::u16string Digits(double value, int places, const DecimalSymbols& symbols) {
  std::u16string text = detail::ToUtf16(JsFixed(std::abs(value), places));
  for (char16_t& c : text) {
    if (c >= u'0' && c <= u'9') c = static_cast<char16_t>(c - u'0' + symbols.zero_digit[0]);
  }
  return text;
}

// As JavaScript's text.slice(0, at) + separator + text.slice(at), which 2.0.6 uses also where `at`
// is outside.
void Insert(int at, const std::u16string& separator, std::u16string& text) {
  const auto size = static_cast<int>(text.size());
  if (at < 0) at = std::max(size + at, 0);
  text.insert(static_cast<std::size_t>(std::min(at, size)), separator);
}

int PointAt(const std::u16string& text, const DecimalSymbols& symbols) {
  const std::size_t at = text.find(symbols.decimal_separator);
  return at == std::u16string::npos ? -1 : static_cast<int>(at);
}

// Step 5: mantissa and exponent so that the mantissa has as many integer digits as the picture.
struct Scaled {
  double mantissa;
  int exponent;
};

Scaled Scale(double value, int digits) {
  const double most = std::pow(10, digits);
  const double least = std::pow(10, digits - 1);
  Scaled scaled{std::abs(value), 0};
  if (scaled.mantissa == 0 || !std::isfinite(scaled.mantissa)) return scaled;
  while (scaled.mantissa < least) {
    scaled.mantissa *= 10;
    --scaled.exponent;
  }
  while (scaled.mantissa > most) {
    scaled.mantissa /= 10;
    ++scaled.exponent;
  }
  return scaled;
}

// Steps 6 to 9: rounded, without zeros at either end but those that the picture asks for.
std::u16string Mantissa(double value, const DecimalPicture& picture,
                        const DecimalSymbols& symbols) {
  const double rounded = RoundHalfEven(value, picture.most_fraction);
  std::u16string text = Digits(rounded, picture.most_fraction, symbols);
  const std::size_t point = text.find(u'.');
  if (point == std::u16string::npos) {
    text += symbols.decimal_separator;
  } else {
    text.replace(point, 1, symbols.decimal_separator);
  }
  const char16_t zero = symbols.zero_digit[0];
  text.erase(0, std::min(text.find_first_not_of(zero), text.size()));
  text.erase(text.find_last_not_of(zero) + 1);
  const int at = PointAt(text, symbols);
  const int left = picture.least_integer - at;
  const int right = picture.least_fraction - (static_cast<int>(text.size()) - at - 1);
  if (left > 0) text.insert(0, static_cast<std::size_t>(left), zero);
  if (right > 0) text.append(static_cast<std::size_t>(right), zero);
  return text;
}

// Steps 10 and 11.
void InsertGroups(const DecimalPicture& picture, const DecimalSymbols& symbols,
                  std::u16string& text) {
  int point = PointAt(text, symbols);
  if (picture.group_size > 0) {
    const int count = (point - 1) / picture.group_size;
    for (int i = 1; i <= count; ++i) {
      Insert(point - i * picture.group_size, symbols.grouping_separator, text);
    }
  } else {
    for (const int group : picture.integer_groups) {
      Insert(point++ - group, symbols.grouping_separator, text);
    }
  }
  point = PointAt(text, symbols);
  for (const int group : picture.fraction_groups) {
    Insert(group + point + 1, symbols.grouping_separator, text);
  }
}

std::u16string Exponent(int exponent, const DecimalPicture& picture,
                        const DecimalSymbols& symbols) {
  std::u16string digits = Digits(exponent, 0, symbols);
  const auto least = static_cast<std::size_t>(picture.least_exponent);
  if (digits.size() < least) digits.insert(0, least - digits.size(), symbols.zero_digit[0]);
  return symbols.exponent_separator + (exponent < 0 ? symbols.minus_sign : u"") + digits;
}

std::u16string Write(double value, const DecimalPicture& picture, const DecimalSymbols& symbols) {
  if (picture.text.find(symbols.percent) != std::u16string::npos) {
    value *= 100;
  } else if (picture.text.find(symbols.per_mille) != std::u16string::npos) {
    value *= 1000;
  }
  Scaled scaled{value, 0};
  if (picture.least_exponent > 0) scaled = Scale(value, picture.scaling);
  std::u16string text = Mantissa(scaled.mantissa, picture, symbols);
  InsertGroups(picture, symbols, text);
  // Step 12: a decimal separator that nothing follows, or that the picture doesn't have, goes.
  const bool last = PointAt(text, symbols) == static_cast<int>(text.size()) - 1;
  if (!text.empty() &&
      (last || picture.text.find(symbols.decimal_separator) == std::u16string::npos)) {
    text.pop_back();
  }
  if (picture.least_exponent > 0) text += Exponent(scaled.exponent, picture, symbols);
  return picture.prefix + text + picture.suffix;
}

}  // namespace

Result<std::string> FormatNumber(double value, std::string_view picture,
                                 const json::object* options) {
  TRY(const DecimalSymbols symbols, DecimalSymbols::From(options));
  const std::u16string text = detail::ToUtf16(picture);
  const std::size_t separator = text.find(symbols.pattern_separator);
  const std::size_t second = separator == std::u16string::npos
                                 ? text.size()
                                 : separator + symbols.pattern_separator.size();
  if (text.find(symbols.pattern_separator, second) != std::u16string::npos) {
    return Error(Code::kInvalid, "D3080",
                 "The picture string must only contain a maximum of two sub-pictures");
  }
  const std::u16string_view view = text;
  TRY(DecimalPicture positive, DecimalPicture::Analyse(view.substr(0, separator), symbols));
  DecimalPicture negative = positive;
  negative.prefix = symbols.minus_sign + negative.prefix;
  if (separator != std::u16string::npos) {
    TRY(negative, DecimalPicture::Analyse(view.substr(second), symbols));
  }
  return detail::FromUtf16(Write(value, value >= 0 ? positive : negative, symbols));
}

}  // namespace scones::jsonata

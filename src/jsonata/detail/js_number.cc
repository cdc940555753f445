#include "jsonata/detail/js_number.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

// The shortest digits that read back as a finite value: 0.d₁d₂… · 10^exponent.
struct Shortest {
  std::string digits;
  int exponent = 0;
};

Shortest ShortestDigits(double value) {
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific)
          .ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  Shortest shortest;
  for (const char c : text.substr(0, e)) {
    if (c != '.') shortest.digits.push_back(c);
  }
  const char* first = buffer + e + 1;
  if (*first == '+') ++first;
  std::from_chars(first, end, shortest.exponent);
  ++shortest.exponent;
  return shortest;
}

// digits · 10^(exponent - count of digits), as the nearest double.
double FromDecimal(const std::string& digits, int exponent) {
  const std::string text = fmt::format("{}e{}", digits, exponent - static_cast<int>(digits.size()));
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) return exponent > 0 ? HUGE_VAL : 0.0;
  return value;
}

// `value` · 10^places, exact in decimal before it is rounded to a double.
double Shifted(double value, int places) {
  if (value == 0 || !std::isfinite(value)) return value;
  const Shortest shortest = ShortestDigits(value);
  return std::copysign(FromDecimal(shortest.digits, shortest.exponent + places), value);
}

}  // namespace

std::string JsInteger(double value, int radix) {
  if (radix == 10 || !std::isfinite(value)) return detail::NumberText(value);
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  double rest = std::abs(value);
  std::string reversed;
  // Digits beyond the value's precision are zeros.
  for (double gap = std::nextafter(rest, HUGE_VAL) - rest; gap >= radix; gap /= radix) {
    rest /= radix;
    reversed.push_back('0');
  }
  rest = std::floor(rest);
  do {
    const double digit = std::fmod(rest, radix);
    reversed.push_back(kDigits[static_cast<std::size_t>(digit)]);
    rest = (rest - digit) / radix;
  } while (rest > 0);
  if (value < 0) reversed.push_back('-');
  return {reversed.rbegin(), reversed.rend()};
}

std::string JsFixed(double value, int digits) {
  if (!(std::abs(value) < 1e21)) return detail::NumberText(value);
  return fmt::format("{:.{}f}", value, digits);
}

double JsParseInt(std::string_view text) {
  std::size_t at = text.find_first_not_of(" \t\r\n\v\f");
  if (at == std::string_view::npos) return NAN;
  const bool negative = text[at] == '-';
  if (negative || text[at] == '+') ++at;
  const std::size_t first = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  if (at == first) return NAN;
  const double value =
      FromDecimal(std::string(text.substr(first, at - first)), static_cast<int>(at - first));
  return negative ? -value : value;
}

double RoundHalfEven(double value, int precision) {
  const double shifted = precision == 0 ? value : Shifted(value, precision);
  double result = std::floor(shifted);
  if (shifted - result >= 0.5) result += 1;
  if (std::abs(result - shifted) == 0.5 && std::fmod(std::abs(result), 2) == 1) result -= 1;
  if (precision != 0) result = Shifted(result, -precision);
  return result == 0 ? 0.0 : result;
}

}  // namespace scones::jsonata

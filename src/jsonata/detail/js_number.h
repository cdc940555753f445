// Numbers as JavaScript writes, reads and rounds them. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace scones::jsonata {

// Number.prototype.toString(radix), radix 2 to 36, of an integral value.
std::string JsInteger(double value, int radix);
// Number.prototype.toFixed(digits), digits 0 to 100.
std::string JsFixed(double value, int digits);
// parseInt(text): the decimal digits at the start, or NaN.
double JsParseInt(std::string_view text);

// JSONata's $round: halves go to the even neighbour; `precision` decimal places, also negative.
double RoundHalfEven(double value, int precision);

}  // namespace scones::jsonata

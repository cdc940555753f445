// Text as JSONata sees it: a sequence of code points, stored as UTF-8. A surrogate that stands
// alone is kept as the three bytes that its number makes. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace scones::jsonata::detail {

void AppendUtf8(char32_t code_point, std::string& out);
// The code point that starts at `position`, which moves behind it. A malformed byte is U+FFFD.
char32_t NextCodePoint(std::string_view text, std::size_t& position);
std::size_t CountCodePoints(std::string_view text);
// The byte where the code point number `index` starts; the text's length beyond its end.
std::size_t ByteOffset(std::string_view text, std::size_t index);

std::u16string ToUtf16(std::string_view text);
std::string FromUtf16(std::u16string_view text);
// Less than, equal to or greater than 0, in the order of UTF-16 code units, as JavaScript has it.
int CompareText(std::string_view left, std::string_view right);

// `text` is exactly one number in JSON's or JavaScript's decimal notation. Too large is infinity.
bool ParseDouble(std::string_view text, double& value);
// As JavaScript writes it: 1e21, 1.5e-7, 100000000000000000000.
std::string NumberText(double value);
// The same of the number rounded to 15 significant digits, as $string does.
std::string RoundedNumberText(double value);

// Lone surrogates made U+FFFD, so that the text is valid UTF-8.
std::string ValidUtf8(std::string_view text);

}  // namespace scones::jsonata::detail

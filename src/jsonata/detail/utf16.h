// JavaScript's strings are UTF-16; JSON values here are UTF-8. Conversions between them.
// Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace scones::jsonata {

// Bytes that are no UTF-8 become U+FFFD, one for each.
std::u16string ToUtf16(std::string_view utf8);
// Half of a surrogate pair becomes U+FFFD.
std::string ToUtf8(std::u16string_view utf16);

std::u32string ToCodePoints(std::string_view utf8);
void AppendCodePoint(char32_t code_point, std::string& utf8);

}  // namespace scones::jsonata

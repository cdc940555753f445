#include "jsonata/detail/code_points.h"

#include "jsonata/detail/text.h"

namespace scones::jsonata {

std::u32string ToCodePoints(std::string_view utf8) {
  std::u32string code_points;
  code_points.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    code_points.push_back(detail::NextCodePoint(utf8, at));
  }
  return code_points;
}

std::string FromCodePoints(std::u32string_view code_points) {
  std::string text;
  text.reserve(code_points.size());
  for (const char32_t c : code_points) detail::AppendUtf8(c, text);
  return text;
}

bool IsJsSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000 || c == 0xFEFF;
}

}  // namespace scones::jsonata

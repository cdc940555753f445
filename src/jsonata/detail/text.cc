#include "jsonata/detail/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace scones::jsonata::detail {
namespace {

std::uint8_t ByteAt(std::string_view text, std::size_t position) {
  return position < text.size() ? static_cast<std::uint8_t>(text[position]) : 0;
}

bool IsContinuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

bool IsSurrogate(char32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

}  // namespace

void AppendUtf8(char32_t code_point, std::string& out) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

char32_t NextCodePoint(std::string_view text, std::size_t& position) {
  const std::uint8_t first = ByteAt(text, position++);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  if (more == 0) return 0xFFFD;
  char32_t code_point = first & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    const std::uint8_t next = ByteAt(text, position);
    if (!IsContinuation(next)) return 0xFFFD;
    code_point = (code_point << 6) | (next & 0x3F);
    ++position;
  }
  return code_point;
}

std::size_t CountCodePoints(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return !IsContinuation(static_cast<std::uint8_t>(c)); }));
}

std::size_t ByteOffset(std::string_view text, std::size_t index) {
  std::size_t position = 0;
  while (index > 0 && position < text.size()) {
    ++position;
    while (position < text.size() && IsContinuation(ByteAt(text, position))) ++position;
    --index;
  }
  return position;
}

std::u16string ToUtf16(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const char32_t code_point = NextCodePoint(text, position);
    if (code_point < 0x10000) {
      out += static_cast<char16_t>(code_point);
    } else {
      out += static_cast<char16_t>(0xD800 + ((code_point - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((code_point - 0x10000) & 0x3FF));
    }
  }
  return out;
}

std::string FromUtf16(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t code_point = text[i];
    if (code_point >= 0xD800 && code_point <= 0xDBFF && i + 1 < text.size() &&
        text[i + 1] >= 0xDC00 && text[i + 1] <= 0xDFFF) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (text[i + 1] - 0xDC00u);
      ++i;
    }
    AppendUtf8(code_point, out);
  }
  return out;
}

// UTF-8's order differs from that of UTF-16 only where one text has a character beyond the basic
// plane (lead byte F0 and above) and the other one of U+E000 to U+FFFF (EE, EF).
int CompareText(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  const auto [l, r] = std::mismatch(left.begin(), left.begin() + common, right.begin());
  if (l == left.begin() + common)
    return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
  const auto a = static_cast<std::uint8_t>(*l);
  const auto b = static_cast<std::uint8_t>(*r);
  if (a >= 0xF0 && (b == 0xEE || b == 0xEF)) return -1;
  if (b >= 0xF0 && (a == 0xEE || a == 0xEF)) return 1;
  return a < b ? -1 : 1;
}

bool ParseDouble(std::string_view text, double& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return false;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec == std::errc::result_out_of_range && parsed.ptr == end) {
    // Too large or too small: strtod tells which.
    value = std::strtod(std::string(text).c_str(), nullptr);
    return true;
  }
  return parsed.ec == std::errc() && parsed.ptr == end;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value == 0) return "0";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer - 1, std::fabs(value),
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view written(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = written.find('e');
  std::string digits(written.substr(0, e));
  if (digits.size() > 1) digits.erase(1, 1);
  *end = '\0';
  const int exponent = std::atoi(buffer + e + 1);
  const int count = static_cast<int>(digits.size());
  std::string out = value < 0 ? "-" : "";
  if (exponent >= 0 && exponent < 21) {
    if (count <= exponent + 1) return out + digits + std::string(exponent + 1 - count, '0');
    return out + digits.substr(0, exponent + 1) + "." + digits.substr(exponent + 1);
  }
  if (exponent < 0 && exponent >= -6) return out + "0." + std::string(-exponent - 1, '0') + digits;
  out += digits[0];
  if (count > 1) out += "." + digits.substr(1);
  return out + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

std::string RoundedNumberText(double value) {
  if (!std::isfinite(value)) return NumberText(value);
  if (std::fabs(value) < 1e15 && value == std::floor(value)) return NumberText(value);
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 14).ptr;
  double rounded = value;
  std::from_chars(buffer, end, rounded);
  return NumberText(rounded);
}

std::string ValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const char32_t code_point = NextCodePoint(text, position);
    AppendUtf8(IsSurrogate(code_point) ? 0xFFFD : code_point, out);
  }
  return out;
}

}  // namespace scones::jsonata::detail

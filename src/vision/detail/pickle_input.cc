#include "vision/detail/pickle_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace scones::vision::detail {
namespace {

// Python's protocol 0 writes a whole array as one line, so lines may be as long as the file.
constexpr std::uint64_t kReserveAtOnce = 1u << 20;

Error Bad(std::string message) { return Error(Code::kInvalid, std::move(message)); }

std::optional<std::uint32_t> Hex(std::string_view digits, std::size_t count) {
  if (digits.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, value, 16);
  if (error != std::errc() || end != digits.data() + count) return std::nullopt;
  return value;
}

void AppendUtf8(std::uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  const int tail = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr int kLead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(kLead[tail] | point >> (6 * tail));
  for (int i = tail - 1; i >= 0; --i) out += static_cast<char>(0x80 | (point >> (6 * i) & 0x3f));
}

}  // namespace

Result<void> PickleInput::Fill() {
  TRY(piece_, source_.Next());
  if (piece_.empty()) return Bad(fmt::format("it is cut short after {} bytes", position_));
  return {};
}

Result<std::uint8_t> PickleInput::Byte() {
  if (piece_.empty()) TRY_VOID(Fill());
  const auto byte = static_cast<std::uint8_t>(piece_.front());
  piece_.remove_prefix(1);
  ++position_;
  return byte;
}

Result<std::uint64_t> PickleInput::Unsigned(int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    TRY(const std::uint64_t byte, Byte());
    value |= byte << (8 * i);
  }
  return value;
}

Result<std::string> PickleInput::Bytes(std::uint64_t count) {
  const std::uint64_t at_most = piece_.size() + std::min(source_.AtMostLeft(), max_bytes_);
  if (count > max_bytes_ || count > at_most) {
    return Bad(
        fmt::format("at byte {} it announces {} bytes, which it does not hold", position_, count));
  }
  std::string bytes;
  bytes.reserve(count <= kReserveAtOnce || source_.AtMostLeft() < max_bytes_ ? count
                                                                             : kReserveAtOnce);
  while (bytes.size() < count) {
    if (piece_.empty()) TRY_VOID(Fill());
    const std::string_view part = piece_.substr(0, count - bytes.size());
    bytes += part;
    piece_.remove_prefix(part.size());
    position_ += part.size();
  }
  return bytes;
}

Result<std::string> PickleInput::Line() {
  std::string line;
  while (true) {
    if (piece_.empty()) TRY_VOID(Fill());
    const std::string_view part = piece_.substr(0, piece_.find('\n'));
    if (part.size() > max_bytes_ - line.size())
      return Bad("it holds a line past the limit of bytes");
    line += part;
    piece_.remove_prefix(part.size());
    position_ += part.size();
    if (piece_.empty()) continue;
    piece_.remove_prefix(1);
    ++position_;
    return line;
  }
}

Result<std::string> ParsePythonString(std::string_view literal) {
  const bool quoted = literal.size() >= 2 && literal.front() == literal.back() &&
                      (literal.front() == '\'' || literal.front() == '"');
  if (!quoted) return Bad("it holds a string without its quotes");
  literal = literal.substr(1, literal.size() - 2);
  std::string out;
  out.reserve(literal.size());
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\') {
      out += literal[i];
      continue;
    }
    const char escape = ++i < literal.size() ? literal[i] : '\0';
    constexpr std::string_view kNames = "ntr\\'\"";
    constexpr std::string_view kMeanings = "\n\t\r\\'\"";
    if (const auto at = kNames.find(escape); at != std::string_view::npos) {
      out += kMeanings[at];
    } else if (const auto value = Hex(literal.substr(i + 1), 2); escape == 'x' && value) {
      out += static_cast<char>(*value);
      i += 2;
    } else {
      return Bad("it holds a string with an escape that Python does not write");
    }
  }
  return out;
}

Result<std::string> ParseRawUnicodeEscape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next != 'u' && next != 'U') {
      AppendUtf8(static_cast<std::uint8_t>(text[i]), out);
      continue;
    }
    const std::size_t digits = next == 'u' ? 4 : 8;
    const auto point = Hex(text.substr(i + 2), digits);
    if (!point || *point > 0x10ffff) return Bad("it holds a damaged Unicode escape");
    AppendUtf8(*point, out);
    i += 1 + digits;
  }
  return out;
}

Result<std::string> Utf8ToLatin1(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x80) {
      out += text[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size() &&
               (static_cast<std::uint8_t>(text[i + 1]) & 0xc0) == 0x80) {
      out += static_cast<char>((byte & 3) << 6 | (static_cast<std::uint8_t>(text[++i]) & 0x3f));
    } else {
      return Bad("it encodes text as Latin-1 that has other characters");
    }
  }
  return out;
}

}  // namespace scones::vision::detail

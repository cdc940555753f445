#include "base/encoding.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace scones {
namespace {

constexpr char kLowerDigits[] = "0123456789abcdef";
constexpr char kUpperDigits[] = "0123456789ABCDEF";

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The two digits of every 12 bits.
constexpr std::array<std::array<char, 2>, 4096> MakeBase64Pairs() {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kBase64Digits[i >> 6], kBase64Digits[i & 63]};
  }
  return pairs;
}
constexpr auto kBase64Pairs = MakeBase64Pairs();

bool IsBase64Character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

std::string HexEncode(std::string_view bytes) {
  std::string text(bytes.size() * 2, '\0');
  char* to = text.data();
  for (unsigned char byte : bytes) {
    *to++ = kLowerDigits[byte >> 4];
    *to++ = kLowerDigits[byte & 15];
  }
  return text;
}

Result<std::string> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return Error(Code::kInvalid, "odd number of hexadecimal digits");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = DigitValue(text[i]);
    const int low = DigitValue(text[i + 1]);
    if (high < 0 || low < 0) return Error(Code::kInvalid, "not a hexadecimal digit");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string Base64Encode(std::string_view bytes) {
  std::string text;
  AppendBase64(bytes, text);
  return text;
}

void AppendBase64(std::string_view bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  const auto put = [&to](unsigned twelve_bits) {
    std::memcpy(to, kBase64Pairs[twelve_bits].data(), 2);
    to += 2;
  };
  for (; left >= 3; left -= 3, from += 3) {
    put(unsigned{from[0]} << 4 | from[1] >> 4);
    put((from[1] & 15U) << 8 | from[2]);
  }
  if (left == 0) return;
  put(unsigned{from[0]} << 4 | (left == 2 ? from[1] >> 4 : 0));
  to[0] = left == 2 ? kBase64Pairs[(from[1] & 15U) << 8][0] : '=';
  to[1] = '=';
}

Result<std::string> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return Error(Code::kInvalid, "base64: length is not a multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  for (char c : text.substr(0, text.size() - padding)) {
    if (!IsBase64Character(c))
      return Error(Code::kInvalid, "base64: character outside the alphabet");
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string UriEncode(std::string_view text, UriPart part) {
  std::string encoded;
  encoded.reserve(text.size() + text.size() / 8);
  for (unsigned char c : text) {
    if (IsUnreserved(c) || (c == '/' && part == UriPart::kPath)) {
      encoded.push_back(static_cast<char>(c));
    } else {
      encoded.push_back('%');
      encoded.push_back(kUpperDigits[c >> 4]);
      encoded.push_back(kUpperDigits[c & 15]);
    }
  }
  return encoded;
}

Result<std::string> UriDecode(std::string_view text, UriPart part) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && part == UriPart::kComponent) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? DigitValue(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? DigitValue(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return Error(Code::kInvalid, "InvalidURI", "bad percent-escape in URI");
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return decoded;
}

Result<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view raw_query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!raw_query.empty()) {
    const std::size_t end = std::min(raw_query.find('&'), raw_query.size());
    const std::string_view pair = raw_query.substr(0, end);
    raw_query.remove_prefix(std::min(end + 1, raw_query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    Result<std::string> name = UriDecode(pair.substr(0, equals), UriPart::kComponent);
    Result<std::string> value =
        UriDecode(pair.substr(std::min(equals + 1, pair.size())), UriPart::kComponent);
    if (!name || !value) {
      return Error(Code::kInvalid, "InvalidURI",
                   "the query holds a bad percent-escape in '" + std::string(pair) + "'");
    }
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

// Unicode Standard, table 3-7 (well-formed byte sequences).
std::string ToValidUtf8(std::string_view text) {
  const auto in = [text](std::size_t at, unsigned low, unsigned high) {
    if (at >= text.size()) return false;
    const unsigned byte = static_cast<unsigned char>(text[at]);
    return byte >= low && byte <= high;
  };
  const auto length = [&](std::size_t at) -> std::size_t {
    const unsigned first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return in(at + 1, 0x80, 0xBF) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
      const bool second = in(at + 1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
      return second && in(at + 2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first < 0xF0 || first > 0xF4) return 0;
    const bool second = in(at + 1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && in(at + 2, 0x80, 0xBF) && in(at + 3, 0x80, 0xBF) ? 4 : 0;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t count = length(at);
    out += count == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(at, count);
    at += std::max<std::size_t>(count, 1);
  }
  return out;
}

}  // namespace scones

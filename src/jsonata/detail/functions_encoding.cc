// Base64 and URL encodings. Text is UTF-8 in both.

#include <algorithm>

#include "base/encoding.h"
#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

// What encodeURIComponent leaves as it is, and what encodeURI does besides.
constexpr std::string_view kUnreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
constexpr std::string_view kReserved = ";/?:@&=+$,#";
constexpr std::string_view kHex = "0123456789ABCDEF";

[[noreturn]] void Malformed(std::string_view function, std::string_view value) {
  Failure failure = ValueFailure("D3140", ToJsonString(ValidUtf8(value)));
  failure.token = function;
  throw failure;
}

bool IsSurrogate(char32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

Value Encode(Evaluator& evaluator, const Value& value, std::string_view function,
             std::string_view kept) {
  if (value.is_undefined()) return Value();
  std::string out;
  const std::string_view text = value.text();
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    if (IsSurrogate(NextCodePoint(text, position))) Malformed(function, text);
    for (const char c : text.substr(start, position - start)) {
      if (kUnreserved.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos) {
        out += c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
  }
  return evaluator.make().Text(out);
}

int HexDigit(char c) {
  const std::size_t found = kHex.find(c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

bool IsValidUtf8(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    const char32_t c = NextCodePoint(text, position);
    if (IsSurrogate(c) || c > 0x10FFFF) return false;
    std::string again;
    AppendUtf8(c, again);
    if (again != text.substr(start, position - start)) return false;
  }
  return true;
}

// Escapes of the characters in `kept` stay as they are.
Value Decode(Evaluator& evaluator, const Value& value, std::string_view function,
             std::string_view kept) {
  if (value.is_undefined()) return Value();
  const std::string_view text = value.text();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) Malformed(function, text);
    const char decoded = static_cast<char>(high * 16 + low);
    if (kept.find(decoded) != std::string_view::npos) {
      out += text.substr(i, 3);
    } else {
      out += decoded;
    }
    i += 2;
  }
  if (!IsValidUtf8(out)) Malformed(function, text);
  return evaluator.make().Text(out);
}

Value EncodeUrl(Evaluator& evaluator, const Call& call) {
  return Encode(evaluator, call[0], "encodeUrl", kReserved);
}
Value EncodeUrlComponent(Evaluator& evaluator, const Call& call) {
  return Encode(evaluator, call[0], "encodeUrlComponent", "");
}
Value DecodeUrl(Evaluator& evaluator, const Call& call) {
  return Decode(evaluator, call[0], "decodeUrl", kReserved);
}
Value DecodeUrlComponent(Evaluator& evaluator, const Call& call) {
  return Decode(evaluator, call[0], "decodeUrlComponent", "");
}

Value ToBase64(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  return evaluator.make().Text(Base64Encode(call[0].text()));
}

Value FromBase64(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const auto decoded = Base64Decode(call[0].text());
  if (!decoded) {
    Failure failure = MakeFailure("D3137");
    failure.message = "The argument of the base64decode function is not Base64";
    throw failure;
  }
  return evaluator.make().Text(ValidUtf8(*decoded));
}

constexpr LibraryFunction kFunctions[] = {
    {"base64encode", "<s-:s>", 1, ToBase64},
    {"base64decode", "<s-:s>", 1, FromBase64},
    {"encodeUrlComponent", "<s-:s>", 1, EncodeUrlComponent},
    {"encodeUrl", "<s-:s>", 1, EncodeUrl},
    {"decodeUrlComponent", "<s-:s>", 1, DecodeUrlComponent},
    {"decodeUrl", "<s-:s>", 1, DecodeUrl},
};

}  // namespace

std::span<const LibraryFunction> EncodingFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail

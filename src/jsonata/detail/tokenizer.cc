#include "jsonata/detail/tokenizer.h"

#include <charconv>
#include <cmath>

#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\v";
// Each ends a name; "!" and "~" are operators only together with a second character.
constexpr std::string_view kOperatorCharacters = ".[]{}(),@#;:?+-*/%|=<>^&!~";

bool IsBlank(char c) { return kBlanks.find(c) != std::string_view::npos; }
bool IsOperatorCharacter(char c) { return kOperatorCharacters.find(c) != std::string_view::npos; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsTwoCharacterOperator(std::string_view two) {
  return two == ".." || two == ":=" || two == "!=" || two == ">=" || two == "<=" || two == "**" ||
         two == "~>";
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Token Tokenizer::Make(TokenType type, std::string text) {
  Token token;
  token.type = type;
  token.text = std::move(text);
  token.position = position_;
  return token;
}

void Tokenizer::SkipBlanks() {
  while (position_ < text_.size()) {
    if (IsBlank(text_[position_])) {
      ++position_;
    } else if (text_.substr(position_, 2) == "/*") {
      const std::size_t close = text_.find("*/", position_ + 2);
      if (close == std::string_view::npos) throw MakeFailure("S0106");
      position_ = close + 2;
    } else {
      return;
    }
  }
}

Token Tokenizer::Next(bool after_operand) {
  SkipBlanks();
  if (position_ >= text_.size()) return Make(TokenType::kEnd, "(end)");
  const char c = text_[position_];
  if (c == '/' && !after_operand) return Regex();
  if (const std::string_view two = text_.substr(position_, 2); IsTwoCharacterOperator(two)) {
    position_ += 2;
    return Make(TokenType::kOperator, std::string(two));
  }
  if (IsOperatorCharacter(c)) {
    ++position_;
    return Make(TokenType::kOperator, std::string(1, c));
  }
  if (c == '"' || c == '\'') return String(c);
  if (Token number; Number(number)) return number;
  if (c == '`') return QuotedName();
  return NameOrVariable();
}

// A slash within brackets or behind a backslash is part of the pattern.
Token Tokenizer::Regex() {
  const std::size_t start = ++position_;
  int depth = 0;
  bool escaped = false;
  for (; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (escaped) {
      escaped = false;
    } else if (c == '\\') {
      escaped = true;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == '/' && depth == 0) {
      break;
    }
  }
  if (position_ >= text_.size()) throw MakeFailure("S0302");
  std::string pattern(text_.substr(start, position_ - start));
  if (pattern.empty()) throw MakeFailure("S0301");
  const std::size_t flags = ++position_;
  while (At(position_) == 'i' || At(position_) == 'm') ++position_;
  Token token = Make(TokenType::kRegex, std::move(pattern));
  token.flags = text_.substr(flags, position_ - flags);
  return token;
}

// Two escapes that make a surrogate pair are one character; `high_surrogate` is the first half.
void Tokenizer::Escape(std::string& out, char32_t& high_surrogate) {
  static constexpr std::string_view kFrom = "\"\\/bfnrt";
  static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  const char c = At(position_);
  if (const std::size_t found = kFrom.find(c);
      found != std::string_view::npos && position_ < text_.size()) {
    out += kTo[found];
    high_surrogate = 0;
    ++position_;
    return;
  }
  if (c != 'u') throw TokenFailure("S0103", text_.substr(position_, 1));
  char32_t unit = 0;
  for (int i = 1; i <= 4; ++i) {
    const int digit = HexValue(At(position_ + i));
    if (digit < 0) throw MakeFailure("S0104");
    unit = unit * 16 + static_cast<char32_t>(digit);
  }
  position_ += 5;
  if (high_surrogate != 0 && unit >= 0xDC00 && unit <= 0xDFFF) {
    out.resize(out.size() - 3);
    unit = 0x10000 + ((high_surrogate - 0xD800) << 10) + (unit - 0xDC00);
  }
  high_surrogate = unit >= 0xD800 && unit <= 0xDBFF ? unit : 0;
  AppendUtf8(unit, out);
}

Token Tokenizer::String(char quote) {
  ++position_;
  std::string value;
  char32_t high_surrogate = 0;
  while (position_ < text_.size()) {
    const char c = text_[position_++];
    if (c == quote) return Make(TokenType::kString, std::move(value));
    if (c == '\\') {
      Escape(value, high_surrogate);
    } else {
      value += c;
      high_surrogate = 0;
    }
  }
  throw MakeFailure("S0101");
}

// JSON's numbers; what is not one is left to be a name.
bool Tokenizer::Number(Token& token) {
  std::size_t end = position_;
  if (!IsDigit(At(end))) return false;
  if (At(end) == '0') {
    ++end;
  } else {
    while (IsDigit(At(end))) ++end;
  }
  if (At(end) == '.' && IsDigit(At(end + 1))) {
    ++end;
    while (IsDigit(At(end))) ++end;
  }
  if (At(end) == 'e' || At(end) == 'E') {
    std::size_t exponent = end + 1;
    if (At(exponent) == '+' || At(exponent) == '-') ++exponent;
    if (IsDigit(At(exponent))) {
      while (IsDigit(At(exponent))) ++exponent;
      end = exponent;
    }
  }
  const std::string_view digits = text_.substr(position_, end - position_);
  double value = 0;
  if (!ParseDouble(digits, value) || !std::isfinite(value)) throw TokenFailure("S0102", digits);
  position_ = end;
  token = Make(TokenType::kNumber, std::string(digits));
  token.number = value;
  return true;
}

Token Tokenizer::QuotedName() {
  const std::size_t start = ++position_;
  const std::size_t close = text_.find('`', start);
  if (close == std::string_view::npos) throw MakeFailure("S0105");
  position_ = close + 1;
  return Make(TokenType::kName, std::string(text_.substr(start, close - start)));
}

Token Tokenizer::NameOrVariable() {
  const std::size_t start = position_;
  while (position_ < text_.size() && !IsBlank(text_[position_]) &&
         !IsOperatorCharacter(text_[position_]))
    ++position_;
  std::string name(text_.substr(start, position_ - start));
  if (name[0] == '$') return Make(TokenType::kVariable, name.substr(1));
  if (name == "or" || name == "in" || name == "and") return Make(TokenType::kOperator, name);
  if (name == "true") return Make(TokenType::kTrue, name);
  if (name == "false") return Make(TokenType::kFalse, name);
  if (name == "null") return Make(TokenType::kNull, name);
  return Make(TokenType::kName, std::move(name));
}

}  // namespace scones::jsonata::detail

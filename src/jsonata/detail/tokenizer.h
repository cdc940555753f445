// Cuts an expression's text into tokens, one at a time, since a slash is a division or opens a
// regular expression depending on what the parser has read. Errors are thrown as Failure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace scones::jsonata::detail {

enum class TokenType {
  kEnd,
  kOperator,
  kName,
  kVariable,
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
  kRegex
};

struct Token {
  TokenType type = TokenType::kEnd;
  std::string text;   // operator, name, string's value, regular expression's pattern
  std::string flags;  // of a regular expression
  double number = 0;
  std::size_t position = 0;  // behind the token, in bytes
};

class Tokenizer {
 public:
  // `text` must outlive the tokenizer.
  explicit Tokenizer(std::string_view text) : text_(text) {}

  // `after_operand`: a slash here divides.
  Token Next(bool after_operand);

 private:
  char At(std::size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  Token Make(TokenType type, std::string text);
  void SkipBlanks();
  Token Regex();
  Token String(char quote);
  void Escape(std::string& out, char32_t& high_surrogate);
  bool Number(Token& token);
  Token QuotedName();
  Token NameOrVariable();

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace scones::jsonata::detail

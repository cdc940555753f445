#include "asl/json_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace scones::asl {
namespace {

constexpr std::size_t kShownBytes = 500;
constexpr char kValues[] =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonFault Read() {
    if (Value()) {
      while (what_.empty() && !open_.empty()) Next();
      SkipSpaces();
      if (what_.empty() && !AtEnd()) BehindTheEnd();
    }
    return {what_, LineAt(at_), ColumnAt(at_)};
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  bool Fail(std::string what) {
    if (what_.empty()) what_ = std::move(what);
    return false;
  }
  int LineAt(std::size_t at) const {
    return 1 +
           static_cast<int>(std::count(text_.begin(), text_.begin() + std::ptrdiff_t(at), '\n'));
  }
  int ColumnAt(std::size_t at) const {
    const std::size_t line_break = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
    return 1 + static_cast<int>(line_break == std::string_view::npos ? at : at - line_break - 1);
  }
  void SkipSpaces() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool Unexpected(std::string_view wanted) {
    if (AtEnd()) return EndOfText();
    const auto c = static_cast<unsigned char>(text_[at_++]);
    return Fail(fmt::format("Unexpected character ('{}' (code {})): {}", char(c), int(c), wanted));
  }
  bool EndOfText() {
    if (open_.empty()) return Fail("No content to map due to end-of-input");
    const bool object = text_[open_.back()] == '{';
    return Fail(fmt::format(
        "Unexpected end-of-input: expected close marker for {} (start marker at [Source: "
        "(String)\"{}\"; line: {}, column: {}])",
        object ? "Object" : "Array", text_.substr(0, kShownBytes), LineAt(open_.back()),
        ColumnAt(open_.back())));
  }

  void BehindTheEnd() {
    const std::size_t begin = at_;
    if (std::isalpha(static_cast<unsigned char>(text_[at_])) != 0 && !Word()) return;
    at_ = begin;
    Unexpected("expected the end of the text");
  }

  // A whole value that is no container, or the beginning of one.
  bool Value() {
    SkipSpaces();
    if (AtEnd()) return EndOfText();
    const char c = text_[at_];
    if (c == '{' || c == '[') {
      open_.push_back(at_++);
      fresh_ = true;
      return true;
    }
    if (c == '"') return Text();
    if (c == '-' || std::isdigit(static_cast<unsigned char>(c)) != 0) return Number();
    if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$') return Word();
    return Unexpected(fmt::format("expected a valid value {}", kValues));
  }

  // The next member or element of the innermost container, or its end.
  bool Next() {
    const bool object = text_[open_.back()] == '{';
    SkipSpaces();
    if (AtEnd()) return EndOfText();
    if (text_[at_] == (object ? '}' : ']')) {
      if (!fresh_ && comma_) {
        return Unexpected(object ? "was expecting double-quote to start field name"
                                 : fmt::format("expected a valid value {}", kValues));
      }
      ++at_;
      open_.pop_back();
      fresh_ = comma_ = false;
      return true;
    }
    if (!fresh_ && !comma_) {
      if (text_[at_] != ',') {
        return Unexpected(object ? "was expecting comma to separate Object entries"
                                 : "was expecting comma to separate Array entries");
      }
      ++at_;
      comma_ = true;
      return true;
    }
    fresh_ = comma_ = false;
    if (object) {
      if (text_[at_] != '"') return Unexpected("was expecting double-quote to start field name");
      if (!Text()) return false;
      SkipSpaces();
      if (AtEnd()) return EndOfText();
      if (text_[at_] != ':') {
        return Unexpected("was expecting a colon to separate field name and value");
      }
      ++at_;
    }
    return Value();
  }

  bool Text() {
    for (++at_; at_ < text_.size(); ++at_) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) {
        ++at_;
        return Fail(
            fmt::format("Illegal unquoted character ((CTRL-CHAR, code {})): has to be "
                        "escaped using backslash to be included in string value",
                        int(c)));
      }
      if (c == '\\') {
        ++at_;
        if (at_ < text_.size() &&
            std::string_view("\"\\/bfnrtu").find(text_[at_]) == std::string_view::npos) {
          const auto escaped = static_cast<unsigned char>(text_[at_++]);
          return Fail(fmt::format("Unrecognized character escape '{}' (code {})", char(escaped),
                                  int(escaped)));
        }
      }
    }
    at_ = text_.size();
    return Fail("Unexpected end-of-input: was expecting closing quote for a string value");
  }

  bool Number() {
    if (text_[at_] == '-') ++at_;
    const auto digit = [&](std::size_t at) {
      return at < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at])) != 0;
    };
    if (!digit(at_))
      return Unexpected(
          "expected digit (0-9) to follow minus sign, for valid "
          "numeric value");
    if (text_[at_] == '0' && digit(at_ + 1)) {
      ++at_;
      return Fail("Invalid numeric value: Leading zeroes not allowed");
    }
    while (digit(at_)) ++at_;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!digit(at_)) return Unexpected("Decimal point not followed by a digit");
      while (digit(at_)) ++at_;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digit(at_)) return Unexpected("Exponent indicator not followed by a digit");
      while (digit(at_)) ++at_;
    }
    return true;
  }

  bool Word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '_' || text_[at_] == '$')) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "true" || word == "false" || word == "null") return true;
    return Fail(fmt::format("Unrecognized token '{}': was expecting {}",
                            word.substr(0, kShownBytes), kValues));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::size_t> open_;  // where the containers around begin
  bool fresh_ = false;             // nothing of the innermost one has been read
  bool comma_ = false;             // what was read last is a comma
  std::string what_;
};

}  // namespace

JsonFault FindJsonFault(std::string_view text) { return Reader(text).Read(); }

}  // namespace scones::asl

// LineOf: finds a place of a JSON text by walking the text itself; only used to report faults.
#include <algorithm>
#include <charconv>

#include "asl/compiler.h"

namespace scones::asl {
namespace {

class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  // Moves to the value of the member whose name is the longest prefix of `location` (names may hold
  // slashes). Precondition: at an object. False, and not moved, when there is none.
  bool EnterMember(std::string_view& location) {
    const std::size_t object = at_;
    std::size_t best_at = 0;
    std::size_t best_length = 0;
    ++at_;
    while (Peek() == '"') {
      const std::string name = TakeString();
      if (Peek() == ':') ++at_;
      const char after = location.size() > name.size() ? location[name.size()] : '/';
      if (location.starts_with(name) && name.size() >= best_length &&
          (after == '/' || after == '[')) {
        best_length = name.size();
        Peek();
        best_at = at_;
      }
      SkipValue();
      if (Peek() == ',') ++at_;
    }
    at_ = best_at == 0 ? object : best_at;
    if (best_at != 0) location.remove_prefix(best_length);
    return best_at != 0;
  }

  // Precondition: at an array.
  bool EnterElement(std::size_t index) {
    const std::size_t array = at_;
    ++at_;
    for (std::size_t i = 0; i < index && at_ < text_.size() && Peek() != ']'; ++i) {
      SkipValue();
      if (Peek() == ',') ++at_;
    }
    if (Peek() != ']' && at_ < text_.size()) return true;
    at_ = array;
    return false;
  }

  char Peek() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  int Line() const {
    return 1 + static_cast<int>(std::count(text_.begin(),
                                           text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
  }

 private:
  std::string TakeString() {
    std::string raw = "\"";
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') raw.push_back(text_[at_++]);
      if (at_ < text_.size()) raw.push_back(text_[at_]);
    }
    if (at_ < text_.size()) ++at_;
    raw.push_back('"');
    auto name = ParseJson(raw);
    return name && name->is_string() ? std::string(name->get_string()) : raw;
  }

  void SkipValue() {
    int depth = 0;
    do {
      const char c = Peek();
      if (c == '\0') return;
      if (c == '"') {
        TakeString();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        while (at_ < text_.size() &&
               std::string_view(",:]} \t\r\n").find(text_[at_]) == std::string_view::npos) {
          ++at_;
        }
      }
    } while (depth > 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

int LineOf(std::string_view text, std::string_view location) {
  Walker walker(text);
  if (walker.Peek() != '{') return 0;
  while (!location.empty()) {
    if (location.front() == '/') {
      location.remove_prefix(1);
      if (location.empty() || walker.Peek() != '{' || !walker.EnterMember(location)) break;
    } else if (location.front() == '[') {
      std::size_t index = 0;
      const auto parsed =
          std::from_chars(location.data() + 1, location.data() + location.size(), index);
      location.remove_prefix(static_cast<std::size_t>(parsed.ptr - location.data()));
      if (location.empty() || location.front() != ']' || walker.Peek() != '[') break;
      location.remove_prefix(1);
      if (!walker.EnterElement(index)) break;
    } else {
      break;
    }
  }
  return walker.Line();
}

}  // namespace scones::asl

// LocateDiagnostics: finds places of a JSON text by walking the text itself; only used to report
// faults. All are looked for in one walk: a text may have a megabyte and many faults.
#include <algorithm>
#include <charconv>

#include "asl/compiler.h"

namespace scones::asl {
namespace {

// A diagnostic that is looked for in a value that holds it.
struct Sought {
  Diagnostic* diagnostic = nullptr;
  std::string_view rest;    // of its location, from the value on
  std::size_t index = 0;    // of the element where that is next
  std::size_t at = 0;       // of the member or element, once found; else 0
  std::size_t matched = 0;  // length of its name
};

class Locator {
 public:
  explicit Locator(std::string_view text) : text_(text) {}

  // Those in `all` lie in the value that begins at `at`, or are the value itself. What cannot be
  // found has the line of the value that should hold it. Calls itself as deep as the text goes.
  void Locate(std::size_t at, std::vector<Sought> all) {
    at_ = at;
    const char opens = Peek();
    const std::size_t value = at_;
    std::vector<Sought> inner;
    for (Sought& one : all) {
      if (opens == '{' ? IsMember(one) : opens == '[' && IsElement(one)) {
        inner.push_back(one);
      } else {
        one.diagnostic->line = LineAt(value);
      }
    }
    if (inner.empty()) return;
    opens == '{' ? FindMembers(inner) : FindElements(inner);
    std::stable_sort(inner.begin(), inner.end(),
                     [](const Sought& a, const Sought& b) { return a.at < b.at; });
    for (auto first = inner.begin(); first != inner.end();) {
      const std::size_t found = first->at;
      const auto last =
          std::find_if(first, inner.end(), [found](const Sought& one) { return one.at != found; });
      if (found != 0) {
        Locate(found, {first, last});
      } else {
        for (auto one = first; one != last; ++one) one->diagnostic->line = LineAt(value);
      }
      first = last;
    }
  }

 private:
  static bool IsMember(Sought& one) {
    one.at = one.matched = 0;
    if (!one.rest.starts_with('/')) return false;
    one.rest.remove_prefix(1);
    return !one.rest.empty();
  }

  static bool IsElement(Sought& one) {
    one.at = 0;
    if (!one.rest.starts_with('[')) return false;
    const char* const end = one.rest.data() + one.rest.size();
    const auto parsed = std::from_chars(one.rest.data() + 1, end, one.index);
    one.rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - one.rest.data()));
    if (!one.rest.starts_with(']')) return false;
    one.rest.remove_prefix(1);
    return true;
  }

  // The member whose name is the longest prefix of the rest: names may hold slashes.
  void FindMembers(std::vector<Sought>& all) {
    ++at_;
    while (Peek() == '"') {
      const std::string name = TakeString();
      if (Peek() == ':') ++at_;
      Peek();
      for (Sought& one : all) {
        const char after = one.rest.size() > name.size() ? one.rest[name.size()] : '/';
        if ((after == '/' || after == '[') && (one.at == 0 || name.size() >= one.matched) &&
            one.rest.starts_with(name)) {
          one.matched = name.size();
          one.at = at_;
        }
      }
      SkipValue();
      if (Peek() == ',') ++at_;
    }
    for (Sought& one : all) {
      if (one.at != 0) one.rest.remove_prefix(one.matched);
    }
  }

  void FindElements(std::vector<Sought>& all) {
    std::sort(all.begin(), all.end(),
              [](const Sought& a, const Sought& b) { return a.index < b.index; });
    ++at_;
    std::size_t index = 0;
    for (Sought& one : all) {
      for (; index < one.index && InArray(); ++index) {
        SkipValue();
        if (Peek() == ',') ++at_;
      }
      if (!InArray()) return;
      one.at = at_;
    }
  }

  bool InArray() { return Peek() != ']' && at_ < text_.size(); }

  char Peek() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  int LineAt(std::size_t at) const {
    return 1 + static_cast<int>(std::count(text_.begin(),
                                           text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }

  void SkipString() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  std::string TakeString() {
    const std::size_t begin = at_;
    SkipString();
    const std::string_view raw = text_.substr(begin, at_ - begin);
    const auto name = ParseJson(raw);
    return std::string(name && name->is_string() ? std::string_view(name->get_string()) : raw);
  }

  void SkipValue() {
    int depth = 0;
    do {
      const char c = Peek();
      if (c == '\0') return;
      if (c == '"') {
        SkipString();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        while (at_ < text_.size() && !IsBlank(text_[at_]) &&
               std::string_view(",:]}").find(text_[at_]) == std::string_view::npos) {
          ++at_;
        }
      }
    } while (depth > 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void LocateDiagnostics(std::string_view text, std::vector<Diagnostic>& diagnostics) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (diagnostics.empty() || begin == std::string_view::npos || text[begin] != '{') return;
  std::vector<Sought> all;
  all.reserve(diagnostics.size());
  for (Diagnostic& one : diagnostics) all.push_back({.diagnostic = &one, .rest = one.location});
  Locator(text).Locate(begin, std::move(all));
}

}  // namespace scones::asl

#include "jsonata/detail/regex_class.h"

#include <fmt/format.h>
#include <fmt/xchar.h>

#include <algorithm>

#include "jsonata/detail/code_points.h"

namespace scones::jsonata {
namespace {

// Letters that JavaScript keeps apart from those that Unicode's case folding (PCRE2's) puts beside
// them: their upper case is themselves, in ASCII, or more than one letter.
const UnitSet& Unfolded() {
  static const UnitSet kUnfolded = {{0x017F, 0x017F}, {0x03F4, 0x03F4}, {0x1E9E, 0x1E9E},
                                    {0x1F80, 0x1FAF}, {0x1FB3, 0x1FB3}, {0x1FBC, 0x1FBC},
                                    {0x1FC3, 0x1FC3}, {0x1FCC, 0x1FCC}, {0x1FF3, 0x1FF3},
                                    {0x1FFC, 0x1FFC}, {0x2126, 0x2126}, {0x212A, 0x212B}};
  return kUnfolded;
}

// JavaScript's \s.
const UnitSet& Spaces() {
  static const UnitSet kSpaces = [] {
    UnitSet members;
    for (char32_t c = 0; c <= 0xFFFF; ++c) {
      if (IsJsSpace(c)) members.emplace_back(c, c);
    }
    return members;
  }();
  return kSpaces;
}

UnitSet Complement(UnitSet set) {
  std::sort(set.begin(), set.end());
  UnitSet rest;
  unsigned next = 0;
  for (const auto& [first, last] : set) {
    if (first > next) rest.emplace_back(next, first - 1);
    next = std::max(next, last + 1U);
  }
  if (next <= 0xFFFF) rest.emplace_back(next, 0xFFFF);
  return rest;
}

UnitSet Without(const UnitSet& set, const UnitSet& removed) {
  UnitSet outside = Complement(set);
  outside.insert(outside.end(), removed.begin(), removed.end());
  return Complement(std::move(outside));
}

std::string Hex(char16_t unit) { return fmt::format("\\x{{{:x}}}", static_cast<unsigned>(unit)); }

std::string Brackets(const UnitSet& set, bool negated) {
  if (set.empty()) return negated ? "(?s:.)" : "(?!)";
  std::string text = negated ? "[^" : "[";
  for (const auto& [first, last] : set) {
    text += Hex(first);
    if (last != first) text += "-" + Hex(last);
  }
  return text + "]";
}

const std::string& UnfoldedText() {
  static const std::string kText = Brackets(Unfolded(), false);
  return kText;
}

bool IsCaseless(const UnitSet& set) {
  return std::all_of(set.begin(), set.end(), [](const UnitRange& range) {
    return range.second < u'A' || (range.first > u'Z' && range.second < u'a') ||
           (range.first > u'z' && range.second < 0x80);
  });
}

std::u16string Wide(const std::string& ascii) { return {ascii.begin(), ascii.end()}; }

}  // namespace

bool AppendClassEscape(char16_t letter, UnitSet& set) {
  UnitSet members;
  switch (letter) {
    case u'd':
    case u'D':
      members = {{u'0', u'9'}};
      break;
    case u'w':
    case u'W':
      members = {{u'0', u'9'}, {u'A', u'Z'}, {u'_', u'_'}, {u'a', u'z'}};
      break;
    case u's':
    case u'S':
      members = Spaces();
      break;
    default:
      return false;
  }
  if (letter < u'a') members = Complement(std::move(members));
  set.insert(set.end(), members.begin(), members.end());
  return true;
}

std::u16string ClassText(const UnitSet& set, bool negated, bool ignore_case) {
  if (!ignore_case || IsCaseless(set)) return Wide(Brackets(set, negated));
  const std::string& unfolded = UnfoldedText();
  return Wide(fmt::format("(?:(?-i:(?!{})){}|(?-i:(?={}){}))", unfolded,
                          Brackets(Without(set, Unfolded()), negated), unfolded,
                          Brackets(set, negated)));
}

std::u16string UnitText(char16_t unit, bool ignore_case) {
  const bool ascii_letter = (unit >= u'a' && unit <= u'z') || (unit >= u'A' && unit <= u'Z');
  const bool folds_wrong =
      unit >= 0x80 || std::u16string_view(u"kKsS").find(unit) != std::u16string_view::npos;
  if (ignore_case && folds_wrong) {
    const bool unfolded = std::any_of(
        Unfolded().begin(), Unfolded().end(),
        [unit](const UnitRange& range) { return unit >= range.first && unit <= range.second; });
    return Wide(unfolded ? fmt::format("(?-i:{})", Hex(unit))
                         : fmt::format("(?:(?-i:(?!{})){})", UnfoldedText(), Hex(unit)));
  }
  if (ascii_letter || (unit >= u'0' && unit <= u'9')) return std::u16string(1, unit);
  return Wide(Hex(unit));
}

}  // namespace scones::jsonata

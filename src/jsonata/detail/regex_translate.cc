#include "jsonata/detail/regex_translate.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "jsonata/detail/regex_class.h"

namespace scones::jsonata {
namespace {

using View = std::u16string_view;

constexpr std::size_t kMaxGroups = 1000;
constexpr std::size_t kMaxNesting = 200;
constexpr unsigned kMaxRepeat = 65'535;

const UnitSet& LineEnds() {
  static const UnitSet kLineEnds = {{u'\n', u'\n'}, {u'\r', u'\r'}, {0x2028, 0x2029}};
  return kLineEnds;
}

constexpr View kWordBoundary =
    u"(?-i:(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?=[A-Za-z0-9_]))";
constexpr View kNoWordBoundary =
    u"(?-i:(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<![A-Za-z0-9_])(?![A-Za-z0-9_]))";

bool IsDigit(char16_t c) { return c >= u'0' && c <= u'9'; }
bool IsOctal(char16_t c) { return c >= u'0' && c <= u'7'; }
bool IsLetter(char16_t c) { return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z'); }

int HexValue(char16_t c) {
  if (IsDigit(c)) return c - u'0';
  if (c >= u'a' && c <= u'f') return c - u'a' + 10;
  return c >= u'A' && c <= u'F' ? c - u'A' + 10 : -1;
}

Error Complaint(std::string_view what) { return Error(Code::kInvalid, std::string(what)); }

class Translator {
 public:
  Translator(View pattern, const RegexFlags& flags) : pattern_(pattern), flags_(flags) {}

  Result<std::u16string> Run() {
    TRY_VOID(FindGroups());
    while (!AtEnd()) TRY_VOID(Term());
    if (!open_.empty()) return Complaint("Unterminated group");
    return std::move(text_);
  }

 private:
  // What the last term allows after it.
  enum class Last { kNothing, kAtom };

  bool AtEnd() const { return at_ >= pattern_.size(); }
  char16_t Peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : u'\0';
  }
  bool Take(View text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  void Emit(View text, Last last) {
    text_ += text;
    last_ = last;
  }
  void EmitSet(const UnitSet& set, bool negated) {
    Emit(ClassText(set, negated, flags_.ignore_case), Last::kAtom);
  }
  void EmitUnit(char16_t unit) { Emit(UnitText(unit, flags_.ignore_case), Last::kAtom); }

  // Groups must be known before the first back reference: \1 may stand before its group.
  Result<void> FindGroups();
  Result<void> Term();
  Result<void> OpenGroup();
  Result<void> CloseGroup();
  Result<std::u16string> GroupName();
  Result<bool> Quantifier();
  Result<bool> Braces();
  std::optional<unsigned> Number();
  Result<void> Escape();
  bool BackReference();
  Result<bool> NamedReference();
  char16_t CharacterEscape(bool in_class);
  char16_t OctalEscape();
  std::optional<char16_t> HexEscape(std::size_t digits);
  Result<void> Class();
  Result<std::optional<char16_t>> ClassAtom(UnitSet& set);

  View pattern_;
  RegexFlags flags_;
  std::size_t at_ = 0;
  std::u16string text_;
  Last last_ = Last::kNothing;
  std::size_t groups_ = 0;
  std::vector<std::pair<std::u16string, std::size_t>> names_;
  struct Open {
    View close;
    Last last;
  };
  std::vector<Open> open_;
};

Result<void> Translator::FindGroups() {
  bool in_class = false;
  for (at_ = 0; !AtEnd(); ++at_) {
    if (Peek() == u'\\') {
      ++at_;
    } else if (Peek() == u'[') {
      in_class = true;
    } else if (Peek() == u']') {
      in_class = false;
    } else if (Peek() == u'(' && !in_class) {
      const bool named = Peek(1) == u'?' && Peek(2) == u'<' && Peek(3) != u'=' && Peek(3) != u'!';
      if (Peek(1) == u'?' && !named) continue;
      if (++groups_ > kMaxGroups) return Complaint("Too many groups");
      if (!named) continue;
      const std::size_t start = at_;
      at_ += 3;
      TRY(std::u16string name, GroupName());
      at_ = start;
      for (const auto& known : names_) {
        if (known.first == name) return Complaint("Duplicate capture group name");
      }
      names_.emplace_back(std::move(name), groups_);
    }
  }
  at_ = 0;
  return {};
}

// What stands before ">", which is taken as well.
Result<std::u16string> Translator::GroupName() {
  const std::size_t start = at_;
  while (!AtEnd() && Peek() != u'>') {
    const char16_t c = Peek();
    const bool valid =
        IsLetter(c) || c == u'_' || c == u'$' || c >= 0x80 || (IsDigit(c) && at_ > start);
    if (!valid) return Complaint("Invalid capture group name");
    ++at_;
  }
  if (AtEnd() || at_ == start) return Complaint("Invalid capture group name");
  return std::u16string(pattern_.substr(start, at_++ - start));
}

Result<void> Translator::Term() {
  TRY(const bool quantified, Quantifier());
  if (quantified) return {};
  const char16_t c = Peek();
  switch (c) {
    case u'(':
      return OpenGroup();
    case u')':
      return CloseGroup();
    case u'[':
      return Class();
    case u'\\':
      return Escape();
    default:
      break;
  }
  ++at_;
  switch (c) {
    case u'|':
      Emit(u"|", Last::kNothing);
      break;
    case u'.':
      EmitSet(LineEnds(), true);
      break;
    case u'^':
      Emit(flags_.multiline ? u"(?<!" + ClassText(LineEnds(), true, false) + u")" : u"\\A",
           Last::kNothing);
      break;
    case u'$':
      Emit(flags_.multiline ? u"(?!" + ClassText(LineEnds(), true, false) + u")" : u"\\z",
           Last::kNothing);
      break;
    default:
      EmitUnit(c);
  }
  return {};
}

Result<void> Translator::OpenGroup() {
  if (open_.size() >= kMaxNesting) return Complaint("Groups are nested too deeply");
  if (Take(u"(?:")) {
    Emit(u"(?:", Last::kNothing);
    open_.push_back({u")", Last::kAtom});
  } else if (Take(u"(?=") || Take(u"(?!")) {
    // A quantifier may follow, so that it must be a group.
    Emit(pattern_[at_ - 1] == u'=' ? u"(?:(?=" : u"(?:(?!", Last::kNothing);
    open_.push_back({u"))", Last::kAtom});
  } else if (Take(u"(?<=") || Take(u"(?<!")) {
    Emit(pattern_[at_ - 1] == u'=' ? u"(?<=" : u"(?<!", Last::kNothing);
    open_.push_back({u")", Last::kNothing});
  } else if (Take(u"(?<")) {
    TRY_VOID(GroupName());
    Emit(u"(", Last::kNothing);
    open_.push_back({u")", Last::kAtom});
  } else if (Take(u"(?")) {
    return Complaint("Invalid group");
  } else {
    ++at_;
    Emit(u"(", Last::kNothing);
    open_.push_back({u")", Last::kAtom});
  }
  return {};
}

Result<void> Translator::CloseGroup() {
  if (open_.empty()) return Complaint("Unmatched ')'");
  ++at_;
  Emit(open_.back().close, open_.back().last);
  open_.pop_back();
  return {};
}

// Takes a quantifier; false: there is none.
Result<bool> Translator::Quantifier() {
  const std::size_t start = at_;
  const std::size_t before = text_.size();
  if (Take(u"*") || Take(u"+") || Take(u"?")) {
    text_ += pattern_[start];
  } else if (Peek() == u'{') {
    TRY(const bool taken, Braces());
    if (!taken) return false;
  } else {
    return false;
  }
  if (last_ != Last::kAtom) {
    text_.resize(before);
    return Complaint("Nothing to repeat");
  }
  if (Take(u"?")) text_ += u"?";
  last_ = Last::kNothing;
  return true;
}

// "{2}", "{2,}", "{2,5}"; anything else that starts with a brace is text.
Result<bool> Translator::Braces() {
  const std::size_t start = at_++;
  const std::optional<unsigned> least = Number();
  std::optional<unsigned> most = least;
  const bool comma = least && Take(u",");
  if (comma) most = Number();
  if (!least || !Take(u"}")) {
    at_ = start;
    return false;
  }
  if (most && *most < *least) return Complaint("numbers out of order in {} quantifier");
  if (*least > kMaxRepeat || (most && *most > kMaxRepeat && !comma)) {
    return Complaint(fmt::format("A quantifier is more than {}", kMaxRepeat));
  }
  std::string text = fmt::format("{{{}", *least);
  // No text is so long that a greater bound could matter.
  const bool unbounded = comma && (!most || *most > kMaxRepeat);
  if (unbounded) {
    text += ",";
  } else if (comma) {
    text += fmt::format(",{}", *most);
  }
  text += "}";
  text_.append(text.begin(), text.end());
  return true;
}

std::optional<unsigned> Translator::Number() {
  if (!IsDigit(Peek())) return std::nullopt;
  unsigned number = 0;
  for (; IsDigit(Peek()); ++at_) {
    number = std::min(number * 10 + (Peek() - u'0'), kMaxRepeat + 1);
  }
  return number;
}

Result<void> Translator::Escape() {
  if (at_ + 1 >= pattern_.size()) return Complaint("\\ at end of pattern");
  const char16_t letter = Peek(1);
  UnitSet set;
  if (letter == u'b' || letter == u'B') {
    at_ += 2;
    Emit(letter == u'b' ? kWordBoundary : kNoWordBoundary, Last::kNothing);
    return {};
  }
  if (AppendClassEscape(letter, set)) {
    at_ += 2;
    EmitSet(set, false);
    return {};
  }
  if (BackReference()) return {};
  TRY(const bool named, NamedReference());
  if (!named) EmitUnit(CharacterEscape(false));
  return {};
}

// "\12" where there are so many groups; false: it is none.
bool Translator::BackReference() {
  const std::size_t start = at_++;
  if (Peek() != u'0') {
    if (const std::optional<unsigned> number = Number(); number && *number <= groups_) {
      const std::string text = fmt::format("\\g{{{}}}", *number);
      Emit(std::u16string(text.begin(), text.end()), Last::kAtom);
      return true;
    }
  }
  at_ = start;
  return false;
}

// "\k<name>", which is text where no group has a name.
Result<bool> Translator::NamedReference() {
  if (Peek(1) != u'k' || names_.empty()) return false;
  at_ += 2;
  if (!Take(u"<")) return Complaint("Invalid named reference");
  TRY(const std::u16string name, GroupName());
  for (const auto& [known, number] : names_) {
    if (known != name) continue;
    const std::string text = fmt::format("\\g{{{}}}", number);
    Emit(std::u16string(text.begin(), text.end()), Last::kAtom);
    return true;
  }
  return Complaint("Invalid named capture referenced");
}

// An escape that stands for one code unit; `at_` is at its backslash.
char16_t Translator::CharacterEscape(bool in_class) {
  const char16_t letter = Peek(1);
  at_ += 2;
  switch (letter) {
    case u'n':
      return u'\n';
    case u'r':
      return u'\r';
    case u't':
      return u'\t';
    case u'v':
      return u'\v';
    case u'f':
      return u'\f';
    case u'x':
      return HexEscape(2).value_or(u'x');
    case u'u':
      return HexEscape(4).value_or(u'u');
    case u'c': {
      const bool control = IsLetter(Peek()) || (in_class && (IsDigit(Peek()) || Peek() == u'_'));
      if (control) return pattern_[at_++] % 32;
      --at_;  // a backslash that stands for itself
      return u'\\';
    }
    default:
      break;
  }
  if (!IsOctal(letter)) return letter;
  --at_;
  return OctalEscape();
}

// Up to three octal digits, at most 0377.
char16_t Translator::OctalEscape() {
  unsigned value = 0;
  for (int i = 0; i < 3 && IsOctal(Peek()) && value * 8 + (Peek() - u'0') <= 0xFF; ++i, ++at_) {
    value = value * 8 + (Peek() - u'0');
  }
  return static_cast<char16_t>(value);
}

std::optional<char16_t> Translator::HexEscape(std::size_t digits) {
  unsigned value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = HexValue(Peek(i));
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  at_ += digits;
  return static_cast<char16_t>(value);
}

Result<void> Translator::Class() {
  ++at_;
  const bool negated = Take(u"^");
  UnitSet set;
  while (!Take(u"]")) {
    TRY(const std::optional<char16_t> first, ClassAtom(set));
    if (Peek() != u'-' || Peek(1) == u']' || at_ + 1 >= pattern_.size()) {
      if (first) set.emplace_back(*first, *first);
      continue;
    }
    ++at_;
    TRY(const std::optional<char16_t> last, ClassAtom(set));
    if (!first || !last) {  // "[\w-x]": the hyphen is one of the set
      set.emplace_back(u'-', u'-');
      if (first) set.emplace_back(*first, *first);
      if (last) set.emplace_back(*last, *last);
    } else if (*first > *last) {
      return Complaint("Range out of order in character class");
    } else {
      set.emplace_back(*first, *last);
    }
  }
  EmitSet(set, negated);
  return {};
}

// One code unit; nullopt: it was a set, which was added.
Result<std::optional<char16_t>> Translator::ClassAtom(UnitSet& set) {
  if (AtEnd()) return Complaint("Unterminated character class");
  if (Peek() != u'\\') return std::optional<char16_t>(pattern_[at_++]);
  if (at_ + 1 >= pattern_.size()) return Complaint("\\ at end of pattern");
  if (AppendClassEscape(Peek(1), set)) {
    at_ += 2;
    return std::optional<char16_t>();
  }
  if (Peek(1) == u'b') {
    at_ += 2;
    return std::optional<char16_t>(u'\b');
  }
  return std::optional<char16_t>(CharacterEscape(true));
}

}  // namespace

Result<std::u16string> TranslateRegex(std::u16string_view pattern, const RegexFlags& flags) {
  return Translator(pattern, flags).Run();
}

}  // namespace scones::jsonata

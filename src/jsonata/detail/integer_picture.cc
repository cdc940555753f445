#include "jsonata/detail/integer_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/json.h"
#include "jsonata/detail/code_points.h"
#include "jsonata/detail/js_number.h"
#include "jsonata/detail/number_words.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

using Separator = IntegerPicture::Separator;

constexpr double kMaxRoman = 1e6;  // a thousand letters

// The zeros of Unicode's decimal digits in the Basic Multilingual Plane.
constexpr char32_t kZeros[] = {0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6,
                               0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0,
                               0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
                               0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900,
                               0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

// The zero of the group that `c` belongs to, or 0.
char32_t ZeroOf(char32_t c) {
  for (const char32_t zero : kZeros) {
    if (c >= zero && c <= zero + 9) return zero;
  }
  return 0;
}

// The size of the groups if the separators are one character at equal distances, else 0.
int GroupSize(const std::vector<Separator>& separators) {
  if (separators.empty()) return 0;
  int size = 0;
  for (const Separator& separator : separators) {
    if (separator.character != separators[0].character) return 0;
    size = std::gcd(size, separator.position);
  }
  for (int i = 1; i <= static_cast<int>(separators.size()); ++i) {
    const bool found = std::any_of(separators.begin(), separators.end(),
                                   [&](const Separator& s) { return s.position == i * size; });
    if (!found) return 0;
  }
  return size;
}

// Sets kind and case for a picture of letters; false: it is none.
bool SetLetters(std::u32string_view primary, IntegerPicture& picture) {
  using Kind = IntegerPicture::Kind;
  using Case = IntegerPicture::Case;
  static constexpr struct {
    std::u32string_view text;
    Kind kind;
    Case letter_case;
  } kForms[] = {{U"A", Kind::kLetters, Case::kUpper}, {U"a", Kind::kLetters, Case::kLower},
                {U"I", Kind::kRoman, Case::kUpper},   {U"i", Kind::kRoman, Case::kLower},
                {U"W", Kind::kWords, Case::kUpper},   {U"w", Kind::kWords, Case::kLower},
                {U"Ww", Kind::kWords, Case::kTitle}};
  for (const auto& form : kForms) {
    if (primary != form.text) continue;
    picture.kind = form.kind;
    picture.letter_case = form.letter_case;
    return true;
  }
  return false;
}

Result<void> SetDigits(std::u32string_view primary, IntegerPicture& picture) {
  char32_t zero = 0;
  int position = 0;
  for (auto c = primary.rbegin(); c != primary.rend(); ++c) {
    if (const char32_t of = ZeroOf(*c); of != 0) {
      if (zero != 0 && of != zero) {
        return Error(Code::kInvalid, "D3131",
                     "In a decimal digit pattern, all digits must be from the same decimal group");
      }
      zero = of;
      ++picture.mandatory_digits;
      ++position;
    } else if (*c == U'#') {
      ++picture.optional_digits;
      ++position;
    } else {
      picture.separators.push_back({position, *c});
    }
  }
  if (zero == 0) {
    picture.kind = IntegerPicture::Kind::kSequence;
    return {};
  }
  picture.zero = zero;
  picture.group_size = GroupSize(picture.separators);
  return {};
}

Error SequenceError(std::u32string_view token) {
  return Error(Code::kInvalid, "D3130",
               fmt::format("Formatting or parsing an integer as a sequence starting with {} is not "
                           "supported by this implementation",
                           ToJsonString(FromCodePoints(token))));
}

// As JavaScript's text.substr(0, at) + separator + text.substr(at), which 2.0.6 uses also where
// `at` is before the start.
void Insert(int at, char32_t separator, std::u32string& text) {
  const auto size = static_cast<int>(text.size());
  const int head = std::clamp(at, 0, size);
  const int tail = at < 0 ? std::max(size + at, 0) : head;
  text = text.substr(0, static_cast<std::size_t>(head)) + separator +
         text.substr(static_cast<std::size_t>(tail));
}

void InsertSeparators(const IntegerPicture& picture, std::u32string& text) {
  const auto size = static_cast<int>(text.size());
  if (picture.group_size > 0) {
    for (int at = size - picture.group_size; at > 0; at -= picture.group_size) {
      Insert(at, picture.separators[0].character, text);
    }
    return;
  }
  for (auto s = picture.separators.rbegin(); s != picture.separators.rend(); ++s) {
    Insert(static_cast<int>(text.size()) - s->position, s->character, text);
  }
}

std::u32string_view OrdinalSuffix(std::u32string_view text) {
  const bool teen = text.size() > 1 && text[text.size() - 2] == U'1';
  if (teen || text.empty()) return U"th";
  switch (text.back()) {
    case U'1':
      return U"st";
    case U'2':
      return U"nd";
    case U'3':
      return U"rd";
    default:
      return U"th";
  }
}

std::string FormatDigits(double value, const IntegerPicture& picture) {
  std::u32string text = ToCodePoints(detail::NumberText(value));
  const auto least = static_cast<std::size_t>(picture.mandatory_digits);
  if (text.size() < least) text.insert(0, least - text.size(), U'0');
  for (char32_t& c : text) {
    if (c >= U'0' && c <= U'9') c = c - U'0' + picture.zero;
  }
  InsertSeparators(picture, text);
  if (picture.ordinal) text += OrdinalSuffix(text);
  return FromCodePoints(text);
}

char UpperChar(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), UpperChar);
  return upper;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

double ParseDigits(std::string_view text, const IntegerPicture& picture) {
  std::u32string digits = ToCodePoints(text);
  if (picture.ordinal) digits.resize(digits.size() - std::min<std::size_t>(digits.size(), 2));
  if (picture.group_size > 0) {
    std::erase(digits, U',');  // 2.0.6 knows no other where groups are regular
  } else {
    for (const Separator& separator : picture.separators) std::erase(digits, separator.character);
  }
  for (char32_t& c : digits) {
    if (c >= picture.zero && c <= picture.zero + 9) c = c - picture.zero + U'0';
  }
  return JsParseInt(FromCodePoints(digits));
}

}  // namespace

Result<IntegerPicture> IntegerPicture::Analyse(std::u32string_view picture) {
  IntegerPicture analysed;
  const std::size_t semicolon = picture.rfind(U';');
  const std::u32string_view primary = picture.substr(0, semicolon);
  analysed.text = primary;
  analysed.ordinal =
      semicolon != std::u32string_view::npos && picture.substr(semicolon + 1, 1) == U"o";
  if (!SetLetters(primary, analysed)) TRY_VOID(SetDigits(primary, analysed));
  return analysed;
}

Result<std::string> IntegerPicture::Format(double value) const {
  const std::string sign = value < 0 ? "-" : "";
  value = std::abs(value);
  if (kind == Kind::kSequence) return SequenceError(text);
  if (kind == Kind::kDecimal) return sign + FormatDigits(value, *this);
  if (!std::isfinite(value)) return sign + detail::NumberText(value);
  if (kind == Kind::kLetters) {
    return sign + NumberToLetters(value, letter_case == Case::kUpper ? 'A' : 'a');
  }
  if (kind == Kind::kRoman) {
    if (value > kMaxRoman) {
      return Error(Code::kInvalid, "U1001",
                   fmt::format("{} is too great for a Roman numeral", detail::NumberText(value)));
    }
    const std::string roman = NumberToRoman(value);
    return sign + (letter_case == Case::kUpper ? Upper(roman) : roman);
  }
  const std::string words = NumberToWords(value, ordinal);
  if (letter_case == Case::kUpper) return sign + Upper(words);
  return sign + (letter_case == Case::kLower ? Lower(words) : words);
}

Result<std::string> IntegerPicture::Pattern() const {
  const bool upper = letter_case == Case::kUpper;
  switch (kind) {
    case Kind::kLetters:
      return std::string(upper ? "[A-Z]+" : "[a-z]+");
    case Kind::kRoman:
      return std::string(upper ? "[MDCLXVI]+" : "[mdclxvi]+");
    case Kind::kWords:
      return fmt::format("(?:{}|and|[\\-, ])+", fmt::join(NumberWords(), "|"));
    case Kind::kSequence:
      return SequenceError(text);
    case Kind::kDecimal:
      break;
  }
  std::string pattern = "[0-9]+";
  if (parse_digits > 0 && optional_digits == 0) {
    pattern = fmt::format("[0-9]{{{}}}", parse_digits);
  } else if (parse_digits > 0) {
    pattern = fmt::format("[0-9]{{{},{}}}", parse_digits - optional_digits, parse_digits);
  }
  if (ordinal) pattern += "(?:th|st|nd|rd)";
  return pattern;
}

Result<double> IntegerPicture::Parse(std::string_view number) const {
  const bool upper = letter_case == Case::kUpper;
  switch (kind) {
    case Kind::kLetters:
      return LettersToNumber(number, upper ? 'A' : 'a');
    case Kind::kRoman:
      return RomanToNumber(upper ? std::string(number) : Upper(number));
    case Kind::kWords:
      return WordsToNumber(Lower(number));
    case Kind::kSequence:
      return SequenceError(text);
    case Kind::kDecimal:
      break;
  }
  return ParseDigits(number, *this);
}

}  // namespace scones::jsonata

#include "jsonata/detail/decimal_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

using View = std::u16string_view;
constexpr std::size_t kNone = View::npos;
constexpr int kMaxFraction = 100;  // as JavaScript's toFixed()

struct Parts {
  View prefix, suffix, active, mantissa, integer, fraction;
  std::optional<View> exponent;
};

bool IsActive(char16_t c, const DecimalSymbols& symbols) {
  const View one(&c, 1);
  return symbols.IsDigit(c) || one == symbols.decimal_separator ||
         one == symbols.exponent_separator || one == symbols.grouping_separator ||
         one == symbols.digit || one == symbols.pattern_separator;
}

Parts Split(View text, const DecimalSymbols& symbols) {
  const auto bounds = [&](char16_t c) {
    return IsActive(c, symbols) && View(&c, 1) != symbols.exponent_separator;
  };
  Parts parts;
  auto first = std::find_if(text.begin(), text.end(), bounds);
  auto last = std::find_if(text.rbegin(), text.rend(), bounds).base();
  if (first == text.end()) {  // nothing active: all of it is at fault
    first = text.begin();
    last = text.end();
  }
  const auto begin = static_cast<std::size_t>(first - text.begin());
  const auto end = static_cast<std::size_t>(last - text.begin());
  parts.prefix = text.substr(0, begin);
  parts.suffix = text.substr(end);
  parts.active = text.substr(begin, end - begin);
  const std::size_t exponent = text.find(symbols.exponent_separator, begin);
  parts.mantissa = parts.active;
  if (exponent != kNone && exponent <= end) {
    // 2.0.6 counts from the start of the sub-picture here, so that a prefix and an exponent don't
    // go together.
    parts.mantissa = parts.active.substr(0, exponent);
    parts.exponent = parts.active.substr(std::min(exponent + 1, parts.active.size()));
  }
  const std::size_t point = parts.mantissa.find(symbols.decimal_separator);
  parts.integer = parts.mantissa.substr(0, point);
  // Without a decimal separator 2.0.6 takes the suffix, which holds no digits, for the fraction.
  parts.fraction = point == kNone ? parts.suffix : parts.mantissa.substr(point + 1);
  return parts;
}

bool Twice(View text, View symbol) { return text.find(symbol) != text.rfind(symbol); }

int CountDigits(View text, const DecimalSymbols& symbols, bool optional_too) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [&](char16_t c) {
    return symbols.IsDigit(c) || (optional_too && symbols.IsOptionalDigit(c));
  }));
}

struct Fault {
  const char* code;
  const char* message;
};

constexpr Fault kNoFault = {nullptr, nullptr};

Fault SymbolFault(View text, const DecimalSymbols& s) {
  const bool percent = text.find(s.percent) != kNone;
  const bool per_mille = text.find(s.per_mille) != kNone;
  if (percent && per_mille) {
    return {"D3084",
            "The sub-picture must not contain both a 'percent' and a 'per-mille' character"};
  }
  if (Twice(text, s.per_mille)) {
    return {"D3083",
            "The sub-picture must not contain more than one instance of the 'per-mille' character"};
  }
  if (Twice(text, s.percent)) {
    return {"D3082",
            "The sub-picture must not contain more than one instance of the 'percent' character"};
  }
  if (Twice(text, s.decimal_separator)) {
    return {"D3081",
            "The sub-picture must not contain more than one instance of the 'decimal-separator' "
            "character"};
  }
  return kNoFault;
}

Fault ExponentFault(View text, const Parts& parts, const DecimalSymbols& s) {
  if (!parts.exponent) return kNoFault;
  const View exponent = *parts.exponent;
  if (exponent.empty() || CountDigits(exponent, s, false) != static_cast<int>(exponent.size())) {
    return {"D3093",
            "The exponent part of the sub-picture must comprise only of one or more characters "
            "that are members of the 'decimal digit family'"};
  }
  if (text.find(s.percent) != kNone || text.find(s.per_mille) != kNone) {
    return {"D3092",
            "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a "
            "character treated as an 'exponent-separator'"};
  }
  return kNoFault;
}

Fault DigitOrderFault(const Parts& parts, const DecimalSymbols& s) {
  const std::size_t last_optional = parts.fraction.rfind(s.digit);
  if (last_optional != kNone && CountDigits(parts.fraction.substr(last_optional), s, false) > 0) {
    return {"D3091",
            "The fractional part of the sub-picture must not contain an instance of the 'optional "
            "digit character' that is followed by a member of the 'decimal digit family'"};
  }
  const std::size_t first_optional = parts.integer.find(s.digit);
  if (first_optional != kNone &&
      CountDigits(parts.integer.substr(0, first_optional), s, false) > 0) {
    return {"D3090",
            "The integer part of the sub-picture must not contain a member of the 'decimal digit "
            "family' that is followed by an instance of the 'optional digit character'"};
  }
  return kNoFault;
}

Fault GroupingFault(View text, const Parts& parts, const DecimalSymbols& s) {
  if (text.find(s.grouping_separator + s.grouping_separator) != kNone) {
    return {"D3089",
            "The sub-picture must not contain two adjacent instances of the 'grouping-separator' "
            "character"};
  }
  const std::size_t point = text.find(s.decimal_separator);
  if (point == kNone && parts.integer.ends_with(s.grouping_separator)) {
    return {"D3088",
            "The sub-picture must not contain a 'grouping-separator' at the end of the integer "
            "part"};
  }
  const bool beside =
      point != kNone && ((point > 0 && text.substr(point - 1, 1) == s.grouping_separator) ||
                         text.substr(point + 1, 1) == s.grouping_separator);
  if (beside) {
    return {"D3087",
            "The sub-picture must not contain a 'grouping-separator' character that appears "
            "adjacent to a 'decimal-separator' character"};
  }
  return kNoFault;
}

// Where a picture has several faults, the last of XPath's list is reported, as 2.0.6 does.
Result<void> Validate(View text, const Parts& parts, const DecimalSymbols& s) {
  Fault fault = ExponentFault(text, parts, s);
  if (fault.code == nullptr) fault = DigitOrderFault(parts, s);
  if (fault.code == nullptr) fault = GroupingFault(text, parts, s);
  if (fault.code == nullptr && !std::all_of(parts.active.begin(), parts.active.end(),
                                            [&](char16_t c) { return IsActive(c, s); })) {
    fault = {"D3086",
             "The sub-picture must not contain a passive character that is preceded by an active "
             "character and that is followed by another active character"};
  }
  if (fault.code == nullptr && CountDigits(parts.mantissa, s, true) == 0) {
    fault = {"D3085",
             "The mantissa part of a sub-picture must contain at least one character that is "
             "either an 'optional digit character' or a member of the 'decimal digit family'"};
  }
  if (fault.code == nullptr) fault = SymbolFault(text, s);
  if (fault.code != nullptr) return Error(Code::kInvalid, fault.code, fault.message);
  return {};
}

// The digits on one side of each grouping separator. After the first, 2.0.6 looks for separators
// in the integer part only.
std::vector<int> Groups(View part, const Parts& parts, bool to_left, const DecimalSymbols& s) {
  std::vector<int> groups;
  std::size_t at = part.find(s.grouping_separator);
  while (at != kNone) {
    const View side = to_left ? part.substr(0, at) : part.substr(std::min(at, part.size()));
    groups.push_back(CountDigits(side, s, true));
    at = parts.integer.find(s.grouping_separator, at + 1);
  }
  return groups;
}

int RegularSize(const std::vector<int>& groups) {
  int size = 0;
  for (const int group : groups) size = std::gcd(size, group);
  for (int i = 1; i <= static_cast<int>(groups.size()); ++i) {
    if (std::find(groups.begin(), groups.end(), i * size) == groups.end()) return 0;
  }
  return size;
}

void SetSizes(const Parts& parts, const DecimalSymbols& s, DecimalPicture& picture) {
  picture.least_integer = CountDigits(parts.integer, s, false);
  picture.scaling = picture.least_integer;
  picture.least_fraction = CountDigits(parts.fraction, s, false);
  picture.most_fraction = CountDigits(parts.fraction, s, true);
  const bool exponent = parts.exponent.has_value();
  if (picture.least_integer == 0 && picture.most_fraction == 0) {
    if (exponent) {
      picture.least_fraction = 1;
      picture.most_fraction = 1;
    } else {
      picture.least_integer = 1;
    }
  }
  if (exponent && picture.least_integer == 0 && parts.integer.find(s.digit) != kNone) {
    picture.least_integer = 1;
  }
  if (picture.least_integer == 0 && picture.least_fraction == 0) picture.least_fraction = 1;
  if (exponent) picture.least_exponent = CountDigits(*parts.exponent, s, false);
}

}  // namespace

Result<DecimalSymbols> DecimalSymbols::From(const json::object* options) {
  DecimalSymbols symbols;
  if (options == nullptr) return symbols;
  const std::pair<std::string_view, std::u16string*> fields[] = {
      {"decimal-separator", &symbols.decimal_separator},
      {"grouping-separator", &symbols.grouping_separator},
      {"exponent-separator", &symbols.exponent_separator},
      {"minus-sign", &symbols.minus_sign},
      {"percent", &symbols.percent},
      {"per-mille", &symbols.per_mille},
      {"zero-digit", &symbols.zero_digit},
      {"digit", &symbols.digit},
      {"pattern-separator", &symbols.pattern_separator}};
  for (const auto& [name, field] : fields) {
    const json::value* value = FindMember(*options, name);
    if (value == nullptr) continue;
    if (!value->is_string() || value->get_string().empty()) {
      return Error(Code::kInvalid, "T0410",
                   fmt::format("The option {} of function formatNumber must be a string that is "
                               "not empty",
                               ToJsonString(name)));
    }
    *field = detail::ToUtf16(value->get_string());
  }
  return symbols;
}

Result<DecimalPicture> DecimalPicture::Analyse(std::u16string_view text,
                                               const DecimalSymbols& symbols) {
  const Parts parts = Split(text, symbols);
  TRY_VOID(Validate(text, parts, symbols));
  DecimalPicture picture;
  picture.text = text;
  picture.prefix = parts.prefix;
  picture.suffix = parts.suffix;
  picture.integer_groups = Groups(parts.integer, parts, false, symbols);
  picture.group_size = RegularSize(picture.integer_groups);
  picture.fraction_groups = Groups(parts.fraction, parts, true, symbols);
  SetSizes(parts, symbols, picture);
  if (picture.most_fraction > kMaxFraction) {
    return Error(Code::kInvalid, "D3091",
                 fmt::format("The fractional part of the sub-picture must not contain more than {} "
                             "digits",
                             kMaxFraction));
  }
  return picture;
}

}  // namespace scones::jsonata

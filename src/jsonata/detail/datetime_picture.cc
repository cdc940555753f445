#include "jsonata/detail/datetime_picture.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json.h"
#include "jsonata/detail/code_points.h"
#include "jsonata/detail/js_number.h"

namespace scones::jsonata {
namespace {

using View = std::u32string_view;
constexpr std::size_t kNone = View::npos;
constexpr int kMaxWidth = 1000;

// What is written where a marker has no presentation modifier; null: no such component.
const char32_t* DefaultPresentation(char32_t component) {
  switch (component) {
    case U'Y':
    case U'M':
    case U'D':
    case U'd':
    case U'W':
    case U'w':
    case U'X':
    case U'x':
    case U'H':
    case U'h':
    case U'f':
      return U"1";
    case U'F':
    case U'P':
    case U'C':
    case U'E':
      return U"n";
    case U'm':
    case U's':
      return U"01";
    case U'Z':
    case U'z':
      return U"01:01";
    default:
      return nullptr;
  }
}

bool IsIntegerComponent(char component) {
  return std::string_view("YMDdFWwXxHhmsf").find(component) != std::string_view::npos;
}

// "*" and what is no number set no bound.
Result<std::optional<int>> ParseWidth(View text) {
  const double width = JsParseInt(FromCodePoints(text));
  if (std::isnan(width)) return std::optional<int>();
  if (width < 0 || width > kMaxWidth) {
    return Error(Code::kInvalid, "U1001",
                 fmt::format("The width {} in the date/time picture string is not from 0 to {}",
                             FromCodePoints(text), kMaxWidth));
  }
  return std::optional<int>(static_cast<int>(width));
}

struct Width {
  std::optional<int> least;
  std::optional<int> most;
};

// Takes the width modifier, ",2-4", off `marker`.
Result<Width> TakeWidth(View& marker) {
  Width width;
  const std::size_t comma = marker.rfind(U',');
  if (comma == kNone) return width;
  const View text = marker.substr(comma + 1);
  const std::size_t dash = text.find(U'-');
  TRY(width.least, ParseWidth(text.substr(0, dash)));
  if (dash != kNone) {
    TRY(width.most, ParseWidth(text.substr(dash + 1)));
  }
  marker = marker.substr(0, comma);
  return width;
}

// How many digits of a year, month or day are written and read.
void SetDateDigits(const Width& width, IntegerPicture& integer) {
  if (width.most) {
    integer.parse_digits = *width.most;
    integer.mandatory_digits = *width.most;
    return;
  }
  const int digits = integer.mandatory_digits + integer.optional_digits;
  if (integer.kind == IntegerPicture::Kind::kDecimal && digits >= 2) integer.parse_digits = digits;
}

Result<void> SetInteger(View presentation, const Width& width, DatePart& part) {
  std::u32string picture(presentation);
  if (part.modifier != 0) picture += {U';', static_cast<char32_t>(part.modifier)};
  TRY(part.integer, IntegerPicture::Analyse(picture));
  IntegerPicture& integer = *part.integer;
  if (integer.kind == IntegerPicture::Kind::kDecimal && width.least &&
      integer.mandatory_digits < *width.least) {
    integer.mandatory_digits = *width.least;
  }
  if (std::string_view("YMD").find(part.component) != std::string_view::npos) {
    SetDateDigits(width, integer);
  }
  return {};
}

// `marker` is what stands between the brackets, without white space.
Result<DatePart> AnalyseMarker(View marker) {
  DatePart part;
  const char32_t component = marker.empty() ? U'\0' : marker[0];
  const char32_t* fallback = DefaultPresentation(component);
  if (fallback == nullptr) {
    return Error(Code::kInvalid, "D3132",
                 fmt::format("Unknown component specifier {} in date/time picture string",
                             ToJsonString(FromCodePoints(marker.substr(0, 1)))));
  }
  part.component = static_cast<char>(component);
  TRY(const Width width, TakeWidth(marker));
  part.most_width = width.most;
  View presentation = marker.substr(std::min<std::size_t>(marker.size(), 1));
  if (presentation.empty()) {
    presentation = fallback;
  } else if (presentation.size() > 1 && View(U"atco").find(presentation.back()) != kNone) {
    part.modifier = static_cast<char>(presentation.back());
    presentation.remove_suffix(1);
  }
  if (presentation[0] == U'n') {
    part.names = IntegerPicture::Case::kLower;
  } else if (presentation[0] == U'N') {
    part.names = presentation.substr(1, 1) == U"n" ? IntegerPicture::Case::kTitle
                                                   : IntegerPicture::Case::kUpper;
  } else if (IsIntegerComponent(part.component)) {
    TRY_VOID(SetInteger(presentation, width, part));
  }
  if (part.component == 'Z' || part.component == 'z') {
    TRY(part.integer, IntegerPicture::Analyse(presentation));
  }
  return part;
}

void AddLiteral(View text, std::vector<DatePart>& parts) {
  if (text.empty()) return;
  DatePart part;
  std::u32string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    literal.push_back(text[i]);
    if (text.substr(i, 2) == U"]]") ++i;
  }
  part.literal = FromCodePoints(literal);
  parts.push_back(std::move(part));
}

}  // namespace

Result<std::vector<DatePart>> AnalyseDatePicture(std::string_view picture) {
  const std::u32string text = ToCodePoints(picture);
  const View view = text;
  std::vector<DatePart> parts;
  std::size_t start = 0;
  while (true) {
    const std::size_t open = view.find(U'[', start);
    AddLiteral(view.substr(start, open == kNone ? kNone : open - start), parts);
    if (open == kNone) return parts;
    if (view.substr(open, 2) == U"[[") {
      AddLiteral(U"[", parts);
      start = open + 2;
      continue;
    }
    const std::size_t close = view.find(U']', open);
    if (close == kNone) {
      return Error(Code::kInvalid, "D3135",
                   "No matching closing bracket ']' in date/time picture string");
    }
    std::u32string marker(view.substr(open + 1, close - open - 1));
    std::erase_if(marker, IsJsSpace);
    TRY(DatePart part, AnalyseMarker(marker));
    parts.push_back(std::move(part));
    start = close + 1;
  }
}

std::string_view MonthName(std::int64_t month) {
  static constexpr std::string_view kNames[] = {"January",   "February", "March",    "April",
                                                "May",       "June",     "July",     "August",
                                                "September", "October",  "November", "December"};
  return month >= 1 && month <= 12 ? kNames[month - 1] : "";
}

std::string_view DayName(std::int64_t week_day) {
  static constexpr std::string_view kNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
  return week_day >= 1 && week_day <= 7 ? kNames[week_day - 1] : "";
}

Error NoNameError(char component) {
  return Error(Code::kInvalid, "D3133",
               fmt::format("The 'name' modifier can only be applied to months and days in the "
                           "date/time picture string, not \"{}\"",
                           component));
}

}  // namespace scones::jsonata

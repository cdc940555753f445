// $fromMillis: a point in time written by its picture.
#include <fmt/format.h>

#include <cmath>

#include "base/json.h"
#include "jsonata/detail/calendar.h"
#include "jsonata/detail/datetime.h"
#include "jsonata/detail/datetime_picture.h"
#include "jsonata/detail/js_number.h"

namespace scones::jsonata {
namespace {

constexpr std::string_view kIso8601 = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

struct Offset {
  int hours = 0;
  int minutes = 0;  // negative where the zone is west

  int Number() const { return hours * 100 + minutes; }  // -0530 is -530
};

// "±hhmm" as a number, cut in two as 2.0.6 does: rounding the hours down.
Result<Offset> ParseOffset(std::string_view timezone) {
  const double number = JsParseInt(timezone);
  if (!(std::abs(number) <= 1'000'000)) {
    return Error(Code::kInvalid,
                 fmt::format("The timezone {} must be written ±hhmm", ToJsonString(timezone)));
  }
  return Offset{static_cast<int>(std::floor(number / 100)),
                static_cast<int>(std::fmod(number, 100))};
}

std::string InCase(std::string_view text, IntegerPicture::Case letter_case) {
  std::string cased(text);
  for (char& c : cased) {
    if (letter_case == IntegerPicture::Case::kUpper && c >= 'a' && c <= 'z') c -= 'a' - 'A';
    if (letter_case == IntegerPicture::Case::kLower && c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return cased;
}

Result<std::string> FormatName(std::int64_t value, const DatePart& part) {
  std::string_view name;
  if (part.component == 'M' || part.component == 'x') {
    name = MonthName(value);
  } else if (part.component == 'F') {
    name = DayName(value);
  } else {
    return NoNameError(part.component);
  }
  if (part.most_width && static_cast<int>(name.size()) > *part.most_width) {
    name = name.substr(0, static_cast<std::size_t>(std::max(*part.most_width, 0)));
  }
  return InCase(name, *part.names);
}

Result<std::string> FormatZoneDigits(const Offset& offset, const DatePart& part) {
  const IntegerPicture& picture = *part.integer;
  if (picture.group_size > 0) return picture.Format(offset.Number());
  const int digits = picture.mandatory_digits;
  if (digits == 3 || digits == 4) return picture.Format(offset.Number());
  if (digits != 1 && digits != 2) {
    return Error(Code::kInvalid, "D3134",
                 "The timezone integer format specifier cannot have more than four digits");
  }
  TRY(std::string text, picture.Format(offset.hours));
  if (offset.minutes == 0) return text;
  TRY(const IntegerPicture two_digits, IntegerPicture::Analyse(U"00"));
  TRY(const std::string minutes, two_digits.Format(offset.minutes));
  return text + ":" + minutes;
}

Result<std::string> FormatZone(const Offset& offset, const DatePart& part) {
  TRY(const std::string digits, FormatZoneDigits(offset, part));
  if (offset.Number() == 0 && part.modifier == 't') return std::string("Z");
  return (part.component == 'z' ? "GMT" : "") + ((offset.Number() >= 0 ? "+" : "") + digits);
}

Result<std::string> FormatPart(std::int64_t millis, const Offset& offset, const DatePart& part) {
  switch (part.component) {
    case 0:
      return part.literal;
    case 'C':
    case 'E':
      return std::string("ISO");
    case 'Z':
    case 'z':
      return FormatZone(offset, part);
    case 'P': {
      const bool upper = part.names == IntegerPicture::Case::kUpper;
      const bool afternoon = DateComponent(millis, 'P') == 1;
      return std::string(afternoon ? (upper ? "PM" : "pm") : (upper ? "AM" : "am"));
    }
    default:
      break;
  }
  const std::int64_t value = DateComponent(millis, part.component);
  if (part.names) return FormatName(value, part);
  auto number = static_cast<double>(value);
  if (part.component == 'Y' && part.integer->parse_digits != -1) {
    number = std::fmod(number, std::pow(10, part.integer->parse_digits));
  }
  return part.integer->Format(number);
}

}  // namespace

Result<std::string> FormatDateTime(std::int64_t millis, std::optional<std::string_view> picture,
                                   std::optional<std::string_view> timezone) {
  TRY(const std::vector<DatePart> parts, AnalyseDatePicture(picture.value_or(kIso8601)));
  Offset offset;
  if (timezone) {
    TRY(offset, ParseOffset(*timezone));
  }
  const std::int64_t shift = (std::int64_t{offset.hours} * 60 + offset.minutes) * 60'000;
  if (std::abs(static_cast<double>(millis)) > static_cast<double>(kMaxDateMillis) ||
      std::abs(millis + shift) > kMaxDateMillis) {
    return Error(Code::kInvalid, "D3110",
                 fmt::format("{} milliseconds since the epoch is beyond the dates that can be "
                             "written",
                             millis));
  }
  std::string text;
  for (const DatePart& part : parts) {
    TRY(const std::string one, FormatPart(millis + shift, offset, part));
    text += one;
  }
  return text;
}

}  // namespace scones::jsonata

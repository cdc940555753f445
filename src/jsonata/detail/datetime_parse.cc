// $toMillis: a text read by a picture, or as ISO 8601. Which components must be there, and what
// stands for those that aren't, is JSONata 2.0.6's.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/json.h"
#include "jsonata/detail/calendar.h"
#include "jsonata/detail/code_points.h"
#include "jsonata/detail/datetime.h"
#include "jsonata/detail/datetime_picture.h"
#include "jsonata/detail/js_number.h"
#include "jsonata/detail/regex.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

using Millis = std::optional<std::int64_t>;
// What the text says of each component; nullopt: a name that is none.
using Components = std::map<char, std::optional<double>>;

std::string Escaped(std::string_view literal) {
  std::string pattern;
  for (const char c : literal) {
    if (std::string_view(".*+?^${}()|[]\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string ZonePattern(const DatePart& part) {
  std::string pattern = part.component == 'z' ? "GMT[-+][0-9]+" : "[-+][0-9]+";
  if (part.integer->group_size > 0) {
    pattern += Escaped(FromCodePoints(std::u32string(1, part.integer->separators[0].character)));
    pattern += "[0-9]+";
  }
  return pattern;
}

Result<std::string> PartPattern(const DatePart& part) {
  switch (part.component) {
    case 0:
      return Escaped(part.literal);
    case 'Z':
    case 'z':
      return ZonePattern(part);
    default:
      break;
  }
  if (part.integer) return part.integer->Pattern();
  if (std::string_view("MxFP").find(part.component) == std::string_view::npos) {
    return NoNameError(part.component);
  }
  return std::string("[a-zA-Z]+");
}

// Minutes east of UTC.
double ParseZone(std::string_view text, const DatePart& part) {
  if (part.component == 'z') text.remove_prefix(3);
  std::string_view hours = text;
  std::string_view minutes;
  if (part.integer->group_size > 0) {
    const std::string separator =
        FromCodePoints(std::u32string(1, part.integer->separators[0].character));
    const std::size_t at = text.find(separator);
    hours = text.substr(0, at);
    minutes = at == std::string_view::npos ? "" : text.substr(at + separator.size());
  } else if (text.size() > 3) {
    hours = text.substr(0, 3);
    minutes = text.substr(3);
  }
  return JsParseInt(hours) * 60 + (minutes.empty() ? 0 : JsParseInt(minutes));
}

std::optional<double> ParseName(std::string_view text, const DatePart& part) {
  if (part.component == 'P') {
    if (text == "am" || text == "AM") return 0;
    return text == "pm" || text == "PM" ? std::optional<double>(1) : std::nullopt;
  }
  const std::size_t width = part.most_width.value_or(0) > 0
                                ? static_cast<std::size_t>(*part.most_width)
                                : std::string_view::npos;
  for (int i = 1; i <= 12; ++i) {
    const std::string_view name = part.component == 'F' ? DayName(i) : MonthName(i);
    if (!name.empty() && name.substr(0, width) == text) return i;
  }
  return std::nullopt;
}

Result<std::optional<double>> ParsePart(std::string_view text, const DatePart& part) {
  if (part.component == 'Z' || part.component == 'z') {
    return std::optional<double>(ParseZone(text, part));
  }
  if (!part.integer) return ParseName(text, part);
  TRY(const double value, part.integer->Parse(text));
  return std::optional<double>(value);
}

// nullopt: the text doesn't look as the picture says.
Result<std::optional<Components>> ReadComponents(std::string_view text,
                                                 const std::vector<DatePart>& parts) {
  std::string pattern = "^";
  for (const DatePart& part : parts) {
    TRY(const std::string one, PartPattern(part));
    pattern += "(" + one + ")";
  }
  TRY(const Regex regex, Regex::Compile(pattern + "$", "i"));
  TRY(const std::optional<Regex::Match> match, regex.Find(detail::ToUtf16(text), 0));
  if (!match) return std::optional<Components>();
  Components components;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].component == 0) continue;
    TRY(components[parts[i].component], ParsePart(match->groups[i].value_or(""), parts[i]));
  }
  return std::optional<Components>(std::move(components));
}

double ValueOf(const Components& components, char component) {
  const auto found = components.find(component);
  return found == components.end() ? 0 : found->second.value_or(0);
}

// Whether the components that are there (and not 0) are some of `allowed` and none other of `all`.
bool AreOnly(const Components& components, std::string_view all, std::string_view allowed) {
  bool some = false;
  for (const char component : all) {
    const double value = ValueOf(components, component);
    if (value == 0 || std::isnan(value)) continue;
    if (allowed.find(component) == std::string_view::npos) return false;
    some = true;
  }
  return some;
}

enum class DateKind { kMonthDay, kDayOfYear, kWeek };
enum class TimeKind { k24Hours, k12Hours };

DateKind DateKindOf(const Components& components) {
  static constexpr std::string_view kAll = "YXMxWwdD";
  if (AreOnly(components, kAll, "Xxw") || AreOnly(components, kAll, "XW")) return DateKind::kWeek;
  if (AreOnly(components, kAll, "YMD")) return DateKind::kMonthDay;
  return AreOnly(components, kAll, "Yd") ? DateKind::kDayOfYear : DateKind::kMonthDay;
}

TimeKind TimeKindOf(const Components& components) {
  static constexpr std::string_view kAll = "PHhmsf";
  if (AreOnly(components, kAll, "Hmsf")) return TimeKind::k24Hours;
  return AreOnly(components, kAll, "Phmsf") ? TimeKind::k12Hours : TimeKind::k24Hours;
}

Error MissingError() {
  return Error(Code::kInvalid, "D3136",
               "The date/time picture string is missing specifiers required to parse the "
               "timestamp");
}

// `wanted` from the most significant component to the least: what is missing before the first that
// is there is now's, what is missing after the last is the least value; a gap is an error.
Result<void> FillIn(std::string_view wanted, std::int64_t now, Components& components) {
  bool started = false;
  bool ended = false;
  for (const char component : wanted) {
    std::optional<double>& value = components[component];
    if (value) {
      started = true;
      if (ended) return MissingError();
    } else if (started) {
      value = component == 'M' || component == 'D' || component == 'd' ? 1 : 0;
      ended = true;
    } else {
      // 2.0.6 never takes now's half of the day for the text's.
      value = component == 'P' ? 0 : static_cast<double>(DateComponent(now, component));
    }
  }
  return {};
}

Result<Millis> ToMillis(Components components, std::int64_t now) {
  const DateKind date = DateKindOf(components);
  const TimeKind time = TimeKindOf(components);
  if (date == DateKind::kWeek) return MissingError();
  std::string wanted = date == DateKind::kDayOfYear ? "YD" : "YMD";
  wanted += time == TimeKind::k12Hours ? "Phmsf" : "Hmsf";
  const bool zoned = ValueOf(components, 'Z') != 0 || ValueOf(components, 'z') != 0;
  const double zone =
      ValueOf(components, 'Z') != 0 ? ValueOf(components, 'Z') : ValueOf(components, 'z');
  TRY_VOID(FillIn(wanted, now, components));
  double month = ValueOf(components, 'M') > 0 ? ValueOf(components, 'M') - 1 : 0;
  double day = ValueOf(components, 'D');
  if (date == DateKind::kDayOfYear) {
    month = 0;
    day = ValueOf(components, 'd');
  }
  double hour = ValueOf(components, 'H');
  if (time == TimeKind::k12Hours) {
    hour = ValueOf(components, 'h') == 12 ? 0 : ValueOf(components, 'h');
    if (ValueOf(components, 'P') == 1) hour += 12;
  }
  Millis millis = DateUtc(ValueOf(components, 'Y'), month, day, hour, ValueOf(components, 'm'),
                          ValueOf(components, 's'), ValueOf(components, 'f'));
  if (!millis || !(std::abs(zone) <= 1e9)) return Millis();
  if (zoned) *millis -= static_cast<std::int64_t>(zone * 60'000);
  return millis;
}

Error NotIso8601(std::string_view text) {
  return Error(Code::kInvalid, "D3110",
               fmt::format("The argument of the toMillis function must be an ISO 8601 formatted "
                           "timestamp. Given {}",
                           ToJsonString(text)));
}

Result<Millis> ParseIso(std::string_view text) {
  static const Result<Regex> kIso = Regex::Compile(
      "^(\\d{4})(?:-([01]\\d)(?:-([0-3]\\d))?)?(?:T([0-2]\\d):([0-5]\\d):([0-5]\\d)(?:\\.(\\d+))?)?"
      "(?:([+-])([0-2]\\d):?([0-5]\\d)|Z)?$",
      "");
  if (!kIso) return kIso.error();
  TRY(const std::optional<Regex::Match> match, kIso->Find(detail::ToUtf16(text), 0));
  if (!match) return NotIso8601(text);
  const auto number = [&](std::size_t group, double fallback) {
    const std::optional<std::string>& digits = match->groups[group];
    return digits ? JsParseInt(*digits) : fallback;
  };
  const double month = number(1, 1);
  const double day = number(2, 1);
  const double hour = number(3, 0);
  const double minute = number(4, 0);
  const double second = number(5, 0);
  const std::string fraction = (match->groups[6].value_or("") + "000").substr(0, 3);
  const bool end_of_day = hour == 24 && minute == 0 && second == 0;
  if (month < 1 || month > 12 || day < 1 || day > 31 || (hour > 23 && !end_of_day)) {
    return NotIso8601(text);
  }
  const std::int64_t days =
      DaysFromCivil(static_cast<int>(number(0, 0)), static_cast<int>(month), 1) +
      static_cast<int>(day) - 1;
  const double east = (number(8, 0) * 60 + number(9, 0)) * (match->groups[7] == "-" ? -1 : 1);
  const double time = ((hour * 60 + minute - east) * 60 + second) * 1000 + JsParseInt(fraction);
  return Millis(days * kMillisInDay + static_cast<std::int64_t>(time));
}

}  // namespace

Result<std::optional<std::int64_t>> ParseDateTime(std::string_view text,
                                                  std::optional<std::string_view> picture,
                                                  Timestamp now) {
  if (!picture) return ParseIso(text);
  TRY(const std::vector<DatePart> parts, AnalyseDatePicture(*picture));
  TRY(std::optional<Components> components, ReadComponents(text, parts));
  if (!components || components->empty()) return Millis();
  return ToMillis(*std::move(components), EpochMilliseconds(now));
}

}  // namespace scones::jsonata

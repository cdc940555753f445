#include "jsonata/detail/calendar.h"

#include <cmath>

namespace scones::jsonata {
namespace {

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The year that Date.UTC() takes `year` for.
std::int64_t FullYear(std::int64_t year) { return year >= 0 && year <= 99 ? 1900 + year : year; }

// ISO 8601's week 1 of a year is the one with the year's first Thursday; XPath says the same of a
// month. The day on which the first week of `month` (from 1) starts.
std::int64_t FirstWeek(std::int64_t year, int month) {
  const std::int64_t first = DaysFromCivil(FullYear(year), month, 1);
  const std::int64_t week_day = FloorDiv(first + 3, 7) * -7 + first + 3;  // 0 Monday
  return week_day > 3 ? first + 7 - week_day : first - week_day;
}

struct YearMonth {
  std::int64_t year;
  int month;
};

YearMonth NextMonth(YearMonth at) {
  return at.month == 12 ? YearMonth{at.year + 1, 1} : YearMonth{at.year, at.month + 1};
}
YearMonth PreviousMonth(YearMonth at) {
  return at.month == 1 ? YearMonth{at.year - 1, 12} : YearMonth{at.year, at.month - 1};
}

std::int64_t WeekOf(std::int64_t day, std::int64_t first, std::int64_t next, std::int64_t previous,
                    int most) {
  const std::int64_t week = FloorDiv(day - first, 7) + 1;
  if (week > most && day >= next) return 1;
  if (week < 1) return FloorDiv(day - previous, 7) + 1;
  return week;
}

std::int64_t WeekInYear(const CivilTime& at, std::int64_t today) {
  return WeekOf(today, FirstWeek(at.year, 1), FirstWeek(at.year + 1, 1), FirstWeek(at.year - 1, 1),
                52);
}

std::int64_t WeekInMonth(const CivilTime& at, std::int64_t today) {
  const YearMonth next = NextMonth({at.year, at.month});
  const YearMonth previous = PreviousMonth({at.year, at.month});
  return WeekOf(today, FirstWeek(at.year, at.month), FirstWeek(next.year, next.month),
                FirstWeek(previous.year, previous.month), 4);
}

// JSONata's 'X': the year that the week belongs to.
std::int64_t WeekYear(const CivilTime& at, std::int64_t day) {
  if (day < FirstWeek(at.year, 1)) return at.year - 1;
  return day >= FirstWeek(at.year + 1, 1) ? at.year + 1 : at.year;
}

// JSONata's 'x': the month that the week belongs to.
std::int64_t WeekMonth(const CivilTime& at, std::int64_t day) {
  const YearMonth next = NextMonth({at.year, at.month});
  if (day < FirstWeek(at.year, at.month)) return PreviousMonth({at.year, at.month}).month;
  return day >= FirstWeek(next.year, next.month) ? next.month : at.month;
}

}  // namespace

std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;  // years start in March
  const std::int64_t era = FloorDiv(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilTime ToCivil(std::int64_t millis) {
  const std::int64_t days = FloorDiv(millis, kMillisInDay);
  const auto rest = static_cast<int>(millis - days * kMillisInDay);
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = FloorDiv(shifted, 146097);
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto shifted_month = static_cast<int>((5 * day_of_year + 2) / 153);
  CivilTime time{};
  time.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  time.year = year_of_era + era * 400 + (time.month <= 2 ? 1 : 0);
  time.day = static_cast<int>(day_of_year) - (153 * shifted_month + 2) / 5 + 1;
  time.week_day = static_cast<int>(days + 3 - FloorDiv(days + 3, 7) * 7) + 1;
  time.hour = rest / 3'600'000;
  time.minute = rest / 60'000 % 60;
  time.second = rest / 1000 % 60;
  time.millisecond = rest % 1000;
  return time;
}

std::optional<std::int64_t> DateUtc(double year, double month, double day, double hour,
                                    double minute, double second, double millisecond) {
  static constexpr double kMaxYear = 300'000;
  const double months = std::trunc(year) * 12 + std::trunc(month);
  if (!(std::abs(year) <= kMaxYear) || !(std::abs(months) <= kMaxYear * 12)) return std::nullopt;
  const std::int64_t full =
      FullYear(static_cast<std::int64_t>(year)) * 12 + static_cast<std::int64_t>(month);
  const std::int64_t first =
      DaysFromCivil(FloorDiv(full, 12), static_cast<int>(full - FloorDiv(full, 12) * 12) + 1, 1);
  const double time = std::trunc(hour) * 3'600'000 + std::trunc(minute) * 60'000 +
                      std::trunc(second) * 1000 + std::trunc(millisecond);
  const double millis =
      (static_cast<double>(first) + std::trunc(day) - 1) * static_cast<double>(kMillisInDay) + time;
  if (!(std::abs(millis) <= static_cast<double>(kMaxDateMillis))) return std::nullopt;
  return static_cast<std::int64_t>(millis);
}

std::int64_t DateComponent(std::int64_t millis, char component) {
  const CivilTime at = ToCivil(millis);
  const std::int64_t day = FloorDiv(millis, kMillisInDay);
  // Where Date.UTC() has put the day: in another century for the years 0 to 99.
  const std::int64_t today = DaysFromCivil(FullYear(at.year), at.month, at.day);
  switch (component) {
    case 'Y':
      return at.year;
    case 'M':
      return at.month;
    case 'D':
      return at.day;
    case 'd':
      return today - DaysFromCivil(FullYear(at.year), 1, 1) + 1;
    case 'F':
      return at.week_day;
    case 'W':
      return WeekInYear(at, today);
    case 'w':
      return WeekInMonth(at, today);
    case 'X':
      return WeekYear(at, day);
    case 'x':
      return WeekMonth(at, day);
    case 'H':
      return at.hour;
    case 'h':
      return at.hour % 12 == 0 ? 12 : at.hour % 12;
    case 'P':
      return at.hour >= 12 ? 1 : 0;
    case 'm':
      return at.minute;
    case 's':
      return at.second;
    case 'f':
      return at.millisecond;
    default:
      return 0;
  }
}

}  // namespace scones::jsonata

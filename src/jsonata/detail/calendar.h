// The proleptic Gregorian calendar as JavaScript's Date reckons it, all UTC, and the components of
// XPath's date pictures. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace scones::jsonata {

inline constexpr std::int64_t kMillisInDay = 86'400'000;
// A Date reaches so far from the epoch, both ways.
inline constexpr std::int64_t kMaxDateMillis = 8'640'000'000'000'000;

struct CivilTime {
  std::int64_t year;
  int month;     // 1 to 12
  int day;       // 1 to 31
  int week_day;  // 1 Monday to 7 Sunday
  int hour;
  int minute;
  int second;
  int millisecond;
};

std::int64_t DaysFromCivil(std::int64_t year, int month, int day);
CivilTime ToCivil(std::int64_t millis);

// Date.UTC(): months from 0, fields may overflow into the next, years 0 to 99 are 1900 to 1999.
// nullopt: a field is not finite or the day is out of reach.
std::optional<std::int64_t> DateUtc(double year, double month, double day = 1, double hour = 0,
                                    double minute = 0, double second = 0, double millisecond = 0);

// The value of the picture component `component` ('Y', 'M', 'W' …); 'P' is 0 before noon and 1
// after. `millis` within kMaxDateMillis.
std::int64_t DateComponent(std::int64_t millis, char component);

}  // namespace scones::jsonata

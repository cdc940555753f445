#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace scones {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<const char*, 7> kDayNames = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Fields {
  int year, hour, minute, second, millisecond;
  unsigned month, day, weekday;
};

Fields Split(Timestamp time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<milliseconds>(time - day));
  return {.year = static_cast<int>(date.year()),
          .hour = static_cast<int>(clock.hours().count()),
          .minute = static_cast<int>(clock.minutes().count()),
          .second = static_cast<int>(clock.seconds().count()),
          .millisecond = static_cast<int>(clock.subseconds().count()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .weekday = std::chrono::weekday(day).c_encoding()};
}

Error BadTime(std::string_view text) {
  return Error(Code::kInvalid, fmt::format("'{}' is not a valid time", text));
}

// Takes `digits` decimal digits off the front of `rest`; false if they are not there.
bool TakeNumber(std::string_view& rest, std::size_t digits, int& value) {
  if (rest.size() < digits) return false;
  const char* end = rest.data() + digits;
  const auto parsed = std::from_chars(rest.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || rest.front() == '-') return false;
  rest.remove_prefix(digits);
  return true;
}

bool TakeText(std::string_view& rest, std::string_view expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(expected.size());
  return true;
}

Result<Timestamp> Join(std::string_view text, int year, int month, int day, int hour, int minute,
                       int second) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return BadTime(text);
  return Timestamp(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second);
}

}  // namespace

Timestamp SystemClock::Now() const { return floor<microseconds>(std::chrono::system_clock::now()); }

std::string FormatIso8601(Timestamp time) {
  const Fields f = Split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", f.year, f.month, f.day, f.hour,
                     f.minute, f.second, f.millisecond);
}

std::string FormatIso8601Seconds(Timestamp time) {
  const Fields f = Split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", f.year, f.month, f.day, f.hour,
                     f.minute, f.second);
}

std::string FormatBasicIso8601(Timestamp time) {
  const Fields f = Split(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", f.year, f.month, f.day, f.hour, f.minute,
                     f.second);
}

std::string FormatHttpDate(Timestamp time) {
  const Fields f = Split(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDayNames[f.weekday], f.day,
                     kMonthNames[f.month - 1], f.year, f.hour, f.minute, f.second);
}

Result<Timestamp> ParseIso8601(std::string_view text) {
  std::string_view rest = text;
  int year, month, day, hour, minute, second;
  if (!TakeNumber(rest, 4, year) || !TakeText(rest, "-") || !TakeNumber(rest, 2, month) ||
      !TakeText(rest, "-") || !TakeNumber(rest, 2, day) || !TakeText(rest, "T") ||
      !TakeNumber(rest, 2, hour) || !TakeText(rest, ":") || !TakeNumber(rest, 2, minute) ||
      !TakeText(rest, ":") || !TakeNumber(rest, 2, second)) {
    return BadTime(text);
  }
  TRY(Timestamp time, Join(text, year, month, day, hour, minute, second));
  if (TakeText(rest, ".")) {
    microseconds unit = seconds(1);
    const std::size_t before = rest.size();
    for (int digit; TakeNumber(rest, 1, digit);) time += (unit /= 10) * digit;
    if (rest.size() == before) return BadTime(text);
  }
  if (rest == "Z") return time;
  const bool ahead = TakeText(rest, "+");
  if (!ahead && !TakeText(rest, "-")) return BadTime(text);
  int offset_hours, offset_minutes;
  if (!TakeNumber(rest, 2, offset_hours) || !TakeText(rest, ":") ||
      !TakeNumber(rest, 2, offset_minutes) || !rest.empty() || offset_hours > 23 ||
      offset_minutes > 59) {
    return BadTime(text);
  }
  const auto offset = hours(offset_hours) + minutes(offset_minutes);
  return ahead ? time - offset : time + offset;
}

Result<Timestamp> ParseBasicIso8601(std::string_view text) {
  std::string_view rest = text;
  int year, month, day, hour, minute, second;
  if (!TakeNumber(rest, 4, year) || !TakeNumber(rest, 2, month) || !TakeNumber(rest, 2, day) ||
      !TakeText(rest, "T") || !TakeNumber(rest, 2, hour) || !TakeNumber(rest, 2, minute) ||
      !TakeNumber(rest, 2, second) || rest != "Z") {
    return BadTime(text);
  }
  return Join(text, year, month, day, hour, minute, second);
}

Result<Timestamp> ParseHttpDate(std::string_view text) {
  std::string_view rest = text;
  int year, day, hour, minute, second;
  if (rest.size() < 5) return BadTime(text);
  rest.remove_prefix(5);  // "Sun, "
  if (!TakeNumber(rest, 2, day) || !TakeText(rest, " ")) return BadTime(text);
  int month = 0;
  for (std::size_t i = 0; i < kMonthNames.size(); ++i) {
    if (rest.starts_with(kMonthNames[i])) month = static_cast<int>(i) + 1;
  }
  if (month == 0) return BadTime(text);
  rest.remove_prefix(3);
  if (!TakeText(rest, " ") || !TakeNumber(rest, 4, year) || !TakeText(rest, " ") ||
      !TakeNumber(rest, 2, hour) || !TakeText(rest, ":") || !TakeNumber(rest, 2, minute) ||
      !TakeText(rest, ":") || !TakeNumber(rest, 2, second) || rest != " GMT") {
    return BadTime(text);
  }
  return Join(text, year, month, day, hour, minute, second);
}

double EpochSeconds(Timestamp time) {
  return static_cast<double>(EpochMilliseconds(time)) / 1000.0;
}

std::int64_t EpochMilliseconds(Timestamp time) {
  return floor<milliseconds>(time).time_since_epoch().count();
}

Timestamp FromEpochMilliseconds(std::int64_t value) { return Timestamp(milliseconds(value)); }

}  // namespace scones

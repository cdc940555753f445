#include "events/cron.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

namespace scones::events {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::weekday;

constexpr std::array<std::string_view, 12> kMonthNames = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kDayNames = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};

struct Field {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> names;  // of `least` and those that follow
};

Error Bad(std::string_view field, std::string_view text) {
  return Error(Code::kInvalid, fmt::format("'{}' is not valid for {}", text, field));
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> ParseNumber(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = !text.empty() && text.front() != '-';
  if (!digits || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool EqualsUpper(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c) != upper[i]) return false;
  }
  return true;
}

Result<int> ParseValue(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (EqualsUpper(text, field.names[i])) return field.least + static_cast<int>(i);
  }
  const std::optional<int> value = ParseNumber(text);
  if (!value || *value < field.least || *value > field.most) return Bad(field.name, text);
  return *value;
}

// One item of a list: *, a, a-b, each with /step; `set(value)` is called for each of its values.
template <class Set>
Result<void> ParseItem(const Field& field, std::string_view item, Set set) {
  int step = 1;
  bool has_step = false;
  std::string_view range = item;
  if (const std::size_t slash = item.find('/'); slash != item.npos) {
    const std::optional<int> parsed = ParseNumber(item.substr(slash + 1));
    if (!parsed || *parsed < 1 || *parsed > field.most) return Bad(field.name, item);
    step = *parsed;
    has_step = true;
    range = item.substr(0, slash);
  }
  int first = field.least;
  int last = field.most;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    TRY(first, ParseValue(field, range.substr(0, dash)));
    if (dash != range.npos) {
      TRY(last, ParseValue(field, range.substr(dash + 1)));
    } else if (!has_step) {
      last = first;
    }
  }
  // A range that ends before it starts runs over the end of its cycle: FRI-MON, 22-2.
  const int cycle = field.most - field.least + 1;
  const int span = last >= first ? last - first : last - first + cycle;
  for (int i = 0; i <= span; i += step) set(field.least + (first - field.least + i) % cycle);
  return {};
}

template <class Set>
Result<void> ParseList(const Field& field, std::string_view text, Set set) {
  for (const std::string_view item : Split(text, ",")) TRY_VOID(ParseItem(field, item, set));
  return {};
}

constexpr Field kMinutes{"Minutes", 0, 59, {}};
constexpr Field kHours{"Hours", 0, 23, {}};
constexpr Field kDayOfMonth{"Day-of-month", 1, 31, {}};
constexpr Field kMonth{"Month", 1, 12, kMonthNames};
constexpr Field kDayOfWeek{"Day-of-week", 1, 7, kDayNames};
constexpr Field kYear{"Year", 1970, 2199, {}};

bool IsWeekend(sys_days day) {
  const weekday which(day);
  return which == std::chrono::Saturday || which == std::chrono::Sunday;
}

// The Monday to Friday nearest to `wanted` within its month.
unsigned NearestWeekday(std::chrono::year_month month, unsigned wanted, unsigned last) {
  const sys_days day = month / std::chrono::day(wanted);
  if (weekday(day) == std::chrono::Saturday) return wanted > 1 ? wanted - 1 : wanted + 2;
  if (weekday(day) == std::chrono::Sunday) return wanted < last ? wanted + 1 : wanted - 2;
  return wanted;
}

}  // namespace

Result<void> Cron::ParseDayOfMonth(std::string_view text) {
  const auto number = [&](std::string_view digits, int most) -> Result<unsigned> {
    const std::optional<int> value = ParseNumber(digits);
    if (!value || *value < 1 || *value > most) return Bad(kDayOfMonth.name, text);
    return static_cast<unsigned>(*value);
  };
  if (text == "L") {
    rule_ = DayRule::kLastDay;
  } else if (text == "LW" || text == "WL") {
    rule_ = DayRule::kLastWeekday;
  } else if (text.starts_with("L-")) {
    rule_ = DayRule::kLastDay;
    TRY(number_, number(text.substr(2), 30));
  } else if (text.ends_with("W")) {
    rule_ = DayRule::kNearestWeekday;
    TRY(number_, number(text.substr(0, text.size() - 1), 31));
  } else {
    rule_ = DayRule::kDaysOfMonth;
    return ParseList(kDayOfMonth, text, [this](int day) { days_.set(day); });
  }
  return {};
}

Result<void> Cron::ParseDayOfWeek(std::string_view text) {
  if (const std::size_t hash = text.find('#'); hash != text.npos) {
    TRY(const int day, ParseValue(kDayOfWeek, text.substr(0, hash)));
    const std::optional<int> nth = ParseNumber(text.substr(hash + 1));
    if (!nth || *nth < 1 || *nth > 5) return Bad(kDayOfWeek.name, text);
    rule_ = DayRule::kNthOfWeekday;
    weekday_ = static_cast<unsigned>(day - 1);
    number_ = static_cast<unsigned>(*nth);
    return {};
  }
  if (text.size() > 1 && text.ends_with("L")) {
    TRY(const int day, ParseValue(kDayOfWeek, text.substr(0, text.size() - 1)));
    rule_ = DayRule::kLastOfWeekday;
    weekday_ = static_cast<unsigned>(day - 1);
    return {};
  }
  rule_ = DayRule::kDaysOfWeek;
  // L alone is the last day of the week.
  if (text == "L") text = "SAT";
  return ParseList(kDayOfWeek, text, [this](int day) { weekdays_.set(day - 1); });
}

Result<Cron> Cron::Parse(std::string_view fields) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : Split(fields, " \t")) {
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.size() != 6) {
    return Error(Code::kInvalid, fmt::format("cron needs six fields, not {}", parts.size()));
  }
  Cron cron;
  TRY_VOID(ParseList(kMinutes, parts[0], [&](int minute) { cron.minutes_.set(minute); }));
  TRY_VOID(ParseList(kHours, parts[1], [&](int hour) { cron.hours_.set(hour); }));
  TRY_VOID(ParseList(kMonth, parts[3], [&](int month) { cron.months_.set(month); }));
  TRY_VOID(ParseList(kYear, parts[5], [&](int year) { cron.years_.set(year - kFirstYear); }));
  if ((parts[2] == "?") == (parts[4] == "?")) {
    return Error(Code::kInvalid,
                 "exactly one of Day-of-month and Day-of-week must be ? in a cron expression");
  }
  if (parts[4] == "?") {
    TRY_VOID(cron.ParseDayOfMonth(parts[2]));
  } else {
    TRY_VOID(cron.ParseDayOfWeek(parts[4]));
  }
  return cron;
}

std::bitset<32> Cron::DaysIn(std::chrono::year_month month) const {
  const unsigned last =
      static_cast<unsigned>(std::chrono::year_month_day_last(month / std::chrono::last).day());
  const weekday first(sys_days(month / std::chrono::day(1)));
  std::bitset<32> found;
  const auto mark = [&](unsigned day) {
    if (day >= 1 && day <= last) found.set(day);
  };
  switch (rule_) {
    case DayRule::kDaysOfMonth:
      for (unsigned day = 1; day <= last; ++day) found[day] = days_[day];
      break;
    case DayRule::kDaysOfWeek:
      for (unsigned day = 1; day <= last; ++day) {
        found[day] = weekdays_[(first.c_encoding() + day - 1) % 7];
      }
      break;
    case DayRule::kLastDay:
      if (number_ < last) mark(last - number_);
      break;
    case DayRule::kNearestWeekday:
      if (number_ <= last) mark(NearestWeekday(month, number_, last));
      break;
    case DayRule::kLastWeekday:
      for (unsigned day = last; found.none(); --day) {
        if (!IsWeekend(month / std::chrono::day(day))) mark(day);
      }
      break;
    case DayRule::kNthOfWeekday:
      mark(1 + (weekday_ + 7 - first.c_encoding()) % 7 + 7 * (number_ - 1));
      break;
    case DayRule::kLastOfWeekday: {
      const unsigned in_first_week = 1 + (weekday_ + 7 - first.c_encoding()) % 7;
      mark(in_first_week + (last - in_first_week) / 7 * 7);
      break;
    }
  }
  return found;
}

std::optional<Timestamp> Cron::NextFire(Timestamp after) const {
  using std::chrono::minutes;
  const Timestamp earliest = std::max(std::chrono::floor<minutes>(after) + minutes(1),
                                      std::chrono::floor<minutes>(Timestamp()));
  const auto first_day = std::chrono::floor<days>(earliest);
  const std::chrono::year_month_day begin(first_day);
  for (int year = static_cast<int>(begin.year()); year <= kLastYear; ++year) {
    if (!years_[year - kFirstYear]) continue;
    const bool first_year = year == static_cast<int>(begin.year());
    for (unsigned month = first_year ? static_cast<unsigned>(begin.month()) : 1; month <= 12;
         ++month) {
      if (!months_[month]) continue;
      const auto in = std::chrono::year(year) / std::chrono::month(month);
      const std::bitset<32> found = DaysIn(in);
      for (unsigned day = 1; day <= 31; ++day) {
        if (!found[day]) continue;
        const sys_days date = in / std::chrono::day(day);
        if (date < first_day) continue;
        for (int minute = 0; minute < 24 * 60; ++minute) {
          if (!hours_[minute / 60] || !minutes_[minute % 60]) continue;
          const Timestamp time = date + minutes(minute);
          if (time >= earliest) return time;
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace scones::events

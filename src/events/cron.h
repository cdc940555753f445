// The six fields of AWS's cron expressions: minutes, hours, day of month, month, day of week (1 is
// Sunday), year; with names, lists, ranges, steps, ?, L, W and #. Pure; a Cron is a value.
// Source: Amazon EventBridge User Guide, "Cron expressions reference"; L-n and LW as in Quartz.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace scones::events {

class Cron {
 public:
  // `fields` is what stands between the parentheses. Errors: kInvalid, naming the field.
  static Result<Cron> Parse(std::string_view fields);

  // The first minute strictly after `after`; nothing where no such time is left before 2200.
  std::optional<Timestamp> NextFire(Timestamp after) const;

 private:
  static constexpr int kFirstYear = 1970;
  static constexpr int kLastYear = 2199;

  // How the day of a month is found.
  enum class DayRule {
    kDaysOfMonth,     // days_
    kDaysOfWeek,      // weekdays_
    kLastDay,         // the last but `number_`
    kNearestWeekday,  // Monday to Friday, nearest to day `number_` and in the same month
    kLastWeekday,     // the last Monday to Friday
    kNthOfWeekday,    // the `number_`th of `weekday_`
    kLastOfWeekday,   // the last of `weekday_`
  };

  Result<void> ParseDayOfMonth(std::string_view text);
  Result<void> ParseDayOfWeek(std::string_view text);
  std::bitset<32> DaysIn(std::chrono::year_month month) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // from 1
  std::bitset<13> months_;   // from 1
  std::bitset<7> weekdays_;  // from 0, Sunday
  std::bitset<kLastYear - kFirstYear + 1> years_;
  DayRule rule_ = DayRule::kDaysOfMonth;
  unsigned number_ = 0;
  unsigned weekday_ = 0;  // 0 is Sunday
};

}  // namespace scones::events

#include "events/schedule.h"

#include <charconv>

namespace scones::events {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kMaxExpression = 256;

Error NotValid(std::string_view why) {
  return Error(Code::kInvalid, "ValidationException",
               "Parameter ScheduleExpression is not valid." +
                   (why.empty() ? std::string() : " Reason: " + std::string(why)));
}

// What stands between "NAME(" and ")".
std::optional<std::string_view> Inside(std::string_view text, std::string_view name) {
  if (text.size() < name.size() + 2 || !text.starts_with(name) || text[name.size()] != '(' ||
      !text.ends_with(')')) {
    return std::nullopt;
  }
  return text.substr(name.size() + 1, text.size() - name.size() - 2);
}

Result<microseconds> ParseRate(std::string_view text) {
  struct Unit {
    std::string_view singular, plural;
    microseconds period;
  };
  constexpr Unit kUnits[] = {{"minute", "minutes", std::chrono::minutes(1)},
                             {"hour", "hours", std::chrono::hours(1)},
                             {"day", "days", std::chrono::days(1)}};
  constexpr std::int64_t kMost = 1'000'000;  // of any unit
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || value < 1 || value > kMost || !unit.starts_with(' ')) {
    return NotValid("a rate is a positive number and a unit, as in rate(5 minutes)");
  }
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& known : kUnits) {
    if (unit == (value == 1 ? known.singular : known.plural)) return known.period * value;
  }
  return NotValid(
      "a rate's unit is minute, hour or day for 1, and minutes, hours or days for more");
}

}  // namespace

Result<Schedule> Schedule::Parse(std::string_view expression) {
  if (expression.size() > kMaxExpression) return NotValid("it is longer than 256 characters");
  if (const auto rate = Inside(expression, "rate")) {
    TRY(const microseconds period, ParseRate(*rate));
    return Schedule(Rate{period});
  }
  if (const auto fields = Inside(expression, "cron")) {
    Result<Cron> cron = Cron::Parse(*fields);
    if (!cron) return NotValid(cron.error().message());
    return Schedule(*std::move(cron));
  }
  if (const auto time = Inside(expression, "at")) {
    const Result<Timestamp> parsed = ParseIso8601(std::string(*time) + "Z");
    if (!parsed) return NotValid("at needs a time as in at(2026-11-22T12:00:00)");
    return Schedule(At{*parsed});
  }
  return NotValid("");
}

std::optional<Timestamp> Schedule::NextFire(Timestamp after, Timestamp anchor) const {
  if (const Cron* cron = std::get_if<Cron>(&kind_)) return cron->NextFire(after);
  if (const At* at = std::get_if<At>(&kind_)) {
    return at->time > after ? std::optional(at->time) : std::nullopt;
  }
  const microseconds period = std::get<Rate>(kind_).period;
  if (after < anchor) return anchor + period;
  return anchor + ((after - anchor) / period + 1) * period;
}

}  // namespace scones::events

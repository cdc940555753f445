#include "monitoring/detail/axes.h"

#include <fmt/format.h>

#include <cmath>

namespace scones::monitoring::detail {

Axes::Axes(Chart& chart, Rect area, Range x, Range y) : chart_(chart), area_(area), x_(x), y_(y) {
  for (Range* range : {&x_, &y_}) {
    if (range->to > range->from) continue;
    range->from -= 0.5;
    range->to = range->from + 1;
  }
}

float Axes::X(double value) const {
  return area_.x + area_.width * static_cast<float>((value - x_.from) / (x_.to - x_.from));
}

float Axes::Y(double value) const {
  return area_.y + area_.height * static_cast<float>(1 - (value - y_.from) / (y_.to - y_.from));
}

void Axes::DrawYGrid(int count, int decimals) {
  for (const double value : RoundValues(y_, count)) {
    const float y = Y(value);
    chart_.shapes.push_back(Line{{{area_.x, y}, {area_.x + area_.width, y}}, 1, kGrid});
    chart_.shapes.push_back(Text{.x = area_.x - 8,
                                 .y = y + 4,
                                 .text = fmt::format("{:.{}f}", value, decimals),
                                 .anchor = Anchor::kEnd,
                                 .paint = kMuted});
  }
}

void Axes::DrawXTicks(const std::vector<std::pair<double, std::string>>& ticks) {
  const float bottom = area_.y + area_.height;
  chart_.shapes.push_back(Line{{{area_.x, bottom}, {area_.x + area_.width, bottom}}, 1, kMuted});
  for (const auto& [value, label] : ticks) {
    const float x = X(value);
    chart_.shapes.push_back(Line{{{x, bottom}, {x, bottom + 5}}, 1, kMuted});
    chart_.shapes.push_back(
        Text{.x = x, .y = bottom + 20, .text = label, .anchor = Anchor::kMiddle, .paint = kMuted});
  }
}

void Axes::DrawXTitle(const std::string& title) {
  chart_.shapes.push_back(Text{.x = area_.x + area_.width / 2,
                               .y = area_.y + area_.height + 40,
                               .text = title,
                               .anchor = Anchor::kMiddle,
                               .paint = kMuted});
}

void Axes::DrawThresholdAcross(double y, const std::string& label) {
  const float at = Y(y);
  chart_.shapes.push_back(
      Line{{{area_.x, at}, {area_.x + area_.width, at}}, 1.5f, kThreshold, true});
  chart_.shapes.push_back(
      Text{.x = area_.x + area_.width + 8, .y = at + 4, .text = label, .paint = kThreshold});
}

void Axes::DrawThresholdUpright(double x, const std::string& label) {
  const float at = X(x);
  chart_.shapes.push_back(
      Line{{{at, area_.y - 8}, {at, area_.y + area_.height}}, 1.5f, kThreshold, true});
  chart_.shapes.push_back(Text{
      .x = at, .y = area_.y - 14, .text = label, .anchor = Anchor::kMiddle, .paint = kThreshold});
}

std::vector<double> RoundValues(Range range, int count) {
  const double rough = (range.to - range.from) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> values;
  const double first = std::ceil(range.from / step - 1e-9);
  for (int i = 0; (first + i) * step <= range.to + step * 1e-9; ++i) {
    values.push_back((first + i) * step);
  }
  return values;
}

std::vector<std::pair<double, std::string>> ValueTicks(Range range, int decimals) {
  std::vector<std::pair<double, std::string>> ticks;
  for (const double value : RoundValues(range, 8)) {
    ticks.emplace_back(value, fmt::format("{:.{}f}", value, decimals));
  }
  return ticks;
}

std::vector<std::pair<double, std::string>> TimeTicks(Timestamp from, Timestamp to, int count) {
  using std::chrono::seconds;
  const double span = EpochSeconds(to) - EpochSeconds(from);
  constexpr std::int64_t kSteps[] = {1,     2,     5,      10,     15,      30,      60,      120,
                                     300,   600,   900,    1800,   3600,    7200,    10800,   21600,
                                     43200, 86400, 172800, 604800, 2592000, 7776000, 31536000};
  std::int64_t step = kSteps[0];
  for (const std::int64_t candidate : kSteps) {
    step = candidate;
    if (span / static_cast<double>(candidate) <= count) break;
  }
  std::vector<std::pair<double, std::string>> ticks;
  std::string day;
  const auto last = static_cast<std::int64_t>(std::floor(EpochSeconds(to)));
  auto at =
      static_cast<std::int64_t>(std::ceil(EpochSeconds(from) / static_cast<double>(step))) * step;
  for (int i = 0; at <= last && i < 4 * count; ++i, at += step) {
    const std::string text = FormatIso8601Seconds(Timestamp(seconds(at)));
    const std::string date = text.substr(0, 10);
    const std::string clock = text.substr(11, step % 60 == 0 ? 5 : 8);
    const bool whole_days = step % 86400 == 0;
    ticks.emplace_back(static_cast<double>(at), whole_days    ? date
                                                : date == day ? clock
                                                              : date.substr(5) + " " + clock);
    day = date;
  }
  return ticks;
}

}  // namespace scones::monitoring::detail

// The plotting area of a chart: from values to pixels, and the lines and numbers around it. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "monitoring/detail/chart.h"

namespace scones::monitoring::detail {

struct Range {
  double from = 0;
  double to = 1;
};

class Axes {
 public:
  // The area in pixels and the values at its edges; y grows upwards. Empty ranges are widened.
  Axes(Chart& chart, Rect area, Range x, Range y);

  float X(double value) const;
  float Y(double value) const;
  const Rect& area() const { return area_; }

  // Horizontal lines with numbers at about `count` round values, `decimals` digits each.
  void DrawYGrid(int count, int decimals);
  // Marks below the area.
  void DrawXTicks(const std::vector<std::pair<double, std::string>>& ticks);
  void DrawXTitle(const std::string& title);
  // A dashed line at x or y with its label.
  void DrawThresholdAcross(double y, const std::string& label);
  void DrawThresholdUpright(double x, const std::string& label);

 private:
  Chart& chart_;
  Rect area_;
  Range x_;
  Range y_;
};

// Round values inside the range, about `count` of them.
std::vector<double> RoundValues(Range range, int count);
// The round values as ticks with `decimals` digits each.
std::vector<std::pair<double, std::string>> ValueTicks(Range range, int decimals);
// Round moments (UTC) between the two, about `count`; the first of a day carries its date.
std::vector<std::pair<double, std::string>> TimeTicks(Timestamp from, Timestamp to, int count);

}  // namespace scones::monitoring::detail

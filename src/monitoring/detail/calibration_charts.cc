// The charts of labelled pictures: is an answer as often right as it is sure, and what does a
// threshold let through. Pure.
#include <fmt/format.h>

#include <algorithm>

#include "monitoring/detail/axes.h"
#include "monitoring/detail/charts.h"

namespace scones::monitoring::detail {
namespace {

constexpr int kAccuracyPaint = kClass;
constexpr int kCoveragePaint = kClass + 1;

std::string PrecisionText(const ThresholdPoint& point) {
  const std::optional<double> precision = point.Precision();
  return precision ? Decimal(*precision) : "none";
}

// Where the axis of confidence begins: at the first bin that holds an answer.
double FirstConfidence(const CalibrationSummary& summary) {
  for (const ReliabilityBin& bin : summary.bins) {
    if (bin.count > 0) return bin.from;
  }
  return 0;
}

}  // namespace

Chart ReliabilityChart(const Report& report) {
  const CalibrationSummary& summary = *report.calibration;
  Chart chart{.name = "reliability", .title = "As often right as it is sure?", .height = 400};
  chart.description = fmt::format(
      "On {} labelled pictures, {} of them right. Each bar holds the answers of that confidence "
      "and "
      "is as high as the share of them that was right; on the diagonal, both agree. Expected "
      "calibration error {} over {} bins.",
      report.options.labelled.size(), summary.correct, Decimal(summary.error), summary.bins.size());
  const Range x{FirstConfidence(summary), 1};
  Axes axes(chart, {56, 40, 784, 290}, x, {0, 1.08});
  axes.DrawYGrid(6, 1);
  DrawKey(chart, 56, 16, kMean, "share of right answers = confidence");
  for (const ReliabilityBin& bin : summary.bins) {
    if (bin.count == 0) continue;
    const float left = axes.X(bin.from);
    const float top = axes.Y(bin.accuracy);
    chart.shapes.push_back(
        Rect{left + 2, top, axes.X(bin.to) - left - 4, axes.Y(0) - top, kAccuracyPaint, 0.55f});
    chart.shapes.push_back(
        Dot{axes.X(std::clamp(bin.confidence, x.from, x.to)), top, 4, kAccuracyPaint});
    chart.shapes.push_back(Text{.x = (left + axes.X(bin.to)) / 2,
                                .y = axes.Y(0) - 6,
                                .text = fmt::format("{}", bin.count),
                                .anchor = Anchor::kMiddle});
  }
  chart.shapes.push_back(
      Line{{{axes.X(x.from), axes.Y(x.from)}, {axes.X(1), axes.Y(1)}}, 1.5f, kMean, true});
  axes.DrawThresholdUpright(std::clamp(report.options.threshold, x.from, 1.0),
                            ThresholdLabel(report));
  axes.DrawXTicks(ValueTicks(x, 2));
  axes.DrawXTitle("confidence (highest probability); in each bar its number of pictures");
  return chart;
}

Chart PrecisionChart(const Report& report) {
  const CalibrationSummary& summary = *report.calibration;
  const ThresholdPoint& chosen = summary.at_threshold;
  Chart chart{.name = "precision", .title = "What a threshold lets through", .height = 400};
  chart.description = fmt::format(
      "On {} labelled pictures. At the threshold of {:.4g}, {} pass (coverage {}), of which {} are "
      "right (precision {}).",
      report.options.labelled.size(), report.options.threshold, chosen.passed,
      Decimal(chosen.coverage), chosen.correct, PrecisionText(chosen));
  const Range x{summary.curve.front().threshold, 1};
  Axes axes(chart, {56, 40, 784, 290}, x, {0, 1.04});
  axes.DrawYGrid(6, 1);
  const float next = DrawKey(chart, 56, 16, kAccuracyPaint, "precision: right among those passed");
  DrawKey(chart, next, 16, kCoveragePaint, "coverage: passed among all");
  Line precision{{}, 2.5f, kAccuracyPaint};
  Line coverage{{}, 2.5f, kCoveragePaint};
  for (const ThresholdPoint& point : summary.curve) {
    const float at = axes.X(point.threshold);
    coverage.points.push_back({at, axes.Y(point.coverage)});
    if (point.Precision()) precision.points.push_back({at, axes.Y(*point.Precision())});
  }
  for (Line* line : {&coverage, &precision}) {
    if (line->points.size() > 1) chart.shapes.push_back(std::move(*line));
  }
  axes.DrawThresholdUpright(report.options.threshold, ThresholdLabel(report));
  const float at = axes.X(report.options.threshold);
  chart.shapes.push_back(Dot{at, axes.Y(chosen.coverage), 5, kCoveragePaint});
  if (chosen.Precision())
    chart.shapes.push_back(Dot{at, axes.Y(*chosen.Precision()), 5, kAccuracyPaint});
  axes.DrawXTicks(ValueTicks(x, 2));
  axes.DrawXTitle("threshold on confidence");
  return chart;
}

}  // namespace scones::monitoring::detail

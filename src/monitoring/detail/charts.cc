#include "monitoring/detail/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "monitoring/detail/axes.h"

namespace scones::monitoring::detail {
namespace {

using vision::Point;

constexpr std::size_t kMaxClassesShown = 12;
// More points than this are thinned to the lowest and highest of each column of pixels.
constexpr std::size_t kMaxPoints = 3000;
constexpr float kRowHeight = 44;

// The points to draw: all, or the extremes of each of `columns` parts of the time.
std::vector<PointInTime> Thin(const std::vector<PointInTime>& series, std::size_t columns) {
  if (series.size() <= kMaxPoints) return series;
  const double from = EpochSeconds(series.front().time);
  const double span = std::max(EpochSeconds(series.back().time) - from, 1e-9);
  std::vector<PointInTime> kept;
  const auto lower = [](const PointInTime& a, const PointInTime& b) {
    return a.confidence < b.confidence;
  };
  for (std::size_t i = 0; i < series.size();) {
    const auto column = [&](const PointInTime& point) {
      return static_cast<std::size_t>((EpochSeconds(point.time) - from) / span *
                                      static_cast<double>(columns));
    };
    std::size_t end = i;
    while (end < series.size() && column(series[end]) == column(series[i])) ++end;
    const auto [low, high] =
        std::minmax_element(series.begin() + static_cast<std::ptrdiff_t>(i),
                            series.begin() + static_cast<std::ptrdiff_t>(end), lower);
    kept.push_back(*std::min(low, high));
    if (low != high) kept.push_back(*std::max(low, high));
    i = end;
  }
  return kept;
}

void DrawConfidenceKeys(Chart& chart, const Report& report) {
  float x = 56;
  for (const std::size_t i : MostFrequentClasses(report, 5)) {
    x = DrawKey(chart, x, 16, ClassPaint(static_cast<int>(i)), Shorten(ClassName(report, i), 18));
  }
  DrawKey(chart, x, 16, kMean, fmt::format("mean of {}", report.options.rolling));
}

// Says so where only the most frequent classes are drawn.
std::string ShownNote(const Report& report, std::size_t shown) {
  const auto seen = std::count_if(report.classes.begin(), report.classes.end(),
                                  [](const ClassSummary& summary) { return summary.count > 0; });
  if (static_cast<std::size_t>(seen) == shown) return "";
  return fmt::format(" Drawn are the {} most frequent of {} classes.", shown, seen);
}

// The number at a bar's end or top.
Text Number(float x, float y, std::string text, Anchor anchor) {
  return Text{.x = x, .y = y, .text = std::move(text), .anchor = anchor, .paint = kText};
}

void DrawBox(Chart& chart, const Axes& axes, const Spread& spread, float y, int paint) {
  const float low = axes.X(spread.q1);
  const float high = std::max(axes.X(spread.q3), low + 2);
  const float middle = axes.X(spread.median);
  chart.shapes.push_back(Line{{{axes.X(spread.min), y}, {axes.X(spread.max), y}}, 1.5f, paint});
  for (const double end : {spread.min, spread.max}) {
    chart.shapes.push_back(Line{{{axes.X(end), y - 6}, {axes.X(end), y + 6}}, 1.5f, paint});
  }
  chart.shapes.push_back(Rect{low, y - 11, high - low, 22, kPanel});
  chart.shapes.push_back(Rect{low, y - 11, high - low, 22, paint, 0.35f});
  chart.shapes.push_back(Line{
      {{low, y - 11}, {high, y - 11}, {high, y + 11}, {low, y + 11}, {low, y - 11}}, 1.2f, paint});
  chart.shapes.push_back(Line{{{middle, y - 11}, {middle, y + 11}}, 3, paint});
}

// Where a chart of confidences begins: with a little air below the lowest.
Range ConfidenceRange(const Report& report) {
  const double low = std::min(report.confidence.min, report.options.threshold);
  return {std::max(0.0, std::floor((low - 0.01) * 20) / 20), 1.0};
}

void DrawUnsure(Chart& chart, const Report& report, const UnsurePicture& picture, Point corner) {
  constexpr float kSide = 96;
  constexpr float kBarWidth = 92;
  if (picture.image.width > 0) {
    chart.shapes.push_back(Picture{corner.x, corner.y, kSide, picture.image});
  } else {
    chart.shapes.push_back(Rect{corner.x, corner.y, kSide, kSide, kGrid});
    chart.shapes.push_back(
        Number(corner.x + kSide / 2, corner.y + 52, "no picture", Anchor::kMiddle));
  }
  std::vector<std::size_t> order(picture.probabilities.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return picture.probabilities[a] > picture.probabilities[b];
  });
  order.resize(std::min<std::size_t>(order.size(), 3));
  const float x = corner.x + kSide + 12;
  float y = corner.y + 12;
  for (const std::size_t i : order) {
    const double probability = picture.probabilities[i];
    chart.shapes.push_back(Text{.x = x, .y = y, .text = Shorten(ClassName(report, i), 14)});
    chart.shapes.push_back(Rect{x, y + 5, kBarWidth, 7, kGrid});
    chart.shapes.push_back(Rect{x, y + 5,
                                kBarWidth * static_cast<float>(std::clamp(probability, 0.0, 1.0)),
                                7, ClassPaint(static_cast<int>(i))});
    chart.shapes.push_back(Number(x + kBarWidth + 8, y + 12, Decimal(probability), Anchor::kStart));
    y += 31;
  }
}

}  // namespace

std::string ThresholdLabel(const Report& report) {
  return fmt::format("threshold {}", fmt::format("{:.4g}", report.options.threshold));
}

float DrawKey(Chart& chart, float x, float y, int paint, const std::string& label) {
  if (paint == kMean) {
    chart.shapes.push_back(Line{{{x, y - 4}, {x + 18, y - 4}}, 2, paint});
  } else {
    chart.shapes.push_back(Dot{x + 9, y - 4, 5, paint});
  }
  chart.shapes.push_back(Text{.x = x + 24, .y = y, .text = label, .paint = kMuted});
  return x + 48 + 7.2f * static_cast<float>(label.size());
}

std::string Decimal(double value) { return fmt::format("{:.3f}", value); }

std::string Percent(std::size_t part, std::size_t whole) {
  return fmt::format(
      "{:.1f} %",
      whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string TimeText(Timestamp time) {
  std::string text = FormatIso8601Seconds(time);
  text[10] = ' ';
  return text.substr(0, 19);
}

std::string Shorten(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string ClassName(const Report& report, std::size_t index) {
  return report.classes[index].name;
}

std::vector<std::size_t> MostFrequentClasses(const Report& report, std::size_t limit) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < report.classes.size(); ++i) {
    if (report.classes[i].count > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&report](std::size_t a, std::size_t b) {
    return report.classes[a].count > report.classes[b].count;
  });
  order.resize(std::min(order.size(), limit));
  return order;
}

Chart ConfidenceChart(const Report& report) {
  Chart chart{
      .name = "confidence", .title = "Confidence of each inference over time", .height = 400};
  chart.description =
      fmt::format("{} inferences from {} to {} UTC; {} at or above the threshold of {}.",
                  report.count, TimeText(report.series.front().time),
                  TimeText(report.series.back().time), report.above, report.options.threshold);
  const Timestamp first = report.series.front().time;
  const Timestamp last = report.series.back().time;
  const double pad = std::max((EpochSeconds(last) - EpochSeconds(first)) * 0.01, 0.5);
  if (report.series.size() > kMaxPoints) {
    chart.description += " Drawn are the lowest and highest of each moment.";
  }
  Axes axes(chart, {56, 40, 784, 300}, {EpochSeconds(first) - pad, EpochSeconds(last) + pad},
            ConfidenceRange(report));
  DrawConfidenceKeys(chart, report);
  axes.DrawYGrid(6, 2);
  axes.DrawXTicks(TimeTicks(first, last, 8));
  axes.DrawXTitle("time (UTC)");
  axes.DrawThresholdAcross(report.options.threshold, ThresholdLabel(report));
  const std::vector<PointInTime> points = Thin(report.series, 784);
  const float radius = points.size() > 400 ? 2.2f : points.size() > 100 ? 3.0f : 4.5f;
  Line mean{{}, 2, kMean};
  for (const PointInTime& point : points) {
    const double x = EpochSeconds(point.time);
    chart.shapes.push_back(
        Dot{axes.X(x), axes.Y(point.confidence), radius, ClassPaint(point.class_index), 0.75f});
    mean.points.push_back({axes.X(x), axes.Y(point.rolling_mean)});
  }
  if (mean.points.size() > 1) chart.shapes.push_back(std::move(mean));
  return chart;
}

Chart HistogramChart(const Report& report) {
  Chart chart{.name = "histogram", .title = "How often each confidence occurred", .height = 340};
  chart.description =
      fmt::format("Median {}, mean {}, lowest {}, highest {}.", Decimal(report.confidence.median),
                  Decimal(report.mean_confidence), Decimal(report.confidence.min),
                  Decimal(report.confidence.max));
  std::size_t most = 1;
  for (const HistogramBin& bin : report.histogram) most = std::max(most, bin.count);
  const Range x{report.histogram.front().from, 1.0};
  Axes axes(chart, {56, 40, 884, 240}, x, {0, static_cast<double>(most) * 1.08});
  axes.DrawYGrid(static_cast<int>(std::min<std::size_t>(most, 5)), 0);
  for (const HistogramBin& bin : report.histogram) {
    const float left = axes.X(bin.from);
    const float top = axes.Y(static_cast<double>(bin.count));
    const bool above = (bin.from + bin.to) / 2 >= report.options.threshold;
    chart.shapes.push_back(
        Rect{left + 2, top, axes.X(bin.to) - left - 4, axes.Y(0) - top, above ? kAbove : kBelow});
  }
  axes.DrawThresholdUpright(report.options.threshold, ThresholdLabel(report));
  for (const HistogramBin& bin : report.histogram) {
    if (bin.count == 0) continue;
    chart.shapes.push_back(Number((axes.X(bin.from) + axes.X(bin.to)) / 2,
                                  axes.Y(static_cast<double>(bin.count)) - 5,
                                  fmt::format("{}", bin.count), Anchor::kMiddle));
  }
  axes.DrawXTicks(ValueTicks(x, 2));
  axes.DrawXTitle("confidence (highest probability)");
  return chart;
}

Chart ClassesChart(const Report& report) {
  const std::vector<std::size_t> shown = MostFrequentClasses(report, kMaxClassesShown);
  Chart chart{.name = "classes", .title = "Confidence by predicted class"};
  chart.description =
      "Each box spans the middle half of a class, its thick line the median, the whiskers the "
      "rest.";
  chart.description += ShownNote(report, shown.size());
  const float height = kRowHeight * static_cast<float>(shown.size());
  chart.height = static_cast<int>(height) + 90;
  const Range x = ConfidenceRange(report);
  Axes axes(chart, {170, 34, 590, height}, x, {0, 1});
  axes.DrawXTicks(ValueTicks(x, 2));
  axes.DrawXTitle("confidence (highest probability)");
  axes.DrawThresholdUpright(report.options.threshold, ThresholdLabel(report));
  float y = 34 + kRowHeight / 2;
  for (const std::size_t i : shown) {
    const ClassSummary& summary = report.classes[i];
    chart.shapes.push_back(Text{.x = 156,
                                .y = y + 4,
                                .text = Shorten(summary.name, 20),
                                .size = 13,
                                .anchor = Anchor::kEnd});
    DrawBox(chart, axes, summary.confidence, y, ClassPaint(static_cast<int>(i)));
    chart.shapes.push_back(
        Number(778, y + 4,
               fmt::format("median {}, n = {}", Decimal(summary.confidence.median), summary.count),
               Anchor::kStart));
    y += kRowHeight;
  }
  return chart;
}

Chart CountsChart(const Report& report) {
  const std::vector<std::size_t> shown = MostFrequentClasses(report, kMaxClassesShown);
  Chart chart{.name = "counts", .title = "Inferences by predicted class"};
  chart.description =
      "The solid part of each bar is at or above the threshold, the pale part below.";
  chart.description += ShownNote(report, shown.size());
  const float height = kRowHeight * static_cast<float>(shown.size());
  chart.height = static_cast<int>(height) + 44;
  const double most = static_cast<double>(report.classes[shown.front()].count);
  Axes axes(chart, {170, 28, 560, height}, {0, most}, {0, 1});
  chart.shapes.push_back(Text{.x = 170,
                              .y = 16,
                              .text = "solid: at or above the threshold; pale: below it",
                              .paint = kMuted});
  float y = 28 + kRowHeight / 2;
  for (const std::size_t i : shown) {
    const ClassSummary& summary = report.classes[i];
    const int paint = ClassPaint(static_cast<int>(i));
    const float middle = axes.X(static_cast<double>(summary.above));
    const float end = axes.X(static_cast<double>(summary.count));
    chart.shapes.push_back(Text{.x = 156,
                                .y = y + 4,
                                .text = Shorten(summary.name, 20),
                                .size = 13,
                                .anchor = Anchor::kEnd});
    chart.shapes.push_back(Rect{170, y - 12, middle - 170, 24, paint});
    chart.shapes.push_back(Rect{middle, y - 12, end - middle, 24, paint, 0.35f});
    chart.shapes.push_back(Number(end + 10, y + 4,
                                  fmt::format("{} ({} above, {} below)", summary.count,
                                              summary.above, summary.count - summary.above),
                                  Anchor::kStart));
    y += kRowHeight;
  }
  return chart;
}

Chart ThresholdChart(const Report& report) {
  Chart chart{.name = "threshold", .title = "Above and below the threshold", .height = 76};
  const std::size_t below = report.count - report.above;
  chart.description = fmt::format("{} ({}) at or above {}, {} ({}) below.", report.above,
                                  Percent(report.above, report.count), report.options.threshold,
                                  below, Percent(below, report.count));
  const float split = 940 * static_cast<float>(report.above) / static_cast<float>(report.count);
  chart.shapes.push_back(Rect{0, 8, split, 34, kAbove});
  chart.shapes.push_back(Rect{split, 8, 940 - split, 34, kBelow});
  chart.shapes.push_back(Dot{9, 64, 5, kAbove});
  chart.shapes.push_back(Number(22, 68,
                                fmt::format("at or above {:.4g}: {} ({})", report.options.threshold,
                                            report.above, Percent(report.above, report.count)),
                                Anchor::kStart));
  chart.shapes.push_back(Number(
      926, 68, fmt::format("below: {} ({})", below, Percent(below, report.count)), Anchor::kEnd));
  chart.shapes.push_back(Dot{935, 64, 5, kBelow});
  return chart;
}

Chart LeastSureChart(const Report& report) {
  constexpr int kColumns = 3;
  constexpr float kCellWidth = 318;
  constexpr float kCellHeight = 132;
  Chart chart{.name = "least-sure", .title = "The least sure pictures beside their probabilities"};
  chart.description = fmt::format("The lowest confidence is {}.", Decimal(report.confidence.min));
  const int rows = (static_cast<int>(report.least_sure.size()) + kColumns - 1) / kColumns;
  chart.height = std::max(rows, 1) * static_cast<int>(kCellHeight);
  for (std::size_t i = 0; i < report.least_sure.size(); ++i) {
    const UnsurePicture& picture = report.least_sure[i];
    const Point corner{static_cast<float>(i % kColumns) * kCellWidth + 4,
                       static_cast<float>(i / kColumns) * kCellHeight + 4};
    DrawUnsure(chart, report, picture, corner);
    chart.shapes.push_back(Text{.x = corner.x,
                                .y = corner.y + 112,
                                .text = TimeText(picture.time),
                                .size = 11,
                                .paint = kMuted});
  }
  return chart;
}

}  // namespace scones::monitoring::detail

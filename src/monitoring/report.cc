#include "monitoring/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "vision/image_codec.h"
#include "vision/image_statistics.h"

namespace scones::monitoring {
namespace {

constexpr int kBins = 20;
constexpr vision::DecodeLimits kDecodeLimits = {.max_bytes = 8u << 20, .max_pixels = 4u << 20};

Error Bad(std::string message) { return Error(Code::kInvalid, std::move(message)); }

// `values` sorted.
Spread SpreadOf(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto at = [&values](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (values[high] - values[low]) * (place - std::floor(place));
  };
  return {values.front(), at(0.25), at(0.5), at(0.75), values.back()};
}

std::size_t HighestOf(const std::vector<double>& probabilities) {
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) -
                                  probabilities.begin());
}

Result<void> Check(std::span<const Inference> inferences, const ReportOptions& options) {
  if (inferences.empty()) {
    return Bad(
        "there is no captured inference to report on: send some to the endpoint, or wait "
        "until its capture file is closed");
  }
  if (!(options.threshold >= 0 && options.threshold <= 1)) {
    return Bad(fmt::format("the threshold {} is not between 0 and 1", options.threshold));
  }
  if (options.rolling < 1 || options.least_sure < 1) {
    return Bad("the rolling mean and the number of pictures must be at least 1");
  }
  const std::size_t classes = inferences[0].probabilities.size();
  for (const Inference& inference : inferences) {
    if (classes == 0 || inference.probabilities.size() != classes) {
      return Bad(
          fmt::format("inference {} has {} probabilities and another has {}: report on one "
                      "model at a time",
                      inference.event_id, inference.probabilities.size(), classes));
    }
  }
  return {};
}

std::vector<PointInTime> MakeSeries(const std::vector<const Inference*>& ordered, int rolling) {
  std::vector<PointInTime> series;
  series.reserve(ordered.size());
  for (const Inference* inference : ordered) {
    const std::size_t highest = HighestOf(inference->probabilities);
    series.push_back(
        {inference->time, inference->probabilities[highest], static_cast<int>(highest), 0});
    const std::size_t from =
        series.size() - std::min(series.size(), static_cast<std::size_t>(rolling));
    double sum = 0;
    for (std::size_t i = from; i < series.size(); ++i) sum += series[i].confidence;
    series.back().rolling_mean = sum / static_cast<double>(series.size() - from);
  }
  return series;
}

// Captures tell whole seconds: spreads the points of one second over it, in their order, so that a
// chart shows each of them.
void SpreadWithinSeconds(std::vector<PointInTime>& series) {
  for (std::size_t first = 0, last; first < series.size(); first = last) {
    last = first + 1;
    while (last < series.size() && series[last].time == series[first].time) ++last;
    const auto count = static_cast<std::int64_t>(last - first);
    for (std::size_t i = first; i < last; ++i) {
      series[i].time += std::chrono::microseconds(std::chrono::seconds(1)) *
                        static_cast<std::int64_t>(i - first) / count;
    }
  }
}

std::vector<ClassSummary> SummariseClasses(const Report& report, std::size_t class_count) {
  std::vector<std::vector<double>> values(class_count);
  std::vector<ClassSummary> classes(class_count);
  for (const PointInTime& point : report.series) {
    const auto index = static_cast<std::size_t>(point.class_index);
    values[index].push_back(point.confidence);
    if (point.confidence >= report.options.threshold) ++classes[index].above;
  }
  for (std::size_t i = 0; i < class_count; ++i) {
    std::sort(values[i].begin(), values[i].end());
    classes[i].name = i < report.options.class_names.size() ? report.options.class_names[i]
                                                            : fmt::format("class {}", i);
    classes[i].count = values[i].size();
    classes[i].confidence = SpreadOf(values[i]);
  }
  return classes;
}

// From a round value below the lowest confidence and the threshold up to 1.
std::vector<HistogramBin> MakeHistogram(const Report& report) {
  const double lowest = std::min(report.confidence.min, report.options.threshold);
  const double start = std::min(std::floor(lowest * 20) / 20, 0.95);
  const double width = (1 - start) / kBins;
  std::vector<HistogramBin> bins;
  for (int i = 0; i < kBins; ++i) bins.push_back({start + i * width, start + (i + 1) * width, 0});
  for (const PointInTime& point : report.series) {
    const auto bin = static_cast<int>((point.confidence - start) / width);
    ++bins[static_cast<std::size_t>(std::clamp(bin, 0, kBins - 1))].count;
  }
  return bins;
}

std::vector<UnsurePicture> FindLeastSure(const std::vector<const Inference*>& ordered,
                                         const Report& report) {
  std::vector<std::size_t> order(ordered.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&report](std::size_t a, std::size_t b) {
    return report.series[a].confidence < report.series[b].confidence;
  });
  order.resize(std::min(order.size(), static_cast<std::size_t>(report.options.least_sure)));
  std::vector<UnsurePicture> pictures;
  for (const std::size_t i : order) {
    const Inference& inference = *ordered[i];
    Result<vision::Image> image = vision::DecodeImage(inference.input, kDecodeLimits);
    pictures.push_back({inference.time, inference.event_id, inference.probabilities,
                        image ? std::move(*image) : vision::Image()});
  }
  return pictures;
}

PictureSummary SummarisePictures(const std::vector<const Inference*>& ordered) {
  PictureSummary summary;
  double sums[2] = {0, 0};
  std::size_t counts[2] = {0, 0};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const auto image = vision::DecodeImage(ordered[i]->input, kDecodeLimits);
    if (!image) continue;
    const vision::ImageStatistics statistics = vision::ComputeStatistics(*image);
    const std::size_t half = i < ordered.size() / 2 ? 0 : 1;
    sums[half] += statistics.brightness;
    ++counts[half];
    summary.contrast += statistics.contrast;
  }
  summary.count = counts[0] + counts[1];
  const auto mean = [](double sum, std::size_t count) {
    return count == 0 ? 0.0 : sum / static_cast<double>(count);
  };
  summary.brightness = mean(sums[0] + sums[1], summary.count);
  summary.contrast = mean(summary.contrast, summary.count);
  summary.brightness_first_half = mean(sums[0], counts[0]);
  summary.brightness_second_half = mean(sums[1], counts[1]);
  return summary;
}

CalibrationSummary SummariseCalibration(const ReportOptions& options) {
  constexpr int kCurveSteps = 400;
  const std::vector<Answer>& answers = options.labelled;
  CalibrationSummary summary;
  double lowest = options.threshold;
  for (const Answer& answer : answers) {
    summary.correct += answer.correct ? 1 : 0;
    lowest = std::min(lowest, answer.confidence);
  }
  summary.bins = BinByConfidence(answers);
  summary.error = ExpectedCalibrationError(summary.bins);
  summary.at_threshold = ThresholdCurve(answers, {options.threshold})[0];
  const double start = std::max(std::floor(lowest * 20) / 20, 0.0);
  std::vector<double> thresholds;
  for (int i = 0; i <= kCurveSteps; ++i) {
    thresholds.push_back(start + (1 - start) * i / kCurveSteps);
  }
  summary.curve = ThresholdCurve(answers, thresholds);
  thresholds = {options.threshold};
  for (const double round : {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99}) {
    if (round >= start && round != options.threshold) thresholds.push_back(round);
  }
  std::sort(thresholds.begin(), thresholds.end());
  summary.table = ThresholdCurve(answers, thresholds);
  return summary;
}

}  // namespace

Result<Report> BuildReport(std::span<const Inference> inferences, const ReportOptions& options) {
  TRY_VOID(Check(inferences, options));
  std::vector<const Inference*> ordered;
  for (const Inference& inference : inferences) ordered.push_back(&inference);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Inference* a, const Inference* b) { return a->time < b->time; });
  const std::size_t class_count = inferences[0].probabilities.size();

  Report report;
  report.options = options;
  report.count = ordered.size();
  report.series = MakeSeries(ordered, options.rolling);
  SpreadWithinSeconds(report.series);
  std::vector<double> confidences;
  for (const PointInTime& point : report.series) {
    confidences.push_back(point.confidence);
    report.mean_confidence += point.confidence / static_cast<double>(report.count);
    if (point.confidence >= options.threshold) ++report.above;
  }
  std::sort(confidences.begin(), confidences.end());
  report.confidence = SpreadOf(confidences);
  report.classes = SummariseClasses(report, class_count);
  report.histogram = MakeHistogram(report);
  report.least_sure = FindLeastSure(ordered, report);
  report.pictures = SummarisePictures(ordered);
  if (!options.labelled.empty()) report.calibration = SummariseCalibration(options);
  return report;
}

}  // namespace scones::monitoring

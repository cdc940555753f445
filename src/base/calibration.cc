#include "base/calibration.h"

#include <algorithm>
#include <cmath>

namespace scones {
namespace {

// The slope of the summed negative log likelihood by the inverse temperature: how far the expected
// logit lies above the right one's. The likelihood is convex in it, so the slope only rises.
double Slope(const LogitRows& logits, const std::vector<int>& labels, double inverse_temperature) {
  double slope = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const std::vector<float>& row = logits[i];
    const double largest = *std::max_element(row.begin(), row.end());
    double weights = 0;
    double weighted = 0;
    for (float logit : row) {
      const double below = logit - largest;
      const double weight = std::exp(below * inverse_temperature);
      weights += weight;
      weighted += weight * below;
    }
    slope += weighted / weights - (row[labels[i]] - largest);
  }
  return slope;
}

bool AllFinite(const LogitRows& logits) {
  return std::all_of(logits.begin(), logits.end(), [](const std::vector<float>& row) {
    return std::all_of(row.begin(), row.end(), [](float logit) { return std::isfinite(logit); });
  });
}

template <class Number>
Answer Highest(const std::vector<Number>& probabilities, std::size_t label) {
  const auto highest = std::max_element(probabilities.begin(), probabilities.end());
  return {static_cast<double>(*highest),
          static_cast<std::size_t>(highest - probabilities.begin()) == label};
}

}  // namespace

void Softmax(float* row, std::size_t count, double temperature) {
  const double largest = *std::max_element(row, row + count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::exp((row[i] - largest) / temperature);
  for (std::size_t i = 0; i < count; ++i) {
    row[i] = static_cast<float>(std::exp((row[i] - largest) / temperature) / sum);
  }
}

double NegativeLogLikelihood(const LogitRows& logits, const std::vector<int>& labels,
                             double temperature) {
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const std::vector<float>& row = logits[i];
    const double largest = *std::max_element(row.begin(), row.end());
    double weights = 0;
    for (float logit : row) weights += std::exp((logit - largest) / temperature);
    total += std::log(weights) - (row[labels[i]] - largest) / temperature;
  }
  return logits.empty() ? 0 : total / static_cast<double>(logits.size());
}

double FitTemperature(const LogitRows& logits, const std::vector<int>& labels) {
  if (logits.empty() || !AllFinite(logits)) return 1;
  double low = 1 / kMaxTemperature;
  double high = 1 / kMinTemperature;
  const double low_slope = Slope(logits, labels, low);
  const double high_slope = Slope(logits, labels, high);
  if (low_slope == 0 && high_slope == 0) return 1;
  if (low_slope >= 0) return kMaxTemperature;
  if (high_slope <= 0) return kMinTemperature;
  constexpr int kHalvings = 40;  // of a ratio of 100: to far below a float's precision
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = std::sqrt(low * high);
    (Slope(logits, labels, middle) < 0 ? low : high) = middle;
  }
  return 1 / std::sqrt(low * high);
}

Answer AnswerOf(const std::vector<double>& probabilities, std::size_t label) {
  return Highest(probabilities, label);
}

Answer AnswerOf(const std::vector<float>& probabilities, std::size_t label) {
  return Highest(probabilities, label);
}

std::vector<ReliabilityBin> BinByConfidence(const std::vector<Answer>& answers, int bins) {
  std::vector<ReliabilityBin> result(bins);
  for (int i = 0; i < bins; ++i) {
    result[i].from = static_cast<double>(i) / bins;
    result[i].to = static_cast<double>(i + 1) / bins;
  }
  for (const Answer& answer : answers) {
    const auto bin = std::lower_bound(
        result.begin(), result.end() - 1, answer.confidence,
        [](const ReliabilityBin& one, double confidence) { return one.to < confidence; });
    ++bin->count;
    bin->confidence += answer.confidence;
    bin->accuracy += answer.correct ? 1 : 0;
  }
  for (ReliabilityBin& bin : result) {
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return result;
}

double ExpectedCalibrationError(const std::vector<ReliabilityBin>& bins) {
  double error = 0;
  std::size_t count = 0;
  for (const ReliabilityBin& bin : bins) {
    error += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
    count += bin.count;
  }
  return count == 0 ? 0 : error / static_cast<double>(count);
}

double ExpectedCalibrationError(const std::vector<Answer>& answers, int bins) {
  return ExpectedCalibrationError(BinByConfidence(answers, bins));
}

std::optional<double> ThresholdPoint::Precision() const {
  if (passed == 0) return std::nullopt;
  return static_cast<double>(correct) / static_cast<double>(passed);
}

std::vector<ThresholdPoint> ThresholdCurve(const std::vector<Answer>& answers,
                                           const std::vector<double>& thresholds) {
  std::vector<Answer> sorted = answers;
  std::sort(sorted.begin(), sorted.end(),
            [](const Answer& a, const Answer& b) { return a.confidence > b.confidence; });
  std::vector<std::size_t> correct_before = {0};  // among the first so many
  for (const Answer& answer : sorted) {
    correct_before.push_back(correct_before.back() + (answer.correct ? 1 : 0));
  }
  std::vector<ThresholdPoint> curve;
  for (double threshold : thresholds) {
    const auto end = std::partition_point(
        sorted.begin(), sorted.end(),
        [threshold](const Answer& answer) { return answer.confidence >= threshold; });
    ThresholdPoint point;
    point.threshold = threshold;
    point.passed = static_cast<std::size_t>(end - sorted.begin());
    point.correct = correct_before[point.passed];
    if (!sorted.empty()) {
      point.coverage = static_cast<double>(point.passed) / static_cast<double>(sorted.size());
    }
    curve.push_back(point);
  }
  return curve;
}

}  // namespace scones

// Do a classifier's probabilities mean what they say? Temperature scaling, calibration error, and
// what a threshold on confidence lets through. Pure functions and values; safe from any thread.
// C++17. Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace scones {

// One row a picture, one number a class: what goes into the softmax. Logarithms of probabilities
// do as well.
using LogitRows = std::vector<std::vector<float>>;

// Logits of one picture, in place, to probabilities: softmax(row / temperature). Finite logits of
// any size do. Requires count > 0 and temperature > 0.
void Softmax(float* row, std::size_t count, double temperature = 1);

// Mean of -log softmax(row / temperature)[label], in nats; 0 for no rows.
// Requires a label within its row for every row, and temperature > 0.
double NegativeLogLikelihood(const LogitRows& logits, const std::vector<int>& labels,
                             double temperature = 1);

// Bounds of FitTemperature's answer. They are reached where the held-out pictures set no limit of
// their own: the lower when every one of them is right.
constexpr double kMinTemperature = 0.1;
constexpr double kMaxTemperature = 10;

// The temperature with the lowest NegativeLogLikelihood (§4.2), for pictures that the network was
// not trained on. It changes no answer, only how sure they are. 1 where the pictures say nothing:
// none at all, rows of equal numbers, or a number that is not finite.
double FitTemperature(const LogitRows& logits, const std::vector<int>& labels);

// What a classifier said of one picture.
struct Answer {
  double confidence = 0;  // the highest probability, 0..1
  bool correct = false;
};

// The answer that a row of probabilities gives: its highest, the first of several equal ones.
// Requires a row that is not empty.
Answer AnswerOf(const std::vector<double>& probabilities, std::size_t label);
Answer AnswerOf(const std::vector<float>& probabilities, std::size_t label);

constexpr int kReliabilityBins = 15;

// The answers with a confidence above `from` and up to `to` (from 0 inclusive in the first).
struct ReliabilityBin {
  double from = 0;
  double to = 0;
  std::size_t count = 0;
  double confidence = 0;  // mean; 0 in an empty bin
  double accuracy = 0;    // share of right answers; 0 in an empty bin
};

// Bins of equal width over 0..1, in order. Requires bins >= 1.
std::vector<ReliabilityBin> BinByConfidence(const std::vector<Answer>& answers,
                                            int bins = kReliabilityBins);

// Mean over the answers of their bin's |accuracy - confidence| (eq. 3); 0 for no answers. With few
// answers it is above 0 even for a perfectly calibrated classifier.
double ExpectedCalibrationError(const std::vector<ReliabilityBin>& bins);
double ExpectedCalibrationError(const std::vector<Answer>& answers, int bins = kReliabilityBins);

// What passes at a threshold: the answers with a confidence at or above it.
struct ThresholdPoint {
  double threshold = 0;
  std::size_t passed = 0;
  std::size_t correct = 0;  // of those that passed
  double coverage = 0;      // passed, as a share of all; 0 for no answers

  // The share of right answers among those that passed; nothing where none did.
  std::optional<double> Precision() const;
};

// One point a threshold, in the thresholds' order.
std::vector<ThresholdPoint> ThresholdCurve(const std::vector<Answer>& answers,
                                           const std::vector<double>& thresholds);

}  // namespace scones

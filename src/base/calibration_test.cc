#include "base/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace scones {
namespace {

using ::testing::DoubleNear;
using ::testing::Eq;
using ::testing::Optional;

struct Labelled {
  LogitRows logits;
  std::vector<int> labels;
};

// Labels drawn from the softmax of the logits, which are then stretched: by how much is the
// temperature that brings them back.
Labelled Stretched(double stretch, int count = 20000) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 1.5);
  Labelled result;
  for (int i = 0; i < count; ++i) {
    std::vector<double> row = {normal(random), normal(random), normal(random)};
    std::vector<double> weights;
    for (double logit : row) weights.push_back(std::exp(logit));
    std::discrete_distribution<int> label(weights.begin(), weights.end());
    result.labels.push_back(label(random));
    std::vector<float> logits;
    for (double logit : row) logits.push_back(static_cast<float>(logit * stretch));
    result.logits.push_back(std::move(logits));
  }
  return result;
}

std::vector<Answer> AnswersAt(const Labelled& data, double temperature) {
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < data.logits.size(); ++i) {
    std::vector<double> probabilities;
    double sum = 0;
    for (float logit : data.logits[i]) {
      probabilities.push_back(std::exp(logit / temperature));
      sum += probabilities.back();
    }
    for (double& probability : probabilities) probability /= sum;
    answers.push_back(AnswerOf(probabilities, static_cast<std::size_t>(data.labels[i])));
  }
  return answers;
}

TEST(Softmax, GivesProbabilitiesInPlaceAtItsTemperature) {
  struct Case {
    const char* what;
    std::vector<float> logits;
    double temperature;
    std::vector<float> probabilities;
  };
  const float three = std::log(3.0f);
  const Case cases[] = {
      {"logarithms of weights", {three, 0}, 1, {0.75f, 0.25f}},
      {"a temperature of two takes square roots", {2 * three, 0}, 2, {0.75f, 0.25f}},
      {"a temperature of a half sharpens", {three, 0}, 0.5, {0.9f, 0.1f}},
      {"only differences count, however large", {3e38f, 3e38f, -3e38f}, 1, {0.5f, 0.5f, 0}},
      {"one class is certain", {-7}, 1, {1}},
  };
  for (const Case& c : cases) {
    std::vector<float> row = c.logits;
    Softmax(row.data(), row.size(), c.temperature);
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_NEAR(row[i], c.probabilities[i], 1e-6) << c.what;
    }
  }
}

TEST(Likelihood, IsTheMeanOfTheLabelsLogProbabilities) {
  const LogitRows logits = {{std::log(3.0f), 0}, {0, 0}};
  EXPECT_NEAR(NegativeLogLikelihood(logits, {0, 1}), -(std::log(0.75) + std::log(0.5)) / 2, 1e-7);
  const double halved = 1 / (1 + 1 / std::sqrt(3.0));  // softmax at temperature 2
  EXPECT_NEAR(NegativeLogLikelihood(logits, {0, 1}, 2), -(std::log(halved) + std::log(0.5)) / 2,
              1e-7);
  EXPECT_EQ(NegativeLogLikelihood({}, {}), 0);
}

TEST(Likelihood, HugeLogitsStayFinite) {
  EXPECT_NEAR(NegativeLogLikelihood({{1e30f, -1e30f}}, {0}), 0, 1e-12);
  EXPECT_NEAR(NegativeLogLikelihood({{3000, 1000}}, {1}), 2000, 1e-6);
}

TEST(Temperature, OfStretchedLogitsIsTheStretch) {
  for (const double stretch : {0.4, 1.0, 3.0}) {
    EXPECT_NEAR(FitTemperature(Stretched(stretch).logits, Stretched(stretch).labels), stretch,
                0.03 * stretch);
  }
}

TEST(Temperature, NoNeighbourIsMoreLikely) {
  const Labelled data = Stretched(2.2, 300);
  const double best = FitTemperature(data.logits, data.labels);
  const double likelihood = NegativeLogLikelihood(data.logits, data.labels, best);
  for (const double factor : {0.9, 0.999, 1.001, 1.1}) {
    EXPECT_GT(NegativeLogLikelihood(data.logits, data.labels, best * factor), likelihood);
  }
}

TEST(Temperature, CuresTheCalibrationErrorOfAnOverconfidentNetwork) {
  const Labelled data = Stretched(3);
  const double temperature = FitTemperature(data.logits, data.labels);
  EXPECT_GT(ExpectedCalibrationError(AnswersAt(data, 1)), 0.1);
  EXPECT_LT(ExpectedCalibrationError(AnswersAt(data, temperature)), 0.02);
}

TEST(Temperature, StaysWithinItsBounds) {
  EXPECT_EQ(FitTemperature({{5, -5}, {-3, 3}}, {0, 1}), kMinTemperature);  // all right
  EXPECT_EQ(FitTemperature({{5, -5}, {-3, 3}}, {1, 0}), kMaxTemperature);  // all wrong
}

TEST(Temperature, IsOneWherePicturesSayNothing) {
  EXPECT_EQ(FitTemperature({}, {}), 1);
  EXPECT_EQ(FitTemperature({{2, 2}, {0, 0}}, {0, 1}), 1);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(FitTemperature({{1, 0}, {infinity, 0}}, {0, 1}), 1);
  EXPECT_EQ(FitTemperature({{1, 0}, {std::nanf(""), 0}}, {0, 1}), 1);
}

TEST(AnswerOf, IsTheFirstOfTheHighestProbabilities) {
  EXPECT_EQ(AnswerOf(std::vector<double>{0.2, 0.4, 0.4}, 1).confidence, 0.4);
  EXPECT_TRUE(AnswerOf(std::vector<double>{0.2, 0.4, 0.4}, 1).correct);
  EXPECT_FALSE(AnswerOf(std::vector<float>{0.25f, 0.75f}, 0).correct);
}

// Ten answers worked out by hand, in bins of a fifth:
// (0.4, 0.6]: 0.5 wrong, 0.6 right -> |0.5 - 0.55|; (0.6, 0.8]: 0.7 right, 0.8 right -> |1 - 0.75|;
// (0.8, 1]: 0.9 three times, 1.0 three times, one wrong each -> |4/6 - 0.95|.
const std::vector<Answer>& TenAnswers() {
  static const auto& answers =
      *new std::vector<Answer>{{0.5, false}, {0.6, true},  {0.7, true}, {0.8, true}, {0.9, true},
                               {0.9, true},  {0.9, false}, {1.0, true}, {1.0, true}, {1.0, false}};
  return answers;
}

TEST(Reliability, AnswersFallIntoBinsClosedAtTheirUpperEnd) {
  const std::vector<ReliabilityBin> bins = BinByConfidence(TenAnswers(), 5);
  ASSERT_EQ(bins.size(), 5u);
  EXPECT_EQ(bins[0].count + bins[1].count, 0u);
  EXPECT_EQ(bins[2].count, 2u);
  EXPECT_DOUBLE_EQ(bins[2].from, 0.4);
  EXPECT_DOUBLE_EQ(bins[2].to, 0.6);
  EXPECT_DOUBLE_EQ(bins[2].confidence, 0.55);
  EXPECT_DOUBLE_EQ(bins[2].accuracy, 0.5);
  EXPECT_EQ(bins[3].count, 2u);
  EXPECT_EQ(bins[4].count, 6u);
  EXPECT_NEAR(bins[4].accuracy, 4.0 / 6, 1e-12);
}

TEST(Reliability, CalibrationErrorWeighsEachBinByItsAnswers) {
  EXPECT_NEAR(ExpectedCalibrationError(TenAnswers(), 5),
              (2 * 0.05 + 2 * 0.25 + 6 * (0.95 - 4.0 / 6)) / 10, 1e-12);
  EXPECT_EQ(ExpectedCalibrationError(std::vector<Answer>{}), 0);
  EXPECT_EQ(ExpectedCalibrationError(std::vector<Answer>{{1.0, true}, {1.0, true}}), 0);
  EXPECT_EQ(ExpectedCalibrationError(std::vector<Answer>{{1.0, false}}), 1);
}

TEST(Reliability, AnswersBeyondZeroAndOneCountInTheOuterBins) {
  const std::vector<ReliabilityBin> bins = BinByConfidence({{0, false}, {1.0000001, true}}, 3);
  EXPECT_EQ(bins.front().count, 1u);
  EXPECT_EQ(bins.back().count, 1u);
}

TEST(Threshold, AnAnswerAtItPasses) {
  const std::vector<ThresholdPoint> curve = ThresholdCurve(TenAnswers(), {0.9, 0, 0.95, 1.1});
  ASSERT_EQ(curve.size(), 4u);
  EXPECT_EQ(curve[0].passed, 6u);
  EXPECT_EQ(curve[0].correct, 4u);
  EXPECT_DOUBLE_EQ(curve[0].coverage, 0.6);
  EXPECT_THAT(curve[0].Precision(), Optional(DoubleNear(4.0 / 6, 1e-12)));
  EXPECT_EQ(curve[1].passed, 10u);
  EXPECT_THAT(curve[1].Precision(), Optional(0.7));
  EXPECT_EQ(curve[2].passed, 3u);
  EXPECT_EQ(curve[3].passed, 0u);
  EXPECT_THAT(curve[3].Precision(), Eq(std::nullopt));
}

TEST(Threshold, OfNoAnswersCoversNothing) {
  const std::vector<ThresholdPoint> curve = ThresholdCurve({}, {0.5});
  EXPECT_EQ(curve[0].coverage, 0);
  EXPECT_THAT(curve[0].Precision(), Eq(std::nullopt));
}

}  // namespace
}  // namespace scones

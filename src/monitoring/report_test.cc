#include "monitoring/report.h"

#include <gmock/gmock.h>

#include <fstream>

#include "io/file.h"
#include "monitoring/detail/axes.h"
#include "monitoring/detail/charts.h"
#include "monitoring/detail/stroke_font.h"
#include "vision/generator.h"
#include "vision/image_codec.h"

namespace scones::monitoring {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Inference At(int second, std::vector<double> probabilities, std::string input = "") {
  Inference inference;
  inference.time = FromEpochMilliseconds(1'700'000'000'000 + second * 1000);
  inference.event_id = "event-" + std::to_string(second);
  inference.input = std::move(input);
  inference.probabilities = std::move(probabilities);
  return inference;
}

std::string Png(std::uint64_t seed) {
  return vision::EncodePng(vision::DrawVehicle(vision::Vehicle::kBicycle, seed));
}

// Out of order on purpose.
std::vector<Inference> Sample() {
  return {At(3, {0.4, 0.6}), At(1, {0.9, 0.1}, Png(1)), At(2, {0.05, 0.95}, Png(2)),
          At(4, {0.99, 0.01}, "broken")};
}

TEST(Report, InferencesOfOneSecondAreSpreadOverIt) {
  const std::vector<Inference> inferences = {At(1, {0.9, 0.1}), At(1, {0.8, 0.2}),
                                             At(2, {0.7, 0.3})};
  const auto report = BuildReport(inferences, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->series[1].time - report->series[0].time, std::chrono::milliseconds(500));
  EXPECT_EQ(report->series[2].time - report->series[0].time, std::chrono::seconds(1));
  EXPECT_EQ(report->series[1].confidence, 0.8);
}

TEST(Report, NumbersAreThoseOfTheInferencesInOrderOfTime) {
  const auto report = BuildReport(
      Sample(), {.threshold = 0.9, .rolling = 2, .class_names = {"bicycle", "motorcycle"}});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count, 4u);
  EXPECT_EQ(report->above, 3u) << "an inference at the threshold is above";
  EXPECT_NEAR(report->mean_confidence, (0.6 + 0.9 + 0.95 + 0.99) / 4, 1e-12);
  EXPECT_NEAR(report->confidence.median, 0.925, 1e-12);
  EXPECT_NEAR(report->confidence.q1, 0.825, 1e-12);
  EXPECT_EQ(report->confidence.min, 0.6);
  EXPECT_EQ(report->confidence.max, 0.99);
  ASSERT_EQ(report->series.size(), 4u);
  EXPECT_EQ(report->series[0].confidence, 0.9);
  EXPECT_EQ(report->series[0].rolling_mean, 0.9);
  EXPECT_NEAR(report->series[2].rolling_mean, (0.95 + 0.6) / 2, 1e-12);
  ASSERT_EQ(report->classes.size(), 2u);
  EXPECT_EQ(report->classes[0].name, "bicycle");
  EXPECT_EQ(report->classes[0].count, 2u);
  EXPECT_EQ(report->classes[1].above, 1u);
  EXPECT_NEAR(report->classes[1].confidence.median, 0.775, 1e-12);
}

TEST(Report, TheHistogramHoldsEveryInferenceOnce) {
  std::vector<Inference> inferences = Sample();
  inferences.push_back(At(9, {1.0, 0.0}));
  inferences.push_back(At(10, {0.5, 0.5}));
  const auto report = BuildReport(inferences);
  ASSERT_TRUE(report);
  std::size_t sum = 0;
  for (const HistogramBin& bin : report->histogram) sum += bin.count;
  EXPECT_EQ(sum, 6u);
  EXPECT_NEAR(report->histogram.front().from, 0.5, 1e-12);
  EXPECT_NEAR(report->histogram.back().to, 1, 1e-12);
  EXPECT_EQ(report->histogram.back().count, 2u) << "0.99 and 1.0 share the last bin";
  EXPECT_EQ(report->histogram.front().count, 1u);
}

TEST(Report, TheLeastSureComeFirstWithTheirPictures) {
  const auto report = BuildReport(Sample(), {.least_sure = 2});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->least_sure.size(), 2u);
  EXPECT_EQ(report->least_sure[0].event_id, "event-3");
  EXPECT_EQ(report->least_sure[0].image.width, 0);
  EXPECT_EQ(report->least_sure[1].event_id, "event-1");
  EXPECT_EQ(report->least_sure[1].image, vision::DrawVehicle(vision::Vehicle::kBicycle, 1));
  EXPECT_EQ(report->pictures.count, 2u);
  EXPECT_GT(report->pictures.brightness, 0);
}

TEST(Report, WhatCanNotBeReportedIsRefused) {
  const auto code = [](const Result<Report>& report) {
    return report ? Code::kInternal : report.error().code();
  };
  EXPECT_EQ(code(BuildReport({})), Code::kInvalid);
  EXPECT_EQ(code(BuildReport(Sample(), {.threshold = 1.5})), Code::kInvalid);
  EXPECT_EQ(code(BuildReport(Sample(), {.threshold = std::nan("")})), Code::kInvalid);
  EXPECT_EQ(code(BuildReport(Sample(), {.rolling = 0})), Code::kInvalid);
  EXPECT_EQ(code(BuildReport(Sample(), {.least_sure = 0})), Code::kInvalid);
  std::vector<Inference> mixed = Sample();
  mixed.push_back(At(5, {1.0}));
  const auto report = BuildReport(mixed);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("one model at a time"));
}

TEST(Report, EverythingFromOutsideIsEscapedOnThePage) {
  std::vector<Inference> inferences = Sample();
  inferences[0].event_id = "<script>alert(1)</script>";
  const auto report = BuildReport(inferences, {.title = "<b>T</b>",
                                               .source = "s3://x/\"&'",
                                               .class_names = {"<img src=x>", "m&m"},
                                               .problems = {"a line with <i>"}});
  ASSERT_TRUE(report);
  const std::string html = RenderHtml(*report);
  for (const char* raw : {"<script", "<b>T", "<img src=x", "m&m", "with <i>"}) {
    EXPECT_THAT(html, Not(HasSubstr(raw)));
  }
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(html, HasSubstr("s3://x/&quot;&amp;&#39;"));
  EXPECT_THAT(html, HasSubstr("a line with &lt;i&gt;"));
}

TEST(Report, ThePageHoldsEverythingItself) {
  const auto report = BuildReport(Sample(), {.class_names = {"bicycle", "motorcycle"}});
  ASSERT_TRUE(report);
  const std::string html = RenderHtml(*report);
  for (const char* remote : {"http://", "https://", "src=\"/", "url(", "<link", "<script"}) {
    EXPECT_THAT(html, Not(HasSubstr(remote)));
  }
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme:dark"));
  for (const char* number : {"2 (50.0 %)", "0.860", "0.600", "event-3"})
    EXPECT_THAT(html, HasSubstr(number));
}

TEST(Report, APageAndAPngForEachChartAreWritten) {
  const io::TemporaryDirectory directory;
  const auto report = BuildReport(Sample(), {.class_names = {"bicycle", "motorcycle"}});
  ASSERT_TRUE(report);
  const fs::path out = directory.path() / "a/b";
  ASSERT_TRUE(WriteReport(*report, out));
  for (const char* name :
       {"confidence", "histogram", "classes", "counts", "threshold", "least-sure"}) {
    std::ifstream in(out / (std::string(name) + ".png"), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    const auto image = vision::DecodeImage(bytes);
    ASSERT_TRUE(image) << name << ": " << image.error().message();
    EXPECT_GT(image->width, 1000) << name;
  }
  EXPECT_TRUE(fs::exists(out / "index.html"));
  std::ofstream(directory.path() / "file") << "x";
  EXPECT_FALSE(WriteReport(*report, directory.path() / "file" / "below"));
}

// Eight answers: three of four at 0.95 right, two of three at 0.8, the one at 0.55 wrong.
std::vector<Answer> Labelled() {
  return {{0.95, true}, {0.95, true}, {0.95, true}, {0.95, false},
          {0.8, true},  {0.8, true},  {0.8, false}, {0.55, false}};
}

TEST(Calibration, SaysHowOftenConfidentAnswersAreRight) {
  const auto report = BuildReport(Sample(), {.threshold = 0.93, .labelled = Labelled()});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_TRUE(report->calibration);
  const CalibrationSummary& calibration = *report->calibration;
  EXPECT_EQ(calibration.correct, 5u);
  EXPECT_NEAR(calibration.error, (4 * 0.2 + 3 * (0.8 - 2.0 / 3) + 0.55) / 8, 1e-12);
  EXPECT_EQ(calibration.at_threshold.passed, 4u);
  EXPECT_EQ(calibration.at_threshold.correct, 3u);
  EXPECT_EQ(calibration.curve.front().coverage, 1) << "the curve begins where everything passes";
  EXPECT_EQ(calibration.curve.back().threshold, 1);
  std::vector<double> thresholds;
  for (const ThresholdPoint& point : calibration.table) thresholds.push_back(point.threshold);
  EXPECT_THAT(thresholds, ElementsAre(0.6, 0.7, 0.8, 0.9, 0.93, 0.95, 0.97, 0.99));
}

TEST(Calibration, IsOnThePageWithTheThresholdsPrecision) {
  const auto report = BuildReport(Sample(), {.threshold = 0.93, .labelled = Labelled()});
  ASSERT_TRUE(report);
  const std::string html = RenderHtml(*report);
  EXPECT_THAT(html, HasSubstr("<dt>expected calibration error</dt><dd>0.219</dd>"));
  EXPECT_THAT(html, HasSubstr("<dt>right among those above</dt><dd>3 of 4 (75.0 %)</dd>"));
  EXPECT_THAT(html, HasSubstr("At the threshold of 0.93, 4 pass (coverage 0.500), of which 3 are "
                              "right (precision 0.750)."));
  EXPECT_THAT(html, HasSubstr("<tr><th scope=\"row\">0.99</th><td>0</td><td>0.000</td><td>0</td>"
                              "<td>–</td></tr>"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(Calibration, WithoutLabelledPicturesIsNeitherOnThePageNorInTheFolder) {
  const io::TemporaryDirectory directory;
  const fs::path out = directory.path() / "report";
  const auto labelled = BuildReport(Sample(), {.labelled = Labelled()});
  ASSERT_TRUE(labelled);
  ASSERT_TRUE(WriteReport(*labelled, out));
  for (const char* name : {"reliability.png", "precision.png"}) EXPECT_TRUE(fs::exists(out / name));
  const auto report = BuildReport(Sample());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->calibration);
  EXPECT_THAT(RenderHtml(*report), Not(HasSubstr("calibration")));
  ASSERT_TRUE(WriteReport(*report, out));
  for (const char* name : {"reliability.png", "precision.png"})
    EXPECT_FALSE(fs::exists(out / name));
}

TEST(Calibration, OddAnswersAndThresholdsAreDrawnToo) {
  const std::vector<std::vector<Answer>> cases = {
      {{1, true}}, {{1, false}}, {{0, false}}, {{0.01, true}, {1.5, true}, {-3, false}}};
  for (const std::vector<Answer>& answers : cases) {
    for (const double threshold : {0.0, 0.93, 1.0}) {
      const auto report = BuildReport(Sample(), {.threshold = threshold, .labelled = answers});
      ASSERT_TRUE(report);
      EXPECT_THAT(RenderHtml(*report), Not(HasSubstr("nan")));
      EXPECT_THAT(RenderHtml(*report), Not(HasSubstr("inf,")));
    }
  }
}

TEST(Report, OneInferenceAndManyOfOneMomentAreDrawnToo) {
  for (const int count : {1, 5000}) {
    const auto report =
        BuildReport(std::vector<Inference>(static_cast<std::size_t>(count), At(1, {1.0})));
    ASSERT_TRUE(report);
    EXPECT_THAT(RenderHtml(*report), HasSubstr("class 0"));
    EXPECT_FALSE(detail::ToPng(detail::ConfidenceChart(*report)).empty());
    EXPECT_THAT(RenderHtml(*report), Not(HasSubstr("nan")));
  }
}

TEST(Report, ALongSeriesIsThinnedButKeepsItsExtremes) {
  std::vector<Inference> inferences;
  for (int i = 0; i < 20'000; ++i) inferences.push_back(At(i, {i == 12'345 ? 0.51 : 0.99, 0.0}));
  const auto report = BuildReport(inferences);
  ASSERT_TRUE(report);
  const detail::Chart chart = detail::ConfidenceChart(*report);
  EXPECT_LT(chart.shapes.size(), 3000u);
  float lowest = 0;
  for (const detail::Shape& shape : chart.shapes) {
    if (const auto* dot = std::get_if<detail::Dot>(&shape)) lowest = std::max(lowest, dot->y);
  }
  EXPECT_GT(lowest, 300);
}

TEST(Axes, RoundValuesAreRoundAndInside) {
  EXPECT_THAT(detail::RoundValues({0, 1}, 5),
              ElementsAre(0, ::testing::DoubleEq(0.2), ::testing::DoubleEq(0.4),
                          ::testing::DoubleEq(0.6000000000000001), ::testing::DoubleEq(0.8), 1));
  EXPECT_THAT(detail::RoundValues({0, 130}, 3), ElementsAre(0, 50, 100));
}

TEST(Axes, TimeTicksAreRoundMomentsAndTheFirstNamesTheDay) {
  const auto from = ParseIso8601("2026-11-22T23:58:30Z");
  const auto to = ParseIso8601("2026-11-23T00:03:10Z");
  ASSERT_TRUE(from && to);
  std::vector<std::string> labels;
  for (const auto& [value, label] : detail::TimeTicks(*from, *to, 6)) labels.push_back(label);
  EXPECT_THAT(labels, ElementsAre("11-22 23:59", "11-23 00:00", "00:01", "00:02", "00:03"));
}

TEST(StrokeFont, EveryPrintableCharacterButTheSpaceLeavesInk) {
  for (char c = 0x21; c < 0x7f; ++c) {
    vision::Canvas canvas(40, 40, {1, 1, 1, 1});
    detail::DrawText(canvas, {8, 28}, std::string_view(&c, 1), 24, detail::Weight::kNormal,
                     {0, 0, 0, 1});
    const vision::Image image = canvas.ToImage();
    EXPECT_LT(*std::min_element(image.pixels.begin(), image.pixels.end()), 128) << c;
    EXPECT_EQ(image.At(0, 20)[0], 255) << c;
  }
  EXPECT_GT(detail::TextWidth("mm", 12), detail::TextWidth("ii", 12));
  EXPECT_EQ(detail::TextWidth("\xc3\xa9", 12), detail::TextWidth("\xe2\x82\xac", 12))
      << "one box each";
}

}  // namespace
}  // namespace scones::monitoring

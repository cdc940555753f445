#include "endpoints/detail/accuracy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoints/testing/model_tar.h"
#include "vision/image_codec.h"

namespace scones::endpoints {
namespace {

using detail::AccuracyComparison;
using ::testing::HasSubstr;

std::string Plain(int red, int green, int blue) {
  vision::Image image(8, 8);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    image.pixels[i] = static_cast<std::uint8_t>(red);
    image.pixels[i + 1] = static_cast<std::uint8_t>(green);
    image.pixels[i + 2] = static_cast<std::uint8_t>(blue);
  }
  return vision::EncodePng(image);
}

// Tells red (class 1) from others by a margin that bf16's eight bits of mantissa cannot hold.
std::string NarrowOnnx() {
  nn::testing::OnnxBuilder builder;
  builder.Input("x", {-1, 3, 8, 8});
  builder.Initializer(nn::testing::FloatTensor("w", {2, 3, 1, 1}, {100, 0, 0, 100.1f, 0, 0}));
  builder.Node("Conv", {"x", "w"}, {"y"});
  builder.Node("GlobalAveragePool", {"y"}, {"mean"});
  builder.Node("Flatten", {"mean"}, {"logits"});
  builder.Output("logits", {-1, 2});
  return builder.Build();
}

vision::TensorSpec EightByEight() {
  vision::TensorSpec spec;
  spec.width = spec.height = 8;
  return spec;
}

Result<nn::EngineOptions> Settle(const std::string& onnx, std::vector<CalibrationPicture> pictures,
                                 const PrecisionChoice& choice) {
  const auto model = nn::Model::FromOnnx(onnx).value();
  const Artifact artifact{.onnx = onnx, .metadata = {}, .calibration = std::move(pictures)};
  return detail::SettlePrecision(model, artifact, EightByEight(), choice, {}, "test");
}

std::vector<CalibrationPicture> Colours() {
  return {{Plain(250, 3, 5), 0}, {Plain(10, 240, 30), 1}, {Plain(0, 90, 255), 2}};
}

TEST(PrecisionChoice, IsReadFromTheContainersEnvironment) {
  EXPECT_EQ(ParsePrecisionChoice({}).value(), (PrecisionChoice{"fp32", 0.5}));
  EXPECT_EQ(ParsePrecisionChoice({{"OTHER", "x"}, {"SCONES_PRECISION", "int8"}}).value(),
            (PrecisionChoice{"int8", 0.5}));
  EXPECT_EQ(
      ParsePrecisionChoice({{"SCONES_PRECISION", "bf16"}, {"SCONES_MAX_ACCURACY_LOSS", "1.25"}})
          .value(),
      (PrecisionChoice{"bf16", 1.25}));
}

TEST(PrecisionChoice, FaultsNameTheVariableAndWhatItMayBe) {
  for (const char* precision : {"", "FP32", "fp16", "int8 "}) {
    const auto choice = ParsePrecisionChoice({{"SCONES_PRECISION", precision}});
    ASSERT_FALSE(choice) << precision;
    EXPECT_THAT(choice.error().message(), HasSubstr("fp32, bf16 or int8"));
  }
  for (const char* loss : {"", "-0.1", "101", "nan", "inf", "0.5%", " 1"}) {
    const auto choice = ParsePrecisionChoice({{"SCONES_MAX_ACCURACY_LOSS", loss}});
    ASSERT_FALSE(choice) << loss;
    EXPECT_THAT(choice.error().message(), HasSubstr("SCONES_MAX_ACCURACY_LOSS is '"));
  }
}

TEST(Accuracy, TheBoundIsInPointsAndInclusive) {
  struct Case {
    AccuracyComparison comparison;
    double bound;
    bool passes;
  };
  const Case cases[] = {
      {{.pictures = 200, .right_at_fp32 = 194, .right = 193}, 0.5, true},
      {{.pictures = 200, .right_at_fp32 = 194, .right = 192}, 0.5, false},
      {{.pictures = 200, .right_at_fp32 = 194, .right = 192}, 1.0, true},
      {{.pictures = 200, .right_at_fp32 = 190, .right = 199}, 0.0, true},
      {{.pictures = 3, .right_at_fp32 = 3, .right = 2}, 33.0, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(detail::CheckAccuracy(c.comparison, {"bf16", c.bound}).has_value(), c.passes)
        << c.bound;
  }
  const auto refused =
      detail::CheckAccuracy({.pictures = 200, .right_at_fp32 = 194, .right = 192}, {"int8", 0.5});
  EXPECT_THAT(refused.error().message(), HasSubstr("at int8 the model is right on 96.00 %"));
  EXPECT_THAT(refused.error().message(), HasSubstr("at fp32 on 97.00 %: 1.00 points"));
  EXPECT_THAT(refused.error().message(), HasSubstr("at most 0.50"));
}

TEST(Accuracy, WrongCalibrationPicturesAreNamed) {
  const auto fault = [](std::vector<CalibrationPicture> pictures) {
    const auto decoded = detail::DecodeCalibration(pictures, EightByEight(), 3);
    return decoded ? "accepted" : decoded.error().message();
  };
  EXPECT_EQ(fault(Colours()), "accepted");
  EXPECT_THAT(fault({{Plain(1, 2, 3), 0}, {Plain(1, 2, 3), 3}}),
              HasSubstr("calibration picture 2 has label 3, but the model has 3 classes"));
  EXPECT_THAT(fault({{"nonsense", 0}}), HasSubstr("calibration picture 1"));
}

TEST(Accuracy, APrecisionThatKeepsTheAnswersIsTaken) {
  const auto options = Settle(testing::ColourOnnx(), Colours(), {"bf16", 0.0});
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->precision, nn::Precision::kBFloat16);
}

TEST(Accuracy, Int8IsCalibratedWithThePicturesAndTaken) {
  std::vector<CalibrationPicture> pictures = Colours();
  for (int shade = 100; shade < 250; shade += 10) {
    pictures.push_back({Plain(shade, 30, 20), 0});
    pictures.push_back({Plain(30, shade, 20), 1});
    pictures.push_back({Plain(30, 20, shade), 2});
  }
  const auto options = Settle(testing::ColourOnnx(), pictures, {"int8", 0.0});
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->precision, nn::Precision::kInt8);
  EXPECT_TRUE(nn::Engine::Make(nn::Model::FromOnnx(testing::ColourOnnx()).value(), *options));
}

TEST(Accuracy, APrecisionThatLosesAnswersIsRefusedUnlessThatIsAllowed) {
  const std::vector<CalibrationPicture> red(4, {Plain(255, 0, 0), 1});
  const auto refused = Settle(NarrowOnnx(), red, {"bf16", 0.5});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(),
              HasSubstr("right on 0.00 % of its 4 calibration pictures, at fp32 on 100.00 %"));
  EXPECT_TRUE(Settle(NarrowOnnx(), red, {"bf16", 100}));
  EXPECT_TRUE(Settle(NarrowOnnx(), red, {"fp32", 0}));
}

TEST(Accuracy, WithoutPicturesInt8IsRefusedAndBf16IsNot) {
  const auto int8 = Settle(testing::ColourOnnx(), {}, {"int8", 0.5});
  ASSERT_FALSE(int8);
  EXPECT_THAT(int8.error().message(), HasSubstr("int8 needs pictures to calibrate with"));
  EXPECT_EQ(Settle(testing::ColourOnnx(), {}, {"bf16", 0.5})->precision, nn::Precision::kBFloat16);
}

}  // namespace
}  // namespace scones::endpoints

#include "monitoring/capture.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "vision/image_codec.h"

namespace scones::monitoring {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Line(const std::string& input, const std::string& output,
                 const std::string& time = "2023-03-04T18:39:38Z") {
  return R"({"captureData":{"endpointInput":)" + input + R"(,"endpointOutput":)" + output +
         R"(},"eventMetadata":{"eventId":"e1","inferenceId":"mine","inferenceTime":")" + time +
         R"("},"eventVersion":"0"})";
}
std::string Side(const std::string& data, const std::string& encoding) {
  return R"({"observedContentType":"image/png","mode":"INPUT","data":")" + data +
         R"(","encoding":")" + encoding + R"("})";
}
const std::string kInput = Side("YWJj", "BASE64");

TEST(Capture, ALineBecomesAnInference) {
  const auto inference = ParseCaptureLine(Line(kInput, Side("[0.25, 0.75]", "JSON")));
  ASSERT_TRUE(inference) << inference.error().message();
  EXPECT_EQ(inference->event_id, "e1");
  EXPECT_EQ(inference->inference_id, "mine");
  EXPECT_EQ(inference->content_type, "image/png");
  EXPECT_EQ(inference->input, "abc");
  EXPECT_THAT(inference->probabilities, ElementsAre(0.25, 0.75));
  EXPECT_EQ(FormatIso8601Seconds(inference->time), "2023-03-04T18:39:38Z");
}

TEST(Capture, EveryFormOfOutputIsTaken) {
  const std::string forms[] = {
      Side("[0.25, 0.75]", "JSON"), Side(Base64Encode("[0.25,0.75]"), "BASE64"),
      Side(R"({\"prediction\":[0.25,0.75]})", "JSON"), Side("0.25, 0.75\\n", "CSV")};
  for (const std::string& form : forms) {
    const auto inference = ParseCaptureLine(Line(kInput, form));
    ASSERT_TRUE(inference) << form << ": " << inference.error().message();
    EXPECT_THAT(inference->probabilities, ElementsAre(0.25, 0.75));
  }
}

TEST(Capture, EachFaultIsNamed) {
  const struct {
    std::string line;
    std::string part;
  } cases[] = {
      {"nonsense", "line"},
      {"[1]", "captureData"},
      {R"({"captureData":{}})", "eventMetadata"},
      {R"({"captureData":{"endpointInput":)" + kInput +
           R"(},"eventMetadata":{"inferenceTime":"2023-03-04T18:39:38Z"}})",
       "output was not captured"},
      {Line(kInput, Side("[0.5]", "XML")), "encoding 'XML'"},
      {Line(Side("%%%", "BASE64"), Side("[0.5]", "JSON")), "endpointInput"},
      {Line(kInput, Side("[]", "JSON")), "0 probabilities"},
      {Line(kInput, Side("[2]", "JSON")), "no probability"},
      {Line(kInput, Side("[-0.1]", "JSON")), "no probability"},
      {Line(kInput, Side("[true]", "JSON")), "no number"},
      {Line(kInput, Side("0.5,x", "CSV")), "'x'"},
      {Line(kInput, Side("", "CSV")), "empty"},
      {Line(kInput, Side("{}", "JSON")), "no list"},
      {Line(kInput, Side("[0.5]", "JSON"), "yesterday"), ""},
      {Line(kInput, R"({"encoding":"JSON"})"), "no 'data'"},
  };
  for (const auto& c : cases) {
    const auto inference = ParseCaptureLine(c.line);
    ASSERT_FALSE(inference) << c.line;
    EXPECT_EQ(inference.error().code(), Code::kInvalid);
    EXPECT_THAT(inference.error().message(), HasSubstr(c.part));
  }
  EXPECT_FALSE(ParseCaptureLine(Line(kInput, Side("[0.5]", "JSON")), {.max_line_bytes = 10}));
  EXPECT_FALSE(ParseCaptureLine(Line(kInput, Side("[0.5,0.5]", "JSON")), {.max_classes = 1}));
}

TEST(Capture, ABadLineCostsItselfOnly) {
  const std::string good = Line(kInput, Side("[0.5]", "JSON"));
  const CaptureText text = ParseCapture(good + "\r\n\nbad\n" + good, "a.jsonl");
  EXPECT_EQ(text.inferences.size(), 2u);
  ASSERT_EQ(text.problems.size(), 1u);
  EXPECT_THAT(text.problems[0], HasSubstr("a.jsonl line 3: "));
}

TEST(Capture, FilesOfARealEndpointAreRead) {
  const char* const set = std::getenv("SCONES_SHARED");
  const fs::path folder =
      fs::path(set != nullptr ? set : "../shared") / "corpus/sagemaker/captured_data";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no recorded data here";
  std::size_t count = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path());
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const CaptureText read = ParseCapture(text, file.path().filename().string());
    EXPECT_THAT(read.problems, ElementsAre());
    for (const Inference& inference : read.inferences) {
      ++count;
      ASSERT_EQ(inference.probabilities.size(), 2u);
      EXPECT_NEAR(inference.probabilities[0] + inference.probabilities[1], 1, 1e-6);
      const auto image = vision::DecodeImage(inference.input);
      ASSERT_TRUE(image) << image.error().message();
      EXPECT_EQ(image->width, 32);
      EXPECT_EQ(image->height, 32);
    }
  }
  EXPECT_EQ(count, 7u);
}

}  // namespace
}  // namespace scones::monitoring

#include "endpoints/capture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/json.h"

namespace scones::endpoints {
namespace {

CaptureRecord Example() {
  return {.input = "picture",
          .input_content_type = "image/png",
          .output = "[0.25, 0.75]",
          .output_content_type = "application/json",
          .event_id = "03c0d574-3365-4c5f-9d8f-e0c52f667656",
          .inference_id = "",
          .custom_attributes = "",
          .inference_time = ParseIso8601("2023-03-04T18:01:40.030Z").value()};
}

const DataCaptureConfig kBoth{.options = {CaptureMode::kInput, CaptureMode::kOutput},
                              .csv_content_types = {"text/csv"},
                              .json_content_types = {"application/json"}};

TEST(Capture, ALineIsAsSageMakerWritesIt) {
  EXPECT_EQ(FormatCapture(Example(), kBoth),
            R"({"captureData":{"endpointInput":{"observedContentType":"image/png","mode":"INPUT",)"
            R"("data":"cGljdHVyZQ==","encoding":"BASE64"},"endpointOutput":{"observedContentType":)"
            R"("application/json","mode":"OUTPUT","data":"[0.25, 0.75]","encoding":"JSON"}},)"
            R"("eventMetadata":{"eventId":"03c0d574-3365-4c5f-9d8f-e0c52f667656",)"
            R"("inferenceTime":"2023-03-04T18:01:40Z"},"eventVersion":"0"})"
            "\n");
}

TEST(Capture, OptionsAndContentTypesDecideWhatIsWritten) {
  DataCaptureConfig config = kBoth;
  config.options = {CaptureMode::kOutput};
  EXPECT_EQ(FormatCapture(Example(), config).find("endpointInput"), std::string::npos);
  config.options = {CaptureMode::kInput};
  EXPECT_EQ(FormatCapture(Example(), config).find("endpointOutput"), std::string::npos);
  config.json_content_types.clear();
  config.options = {CaptureMode::kOutput};
  EXPECT_NE(FormatCapture(Example(), config).find(R"("data":"WzAuMjUsIDAuNzVd")"),
            std::string::npos);
  CaptureRecord record = Example();
  record.input = "a,\"b\"\n\xc3\xa4";
  record.input_content_type = "text/csv; charset=utf-8";
  EXPECT_NE(FormatCapture(record, kBoth).find(R"("data":"a,\"b\"\nä","encoding":"CSV")"),
            std::string::npos);
  record.input = "\xff\xfe";  // not text after all
  EXPECT_NE(FormatCapture(record, kBoth).find(R"("encoding":"BASE64"},"endpointOutput")"),
            std::string::npos);
}

TEST(Capture, ClientsIdsAreKept) {
  CaptureRecord record = Example();
  record.inference_id = "bike_s_000682";
  record.custom_attributes = "trace=\"7\"";
  EXPECT_NE(FormatCapture(record, kBoth)
                .find(R"("customAttributes":["trace=\"7\""],"inferenceId":"bike_s_000682")"),
            std::string::npos);
}

TEST(Capture, KeysNameTheFirstRecordsTime) {
  const Timestamp first = ParseIso8601("2023-03-04T18:01:40.030Z").value();
  const auto key = [&](const std::string& prefix) {
    return CaptureFileUri({"b", prefix}, "ep", "AllTraffic", first, "u-u").ToString();
  };
  EXPECT_EQ(key("data_capture"),
            "s3://b/data_capture/ep/AllTraffic/2023/03/04/18/01-40-030-u-u.jsonl");
  EXPECT_EQ(key("data_capture/"), key("data_capture"));
  EXPECT_EQ(key(""), "s3://b/ep/AllTraffic/2023/03/04/18/01-40-030-u-u.jsonl");
}

// Takes real lines apart and writes them again.
TEST(Capture, RealFilesComeOutByteForByte) {
  const char* root = std::getenv("SCONES_SHARED");
  const std::filesystem::path folder = std::filesystem::path(root != nullptr ? root : "../shared") /
                                       "corpus/sagemaker/captured_data";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no captured files at " << folder;
  int lines = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line); ++lines) {
      const json::value parsed = ParseJson(line).value();
      const auto text = [&](const char* pointer) {
        return std::string(parsed.at_pointer(pointer).as_string());
      };
      const CaptureRecord record{
          .input = Base64Decode(text("/captureData/endpointInput/data")).value(),
          .input_content_type = text("/captureData/endpointInput/observedContentType"),
          .output = text("/captureData/endpointOutput/data"),
          .output_content_type = text("/captureData/endpointOutput/observedContentType"),
          .event_id = text("/eventMetadata/eventId"),
          .inference_id = "",
          .custom_attributes = "",
          .inference_time = ParseIso8601(text("/eventMetadata/inferenceTime")).value()};
      EXPECT_EQ(FormatCapture(record, kBoth), line + "\n") << entry.path();
    }
  }
  EXPECT_GT(lines, 0);
}

}  // namespace
}  // namespace scones::endpoints

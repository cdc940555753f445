#include "functions/workflow_functions.h"

#include <gtest/gtest.h>

#include "io/shards.h"

namespace scones::functions {
namespace {

class FakePorts final : public WorkflowPorts {
 public:
  io::Task<Result<std::string>> FetchObject(std::string bucket, std::string key) override {
    if (key == "absent") {
      co_return Error(Code::kNotFound, "NoSuchKey", "The specified key does not exist.");
    }
    co_return "object " + bucket + "/" + key;
  }
  io::Task<Result<std::string>> InvokeEndpoint(std::string endpoint, std::string content_type,
                                               std::string body) override {
    asked = endpoint + " " + content_type + " " + body;
    co_return answer;
  }
  std::string asked;
  std::string answer = "[0.2,0.8]";
};

class WorkflowFunctionsTest : public testing::Test {
 protected:
  // The answer, or "reason: message" of the error.
  std::string Run(const std::string& name, std::string event,
                  std::map<std::string, std::string> environment = {}) {
    const auto functions = MakeWorkflowFunctions(ports_);
    const auto result = shards_.RunAndWait(
        functions.at(name)({.environment = std::move(environment)}, std::move(event)));
    return result ? *result : result.error().reason() + ": " + result.error().message();
  }

  FakePorts ports_;
  io::Shards shards_{1};
};

TEST_F(WorkflowFunctionsTest, SerializeReadsTheObjectNamedAtTheTopOrInTheBody) {
  const std::string expected =
      R"({"statusCode":200,"body":{"image_data":"b2JqZWN0IGIvaw==","s3_bucket":"b","s3_key":"k",)"
      R"("inferences":[]}})";
  EXPECT_EQ(Run("serialize_image_data", R"({"image_data":"","s3_bucket":"b","s3_key":"k"})"),
            expected);
  EXPECT_EQ(Run("serialize_image_data", R"({"body":{"s3_bucket":"b","s3_key":"k"}})"), expected);
  EXPECT_EQ(Run("serialize_image_data", R"({"body":"{\"s3_bucket\":\"b\",\"s3_key\":\"k\"}"})"),
            expected);
}

TEST_F(WorkflowFunctionsTest, SerializeNamesWhatIsMissing) {
  EXPECT_EQ(Run("serialize_image_data", R"({"s3_bucket":"b"})"), "KeyError: 's3_key'");
  EXPECT_EQ(Run("serialize_image_data", R"({"s3_bucket":"b","s3_key":"absent"})"),
            "NoSuchKey: The specified key does not exist.");
  EXPECT_EQ(Run("serialize_image_data", "[]"), "ValueError: the event must be a JSON object");
  EXPECT_EQ(Run("serialize_image_data", R"({"body":7})"),
            "ValueError: the event's body must be an object or its JSON text");
}

TEST_F(WorkflowFunctionsTest, ClassifySendsThePictureAndFillsInTheInferences) {
  const std::string event =
      R"({"statusCode":200,"body":{"image_data":"UE5H","s3_bucket":"b","s3_key":"k","inferences":[]}})";
  EXPECT_EQ(Run("classify_image", event, {{"ENDPOINT_NAME", "e"}}),
            R"({"statusCode":200,"body":{"image_data":"UE5H","s3_bucket":"b","s3_key":"k",)"
            R"("inferences":[0.2,0.8]}})");
  EXPECT_EQ(ports_.asked, "e image/png PNG");
  EXPECT_EQ(Run("classify_image", event), "KeyError: 'ENDPOINT_NAME'");
  ports_.answer = "not json";
  EXPECT_NE(Run("classify_image", event, {{"ENDPOINT_NAME", "e"}}).find("line 1"),
            std::string::npos);
  ports_.answer = "[]";
  EXPECT_EQ(Run("classify_image", event, {{"ENDPOINT_NAME", "e"}}).substr(0, 10), "ValueError");
}

TEST_F(WorkflowFunctionsTest, FilterPassesWhatReachesTheThreshold) {
  const std::string refused = "Exception: THRESHOLD_CONFIDENCE_NOT_MET";
  const std::string sure = R"({"body":{"inferences":[0.93,0.07],"s3_key":"k"}})";
  EXPECT_EQ(Run("filter_confidence", sure),
            R"({"statusCode":200,"body":{"inferences":[0.93,0.07],"s3_key":"k"}})");
  EXPECT_EQ(Run("filter_confidence", R"({"body":{"inferences":[0.9299,0.0701]}})"), refused);
  EXPECT_EQ(Run("filter_confidence", sure, {{"THRESHOLD", ".94"}}), refused);
  EXPECT_NE(Run("filter_confidence", R"({"body":{"inferences":"[0.01, 0.99]"}})"), refused);
  EXPECT_EQ(Run("filter_confidence", sure, {{"THRESHOLD", "high"}}),
            "ValueError: THRESHOLD is not a number: 'high'");
  EXPECT_EQ(Run("filter_confidence", R"({"body":{}})"), "KeyError: 'inferences'");
  EXPECT_EQ(Run("filter_confidence", R"({"body":{"inferences":["x"]}})").substr(0, 10),
            "ValueError");
}

}  // namespace
}  // namespace scones::functions

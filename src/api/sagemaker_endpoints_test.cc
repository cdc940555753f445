// SageMaker's hosting and runtime operations as a client's JSON and headers, without sockets.
#include "api/sagemaker_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "api/sagemaker_runtime.h"
#include "base/encoding.h"
#include "endpoints/testing/memory_blobs.h"
#include "endpoints/testing/model_tar.h"

namespace scones::api {
namespace {

using ::testing::HasSubstr;

// 8x8, all red.
constexpr std::string_view kRedPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/"
    "wc53yE8AAAAASUVORK5C"
    "YII=";

class SageMakerEndpointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(blobs_.Put("s3://b/model.tar.gz", endpoints::testing::ColourModel()));
    Open({});
    AddEndpointOperations(dialect_, *endpoints_);
  }
  void Open(endpoints::Options options) {
    options.directory = directory_.path() / "endpoints";
    auto opened = endpoints::Endpoints::Open(std::move(options), *database_, *shards_, *disk_,
                                             blobs_, clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    endpoints_ = std::move(*opened);
    runtime_ = std::make_unique<SageMakerRuntime>(*endpoints_);
  }
  // The endpoints of a process that was started again with other options.
  void Reopen(endpoints::Options options) {
    shards_->Stop();
    endpoints_.reset();
    disk_.reset();  // what it still does reports to the shards
    shards_ = std::make_unique<io::Shards>(1);
    disk_ = std::make_unique<io::BlockingPool>("disk", 1, 100);
    Open(std::move(options));
  }
  void TearDown() override {
    shards_->Stop();
    endpoints_.reset();
    database_.reset();
    disk_.reset();
    shards_.reset();
  }

  // Calls one operation; the status is in `status_`.
  json::value Do(std::string_view operation, const json::value& input) {
    http::Request request{.method = "POST", .target = "/", .headers = {}, .remote_address = ""};
    request.headers.Add("X-Amz-Target", "SageMaker." + std::string(operation));
    const auto body = http::MakeStringBody(ToJson(input));
    const http::Response response = shards_->RunAndWait(dialect_.Handle({}, request, *body));
    status_ = response.status;
    return response.body.empty() ? json::value() : ParseJson(response.body).value();
  }
  http::Response Invoke(const std::string& path, const std::string& body,
                        const http::Headers& headers) {
    http::Request request{
        .method = "POST", .target = path, .headers = headers, .remote_address = ""};
    const auto stream = http::MakeStringBody(body);
    return shards_->RunAndWait(runtime_->Handle({}, request, *stream));
  }
  void Deploy() {
    Do("CreateModel",
       {{"ModelName", "m"},
        {"ExecutionRoleArn", "arn:aws:iam::000000000000:role/r"},
        {"PrimaryContainer",
         {{"Image", "x/image-classification:1"}, {"ModelDataUrl", "s3://b/model.tar.gz"}}}});
    ASSERT_EQ(status_, 200);
    Do("CreateEndpointConfig",
       {{"EndpointConfigName", "c"},
        {"ProductionVariants",
         {{{"VariantName", "AllTraffic"},
           {"ModelName", "m"},
           {"InitialInstanceCount", 1},
           {"InstanceType", "ml.m5.large"},
           {"InitialVariantWeight", 1.0}}}},
        {"DataCaptureConfig",
         {{"EnableCapture", true},
          {"InitialSamplingPercentage", 100},
          {"DestinationS3Uri", "s3://b/captured"},
          {"CaptureOptions", {{{"CaptureMode", "Input"}}, {{"CaptureMode", "Output"}}}},
          {"CaptureContentTypeHeader", {{"JsonContentTypes", json::array{"application/json"}}}}}}});
    ASSERT_EQ(status_, 200);
    const json::value made =
        Do("CreateEndpoint", {{"EndpointName", "ep"}, {"EndpointConfigName", "c"}});
    EXPECT_EQ(made.at("EndpointArn").as_string(),
              "arn:aws:sagemaker:us-east-1:000000000000:endpoint/ep");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (Do("DescribeEndpoint", {{"EndpointName", "ep"}}).at("EndpointStatus") == "Creating" &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  const std::string png_ = Base64Decode(kRedPng).value();
  int status_ = 0;
  io::TemporaryDirectory directory_;
  SystemClock clock_;
  endpoints::testing::MemoryBlobs blobs_;
  std::unique_ptr<io::Shards> shards_ = std::make_unique<io::Shards>(1);
  std::unique_ptr<io::BlockingPool> disk_ = std::make_unique<io::BlockingPool>("disk", 1, 100);
  std::unique_ptr<db::Database> database_ =
      db::Database::Open(directory_.path() / "scones.db", {}).value();
  JsonDialect dialect_{
      {.target_prefix = "SageMaker", .content_type = "application/x-amz-json-1.1"}};
  std::unique_ptr<endpoints::Endpoints> endpoints_;
  std::unique_ptr<SageMakerRuntime> runtime_;
};

TEST_F(SageMakerEndpointsTest, AModelIsDeployedDescribedInvokedAndDeleted) {
  Deploy();
  const json::value described = Do("DescribeEndpoint", {{"EndpointName", "ep"}});
  EXPECT_EQ(described.at("EndpointStatus").as_string(), "InService");
  EXPECT_EQ(described.at_pointer("/DataCaptureConfig/CaptureStatus").as_string(), "Started");
  EXPECT_EQ(described.at_pointer("/ProductionVariants/0/VariantName").as_string(), "AllTraffic");
  const json::value config = Do("DescribeEndpointConfig", {{"EndpointConfigName", "c"}});
  EXPECT_EQ(config.at_pointer("/DataCaptureConfig/CaptureOptions/1/CaptureMode").as_string(),
            "Output");
  EXPECT_EQ(config.at_pointer("/ProductionVariants/0/InstanceType").as_string(), "ml.m5.large");
  const json::value model = Do("DescribeModel", {{"ModelName", "m"}});
  EXPECT_EQ(model.at_pointer("/PrimaryContainer/ModelDataUrl").as_string(), "s3://b/model.tar.gz");

  http::Headers headers;
  headers.Add("content-type", "image/png");
  headers.Add("accept", "*/*");
  headers.Add("x-amzn-sagemaker-custom-attributes", "trace-7");
  const http::Response answer = Invoke("/endpoints/ep/invocations", png_, headers);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.Get("content-type"), "application/json");
  EXPECT_EQ(answer.headers.Get("x-amzn-invoked-production-variant"), "AllTraffic");
  EXPECT_EQ(answer.headers.Get("x-amzn-sagemaker-custom-attributes"), "trace-7");
  EXPECT_GT(ParseJson(answer.body)->at_pointer("/0").as_double(), 0.99);

  for (const char* operation : {"ListModels", "ListEndpointConfigs", "ListEndpoints"}) {
    const json::value listed = Do(operation, {{"NameContains", ""}});
    EXPECT_EQ(listed.as_object().begin()->value().as_array().size(), 1u) << operation;
  }
  EXPECT_TRUE(Do("DeleteEndpoint", {{"EndpointName", "ep"}}).is_null());
  EXPECT_TRUE(Do("DeleteEndpointConfig", {{"EndpointConfigName", "c"}}).is_null());
  EXPECT_TRUE(Do("DeleteModel", {{"ModelName", "m"}}).is_null());
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(Invoke("/endpoints/ep/invocations", png_, headers).status, 400);
}

TEST_F(SageMakerEndpointsTest, ErrorsAreWordedAndNumberedAsAwsDoes) {
  const json::value missing = Do("DescribeEndpoint", {{"EndpointName", "nope"}});
  EXPECT_EQ(status_, 400);
  EXPECT_EQ(missing.at("__type").as_string(), "ValidationException");
  EXPECT_THAT(std::string(missing.at("message").as_string()), HasSubstr("Could not find endpoint"));
  http::Headers headers;
  headers.Add("Content-Type", "image/png");
  const http::Response unknown = Invoke("/endpoints/nope/invocations", png_, headers);
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.headers.Get("x-amzn-ErrorType"), "ValidationError");
  EXPECT_THAT(unknown.body, HasSubstr("Endpoint nope of account 000000000000 not found."));
  EXPECT_EQ(Invoke("/endpoints/nope", png_, headers).headers.Get("x-amzn-ErrorType"),
            "UnknownOperationException");
  EXPECT_EQ(Invoke("/endpoints//invocations", png_, headers).status, 404);

  Deploy();
  const http::Response refused = Invoke("/endpoints/ep/invocations", "no picture", headers);
  EXPECT_EQ(refused.status, 424);
  EXPECT_EQ(refused.headers.Get("x-amzn-ErrorType"), "ModelError");
  const json::value body = *ParseJson(refused.body);
  EXPECT_EQ(body.at("OriginalStatusCode").as_int64(), 400);
  EXPECT_THAT(std::string(body.at("Message").as_string()),
              ::testing::StartsWith("Received client error (400) from primary with message"));
  const std::string large(SageMakerRuntime::kMaxBodyBytes + 1, 'x');
  EXPECT_THAT(Invoke("/endpoints/ep/invocations", large, headers).body, HasSubstr("longer than"));
  headers.Add("X-Amzn-SageMaker-Target-Variant", "other");
  EXPECT_THAT(Invoke("/endpoints/ep/invocations", png_, headers).body, HasSubstr("Variant other"));
}

TEST_F(SageMakerEndpointsTest, AModelThatIsTooBusyAnswers429AndOneThatTakesTooLong503) {
  Deploy();
  http::Headers headers;
  headers.Add("content-type", "image/png");
  Reopen({.max_queue = 0});
  const http::Response full = Invoke("/endpoints/ep/invocations", png_, headers);
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(full.headers.Get("x-amzn-errortype"), "ThrottlingException");
  EXPECT_EQ(ParseJson(full.body)->at_pointer("/Message").as_string(),
            "Too many requests wait for this model. Try again later.");
  Reopen({.max_invocation_time = std::chrono::milliseconds(-1)});  // always too late
  const http::Response late = Invoke("/endpoints/ep/invocations", png_, headers);
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.headers.Get("x-amzn-errortype"), "ServiceUnavailable");
  Reopen({});
  EXPECT_EQ(Invoke("/endpoints/ep/invocations", png_, headers).status, 200);
}

TEST_F(SageMakerEndpointsTest, APrecisionIsAskedForInTheContainersEnvironment) {
  const auto create = [&](const char* name, const char* precision) {
    return Do("CreateModel", {{"ModelName", name},
                              {"ExecutionRoleArn", "arn:aws:iam::000000000000:role/r"},
                              {"PrimaryContainer",
                               {{"Image", "x"},
                                {"ModelDataUrl", "s3://b/model.tar.gz"},
                                {"Environment", {{"SCONES_PRECISION", precision}}}}}});
  };
  create("m8", "int8");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(Do("DescribeModel", {{"ModelName", "m8"}})
                .at_pointer("/PrimaryContainer/Environment/SCONES_PRECISION")
                .as_string(),
            "int8");
  const json::value refused = create("m4", "int4");
  EXPECT_EQ(status_, 400);
  EXPECT_EQ(refused.at("__type").as_string(), "ValidationException");
  EXPECT_NE(refused.at("message").as_string().find("fp32, bf16 or int8"), std::string::npos);
}

TEST_F(SageMakerEndpointsTest, RequestsThatMakeNoSenseNameTheirMember) {
  const auto refusal = [&](std::string_view operation, const json::value& input) {
    const json::value error = Do(operation, input);
    EXPECT_EQ(status_, 400);
    return std::string(error.at("message").as_string());
  };
  EXPECT_THAT(refusal("CreateModel", json::object()), HasSubstr("'ModelName'"));
  EXPECT_THAT(refusal("CreateModel", {{"ModelName", 7}}), HasSubstr("ModelName must be a string"));
  EXPECT_THAT(refusal("CreateModel", {{"ModelName", "m"}}), HasSubstr("primaryContainer"));
  EXPECT_THAT(refusal("CreateModel",
                      {{"ModelName", "m"}, {"PrimaryContainer", {{"ModelDataUrl", "http://x"}}}}),
              HasSubstr("http://x"));
  const auto config = [](json::value variants) {
    return json::value{{"EndpointConfigName", "c"}, {"ProductionVariants", std::move(variants)}};
  };
  EXPECT_THAT(refusal("CreateEndpointConfig", config("x")), HasSubstr("ProductionVariants"));
  EXPECT_THAT(refusal("CreateEndpointConfig", config(json::array())), HasSubstr("1 to 10"));
  EXPECT_THAT(refusal("CreateEndpointConfig", config(json::array{1})),
              HasSubstr("list of objects"));
  const json::object variant{{"VariantName", "v"}, {"ModelName", "nope"}};
  EXPECT_THAT(refusal("CreateEndpointConfig", config(json::array{variant})),
              HasSubstr("Could not find model"));
  EXPECT_THAT(refusal("CreateEndpointConfig", config(json::array{variant, variant})),
              HasSubstr("comes twice"));
  EXPECT_THAT(refusal("ListEndpoints", {{"MaxResults", 0}}), HasSubstr("MaxResults"));
  EXPECT_THAT(refusal("ListEndpoints", {{"StatusEquals", "Odd"}}), HasSubstr("StatusEquals"));
  EXPECT_THAT(refusal("ListEndpoints", {{"SortBy", "Size"}}), HasSubstr("SortBy"));
}

TEST_F(SageMakerEndpointsTest, TagsAreKept) {
  Deploy();
  const json::value arn = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/ep";
  Do("AddTags", {{"ResourceArn", arn}, {"Tags", {{{"Key", "a"}, {"Value", "1"}}}}});
  const json::value listed = Do("ListTags", {{"ResourceArn", arn}});
  EXPECT_EQ(listed.at_pointer("/Tags/0/Value").as_string(), "1");
  Do("DeleteTags", {{"ResourceArn", arn}, {"TagKeys", json::array{"a"}}});
  EXPECT_TRUE(Do("ListTags", {{"ResourceArn", arn}}).at("Tags").as_array().empty());
}

}  // namespace
}  // namespace scones::api

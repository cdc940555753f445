// The stand-alone program under a real functions service, against a server that plays S3 and
// SageMaker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/encoding.h"
#include "base/json.h"
#include "db/database.h"
#include "functions/functions.h"
#include "functions/package.h"
#include "http/server.h"
#include "io/log_sink.h"
#include "io/shards.h"

namespace scones::native {
namespace {

using functions::Functions;
using testing::HasSubstr;

class NoLogs final : public io::LogSink {
 public:
  void Append(std::string, std::string, std::vector<io::LogEvent>) override {}
};

// "bucket/pictures/a b.png" exists; the endpoint "classes" answers with how many bytes it got.
io::Task<http::Response> Serve(http::Request request, http::BodyStream& body) {
  http::Response response;
  const auto bytes = co_await http::ReadAll(body, 1 << 20);
  const bool is_signed =
      request.headers.Get("Authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID/");
  if (!is_signed || !bytes) {
    response.status = 403;
  } else if (request.raw_path() == "/bucket/pictures/a%20b.png") {
    response.body = "PNG!";
  } else if (request.raw_path() == "/endpoints/classes/invocations" &&
             request.headers.Get("Content-Type") == "image/png") {
    response.body = "[0.0" + std::to_string(bytes->size()) + ", 0.96]";
  } else {
    response.status = 404;
    response.body =
        "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist."
        "</Message></Error>";
  }
  co_return response;
}

class NativeTest : public testing::Test {
 protected:
  void SetUp() override {
    // A function has a user of its own, who may not see where this was built.
    ::chmod(directory_.path().c_str(), 0755);
    std::filesystem::copy_file(
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "scones-functions",
        program_);
    server_ = http::Server::Start(shards_, {}, Serve).value();
    database_ = db::Database::Open(directory_.path() / "db", {}).value();
    functions_ =
        Functions::Open({.data_dir = directory_.path() / "functions",
                         .endpoint_url = "http://127.0.0.1:" + std::to_string(server_->port()),
                         .access_key_id = "AKID",
                         .secret_access_key = "SECRET"},
                        {.database = *database_,
                         .shards = shards_,
                         .logs = logs_,
                         .clock = clock_,
                         .identity = {}})
            .value();
  }
  void TearDown() override {
    functions_.reset();
    server_->Stop(std::chrono::milliseconds(0));
  }
  void Create(const std::string& name, const std::string& handler,
              std::map<std::string, std::string> environment = {}) {
    // A small package that runs the program beside it: packing the debug build would take long.
    const std::string zip =
        functions::MakeZip({{"bootstrap", "#!/bin/sh\nexec " + program_.native() + "\n", 0755}})
            .value();
    const auto created =
        shards_.RunAndWait(functions_->Create(name,
                                              {.runtime = "provided.al2023",
                                               .handler = handler,
                                               .role = "r",
                                               .timeout_s = 20,
                                               .memory_mb = 512,
                                               .environment = std::move(environment)},
                                              {zip}, {}));
    ASSERT_TRUE(created) << created.error().message();
    EXPECT_FALSE(created->native);
  }
  functions::InvokeResult Invoke(const std::string& name, const std::string& payload) {
    auto result =
        shards_.RunAndWait(functions_->Invoke({.function = {.name = name}, .payload = payload}));
    EXPECT_TRUE(result) << result.error().message();
    return result ? *result : functions::InvokeResult();
  }

  io::TemporaryDirectory directory_;
  const io::Path program_ = directory_.path() / "scones-functions";
  SystemClock clock_;
  NoLogs logs_;
  io::Shards shards_{2};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<Functions> functions_;
};

TEST_F(NativeTest, TheThreeFunctionsRunThroughTheBootstrap) {
  Create("serializerImageData", "scones.serialize_image_data");
  Create("imageClassificationInference", "scones.classify_image", {{"ENDPOINT_NAME", "classes"}});
  Create("filterLowConfidencePredictions", "scones.filter_confidence", {{"THRESHOLD", "0.95"}});

  auto result = Invoke("serializerImageData",
                       R"({"image_data":"","s3_bucket":"bucket","s3_key":"pictures/a b.png"})");
  EXPECT_EQ(result.function_error, "");
  EXPECT_EQ(result.payload,
            R"({"statusCode":200,"body":{"image_data":"UE5HIQ==",)"
            R"("s3_bucket":"bucket","s3_key":"pictures/a b.png","inferences":[]}})");

  result = Invoke("imageClassificationInference", result.payload);
  EXPECT_EQ(result.function_error, "") << result.payload;
  EXPECT_THAT(result.payload, HasSubstr(R"("inferences":[0.04,0.96])"));

  result = Invoke("filterLowConfidencePredictions", result.payload);
  EXPECT_EQ(result.function_error, "") << result.payload;
  result = Invoke("filterLowConfidencePredictions", R"({"body":{"inferences":[0.5,0.5]}})");
  EXPECT_EQ(result.function_error, "Unhandled");
  const json::object error = ParseJson(result.payload)->get_object();
  EXPECT_EQ(StringOr(error, "errorMessage", ""), "THRESHOLD_CONFIDENCE_NOT_MET");
  EXPECT_EQ(StringOr(error, "errorType", ""), "Exception");
}

TEST_F(NativeTest, AMissingObjectIsAFunctionErrorWithItsName) {
  Create("f", "scones.serialize_image_data");
  const auto result = Invoke("f", R"({"s3_bucket":"bucket","s3_key":"absent"})");
  EXPECT_EQ(result.function_error, "Unhandled");
  EXPECT_THAT(result.payload, HasSubstr("NoSuchKey"));
}

TEST_F(NativeTest, AnUnknownHandlerIsAnInitError) {
  Create("f", "scones.unknown");
  const auto result = Invoke("f", "{}");
  EXPECT_EQ(result.function_error, "Unhandled");
  EXPECT_THAT(result.payload, HasSubstr("Runtime.HandlerNotFound"));
  EXPECT_THAT(result.payload, HasSubstr("scones.filter_confidence"));
}

}  // namespace
}  // namespace scones::native

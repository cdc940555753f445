// Lambda's dialect over a real functions service. Signatures are the gateway's and not tested here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "api/lambda_dialect.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "db/database.h"
#include "functions/package.h"
#include "io/log_sink.h"
#include "io/shards.h"

namespace scones::api {
namespace {

using testing::HasSubstr;

class NoLogs final : public io::LogSink {
 public:
  void Append(std::string, std::string, std::vector<io::LogEvent>) override {}
};

// Holds one object.
class OneBlob final : public io::BlobStore {
 public:
  io::Task<Result<std::string>> Read(S3Uri uri) override {
    if (uri.ToString() == "s3://bucket/code.zip") co_return bytes;
    co_return Error(Code::kNotFound, "NoSuchKey", "The specified key does not exist.");
  }
  io::Task<Result<void>> ReadToFile(S3Uri, io::Path) override { co_return Unsupported(); }
  io::Task<Result<void>> Write(S3Uri, std::string, std::string) override {
    co_return Unsupported();
  }
  io::Task<Result<void>> WriteFromFile(S3Uri, io::Path, std::string) override {
    co_return Unsupported();
  }
  io::Task<Result<std::vector<S3Uri>>> List(S3Uri) override { co_return Unsupported(); }
  std::string bytes;

 private:
  static Error Unsupported() { return Error(Code::kInternal, "not used here"); }
};

io::Task<Result<std::string>> Echo(functions::InvokeContext context, std::string event) {
  if (event == "\"fail\"") co_return Error(Code::kInvalid, "Exception", "failed");
  co_return R"({"version":")" + context.version + R"(","event":)" + event + "}";
}

class LambdaTest : public testing::Test {
 protected:
  void SetUp() override {
    ::chmod(directory_.path().c_str(), 0755);
    database_ = db::Database::Open(directory_.path() / "db", {}).value();
    functions_ = functions::Functions::Open(
                     {.data_dir = directory_.path() / "functions", .native = {{"echo", Echo}}},
                     {.database = *database_,
                      .shards = shards_,
                      .logs = logs_,
                      .clock = clock_,
                      .identity = {}})
                     .value();
    dialect_ = std::make_unique<LambdaDialect>(*functions_, blobs_);
  }
  void TearDown() override { functions_.reset(); }

  struct Reply {
    int status = 0;
    http::Headers headers;
    std::string body;
    json::object json;
    std::string type;  // of an error
  };
  Reply Send(std::string method, std::string target, std::string body = "",
             http::Headers headers = {}) {
    http::Request request{
        .method = std::move(method), .target = std::move(target), .headers = std::move(headers)};
    auto stream = http::MakeStringBody(std::move(body));
    auto response = shards_.RunAndWait(
        Handle({.request_id = "r", .now = clock_.Now()}, std::move(request), *stream));
    Reply reply{.status = response->status, .headers = response->headers, .body = response->body};
    reply.type = std::string(response->headers.Get("x-amzn-ErrorType"));
    if (auto parsed = ParseJson(reply.body); parsed && parsed->is_object()) {
      reply.json = std::move(parsed->get_object());
    }
    return reply;
  }
  io::Task<Result<http::Response>> Handle(Call call, http::Request request,
                                          http::BodyStream& body) {
    co_return co_await dialect_->Handle(std::move(call), std::move(request), body);
  }
  static json::object NewFunction(const std::string& name = "f") {
    return {{"FunctionName", name},
            {"Runtime", "provided.al2023"},
            {"Role", "arn:aws:iam::000000000000:role/r"},
            {"Handler", "scones.echo"},
            {"Timeout", 10},
            {"Environment", {{"Variables", {{"KEY", "value"}}}}},
            {"Tags", {{"team", "a"}}},
            {"Code", {{"ZipFile", Base64Encode(Zip())}}}};
  }
  static std::string Zip() { return functions::MakeWorkflowPackage({}).value(); }
  Reply Create(const json::object& input) {
    return Send("POST", "/2015-03-31/functions", ToJson(input));
  }
  static http::Headers Header(std::string name, std::string value) {
    http::Headers headers;
    headers.Add(std::move(name), std::move(value));
    return headers;
  }

  io::TemporaryDirectory directory_;
  SystemClock clock_;
  NoLogs logs_;
  OneBlob blobs_;
  io::Shards shards_{1};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<functions::Functions> functions_;
  std::unique_ptr<LambdaDialect> dialect_;
};

TEST_F(LambdaTest, AFunctionIsCreatedReadListedAndDeleted) {
  const Reply created = Create(NewFunction());
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(StringOr(created.json, "State", ""), "Active");
  EXPECT_EQ(StringOr(created.json, "LastUpdateStatus", ""), "Successful");
  EXPECT_EQ(StringOr(created.json, "FunctionArn", ""),
            "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(StringOr(created.json, "CodeSha256", ""),
            Base64Encode(Digest(HashAlgorithm::kSha256, Zip())));
  EXPECT_THAT(StringOr(created.json, "LastModified", ""), testing::EndsWith("+0000"));
  EXPECT_EQ(created.json.at("Environment").at("Variables").at("KEY"), "value");

  const Reply got = Send("GET", "/2015-03-31/functions/f");
  EXPECT_EQ(got.json.at("Configuration").at("Handler"), "scones.echo");
  EXPECT_EQ(got.json.at("Tags").at("team"), "a");
  const Reply by_arn =
      Send("GET",
           "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-3%3A820235860091%3Afunction%3Af/"
           "configuration");
  EXPECT_EQ(by_arn.status, 200) << by_arn.body;
  EXPECT_EQ(Send("GET", "/2015-03-31/functions/").json.at("Functions").as_array().size(), 1u);

  EXPECT_EQ(Send("DELETE", "/2015-03-31/functions/f").status, 204);
  const Reply gone = Send("GET", "/2015-03-31/functions/f");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.type, "ResourceNotFoundException");
  EXPECT_EQ(StringOr(gone.json, "Type", ""), "User");
  EXPECT_EQ(StringOr(gone.json, "Message", ""),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f");
}

TEST_F(LambdaTest, CodeComesFromS3Too) {
  blobs_.bytes = Zip();
  json::object input = NewFunction();
  input["Code"] = {{"S3Bucket", "bucket"}, {"S3Key", "code.zip"}};
  EXPECT_EQ(Create(input).status, 201);
  input["FunctionName"] = "g";
  input["Code"] = {{"S3Bucket", "bucket"}, {"S3Key", "absent"}};
  const Reply refused = Create(input);
  EXPECT_EQ(refused.type, "InvalidParameterValueException");
  EXPECT_THAT(refused.body, HasSubstr("S3 Error Code: NoSuchKey"));
}

TEST_F(LambdaTest, WrongCreationsAreRefusedInLambdasWords) {
  const auto type_of = [&](std::string_view member, json::value value) {
    json::object input = NewFunction();
    input[member] = std::move(value);
    const Reply reply = Create(input);
    EXPECT_GE(reply.status, 400);
    EXPECT_LT(reply.status, 500);
    return reply.type;
  };
  EXPECT_EQ(type_of("Code", {{"ZipFile", "bm90IGEgemlw"}}), "InvalidParameterValueException");
  EXPECT_EQ(type_of("Code", {{"ZipFile", "%%%"}}), "SerializationException");
  EXPECT_EQ(type_of("Code", json::object()), "InvalidParameterValueException");
  EXPECT_EQ(type_of("Code", nullptr), "ValidationException");
  EXPECT_EQ(type_of("Role", nullptr), "ValidationException");
  EXPECT_EQ(type_of("Runtime", "cobol"), "InvalidParameterValueException");
  EXPECT_EQ(type_of("Timeout", "10"), "SerializationException");
  EXPECT_EQ(type_of("Timeout", 901), "ValidationException");
  EXPECT_EQ(type_of("FunctionName", "a b"), "ValidationException");
  EXPECT_EQ(type_of("PackageType", "Image"), "InvalidParameterValueException");
  EXPECT_EQ(Send("POST", "/2015-03-31/functions", "{no").type, "SerializationException");
  EXPECT_EQ(Send("POST", "/2015-03-31/functions", "[]").type, "SerializationException");
  ASSERT_EQ(Create(NewFunction()).status, 201);
  const Reply again = Create(NewFunction());
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.type, "ResourceConflictException");
}

TEST_F(LambdaTest, InvokeAnswersWithTheHeadersOfLambda) {
  ASSERT_EQ(Create(NewFunction()).status, 201);
  const std::string path = "/2015-03-31/functions/f/invocations";
  Reply reply = Send("POST", path, "[1]", Header("X-Amz-Log-Type", "Tail"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"version":"$LATEST","event":[1]})");
  EXPECT_EQ(reply.headers.Get("X-Amz-Executed-Version"), "$LATEST");
  EXPECT_FALSE(reply.headers.Contains("X-Amz-Function-Error"));
  EXPECT_THAT(Base64Decode(reply.headers.Get("X-Amz-Log-Result")).value(),
              HasSubstr("REPORT RequestId: " + std::string(reply.headers.Get("x-amzn-RequestId"))));

  reply = Send("POST", path, "\"fail\"");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.Get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(StringOr(reply.json, "errorMessage", ""), "failed");
  EXPECT_FALSE(reply.headers.Contains("X-Amz-Log-Result"));

  EXPECT_EQ(Send("POST", path, "[1]", Header("X-Amz-Invocation-Type", "Event")).status, 202);
  EXPECT_EQ(Send("POST", path, "[1]", Header("X-Amz-Invocation-Type", "DryRun")).status, 204);
}

TEST_F(LambdaTest, InvokeRefusesWithLambdasStatuses) {
  ASSERT_EQ(Create(NewFunction()).status, 201);
  const std::string path = "/2015-03-31/functions/f/invocations";
  Reply reply = Send("POST", path, "{no json");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.type, "InvalidRequestContentException");
  reply = Send("POST", path, "\"" + std::string(functions::kMaxSyncPayloadBytes, 'x') + "\"");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.type, "RequestTooLargeException");
  reply = Send("POST", "/2015-03-31/functions/absent/invocations", "{}");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(Send("POST", path, "{}", Header("X-Amz-Invocation-Type", "Later")).status, 400);
  EXPECT_EQ(Send("POST", path, "{}", Header("X-Amz-Client-Context", "!")).status, 400);
  ASSERT_EQ(
      Send("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":0})")
          .status,
      200);
  reply = Send("POST", path, "{}");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.type, "TooManyRequestsException");
  EXPECT_FALSE(StringOr(reply.json, "Reason", "").empty());
}

TEST_F(LambdaTest, UpdatesAreHeldToTheRevisionTheyWereMadeFor) {
  ASSERT_EQ(Create(NewFunction()).status, 201);
  Reply reply = Send("PUT", "/2015-03-31/functions/f/configuration",
                     R"({"Timeout":7,"Environment":{"Variables":{}}})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(FindInteger(reply.json, "Timeout"), 7);
  EXPECT_EQ(StringOr(reply.json, "Handler", ""), "scones.echo");
  EXPECT_FALSE(reply.json.contains("Environment"));
  reply = Send("PUT", "/2015-03-31/functions/f/configuration",
               R"({"Timeout":8,"RevisionId":"an old one"})");
  EXPECT_EQ(reply.status, 412);
  EXPECT_EQ(reply.type, "PreconditionFailedException");
  const json::object code{
      {"ZipFile", Base64Encode(functions::MakeZip({{"bootstrap", "x"}}).value())},
      {"Publish", true}};
  reply = Send("PUT", "/2015-03-31/functions/f/code", ToJson(code));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(StringOr(reply.json, "Version", ""), "1");
}

TEST_F(LambdaTest, VersionsAndAliasesAreQualifiers) {
  ASSERT_EQ(Create(NewFunction()).status, 201);
  Reply reply = Send("POST", "/2015-03-31/functions/f/versions", R"({"Description":"one"})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(StringOr(reply.json, "Version", ""), "1");
  reply =
      Send("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"live","FunctionVersion":"1"})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(StringOr(reply.json, "AliasArn", ""),
            "arn:aws:lambda:us-east-1:000000000000:function:f:live");
  reply = Send("POST", "/2015-03-31/functions/f/invocations?Qualifier=live", "1");
  EXPECT_EQ(reply.headers.Get("X-Amz-Executed-Version"), "1");
  EXPECT_EQ(reply.body, R"({"version":"1","event":1})");
  EXPECT_EQ(
      Send("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"live","FunctionVersion":"1"})")
          .status,
      409);
  EXPECT_EQ(Send("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"x","FunctionVersion":"9"})")
                .status,
            404);
  EXPECT_EQ(Send("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"7","FunctionVersion":"1"})")
                .status,
            400);
  EXPECT_EQ(Send("GET", "/2015-03-31/functions/f/aliases").json.at("Aliases").as_array().size(),
            1u);
  EXPECT_EQ(Send("GET", "/2015-03-31/functions/f/versions").json.at("Versions").as_array().size(),
            2u);
  EXPECT_EQ(Send("DELETE", "/2015-03-31/functions/f?Qualifier=1").status, 409);
  reply = Send("PUT", "/2015-03-31/functions/f/aliases/live", R"({"FunctionVersion":"$LATEST"})");
  EXPECT_EQ(StringOr(reply.json, "FunctionVersion", ""), "$LATEST") << reply.body;
  EXPECT_EQ(Send("DELETE", "/2015-03-31/functions/f?Qualifier=1").status, 204);
  EXPECT_EQ(Send("DELETE", "/2015-03-31/functions/f/aliases/live").status, 204);
  EXPECT_EQ(Send("GET", "/2015-03-31/functions/f/aliases/live").status, 404);
}

TEST_F(LambdaTest, ConcurrencyPolicyTagsAndAccountSettings) {
  ASSERT_EQ(Create(NewFunction()).status, 201);
  EXPECT_EQ(
      Send("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":5})")
          .status,
      200);
  EXPECT_EQ(FindInteger(Send("GET", "/2019-09-30/functions/f/concurrency").json,
                        "ReservedConcurrentExecutions"),
            5);
  Reply reply = Send("GET", "/2016-08-19/account-settings");
  EXPECT_EQ(reply.json.at("AccountLimit").at("UnreservedConcurrentExecutions"), 995);
  EXPECT_EQ(reply.json.at("AccountUsage").at("FunctionCount"), 1);
  EXPECT_EQ(
      Send("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":950})")
          .status,
      400);
  EXPECT_EQ(Send("DELETE", "/2017-10-31/functions/f/concurrency").status, 204);

  EXPECT_EQ(Send("GET", "/2015-03-31/functions/f/policy").status, 404);
  const std::string permission =
      R"({"StatementId":"s3","Action":"lambda:InvokeFunction","Principal":"s3.amazonaws.com"})";
  EXPECT_EQ(Send("POST", "/2015-03-31/functions/f/policy", permission).status, 201);
  EXPECT_EQ(Send("POST", "/2015-03-31/functions/f/policy", permission).status, 409);
  reply = Send("GET", "/2015-03-31/functions/f/policy");
  const auto policy = ParseJson(StringOr(reply.json, "Policy", ""));
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->at("Statement").at(0).at("Principal").at("Service"), "s3.amazonaws.com");
  EXPECT_EQ(Send("DELETE", "/2015-03-31/functions/f/policy/s3").status, 204);
  EXPECT_EQ(Send("DELETE", "/2015-03-31/functions/f/policy/s3").status, 404);

  const std::string tags =
      "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
  EXPECT_EQ(Send("POST", tags, R"({"Tags":{"stage":"test"}})").status, 204);
  EXPECT_EQ(Send("DELETE", tags + "?tagKeys=team").status, 204);
  EXPECT_EQ(ToJson(Send("GET", tags).json), R"({"Tags":{"stage":"test"}})");
}

TEST_F(LambdaTest, ListingsArePaged) {
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(Create(NewFunction(name)).status, 201);
  Reply reply = Send("GET", "/2015-03-31/functions?MaxItems=2");
  EXPECT_EQ(reply.json.at("Functions").as_array().size(), 2u);
  const std::string marker = StringOr(reply.json, "NextMarker", "");
  reply = Send("GET", "/2015-03-31/functions?MaxItems=2&Marker=" + marker);
  ASSERT_EQ(reply.json.at("Functions").as_array().size(), 1u);
  EXPECT_EQ(reply.json.at("Functions").at(0).at("FunctionName"), "c");
  EXPECT_FALSE(reply.json.contains("NextMarker"));
  EXPECT_EQ(Send("GET", "/2015-03-31/functions?MaxItems=x").status, 400);
}

TEST_F(LambdaTest, WhatIsNoOperationIsNotFound) {
  for (const char* target : {"/", "/2015-03-31", "/2015-03-31/functions/f/nothing",
                             "/2099-01-01/functions", "/2015-03-31/functions/a/b/c/d"}) {
    EXPECT_EQ(Send("GET", target).type, "UnknownOperationException") << target;
  }
  EXPECT_GE(Send("GET", "/2015-03-31/functions/%zz").status, 400);
}

}  // namespace
}  // namespace scones::api

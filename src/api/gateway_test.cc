// The one door: what comes through it, and that nothing else does.
#include "api/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "api/gateway_protocol.h"
#include "api/iam.h"
#include "api/json_dialect.h"
#include "api/sts.h"
#include "auth/signer.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"
#include "io/file.h"

namespace scones::api {
namespace {

using ::testing::HasSubstr;

constexpr char kKey[] = "AKIAIOSFODNN7EXAMPLE";
constexpr char kSecret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

class FixedClock final : public Clock {
 public:
  Timestamp Now() const override { return now; }
  Timestamp now = *ParseIso8601("2026-11-22T08:30:00Z");
};

// Reads the body and remembers what it was given.
class RecordingDialect final : public Dialect {
 public:
  io::Task<http::Response> Handle(Call call, http::Request request,
                                  http::BodyStream& body) override {
    ++calls;
    last_call = std::move(call);
    last_request = std::move(request);
    Result<std::string> bytes = co_await http::ReadAll(body, 1 << 20);
    http::Response response;
    if (bytes) {
      last_body = *std::move(bytes);
      last_trailers = body.trailers();
    } else {
      response.status = 400;
      response.body = bytes.error().reason();
    }
    co_return response;
  }
  int calls = 0;
  Call last_call;
  http::Request last_request;
  std::string last_body;
  http::Headers last_trailers;
};

struct Operation {
  const char* service;
  const char* method;
  const char* target;
  http::Headers headers;
};

http::Headers Fields(std::initializer_list<std::pair<const char*, const char*>> fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.Add(name, value);
  return headers;
}

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> operations = {
      {"s3", "GET", "/", {}},
      {"s3", "PUT", "/bucket", {}},
      {"s3", "DELETE", "/bucket", {}},
      {"s3", "GET", "/bucket?list-type=2", {}},
      {"s3", "GET", "/bucket/a%20key", {}},
      {"s3", "HEAD", "/bucket/key", {}},
      {"s3", "PUT", "/bucket/key", {}},
      {"s3", "DELETE", "/bucket/key", {}},
      {"s3", "PUT", "/bucket/key?partNumber=1&uploadId=x", {}},
      {"s3", "PUT", "/bucket/copy", Fields({{"x-amz-copy-source", "/bucket/key"}})},
      {"s3", "POST", "/bucket/key?uploads", {}},
      {"s3", "POST", "/bucket?delete", {}},
      {"s3", "PUT", "/bucket/key?tagging", {}},
      {"states", "POST", "/", Fields({{"X-Amz-Target", "AWSStepFunctions.StartExecution"}})},
      {"sagemaker", "POST", "/", Fields({{"X-Amz-Target", "SageMaker.CreateModel"}})},
      {"sagemaker", "POST", "/endpoints/e/invocations", Fields({{"Content-Type", "image/png"}})},
      {"lambda", "POST", "/2015-03-31/functions", {}},
      {"lambda", "POST", "/2015-03-31/functions/f%3A1/invocations", {}},
      {"logs", "POST", "/", Fields({{"X-Amz-Target", "Logs_20140328.GetLogEvents"}})},
      {"sts", "POST", "/", Fields({{"Content-Type", "application/x-www-form-urlencoded"}})},
      {"iam", "POST", "/", Fields({{"Content-Type", "application/x-www-form-urlencoded"}})},
  };
  return operations;
}

constexpr const char* kModes[] = {
    "",  // the SHA-256 of the body
    "UNSIGNED-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "missing",
    "nonsense",
};

enum class Place { kHeader, kQuery, kBoth, kNeither };
constexpr Place kPlaces[] = {Place::kHeader, Place::kQuery, Place::kBoth, Place::kNeither};

class GatewayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    const io::Path file = folder_.path() / "credentials";
    std::ofstream(file) << "[default]\naws_access_key_id = " << kKey
                        << "\naws_secret_access_key = " << kSecret << "\n";
    ::chmod(file.c_str(), 0600);
    credentials_ = *auth::Credentials::OpenOrCreate(file);
    AddStsActions(sts_, *credentials_);
    AddIamActions(iam_);
    Gateway::Options options;
    for (const char* name : {"s3", "states", "sagemaker", "sagemaker-runtime", "lambda", "logs"}) {
      options.dialects[name] = &dialect_;
    }
    options.dialects["sts"] = &sts_;
    options.dialects["iam"] = &iam_;
    gateway_ = std::make_unique<Gateway>(std::move(options), *credentials_, clock_);
  }

  static http::Request Make(const Operation& operation) {
    http::Request request;
    request.method = operation.method;
    request.target = operation.target;
    request.headers = operation.headers;
    request.headers.Add("Host", "localhost:4566");
    return request;
  }

  // Signs as `keys` for the service, with `word` as the payload's hash.
  http::Request Sign(http::Request request, const std::string& service, const std::string& word,
                     Place place, const auth::KeyPair& keys, std::string_view sent_word = {}) {
    auth::SigningOptions options{.service = service, .path_rule = auth::PathRuleOf(service)};
    if (!sent_word.empty()) {
      request.headers.Add("X-Amz-Content-Sha256", std::string(sent_word));
    }
    if (place == Place::kQuery || place == Place::kBoth) {
      const auto query =
          auth::Presign(ViewOf(request), keys, options, word, std::chrono::seconds(60), clock_.now);
      request.target = std::string(request.raw_path()) + "?" + *query;
    }
    if (place == Place::kHeader || place == Place::kBoth) {
      const auto added = auth::SignHeaders(ViewOf(request), keys, options, word, clock_.now);
      for (const auto& [name, value] : *added) request.headers.Add(name, value);
    }
    return request;
  }

  http::Response Send(http::Request request, std::string body) {
    return shards_.RunAndWait(Call(std::move(request), std::move(body)));
  }
  io::Task<http::Response> Call(http::Request request, std::string body) {
    const auto stream = http::MakeStringBody(std::move(body));
    co_return co_await gateway_->Handle(std::move(request), *stream);
  }
  http::Response SendSigned(const Operation& operation, const std::string& body,
                            const auth::KeyPair& keys = {kKey, kSecret, ""}) {
    const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, body));
    const bool s3 = std::string_view(operation.service) == "s3";
    return Send(Sign(Make(operation), operation.service, hash, Place::kHeader, keys,
                     s3 ? std::string_view(hash) : std::string_view()),
                body);
  }

  io::TemporaryDirectory folder_;
  FixedClock clock_;
  std::unique_ptr<auth::Credentials> credentials_;
  RecordingDialect dialect_;
  QueryDialect sts_{kStsNamespace};
  QueryDialect iam_{kIamNamespace};
  std::unique_ptr<Gateway> gateway_;
  io::Shards shards_{1};
};

TEST_F(GatewayTest, EveryOperationWithEveryWrongSignatureIsRefusedWithoutEffect) {
  const std::vector<auth::KeyPair> wrong = {
      {kKey, "a wrong secret", ""}, {"AKIANOBODY", kSecret, ""}, {kKey, kSecret, "a token"}};
  const std::string body = "Action=GetCallerIdentity";
  int tried = 0;
  for (const Operation& operation : Operations()) {
    for (const std::string mode : kModes) {
      for (const Place place : kPlaces) {
        for (const auth::KeyPair& keys : wrong) {
          const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, body));
          const std::string word = mode.empty() || mode == "missing" ? hash : mode;
          const auto request = Sign(Make(operation), operation.service, word, place, keys,
                                    mode == "missing" ? "" : word);
          const http::Response response = Send(request, body);
          EXPECT_EQ(response.status, 403)
              << operation.service << " " << operation.method << " " << operation.target << " "
              << mode << " place " << static_cast<int>(place) << ": " << response.body;
          ++tried;
        }
      }
    }
  }
  EXPECT_EQ(dialect_.calls, 0);
  EXPECT_EQ(tried, 21 * 7 * 4 * 3);
}

TEST_F(GatewayTest, EveryOperationRightlySignedComesThrough) {
  int expected = 0;
  for (const Operation& operation : Operations()) {
    const bool query = std::string_view(operation.service) == "sts" ||
                       std::string_view(operation.service) == "iam";
    const bool reads =
        std::string_view(operation.method) == "GET" || std::string_view(operation.method) == "HEAD";
    const http::Response response = SendSigned(operation, query   ? "Action=GetRole&RoleName=r"
                                                          : reads ? ""
                                                                  : "payload");
    if (query) {
      EXPECT_EQ(response.status, std::string_view(operation.service) == "iam" ? 200 : 400);
      continue;
    }
    EXPECT_EQ(response.status, 200) << operation.target << response.body;
    EXPECT_EQ(dialect_.last_body, reads ? "" : "payload");
    EXPECT_EQ(dialect_.last_request.target, operation.target);
    EXPECT_EQ(dialect_.calls, ++expected);
  }
  EXPECT_EQ(dialect_.last_call.principal_name, "default");
  EXPECT_EQ(dialect_.last_call.base_url, "http://localhost:4566");
}

TEST_F(GatewayTest, APayloadThatIsNotTheSignedOneEndsInAnError) {
  const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, "signed"));
  const Operation put{"s3", "PUT", "/bucket/key", {}};
  const auth::KeyPair keys{kKey, kSecret, ""};
  const auto request = Sign(Make(put), "s3", hash, Place::kHeader, keys, hash);
  EXPECT_EQ(Send(request, "forged").body, "XAmzContentSHA256Mismatch");
  EXPECT_THAT(Send(request, "").body, HasSubstr("XAmzContentSHA256Mismatch"));
  EXPECT_EQ(Send(request, "signed").status, 200);
  const Operation start{"states", "POST", "/", {}};
  const auto states = Sign(Make(start), "states", hash, Place::kHeader, keys);
  dialect_.calls = 0;
  EXPECT_EQ(Send(states, "forged").status, 403);
  EXPECT_EQ(dialect_.calls, 0);
}

TEST_F(GatewayTest, AnUnsignedTrailerIsTakenFromPutObjectAndUploadPartOnly) {
  const std::string word = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  const std::string body = "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
  const auto send = [&](const Operation& operation, const std::string& bytes) {
    http::Request request = Make(operation);
    request.headers.Add("x-amz-decoded-content-length", "9");
    request.headers.Add("x-amz-trailer", "x-amz-checksum-crc32");
    request.headers.Add("content-encoding", "gzip, aws-chunked");
    return Send(Sign(std::move(request), "s3", word, Place::kHeader, {kKey, kSecret, ""}, word),
                bytes);
  };
  for (const Operation& operation : Operations()) {
    if (std::string_view(operation.service) != "s3") continue;
    const std::string target = operation.target;
    const bool allowed = std::string_view(operation.method) == "PUT" &&
                         (target == "/bucket/key" || target.find("partNumber") != target.npos);
    dialect_.calls = 0;
    EXPECT_EQ(send(operation, body).status, allowed ? 200 : 403) << target;
    EXPECT_EQ(dialect_.calls, allowed ? 1 : 0) << target;
  }
  EXPECT_EQ(send({"s3", "PUT", "/bucket/key", {}}, body).status, 200);
  EXPECT_EQ(dialect_.last_body, "123456789");
  EXPECT_EQ(dialect_.last_trailers.Get("x-amz-checksum-crc32"), "y/Q5Jg==");
  EXPECT_EQ(dialect_.last_request.headers.Get("content-encoding"), "gzip");
  std::string forged = body;
  forged[3] = '2';
  EXPECT_EQ(send({"s3", "PUT", "/bucket/key", {}}, forged).body, "BadDigest");
}

TEST_F(GatewayTest, OnlyHealthIsAnsweredUnsigned) {
  http::Request request;
  request.method = "GET";
  for (const char* target :
       {"/", "/bucket/key", "/_scones/health?x=1", "/_scones/health/", "/_scones/../_scones/health",
        "/_scones/metrics", "//_scones/health"}) {
    request.target = target;
    EXPECT_EQ(Send(request, "").status, 403) << target;
  }
  request.target = "/_scones/health";
  const http::Response health = Send(request, "");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"status":"ok"})");
  request.method = "POST";
  EXPECT_EQ(Send(request, "").status, 403);
  EXPECT_EQ(dialect_.calls, 0);
}

TEST_F(GatewayTest, RefusalsHaveTheFormOfTheService) {
  const auth::KeyPair nobody{"AKIANOBODY", kSecret, ""};
  const auto refuse = [&](std::size_t operation, const auth::KeyPair& keys) {
    return SendSigned(Operations()[operation], "Action=x", keys);
  };
  const http::Response s3 = refuse(6, nobody);
  EXPECT_THAT(s3.body, HasSubstr("<Code>InvalidAccessKeyId</Code>"));
  EXPECT_EQ(s3.headers.Get("content-type"), "application/xml");
  EXPECT_FALSE(s3.headers.Get("x-amz-request-id").empty());
  const http::Response states = refuse(13, nobody);
  EXPECT_THAT(states.body, HasSubstr(R"("__type":"UnrecognizedClientException")"));
  EXPECT_EQ(states.headers.Get("content-type"), "application/x-amz-json-1.0");
  EXPECT_FALSE(states.headers.Get("x-amzn-requestid").empty());
  const http::Response lambda = refuse(16, {kKey, "wrong", ""});
  EXPECT_EQ(lambda.headers.Get("x-amzn-errortype"), "InvalidSignatureException");
  const http::Response sts = refuse(19, nobody);
  EXPECT_THAT(sts.body, HasSubstr("<Code>InvalidClientTokenId</Code>"));
  http::Request unsigned_request = Make(Operations()[13]);
  EXPECT_THAT(Send(unsigned_request, "{}").body, HasSubstr("MissingAuthenticationTokenException"));
  clock_.now += std::chrono::hours(1);
  const auto skewed = Sign(Make(Operations()[6]), "s3", "UNSIGNED-PAYLOAD", Place::kHeader,
                           {kKey, kSecret, ""}, "UNSIGNED-PAYLOAD");
  clock_.now -= std::chrono::hours(1);
  EXPECT_THAT(Send(skewed, "x").body, HasSubstr("RequestTimeTooSkewed"));
}

TEST_F(GatewayTest, AServiceThatIsNotHereIsSaidSo) {
  const http::Response response = SendSigned({"dynamodb", "POST", "/", {}}, "{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("no service 'dynamodb'"));
}

std::string Between(const std::string& text, const std::string& tag) {
  const std::size_t start = text.find("<" + tag + ">") + tag.size() + 2;
  return text.substr(start, text.find("</" + tag + ">") - start);
}

TEST_F(GatewayTest, SessionsOfStsAreCallersOfTheirOwnUntilTheyExpire) {
  const Operation sts{"sts", "POST", "/", {}};
  const http::Response me = SendSigned(sts, "Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(Between(me.body, "Arn"), "arn:aws:sts::000000000000:assumed-role/SconesRole/default");
  const http::Response assumed =
      SendSigned(sts,
                 "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Ftrain&"
                 "RoleSessionName=s1&DurationSeconds=900");
  ASSERT_EQ(assumed.status, 200) << assumed.body;
  const auth::KeyPair session{Between(assumed.body, "AccessKeyId"),
                              Between(assumed.body, "SecretAccessKey"),
                              Between(assumed.body, "SessionToken")};
  const http::Response role = SendSigned(sts, "Action=GetCallerIdentity", session);
  EXPECT_EQ(Between(role.body, "Arn"), "arn:aws:sts::000000000000:assumed-role/train/s1");
  EXPECT_EQ(SendSigned(Operations()[6], "x", session).status, 200);
  EXPECT_EQ(dialect_.last_call.access_key_id, kKey);
  auth::KeyPair forged = session;
  forged.secret_access_key = kSecret;
  EXPECT_EQ(SendSigned(Operations()[6], "x", forged).status, 403);
  clock_.now += std::chrono::seconds(901);
  EXPECT_THAT(SendSigned(Operations()[6], "x", session).body, HasSubstr("ExpiredToken"));
}

io::Task<Result<json::value>> EchoOperation(scones::api::Call, json::object input) {
  if (input.contains("fail")) {
    co_return Error(Code::kNotFound, "ExecutionDoesNotExist", "no such execution");
  }
  co_return json::value(std::move(input));
}

TEST(JsonDialectTest, RunsTheNamedOperationAndMapsErrors) {
  io::Shards shards(1);
  JsonDialect dialect(
      {.target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"});
  dialect.Add("Echo", EchoOperation);
  const auto send = [&](const char* target, const char* text) {
    http::Request request;
    request.headers.Add("X-Amz-Target", target);
    const auto body = http::MakeStringBody(text);
    return shards.RunAndWait(dialect.Handle({}, std::move(request), *body));
  };
  const http::Response echo = send("AWSStepFunctions.Echo", R"({"a":1})");
  EXPECT_EQ(echo.status, 200);
  EXPECT_EQ(echo.body, R"({"a":1})");
  EXPECT_EQ(echo.headers.Get("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(send("AWSStepFunctions.Echo", "").body, "{}");
  const http::Response missing = send("AWSStepFunctions.Echo", R"({"fail":1})");
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.body, R"({"__type":"ExecutionDoesNotExist","message":"no such execution"})");
  EXPECT_EQ(missing.headers.Get("x-amzn-errortype"), "ExecutionDoesNotExist");
  for (const char* target : {"AWSStepFunctions.Nothing", "SageMaker.Echo", "Echo", ""}) {
    EXPECT_THAT(send(target, "{}").body, HasSubstr("UnknownOperationException")) << target;
  }
  for (const char* text : {"[1]", "{", "null"}) {
    EXPECT_THAT(send("AWSStepFunctions.Echo", text).body, HasSubstr("SerializationException"));
  }
}

}  // namespace
}  // namespace scones::api

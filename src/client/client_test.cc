// The client against a server that verifies every signature and misbehaves on demand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>

#include "auth/verifier.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "client/aws_client.h"
#include "client/aws_config.h"
#include "client/aws_error.h"
#include "client/s3_client.h"
#include "http/server.h"

namespace scones::client {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

class ConfigTest : public ::testing::Test {
 protected:
  std::string Write() {
    const std::string path = (folder_.path() / "credentials").string();
    std::ofstream(path) << "[default]\naws_access_key_id=D\naws_secret_access_key=1\n"
                           "[other]\naws_access_key_id=O\naws_secret_access_key=2\n";
    return path;
  }
  io::TemporaryDirectory folder_;
};

TEST_F(ConfigTest, FindsKeysWhereTheAwsToolsDo) {
  const std::string file = Write();
  const auto environment = Variables({{"AWS_ACCESS_KEY_ID", "E"},
                                      {"AWS_SECRET_ACCESS_KEY", "3"},
                                      {"AWS_SHARED_CREDENTIALS_FILE", file},
                                      {"AWS_ENDPOINT_URL", "http://localhost:4566"},
                                      {"AWS_DEFAULT_REGION", "eu-west-1"}});
  const Result<AwsConfig> from_environment = LoadAwsConfig({}, environment);
  ASSERT_TRUE(from_environment);
  EXPECT_EQ(from_environment->keys.access_key_id, "E");
  EXPECT_EQ(from_environment->endpoint_url, "http://localhost:4566");
  EXPECT_EQ(from_environment->region, "eu-west-1");
  EXPECT_EQ(LoadAwsConfig({.profile = "other"}, environment)->keys.access_key_id, "O");
  EXPECT_EQ(LoadAwsConfig({.credentials_file = file}, environment)->keys.access_key_id, "D");
  EXPECT_EQ(LoadAwsConfig({.region = "us-west-2"}, environment)->region, "us-west-2");
  const auto file_only =
      Variables({{"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_PROFILE", "other"}});
  EXPECT_EQ(LoadAwsConfig({}, file_only)->keys.access_key_id, "O");
}

TEST_F(ConfigTest, SaysWhatToDoWithoutKeys) {
  const auto nothing = Variables({{"HOME", folder_.path().string()}});
  EXPECT_THAT(LoadAwsConfig({}, nothing).error().message(), HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(
      LoadAwsConfig({.profile = "absent", .credentials_file = Write()}, nothing).error().message(),
      HasSubstr("'absent'"));
  EXPECT_FALSE(LoadAwsConfig({.endpoint_url = "localhost", .credentials_file = Write()}, nothing));
}

TEST(EndpointTest, WithoutAnAddressItIsAwssOwn) {
  const AwsConfig config{.region = "eu-central-1"};
  const auto host = [&](const char* service) { return FindEndpoint(config, service)->url.host; };
  EXPECT_EQ(host("s3"), "s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(host("states"), "states.eu-central-1.amazonaws.com");
  EXPECT_EQ(host("sagemaker"), "api.sagemaker.eu-central-1.amazonaws.com");
  EXPECT_EQ(host("sagemaker-runtime"), "runtime.sagemaker.eu-central-1.amazonaws.com");
  EXPECT_EQ(host("iam"), "iam.amazonaws.com");
  EXPECT_EQ(FindEndpoint(config, "iam")->signing_region, "us-east-1");
  EXPECT_EQ(FindEndpoint(config, "sagemaker-runtime")->signing_name, "sagemaker");
  EXPECT_TRUE(FindEndpoint(config, "s3")->url.secure);
  EXPECT_FALSE(FindEndpoint(config, "nothing"));
}

http::Response Answer(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

TEST(ErrorTest, TakesNameAndMessageFromEveryProtocol) {
  const Error s3 = ParseAwsError(Answer(
      404, "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"));
  EXPECT_EQ(s3.reason(), "NoSuchKey");
  EXPECT_EQ(s3.message(), "gone");
  EXPECT_EQ(s3.code(), Code::kNotFound);
  const Error json = ParseAwsError(
      Answer(400, R"({"__type":"com.amazonaws#StateMachineDoesNotExist","message":"m"})"));
  EXPECT_EQ(json.reason(), "StateMachineDoesNotExist");
  EXPECT_EQ(json.code(), Code::kNotFound);
  http::Response lambda = Answer(429, R"({"Message":"slow"})");
  lambda.headers.Add("x-amzn-ErrorType", "TooManyRequestsException:http://x/");
  EXPECT_EQ(ParseAwsError(lambda).reason(), "TooManyRequestsException");
  EXPECT_TRUE(MayRetry(ParseAwsError(lambda)));
  const Error query = ParseAwsError(
      Answer(403, "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>"));
  EXPECT_EQ(query.reason(), "ExpiredToken");
  EXPECT_EQ(query.code(), Code::kUnauthenticated);
  EXPECT_EQ(ParseAwsError(Answer(500, "")).reason(), "Http500");
  EXPECT_EQ(ParseAwsError(Answer(400, "<not xml")).reason(), "Http400");
}

TEST(ErrorTest, BackoffGrowsAndSpreads) {
  EXPECT_EQ(Backoff(1, 0.0), milliseconds(1));
  EXPECT_EQ(Backoff(1, 0.999), milliseconds(50));
  EXPECT_EQ(Backoff(3, 0.5), milliseconds(101));
  EXPECT_LE(Backoff(1000, 0.999), milliseconds(5001));
}

class AwsClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ =
        *http::Server::Start(shards_, {}, [this](http::Request request, http::BodyStream& body) {
          return Handle(std::move(request), body);
        });
    AwsConfig config{.endpoint_url = "http://127.0.0.1:" + std::to_string(server_->port()),
                     .keys = {"AKID", "secret", "token"}};
    client_ = std::make_unique<AwsClient>(std::move(config), clock_);
    s3_ = std::make_unique<S3Client>(*client_);
  }

  // 403 for a wrong signature; 503 as often as failures_ says; else what the path asks for.
  io::Task<http::Response> Handle(http::Request request, http::BodyStream& body) {
    ++requests_;
    Result<std::string> bytes = co_await http::ReadAll(body, 10 << 20);
    if (!bytes || !Verified(request, *bytes)) co_return Answer(403, "");
    last_request_ = request;
    if (failures_ > 0) {
      --failures_;
      co_return Answer(503, "<Error><Code>SlowDown</Code></Error>");
    }
    const std::string query(request.raw_query());
    if (query.find("list-type=2") != std::string::npos) co_return Answer(200, Page(query));
    if (request.target == "/bucket/gone") {
      co_return Answer(404, "<Error><Code>NoSuchKey</Code></Error>");
    }
    if (request.target == "/mine") {
      co_return Answer(409, "<Error><Code>BucketAlreadyOwnedByYou</Code></Error>");
    }
    co_return Answer(200, *std::move(bytes));
  }
  static std::string Page(const std::string& query) {
    if (query.find("continuation-token=t%2F1") == std::string::npos) {
      return "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t/1"
             "</NextContinuationToken><Contents><Key>a+b%2B.png</Key><Size>5</Size>"
             "<ETag>\"e\"</ETag></Contents></ListBucketResult>";
    }
    return "<ListBucketResult><Contents><Key>c</Key><Size>7</Size></Contents></ListBucketResult>";
  }
  bool Verified(const http::Request& request, const std::string& body) {
    const auth::RequestView view{request.method, request.raw_path(), request.raw_query(),
                                 std::span(request.headers.begin(), request.headers.end())};
    const Result<auth::Claim> claim = auth::ParseClaim(view);
    const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, body));
    return claim && claim->access_key_id == "AKID" && claim->session_token == "token" &&
           auth::Verify(view, *claim, "secret", hash, clock_.Now(), cache_);
  }

  io::Shards shards_{2};
  SystemClock clock_;
  auth::SigningKeyCache cache_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<AwsClient> client_;
  std::unique_ptr<S3Client> s3_;
  std::atomic<int> failures_{0};
  std::atomic<int> requests_{0};
  http::Request last_request_;
};

TEST_F(AwsClientTest, SignsJsonCallsRestCallsAndObjects) {
  const auto echoed = shards_.RunAndWait(
      client_->CallJson("states", "DescribeExecution", {{"executionArn", "arn:x"}}));
  ASSERT_TRUE(echoed) << echoed.error().message();
  EXPECT_EQ(StringOr(*echoed, "executionArn", ""), "arn:x");
  EXPECT_EQ(last_request_.headers.Get("x-amz-target"), "AWSStepFunctions.DescribeExecution");
  EXPECT_EQ(shards_.RunAndWait(client_->Invoke("name:1", "{}"))->body, "{}");
  EXPECT_EQ(last_request_.target, "/2015-03-31/functions/name%3A1/invocations");
  EXPECT_EQ(shards_.RunAndWait(client_->InvokeEndpoint("e", "image/png", "png"))->body, "png");
  EXPECT_TRUE(shards_.RunAndWait(s3_->PutObject({"bucket", "a b+c/\xC3\xBC&=.txt"}, "x", "t/p")));
  EXPECT_EQ(last_request_.target, "/bucket/a%20b%2Bc/%C3%BC%26%3D.txt");
}

TEST_F(AwsClientTest, TriesAgainAfterThrottlingButNotForEver) {
  failures_ = 2;
  EXPECT_TRUE(shards_.RunAndWait(s3_->GetObject({"bucket", "key"})));
  EXPECT_EQ(requests_, 3);
  failures_ = 100;
  const auto failed = shards_.RunAndWait(s3_->GetObject({"bucket", "key"}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason(), "SlowDown");
  EXPECT_EQ(requests_, 7);
}

TEST_F(AwsClientTest, DoesNotTryAgainWhatCannotSucceed) {
  EXPECT_EQ(shards_.RunAndWait(s3_->GetObject({"bucket", "gone"})).error().reason(), "NoSuchKey");
  EXPECT_EQ(requests_, 1);
  AwsConfig config = client_->config();
  config.keys.secret_access_key = "wrong";
  AwsClient stranger(config, clock_);
  S3Client s3(stranger);
  EXPECT_EQ(shards_.RunAndWait(s3.GetObject({"bucket", "key"})).error().code(),
            Code::kUnauthenticated);
  EXPECT_EQ(requests_, 2);
}

TEST_F(AwsClientTest, GivesUpAtTheDeadline) {
  failures_ = 1'000'000;
  AwsRequest request{.service = "s3", .path = "/bucket/key"};
  request.timeout = milliseconds(100);
  request.max_attempts = 1'000'000;
  EXPECT_FALSE(shards_.RunAndWait(client_->Call(std::move(request))));
  EXPECT_LT(requests_, 1000);
}

TEST_F(AwsClientTest, ListsAllPagesAndTakesAnOwnedBucketAsMade) {
  const auto objects = shards_.RunAndWait(s3_->ListObjects({"bucket", "a"}));
  ASSERT_TRUE(objects) << objects.error().message();
  ASSERT_EQ(objects->size(), 2U);
  EXPECT_EQ((*objects)[0].key, "a b+.png");
  EXPECT_EQ((*objects)[0].etag, "e");
  EXPECT_EQ((*objects)[1].size_bytes, 7U);
  EXPECT_TRUE(shards_.RunAndWait(s3_->CreateBucket("mine")));
}

TEST_F(AwsClientTest, ADownloadAppearsOnlyWhenItIsWhole) {
  io::TemporaryDirectory folder;
  const io::Path path = folder.path() / "model.tar.gz";
  EXPECT_FALSE(shards_.RunAndWait(s3_->DownloadObject({"bucket", "gone"}, path)));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(shards_.RunAndWait(s3_->DownloadObject({"bucket", "key"}, path)));
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".partial"));
}

}  // namespace
}  // namespace scones::client

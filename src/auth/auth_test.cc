#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "auth/chunked_payload.h"
#include "auth/credentials.h"
#include "auth/session.h"
#include "auth/signer.h"
#include "auth/verifier.h"
#include "base/encoding.h"
#include "io/file.h"

namespace scones::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

const KeyPair kKeys{"AKIDEXAMPLE", "secret", ""};
const Timestamp kNow = *ParseIso8601("2026-11-22T08:30:00Z");
const SigningOptions kS3{.service = "s3", .path_rule = PathRule::kS3, .send_payload_hash = true};

struct Message {
  std::string method = "GET";
  std::string path = "/bucket/key";
  std::string query;
  HeaderFields headers{{"Host", "localhost:4566"}};
  RequestView View() const { return {method, path, query, headers}; }
};

Message Signed(Message message, const SigningOptions& options = kS3,
               std::string_view hash = kUnsignedPayload) {
  const auto added = SignHeaders(message.View(), kKeys, options, hash, kNow);
  message.headers.insert(message.headers.end(), added->begin(), added->end());
  return message;
}

Message Presigned(Message message, seconds lifetime) {
  message.query = *Presign(message.View(), kKeys, kS3, kUnsignedPayload, lifetime, kNow);
  return message;
}

// "ok" or the reason.
std::string Outcome(const Message& message, Timestamp now = kNow,
                    std::string_view secret = "secret", std::string_view hash = kUnsignedPayload) {
  SigningKeyCache cache;
  const Result<Claim> claim = ParseClaim(message.View());
  if (!claim) return claim.error().reason();
  const auto key = Verify(message.View(), *claim, secret, hash, now, cache);
  return key ? "ok" : key.error().reason();
}

TEST(VerifierTest, AnyChangeOfWhatIsSignedIsRefused) {
  const Message good = Signed({.query = "a=1"});
  EXPECT_EQ(Outcome(good), "ok");
  EXPECT_EQ(Outcome(good, kNow, "other secret"), "SignatureDoesNotMatch");
  EXPECT_EQ(Outcome(good, kNow, "secret", kEmptySha256), "SignatureDoesNotMatch");
  Message bad = good;
  bad.method = "PUT";
  EXPECT_EQ(Outcome(bad), "SignatureDoesNotMatch");
  bad = good;
  bad.path = "/bucket/kez";
  EXPECT_EQ(Outcome(bad), "SignatureDoesNotMatch");
  bad = good;
  bad.query = "a=2";
  EXPECT_EQ(Outcome(bad), "SignatureDoesNotMatch");
  bad = good;
  bad.headers[0].second = "elsewhere";
  EXPECT_EQ(Outcome(bad), "SignatureDoesNotMatch");
  bad = good;
  bad.headers.emplace_back("X-Amz-Acl", "public-read");
  EXPECT_EQ(Outcome(bad), "AccessDenied");
}

TEST(VerifierTest, TheClockMayDifferByFifteenMinutes) {
  const Message message = Signed({});
  EXPECT_EQ(Outcome(message, kNow + minutes(14)), "ok");
  EXPECT_EQ(Outcome(message, kNow - minutes(14)), "ok");
  EXPECT_EQ(Outcome(message, kNow + minutes(16)), "RequestTimeTooSkewed");
  EXPECT_EQ(Outcome(message, kNow - minutes(16)), "RequestTimeTooSkewed");
}

TEST(VerifierTest, APresignedRequestHoldsForItsLifetime) {
  const Message message = Presigned({}, seconds(3600));
  EXPECT_EQ(Outcome(message, kNow + seconds(3600)), "ok");
  EXPECT_EQ(Outcome(message, kNow + seconds(3601)), "AccessDenied");
  EXPECT_EQ(Outcome(message, kNow - minutes(16)), "RequestTimeTooSkewed");
  EXPECT_EQ(Outcome(Presigned({}, seconds(604'800))), "ok");
  EXPECT_EQ(Outcome(Presigned({}, seconds(604'801))), "AuthorizationQueryParametersError");
  EXPECT_EQ(Outcome(Presigned({}, seconds(0))), "AuthorizationQueryParametersError");
  EXPECT_EQ(Outcome(Presigned({}, seconds(-5))), "AuthorizationQueryParametersError");
  Message longer = message;
  longer.query.replace(longer.query.find("Expires=3600"), 12, "Expires=7200");
  EXPECT_EQ(Outcome(longer), "SignatureDoesNotMatch");
}

TEST(VerifierTest, TheScopesDateMustBeThatOfTheRequest) {
  Message message = Signed({});
  std::string& authorization = message.headers.back().second;
  authorization.replace(authorization.find("20261122"), 8, "20261121");
  EXPECT_EQ(Outcome(message), "AccessDenied");
}

TEST(VerifierTest, MalformedAuthorizationIsRefused) {
  const std::string scope = "Credential=A/20261122/us-east-1/s3/aws4_request";
  const std::string rest = ", SignedHeaders=host, Signature=" + std::string(64, '0');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "AccessDenied"},
      {"AWS AKID:c2ln", "AccessDenied"},
      {"Bearer x", "AccessDenied"},
      {"AWS4-HMAC-SHA256", "AccessDenied"},
      {"AWS4-HMAC-SHA256 nonsense", "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 " + scope, "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 Credential=A/20261122/us-east-1/s3" + rest,
       "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 Credential=/20261122/us-east-1/s3/aws4_request" + rest,
       "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 " + scope +
           ", SignedHeaders=x-amz-date, Signature=" + std::string(64, '0'),
       "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host, Signature=00",
       "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 " + scope + rest + ", " + scope, "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 " + scope + rest, "SignatureDoesNotMatch"},
  };
  for (const auto& [authorization, reason] : cases) {
    Message message;
    message.headers.emplace_back("X-Amz-Date", "20261122T083000Z");
    message.headers.emplace_back("Authorization", authorization);
    EXPECT_EQ(Outcome(message), reason) << authorization;
  }
  EXPECT_EQ(Outcome(Message{}), "AccessDenied");
}

TEST(VerifierTest, SignaturesInHeaderAndQueryTogetherAreRefused) {
  Message both = Presigned({}, seconds(60));
  const Message header = Signed({});
  both.headers = header.headers;
  EXPECT_EQ(Outcome(both), "AccessDenied");
  Message twice = header;
  twice.headers.push_back(twice.headers.back());
  EXPECT_EQ(Outcome(twice), "AccessDenied");
}

TEST(VerifierTest, S3PathsAreSignedOnceAndAsTheyAre) {
  EXPECT_EQ(*CanonicalPath("/b/a%20b//../c+d%2Fe", PathRule::kS3), "/b/a%20b//../c%2Bd/e");
  EXPECT_EQ(*CanonicalPath("/b/a%20b//../c", PathRule::kNormalise), "/b/c");
  EXPECT_EQ(*CanonicalPath("/f/a%3Ab/x", PathRule::kNormalise), "/f/a%253Ab/x");
  EXPECT_FALSE(CanonicalPath("/b/%zz", PathRule::kS3));
}

TEST(VerifierTest, ChunkedPayloadsMayNotBePresigned) {
  Message message = Presigned({.method = "PUT"}, seconds(60));
  message.headers.emplace_back("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  const auto payload = ParseS3Payload(message.View(), *ParseClaim(message.View()));
  EXPECT_EQ(payload.error().reason(), "AccessDenied");
}

std::string Decode(ChunkedPayloadOptions options, std::string_view text) {
  Result<ChunkedPayload> payload = ChunkedPayload::Make(std::move(options));
  if (!payload) return payload.error().reason();
  std::string decoded;
  while (!text.empty() && !payload->done()) {
    const auto step = payload->Next(text);
    if (!step) return step.error().reason();
    decoded += step->data;
    text.remove_prefix(step->consumed);
  }
  return payload->done() ? decoded : "cut";
}

TEST(ChunkedPayloadTest, VerifiesTheChecksumInAnUnsignedTrailer) {
  const auto options = [](const char* name) {
    return ChunkedPayloadOptions{
        .has_trailer = true, .announced_trailers = name, .decoded_length = 9};
  };
  const std::string data = "9\r\n123456789\r\n0\r\n";
  const std::vector<std::pair<std::string, std::string>> checksums = {
      {"x-amz-checksum-crc32", "y/Q5Jg=="},
      {"x-amz-checksum-crc32c", "4waSgw=="},
      {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
      {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
      {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}};
  for (const auto& [name, value] : checksums) {
    EXPECT_EQ(Decode(options(name.c_str()), data + name + ":" + value + "\r\n\r\n"), "123456789");
    EXPECT_EQ(Decode(options(name.c_str()), data + name + ":AAAAAA==\r\n\r\n"), "BadDigest");
  }
  EXPECT_EQ(Decode(options("x-amz-checksum-crc32"), data + "\r\n"), "MalformedTrailerError");
  EXPECT_EQ(Decode(options(""), data + "x-amz-checksum-crc32:y/Q5Jg==\r\n\r\n"),
            "MalformedTrailerError");
  EXPECT_EQ(Decode(options("x-amz-meta-a"), data), "InvalidRequest");
}

TEST(ChunkedPayloadTest, MalformedFramingIsRefused) {
  const ChunkedPayloadOptions options{.has_trailer = true, .decoded_length = 3};
  EXPECT_EQ(Decode(options, "3\r\nabc\r\n0\r\n\r\n"), "abc");
  EXPECT_EQ(Decode(options, "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), "abc");
  EXPECT_EQ(Decode(options, "4\r\nabcd\r\n0\r\n\r\n"), "IncompleteBody");
  EXPECT_EQ(Decode(options, "2\r\nab\r\n0\r\n\r\n"), "IncompleteBody");
  EXPECT_EQ(Decode(options, "3\r\nabcd\r\n0\r\n\r\n"), "InvalidRequest");
  EXPECT_EQ(Decode(options, "x\r\n"), "InvalidChunkSizeError");
  EXPECT_EQ(Decode(options, "-1\r\n"), "InvalidChunkSizeError");
  EXPECT_EQ(Decode(options, "fffffffffffffffff\r\n"), "InvalidChunkSizeError");
  EXPECT_EQ(Decode(options, "3;chunk-signature=00\r\nabc\r\n0\r\n\r\n"), "InvalidRequest");
  EXPECT_EQ(Decode(options, "3" + std::string(2000, ' ')), "InvalidRequest");
  EXPECT_EQ(Decode(options, "3\r\nabc\r\n0\r\n"), "cut");
}

class CredentialsTest : public ::testing::Test {
 protected:
  std::filesystem::path File() const { return folder_.path() / "credentials"; }
  void Write(const std::string& text, unsigned mode = 0600) {
    std::ofstream(File()) << text;
    ::chmod(File().c_str(), mode);
  }
  io::TemporaryDirectory folder_;
};

TEST_F(CredentialsTest, AreMadeAtRandomAndForTheirOwnerOnly) {
  auto first = Credentials::OpenOrCreate(File());
  ASSERT_TRUE(first) << first.error().message();
  struct stat status {};
  ASSERT_EQ(::stat(File().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const Profile made = (*first)->Default();
  EXPECT_EQ(made.name, "default");
  EXPECT_EQ(made.keys.access_key_id.size(), 20U);
  EXPECT_EQ(made.keys.secret_access_key.size(), 40U);
  auto again = Credentials::OpenOrCreate(File());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->Find(made.keys.access_key_id)->keys.secret_access_key,
            made.keys.secret_access_key);
  EXPECT_EQ((*again)->Find("AKIANOBODY"), nullptr);
  io::TemporaryDirectory other;
  auto different = Credentials::OpenOrCreate(other.path() / "credentials");
  EXPECT_NE((*different)->Default().keys.access_key_id, made.keys.access_key_id);
}

TEST_F(CredentialsTest, AreRefusedWhenOthersMayReadThem) {
  Write("[default]\naws_access_key_id=A\naws_secret_access_key=B\n", 0640);
  const auto opened = Credentials::OpenOrCreate(File());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kDenied);
  EXPECT_THAT(opened.error().message(), HasSubstr("chmod 600"));
}

TEST_F(CredentialsTest, BadContentIsNamedByLine) {
  Write("[default]\nnonsense\n");
  EXPECT_THAT(Credentials::OpenOrCreate(File()).error().message(), HasSubstr("line 2"));
  Write("");
  EXPECT_THAT(Credentials::OpenOrCreate(File()).error().message(), HasSubstr("no profile"));
  Write(
      "[a]\naws_access_key_id=A\naws_secret_access_key=B\n"
      "[b]\naws_access_key_id=A\naws_secret_access_key=C\n");
  EXPECT_THAT(Credentials::OpenOrCreate(File()).error().message(), HasSubstr("'b'"));
}

TEST_F(CredentialsTest, ProfilesAreReadAsTheAwsToolsDo) {
  const auto profiles = ParseCredentialsFile(
      "# comment\r\n[default]\r\naws_access_key_id = A\r\naws_secret_access_key = x=y\r\n"
      "region = us-east-1\n[sso]\nsso_session = corp\n; more\n[other]\n"
      "aws_access_key_id=C\naws_secret_access_key=D\naws_session_token=T\n");
  ASSERT_TRUE(profiles);
  ASSERT_EQ(profiles->size(), 2U);
  EXPECT_EQ((*profiles)[0].keys.secret_access_key, "x=y");
  EXPECT_EQ((*profiles)[1].name, "other");
  EXPECT_EQ((*profiles)[1].keys.session_token, "T");
}

TEST(SessionTest, ATokenProvesWhoseItIsUntilItExpires) {
  const Session session{"AKIAPARENT", "role", "me", kNow + minutes(60)};
  const KeyPair keys = IssueSession(session, "parent secret");
  EXPECT_EQ(*ParentOfToken(keys.session_token), "AKIAPARENT");
  const auto opened = OpenSession(keys.session_token, keys.access_key_id, "parent secret", kNow);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->secret_access_key, keys.secret_access_key);
  EXPECT_EQ(opened->session.role, "role");
  EXPECT_EQ(opened->session.name, "me");
  const auto reason = [&](std::string token, std::string key, std::string secret, Timestamp now) {
    return OpenSession(token, key, secret, now).error().reason();
  };
  EXPECT_EQ(reason(keys.session_token, keys.access_key_id, "parent secret", kNow + minutes(61)),
            "ExpiredToken");
  EXPECT_EQ(reason(keys.session_token, "ASIAOTHER", "parent secret", kNow), "InvalidToken");
  EXPECT_EQ(reason(keys.session_token, keys.access_key_id, "other", kNow), "InvalidToken");
  std::string forged = *Base64Decode(keys.session_token);
  forged.replace(forged.find("role\":\"role"), 11, "role\":\"root");
  EXPECT_EQ(reason(Base64Encode(forged), keys.access_key_id, "parent secret", kNow),
            "InvalidToken");
  EXPECT_EQ(reason("!!", keys.access_key_id, "parent secret", kNow), "InvalidToken");
}

}  // namespace
}  // namespace scones::auth

// The S3 dialect in process: addresses, headers, XML limits, and what a client library can't send.
// Behaviour as clients see it is tested by tests/clients/s3_boto3_test.py.
#include "api/s3_dialect.h"

#include <gmock/gmock.h>

#include "api/s3_headers.h"
#include "api/s3_xml.h"
#include "io/shards.h"

namespace scones::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

S3Address Address(std::string_view host, std::string_view path) {
  return ParseS3Address(host, path).value();
}

TEST(S3Address, ComesFromThePathOrTheHost) {
  for (const char* host : {"127.0.0.1:4566", "localhost", "s3.localhost:1", "s3.amazonaws.com",
                           "s3.eu-west-1.amazonaws.com", "[::1]:80", ""}) {
    EXPECT_EQ(Address(host, "/bucket/a/b").bucket, "bucket") << host;
    EXPECT_EQ(Address(host, "/bucket/a/b").key, "a/b") << host;
    EXPECT_EQ(Address(host, "/").bucket, "") << host;
  }
  for (const char* host : {"bucket.localhost", "bucket.localhost:4566", "bucket.s3.localhost:1",
                           "bucket.s3.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com"}) {
    EXPECT_EQ(Address(host, "/a/b").bucket, "bucket") << host;
    EXPECT_EQ(Address(host, "/a/b").key, "a/b") << host;
  }
  EXPECT_EQ(Address("my.dotted.name.localhost:1", "/k").bucket, "my.dotted.name");
}

TEST(S3Address, KeysAreWhatThePathDecodesToAndNothingIsResolved) {
  EXPECT_EQ(Address("h", "/b/../../etc/passwd").key, "../../etc/passwd");
  EXPECT_EQ(Address("h", "/b/%2e%2e%2Fx").key, "../x");
  EXPECT_EQ(Address("h", "/b//a//").key, "/a//");
  EXPECT_EQ(Address("h", "/b/a+b%2B%20").key, "a+b+ ");
  EXPECT_EQ(Address("h", "/b/%00x").key, std::string("\0x", 2));
  EXPECT_EQ(Address("h", "/b%2Fc/k").bucket, "b/c");  // no valid name: refused by the store
}

TEST(S3Address, BytesThatAreNoTextAreRefused) {
  for (const char* path : {"/b/%FF", "/b/%C0%AF", "/b/%ED%A0%80", "/b/%F5%80%80%80", "/b/%E2%82",
                           "/b/%C2%8A", "/b/%zz", "/b/%4"}) {
    EXPECT_EQ(ParseS3Address("h", path).error().reason(), "InvalidURI") << path;
  }
}

TEST(S3Range, OnlyOneRangeOfBytesIsUnderstood) {
  EXPECT_EQ(RangeHeader("bytes=4-7")->last, 7U);
  EXPECT_EQ(RangeHeader("bytes=4-")->first, 4U);
  EXPECT_EQ(RangeHeader("bytes=-7")->suffix, 7U);
  for (const char* text : {"", "bytes", "bytes=", "bytes=-", "4-7", "bytes=7-4", "bytes=1-2,4-5",
                           "bytes=a-b", "bytes=99999999999999999999-", "bytes=+1-2"}) {
    EXPECT_FALSE(RangeHeader(text)) << text;
  }
}

TEST(S3Xml, ReadsElementsAndTheirText) {
  const XmlElement root = ParseXml(
                              "<?xml version=\"1.0\"?><Delete xmlns=\"x\"><Object><Key>a&amp;"
                              "&lt;&#x41; </Key></Object><Quiet>true</Quiet></Delete>",
                              "Delete")
                              .value();
  EXPECT_EQ(root.Child("Object").Child("Key").text, "a&<A ");
  EXPECT_TRUE(root.Has("Quiet"));
  EXPECT_FALSE(root.Has("Loud"));
}

TEST(S3Xml, RefusesDocumentTypesDepthAndOtherRoots) {
  const auto refused = [](const std::string& text) {
    const auto parsed = ParseXml(text, "A");
    return !parsed && parsed.error().reason() == "MalformedXML";
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("<A>"));
  EXPECT_TRUE(refused("<B/>"));
  EXPECT_TRUE(refused("<A></B>"));
  EXPECT_TRUE(refused("<!DOCTYPE A [<!ENTITY x \"y\">]><A>&x;</A>"));
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<A>";
    for (int i = 0; i < depth; ++i) text += "</A>";
    return text;
  };
  EXPECT_FALSE(refused(nested(32)));
  EXPECT_TRUE(refused(nested(33)));
  EXPECT_TRUE(refused(nested(100'000)));
}

TEST(S3Xml, WritesEscapedText) {
  XmlWriter xml("Root");
  xml.Text("Key", "<img onerror=\"x\">&\r");
  EXPECT_THAT(xml.Finish(),
              HasSubstr("<Key>&lt;img onerror=&quot;x&quot;&gt;&amp;&#13;</Key></Root>"));
}

// Yields some bytes and then the error that a wrong signature or checksum ends a body with.
class FailingBody final : public http::BodyStream {
 public:
  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
    if (sent_ > 400'000) {
      co_return Error(Code::kUnauthenticated, "SignatureDoesNotMatch", "the last chunk is wrong");
    }
    std::fill(buffer.begin(), buffer.end(), 'x');
    sent_ += buffer.size();
    co_return buffer.size();
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::size_t sent_ = 0;
};

class S3DialectTest : public testing::Test {
 protected:
  S3DialectTest() : shards_(1), disk_("disk", 2, 100) {
    database_ = db::Database::Open(directory_.path() / "test.db", {}).value();
    objects::ObjectStore::Options options{.directory = directory_.path() / "objects"};
    store_ = objects::ObjectStore::Open(*database_, disk_, clock_, options).value();
    dialect_ = std::make_unique<S3Dialect>(*store_);
    EXPECT_EQ(Send("PUT", "/bucket").status, 200);
  }

  http::Response Send(const std::string& method, const std::string& target, std::string body = "",
                      std::vector<http::Headers::Field> headers = {}) {
    headers.emplace_back("Content-Length", std::to_string(body.size()));
    const auto stream = http::MakeStringBody(std::move(body));
    return SendStream(method, target, *stream, headers);
  }
  http::Response SendStream(const std::string& method, const std::string& target,
                            http::BodyStream& body,
                            const std::vector<http::Headers::Field>& headers) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers.Add("Host", "127.0.0.1");
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    Call call{.request_id = "ID1", .now = clock_.Now(), .base_url = "http://127.0.0.1"};
    return shards_.RunAndWait(dialect_->Handle(std::move(call), std::move(request), body));
  }

  io::TemporaryDirectory directory_;
  SystemClock clock_;
  io::Shards shards_;  // outlives the pool, which answers coroutines on it
  io::BlockingPool disk_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<objects::ObjectStore> store_;
  std::unique_ptr<S3Dialect> dialect_;
};

TEST_F(S3DialectTest, PutsAndGetsAnObject) {
  const http::Response put = Send("PUT", "/bucket/k", "hello", {{"x-amz-meta-A", "1"}});
  EXPECT_EQ(put.headers.Get("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  const http::Response got = Send("GET", "/bucket/k");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.headers.Get("x-amz-meta-a"), "1");
  const http::Response head = Send("HEAD", "/bucket/k");
  EXPECT_EQ(head.headers.Get("Content-Length"), "5");
  EXPECT_EQ(head.body, "");
}

TEST_F(S3DialectTest, ErrorsNameTheRequestAndTheResource) {
  const http::Response response = Send("GET", "/bucket/none");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.Get("x-amz-request-id"), "ID1");
  EXPECT_THAT(response.body, HasSubstr("<Code>NoSuchKey</Code>"));
  EXPECT_THAT(response.body, HasSubstr("<Resource>/bucket/none</Resource>"));
  EXPECT_THAT(response.body, HasSubstr("<RequestId>ID1</RequestId>"));
}

TEST_F(S3DialectTest, ABodyThatFailsVerificationStoresNothing) {
  ASSERT_EQ(Send("PUT", "/bucket/k", "old").status, 200);
  FailingBody body;
  const http::Response response =
      SendStream("PUT", "/bucket/k", body, {{"Transfer-Encoding", "chunked"}});
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("SignatureDoesNotMatch"));
  EXPECT_EQ(Send("GET", "/bucket/k").body, "old");
}

TEST_F(S3DialectTest, APutNeedsALengthAndWholeHeaders) {
  const auto body = http::MakeStringBody("x");
  EXPECT_EQ(SendStream("PUT", "/bucket/k", *body, {}).status, 411);
  EXPECT_THAT(Send("PUT", "/bucket/k", "x", {{"Content-MD5", ""}}).body,
              HasSubstr("InvalidDigest"));
  EXPECT_THAT(Send("PUT", "/bucket/k", "x", {{"x-amz-checksum-crc32", "bad"}}).body,
              HasSubstr("InvalidRequest"));
  EXPECT_THAT(Send("PUT", "/bucket/k", "x",
                   {{"x-amz-checksum-crc32", "AAAAAA=="}, {"x-amz-checksum-crc32c", "AAAAAA=="}})
                  .body,
              HasSubstr("Expecting a single"));
  EXPECT_THAT(Send("PUT", "/bucket/k", "x", {{"x-amz-meta-a", std::string(3000, 'x')}}).body,
              HasSubstr("MetadataTooLarge"));
}

TEST_F(S3DialectTest, SubresourcesThatDoNotExistHereNeverReachAnObject) {
  ASSERT_EQ(Send("PUT", "/bucket/k", "old").status, 200);
  for (const char* query : {"retention", "legal-hold", "acl", "torrent", "restore"}) {
    EXPECT_GE(Send("PUT", std::string("/bucket/k?") + query, "new").status, 400) << query;
  }
  EXPECT_EQ(Send("PUT", "/bucket?policy", "{}").status, 501);
  EXPECT_EQ(Send("DELETE", "/bucket?lifecycle").status, 501);
  EXPECT_EQ(Send("GET", "/bucket/k").body, "old");
  EXPECT_EQ(Send("PATCH", "/bucket/k").status, 405);
  EXPECT_EQ(Send("POST", "/bucket").status, 405);
}

TEST_F(S3DialectTest, ListsEscapeWhatKeysHold) {
  ASSERT_EQ(Send("PUT", "/bucket/%3Cimg%20onerror%3E%26", "x").status, 200);
  EXPECT_THAT(Send("GET", "/bucket").body, HasSubstr("<Key>&lt;img onerror&gt;&amp;</Key>"));
  EXPECT_THAT(Send("GET", "/bucket?list-type=2&encoding-type=url").body,
              HasSubstr("<Key>%3Cimg%20onerror%3E%26</Key>"));
  EXPECT_EQ(Send("GET", "/bucket?encoding-type=other").status, 400);
  EXPECT_EQ(Send("GET", "/bucket?list-type=2&continuation-token=%21").status, 400);
  EXPECT_EQ(Send("GET", "/bucket?max-keys=-1").status, 400);
}

TEST_F(S3DialectTest, HostileDocumentsAreMalformed) {
  const std::string bomb =
      "<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\">]><Delete><Object><Key>&a;</Key>"
      "</Object></Delete>";
  for (const std::string& text : {bomb, std::string("<Delete>"), std::string(2 << 20, ' '),
                                  std::string("<Delete><Object/></Delete>")}) {
    const http::Response response = Send("POST", "/bucket?delete", text);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("MalformedXML"));
  }
}

TEST_F(S3DialectTest, CopySourcesAreDecodedOnceAndNeverLeaveTheStore) {
  ASSERT_EQ(Send("PUT", "/bucket/a%253Fb", "x").status, 200);  // the key is a%3Fb
  const auto copy = [&](const std::string& source) {
    return Send("PUT", "/bucket/copy", "", {{"x-amz-copy-source", source}});
  };
  EXPECT_EQ(copy("/bucket/a%253Fb").status, 200);
  EXPECT_THAT(copy("bucket/a%253Fb").body, HasSubstr("CopyObjectResult"));
  for (const char* source : {"", "/", "bucket", "bucket/", "/bucket/"}) {
    EXPECT_THAT(copy(source).body, HasSubstr("InvalidArgument")) << source;
  }
  EXPECT_EQ(copy("/bucket/../../../etc/passwd").status, 404);
  EXPECT_EQ(copy("/..%2F..%2Fetc/passwd").status, 404);
}

TEST_F(S3DialectTest, NotificationsAreEmptyUntilSomethingFiresThem) {
  EXPECT_THAT(Send("GET", "/bucket?notification").body, HasSubstr("NotificationConfiguration"));
  EXPECT_EQ(Send("PUT", "/bucket?notification", "<NotificationConfiguration/>").status, 200);
  EXPECT_EQ(Send("PUT", "/bucket?notification",
                 "<NotificationConfiguration><QueueConfiguration/></NotificationConfiguration>")
                .status,
            501);
}

}  // namespace
}  // namespace scones::api

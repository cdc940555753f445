// The AWS signing test suite and the streaming vectors, read from the shared corpus: each case is
// signed as a client would and verified as a server does, as header and as query.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "auth/chunked_payload.h"
#include "auth/signer.h"
#include "auth/verifier.h"
#include "base/encoding.h"
#include "base/json.h"

namespace scones::auth {
namespace {

std::filesystem::path Corpus() {
  const char* shared = std::getenv("SCONES_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : "../shared") / "corpus" / "sigv4";
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct HttpText {
  std::string method;
  std::string path;
  std::string query;
  HeaderFields headers;
  std::string body;

  RequestView View() const { return {method, path, query, headers}; }
  std::string Header(std::string_view name) const { return std::string(View().Header(name)); }
};

// The suite's request files: LF or CRLF, targets with raw blanks, values over several lines.
HttpText ParseHttpText(const std::string& text) {
  HttpText request;
  std::stringstream stream(text);
  std::string line;
  std::getline(stream, line);
  const std::size_t first = line.find(' ');
  const std::string target = line.substr(first + 1, line.rfind(" HTTP/") - first - 1);
  request.method = line.substr(0, first);
  request.path = target.substr(0, target.find('?'));
  if (target.find('?') != std::string::npos) request.query = target.substr(target.find('?') + 1);
  while (std::getline(stream, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (line[0] == ' ') {
      request.headers.back().second += line;
    } else {
      request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  std::getline(stream, request.body, '\0');
  return request;
}

struct Context {
  KeyPair keys;
  SigningOptions options;
  std::chrono::seconds lifetime{0};
  Timestamp time;
};

Context ReadContext(const std::filesystem::path& folder) {
  const json::value value = *ParseJson(ReadText(folder / "context.json"));
  const json::object& object = value.get_object();
  const json::object& credentials = *FindObject(object, "credentials");
  Context context;
  context.keys = {StringOr(credentials, "access_key_id", ""),
                  StringOr(credentials, "secret_access_key", ""),
                  StringOr(credentials, "token", "")};
  context.options.region = StringOr(object, "region", "");
  context.options.service = StringOr(object, "service", "");
  context.options.path_rule =
      FindBool(object, "normalize").value_or(true) ? PathRule::kNormalise : PathRule::kKeep;
  context.options.sign_session_token = !FindBool(object, "omit_session_token").value_or(false);
  context.options.send_payload_hash = FindBool(object, "sign_body").value_or(false);
  context.lifetime = std::chrono::seconds(FindInteger(object, "expiration_in_seconds").value_or(0));
  context.time = *ParseIso8601(StringOr(object, "timestamp", ""));
  return context;
}

class SuiteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path suite = Corpus() / "aws-signing-test-suite-v4";
    if (!std::filesystem::exists(suite)) GTEST_SKIP() << suite << " is not here";
    for (const auto& entry : std::filesystem::directory_iterator(suite)) {
      folders_.push_back(entry.path());
    }
  }
  std::vector<std::filesystem::path> folders_;
};

// The suite with "normalize" off has no service of ours; what we verify is normalised.
bool Verifies(const HttpText& request, const Context& context, const std::string& payload_hash) {
  SigningKeyCache cache;
  const Result<Claim> claim = ParseClaim(request.View());
  if (!claim) return false;
  return Verify(request.View(), *claim, context.keys.secret_access_key, payload_hash,
                context.time + std::chrono::seconds(5), cache)
      .has_value();
}

TEST_F(SuiteTest, SignsAndVerifiesEveryHeaderCase) {
  int verified = 0;
  for (const auto& folder : folders_) {
    SCOPED_TRACE(folder.filename());
    const Context context = ReadContext(folder);
    const HttpText request = ParseHttpText(ReadText(folder / "request.txt"));
    const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, request.body));
    const auto added =
        SignHeaders(request.View(), context.keys, context.options, hash, context.time);
    ASSERT_TRUE(added);
    EXPECT_THAT(added->back().second,
                ::testing::EndsWith("Signature=" + ReadText(folder / "header-signature.txt")));
    HttpText signed_request = request;
    signed_request.headers.insert(signed_request.headers.end(), added->begin(), added->end());
    const HttpText expected = ParseHttpText(ReadText(folder / "header-signed-request.txt"));
    EXPECT_EQ(signed_request.Header("authorization"), expected.Header("authorization"));
    if (context.options.path_rule == PathRule::kKeep || !context.options.sign_session_token) {
      continue;
    }
    EXPECT_TRUE(Verifies(expected, context, hash));
    EXPECT_FALSE(Verifies(expected, context, std::string(64, '0')));
    ++verified;
  }
  EXPECT_EQ(folders_.size(), 38U);
  EXPECT_EQ(verified, 30);
}

TEST_F(SuiteTest, PresignsAndVerifiesEveryQueryCase) {
  int verified = 0;
  for (const auto& folder : folders_) {
    SCOPED_TRACE(folder.filename());
    const Context context = ReadContext(folder);
    const HttpText request = ParseHttpText(ReadText(folder / "request.txt"));
    const std::string hash = HexEncode(
        Digest(HashAlgorithm::kSha256, context.options.send_payload_hash ? request.body : ""));
    const auto query = Presign(request.View(), context.keys, context.options, hash,
                               context.lifetime, context.time);
    ASSERT_TRUE(query);
    EXPECT_THAT(*query, ::testing::HasSubstr("X-Amz-Signature=" +
                                             ReadText(folder / "query-signature.txt")));
    if (context.options.path_rule == PathRule::kKeep || !context.options.sign_session_token) {
      continue;
    }
    const HttpText expected = ParseHttpText(ReadText(folder / "query-signed-request.txt"));
    EXPECT_TRUE(Verifies(expected, context, hash));
    ++verified;
  }
  EXPECT_EQ(verified, 30);
}

class StreamingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path file = Corpus() / "streaming_vectors.json";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
    vectors_ = ParseJson(ReadText(file))->get_object();
  }
  json::object vectors_;
};

// Feeds `text` in pieces of `piece` bytes. The decoded payload, or the error's reason.
std::string Decode(const ChunkedPayloadOptions& options, std::string_view text, std::size_t piece) {
  Result<ChunkedPayload> payload = ChunkedPayload::Make(options);
  if (!payload) return payload.error().reason();
  std::string decoded;
  while (!text.empty() && !payload->done()) {
    const Result<ChunkedPayload::Step> step = payload->Next(text.substr(0, piece));
    if (!step) return step.error().reason();
    decoded += step->data;
    text.remove_prefix(step->consumed);
  }
  return payload->done() ? decoded : "cut";
}

std::string Flip(std::string text, std::size_t at) {
  text[at] = text[at] == 'b' ? 'c' : 'b';
  return text;
}

TEST_F(StreamingTest, VerifiesSeedChunksAndTrailerOfEveryVector) {
  const std::string data(66560, 'a');
  const std::string secret = StringOr(vectors_, "secret_key", "");
  ASSERT_EQ(FindArray(vectors_, "cases")->size(), 2U);
  for (const json::value& value : *FindArray(vectors_, "cases")) {
    const json::object& object = value.get_object();
    SCOPED_TRACE(StringOr(object, "name", ""));
    HttpText request{.method = "PUT", .path = "/examplebucket/chunkObject.txt"};
    for (const auto& [name, text] : *FindObject(object, "headers")) {
      request.headers.emplace_back(name, text.get_string());
    }
    const Timestamp now = *ParseBasicIso8601(StringOr(vectors_, "timestamp", ""));
    const SigningOptions options{.service = "s3", .path_rule = PathRule::kS3};
    const KeyPair keys{StringOr(vectors_, "access_key", ""), secret, ""};
    const std::string word = request.Header("x-amz-content-sha256");
    const auto added = SignHeaders(request.View(), keys, options, word, now);
    ASSERT_TRUE(added);
    request.headers.insert(request.headers.end(), added->begin(), added->end());
    const Result<Claim> claim = ParseClaim(request.View());
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->signature, StringOr(object, "seed_signature", ""));
    SigningKeyCache cache;
    const auto key = Verify(request.View(), *claim, secret, word, now, cache);
    ASSERT_TRUE(key);

    const std::string trailer = StringOr(object, "trailer", "");
    ChunkedPayloadOptions chunks{.has_trailer = !trailer.empty(),
                                 .announced_trailers = request.Header("x-amz-trailer"),
                                 .decoded_length = data.size()};
    chunks.signing = {*key, claim->basic_time, claim->scope.ToString(), claim->signature};
    const json::array& signatures = *FindArray(object, "chunk_signatures");
    const auto line = [&](const char* size, int i) {
      return std::string(size) + ";chunk-signature=" + std::string(signatures[i].get_string()) +
             "\r\n";
    };
    std::string text = line("10000", 0) + data.substr(0, 65536) + "\r\n" + line("400", 1) +
                       data.substr(65536) + "\r\n" + line("0", 2);
    if (!trailer.empty()) {
      text += trailer.substr(0, trailer.size() - 1) +
              "\r\nx-amz-trailer-signature:" + StringOr(object, "trailer_signature", "") + "\r\n";
    }
    text += "\r\n";
    for (const std::size_t piece : {1UL, 7UL, 4096UL, 1UL << 20}) {
      EXPECT_TRUE(Decode(chunks, text, piece) == data) << piece;
    }
    EXPECT_EQ(Decode(chunks, Flip(text, 200), 4096), "SignatureDoesNotMatch");
    EXPECT_EQ(Decode(chunks, Flip(text, 25), 4096), "SignatureDoesNotMatch");
    EXPECT_EQ(Decode(chunks, std::string_view(text).substr(0, text.size() - 2), 4096), "cut");
    if (!trailer.empty()) {
      EXPECT_EQ(Decode(chunks, Flip(text, text.size() - 5), 4096), "SignatureDoesNotMatch");
    }
    chunks.decoded_length = data.size() - 1;
    EXPECT_EQ(Decode(chunks, text, 4096), "IncompleteBody");
    chunks.decoded_length = data.size() + 1;
    EXPECT_EQ(Decode(chunks, text, 4096), "IncompleteBody");
  }
}

}  // namespace
}  // namespace scones::auth

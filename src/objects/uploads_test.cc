// Multipart uploads. The store under test accepts parts of 1,000 bytes.
#include <fmt/format.h>

#include "base/encoding.h"
#include "objects/checksum.h"
#include "objects/store_testing.h"

namespace scones::objects {
namespace {

class UploadsTest : public StoreTest {
 protected:
  UploadName Create(const std::string& key = "k", UploadOptions options = {}) {
    const auto upload = store().Run(store()->CreateUpload("bucket", key, std::move(options)));
    return {.bucket = "bucket", .key = key, .upload_id = upload.value().upload_id};
  }
  CompletedPart Send(const UploadName& name, std::uint32_t number, std::string bytes) {
    const Part part = store().PutPart(name, number, std::move(bytes)).value();
    CompletedPart sent{.number = number, .etag = part.etag, .checksum = {}};
    if (part.checksum) sent.checksum = part.checksum->value;
    return sent;
  }
  Result<PutReceipt> Complete(const UploadName& name, CompleteOptions options) {
    return store().Run(store()->CompleteUpload(name, std::move(options)));
  }
};

TEST_F(UploadsTest, PartsAreJoinedAndReadWholeByRangeAndByNumber) {
  const UploadName name = Create("k", {.headers = {{"content-type", "a/b"}}});
  const std::vector<std::string> bytes = {Pattern(300'000, 1), Pattern(70'000, 2), Pattern(5, 3)};
  CompleteOptions options;
  for (const std::uint32_t number : {1U, 2U, 9U}) {
    options.parts.push_back(Send(name, number, bytes[options.parts.size()]));
  }
  const auto receipt = Complete(name, options).value();
  EXPECT_TRUE(receipt.etag.ends_with("-3"));
  Reopen();
  const std::string whole = bytes[0] + bytes[1] + bytes[2];
  EXPECT_EQ(store().Get("k").value(), whole);
  EXPECT_EQ(store().Get("k", {.range = ByteRange{.first = 299'990, .last = 370'001}}).value(),
            whole.substr(299'990, 70'012));
  EXPECT_EQ(store().Get("k", {.part_number = 2}).value(), bytes[1]);
  EXPECT_EQ(store().Get("k", {.part_number = 4}).error().reason(), "InvalidPart");
  const auto head = store().Run(store()->Head({"bucket", "k", ""}, {})).value();
  EXPECT_EQ(head.info.parts_count, 3U);
  EXPECT_EQ(head.info.headers, (Pairs{{"content-type", "a/b"}}));
}

TEST_F(UploadsTest, TheEtagIsTheDigestOfThePartsDigests) {
  const UploadName name = Create();
  const std::string bytes = Pattern(2000);
  const auto receipt = Complete(name, {.parts = {Send(name, 1, bytes)}}).value();
  const std::string md5 = Digest(HashAlgorithm::kMd5, bytes);
  EXPECT_EQ(receipt.etag, HexEncode(Digest(HashAlgorithm::kMd5, md5)) + "-1");
}

TEST_F(UploadsTest, WrongListsOfPartsAreRefusedByName) {
  const UploadName name = Create();
  const CompletedPart small = Send(name, 1, "small");
  const CompletedPart large = Send(name, 2, Pattern(1000));
  const auto reason = [&](std::vector<CompletedPart> parts) {
    return Complete(name, {.parts = std::move(parts)}).error().reason();
  };
  EXPECT_EQ(reason({}), "MalformedXML");
  EXPECT_EQ(reason({large, small}), "InvalidPartOrder");
  EXPECT_EQ(reason({large, large}), "InvalidPartOrder");
  EXPECT_EQ(reason({small, large}), "EntityTooSmall");
  EXPECT_EQ(reason({{.number = 3, .etag = large.etag, .checksum = {}}}), "InvalidPart");
  EXPECT_EQ(reason({{.number = 2, .etag = "ffff", .checksum = {}}}), "InvalidPart");
  EXPECT_EQ(store().PutPart(name, 0, "x").error().reason(), "InvalidArgument");
  EXPECT_EQ(store().PutPart(name, 10'001, "x").error().reason(), "InvalidArgument");
  EXPECT_TRUE(Complete(name, {.parts = {large}}));
}

TEST_F(UploadsTest, CompletingAgainRepeatsTheReceipt) {
  const UploadName name = Create();
  const CompleteOptions options{.parts = {Send(name, 1, "x")}};
  const auto receipt = Complete(name, options).value();
  EXPECT_EQ(Complete(name, options).value().etag, receipt.etag);
  ASSERT_TRUE(store().Put("k", "other"));
  EXPECT_EQ(Complete(name, options).error().reason(), "NoSuchUpload");
}

TEST_F(UploadsTest, PartsThatAreReplacedUnusedOrAbortedLeaveNoFiles) {
  UploadName name = Create();
  Send(name, 1, "former");
  const CompletedPart used = Send(name, 1, "used");
  Send(name, 2, "unused");
  ASSERT_TRUE(Complete(name, {.parts = {used}}));
  EXPECT_TRUE(WaitForFiles(files(), 1));
  EXPECT_EQ(store().Get("k").value(), "used");
  ASSERT_TRUE(store().Run(store()->Delete({"bucket", "k", ""})));
  EXPECT_TRUE(WaitForFiles(files(), 0));
  name = Create();
  Send(name, 1, "x");
  ASSERT_TRUE(store().Run(store()->AbortUpload(name)));
  EXPECT_EQ(store().Run(store()->AbortUpload(name)).error().reason(), "NoSuchUpload");
  EXPECT_EQ(store().PutPart(name, 1, "x").error().reason(), "NoSuchUpload");
  EXPECT_TRUE(WaitForFiles(files(), 0));
  Send(Create(), 1, "x");
  ASSERT_TRUE(store().Run(store()->DeleteBucket("bucket")));
  EXPECT_TRUE(WaitForFiles(files(), 0));
}

TEST_F(UploadsTest, ChecksumsOfTheWholeFollowFromTheParts) {
  const std::vector<std::string> bytes = {Pattern(70'001, 1), Pattern(1'234, 2), Pattern(3, 3)};
  const std::string whole = bytes[0] + bytes[1] + bytes[2];
  for (const HashAlgorithm algorithm :
       {HashAlgorithm::kCrc32, HashAlgorithm::kCrc32c, HashAlgorithm::kCrc64Nvme}) {
    const UploadName name =
        Create("k", {.checksum_algorithm = algorithm, .checksum_type = ChecksumType::kFullObject});
    CompleteOptions options;
    for (std::uint32_t i = 0; i < 3; ++i) options.parts.push_back(Send(name, i + 1, bytes[i]));
    options.checksum_value = "wrong";
    EXPECT_EQ(Complete(name, options).error().reason(), "BadDigest");
    options.checksum_value.reset();
    EXPECT_EQ(Complete(name, options).value().checksum->value,
              Base64Encode(Digest(algorithm, whole)));
  }
  const UploadName name = Create("k", {.checksum_algorithm = HashAlgorithm::kSha256});
  CompleteOptions options;
  std::string digests;
  for (std::uint32_t i = 0; i < 3; ++i) {
    options.parts.push_back(Send(name, i + 1, bytes[i]));
    digests += Digest(HashAlgorithm::kSha256, bytes[i]);
  }
  EXPECT_EQ(Complete(name, options).value().checksum->value,
            Base64Encode(Digest(HashAlgorithm::kSha256, digests)) + "-3");
}

TEST_F(UploadsTest, APartMustUseTheUploadsChecksum) {
  const UploadName name = Create("k", {.checksum_algorithm = HashAlgorithm::kSha256});
  EXPECT_EQ(
      store().PutPart(name, 1, "x", {.checksum_algorithm = HashAlgorithm::kCrc32}).error().reason(),
      "InvalidRequest");
  EXPECT_EQ(store().PutPart(name, 1, "x").value().checksum->algorithm, HashAlgorithm::kSha256);
}

TEST_F(UploadsTest, UploadsAndPartsAreListedInPages) {
  const UploadName a1 = Create("a");
  const UploadName a2 = Create("a");
  const UploadName b = Create("b/c");
  const auto list = [&](ListOptions options) {
    return store().Run(store()->ListUploads("bucket", options)).value();
  };
  EXPECT_EQ(list({}).uploads.size(), 3U);
  const UploadPage first = list({.max_entries = 1});
  EXPECT_TRUE(first.truncated);
  EXPECT_EQ(first.uploads[0].upload_id, a1.upload_id);
  const UploadPage rest =
      list({.delimiter = "/", .after = first.next_key, .after_version = first.next_upload_id});
  EXPECT_EQ(rest.uploads[0].upload_id, a2.upload_id);
  EXPECT_EQ(rest.common_prefixes, (std::vector<std::string>{"b/"}));
  for (std::uint32_t number = 1; number <= 5; ++number) Send(b, number, "x");
  const auto parts = store().Run(store()->ListParts(b, 2, 2)).value();
  EXPECT_TRUE(parts.truncated);
  ASSERT_EQ(parts.parts.size(), 2U);
  EXPECT_EQ(parts.parts[0].number, 3U);
  EXPECT_FALSE(store().Run(store()->ListParts(b, 3, 2)).value().truncated);
}

}  // namespace
}  // namespace scones::objects

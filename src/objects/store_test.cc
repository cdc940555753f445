// Objects and buckets: what is put comes back, whole, by range, under conditions, after a restart.
#include "base/encoding.h"
#include "objects/store_testing.h"

namespace scones::objects {
namespace {

constexpr std::size_t kLarge = 300'000;  // a file, in more than one chunk

TEST_F(StoreTest, SmallAndLargeObjectsComeBackAfterARestart) {
  for (const std::size_t size : {0UL, 1UL, 4096UL, 65536UL, 65537UL, 262144UL, kLarge}) {
    const auto receipt = store().Put(std::to_string(size), Pattern(size));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(receipt->etag, HexEncode(Digest(HashAlgorithm::kMd5, Pattern(size))));
  }
  Reopen();
  for (const std::size_t size : {0UL, 1UL, 4096UL, 65536UL, 65537UL, 262144UL, kLarge}) {
    EXPECT_EQ(store().Get(std::to_string(size)).value(), Pattern(size)) << size;
  }
}

TEST_F(StoreTest, KeysAreBytesAndNeverBecomePaths) {
  const std::vector<std::string> keys = {"../../escape", "/etc/passwd",
                                         "a//b",         ".",
                                         "..",           std::string("nul\0key", 7),
                                         "\xC3\xA9",     " "};
  for (const std::string& key : keys) ASSERT_TRUE(store().Put(key, key + Pattern(kLarge)));
  for (const std::string& key : keys) EXPECT_EQ(store().Get(key).value(), key + Pattern(kLarge));
  EXPECT_EQ(store().Keys().size(), keys.size());
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "escape"));
  EXPECT_EQ(store().Put("", "x").error().reason(), "InvalidURI");
  EXPECT_EQ(store().Put(std::string(1025, 'k'), "x").error().reason(), "KeyTooLongError");
}

TEST_F(StoreTest, RangesAreCutFromRowsAndFiles) {
  for (const std::size_t size : {5000UL, kLarge}) {
    ASSERT_TRUE(store().Put("k", Pattern(size)));
    const auto get = [&](ByteRange range) { return store().Get("k", {.range = range}); };
    EXPECT_EQ(get({.first = 10, .last = 19}).value(), Pattern(size).substr(10, 10));
    EXPECT_EQ(get({.first = 100}).value(), Pattern(size).substr(100));
    EXPECT_EQ(get({.suffix = 7}).value(), Pattern(size).substr(size - 7));
    EXPECT_EQ(get({.suffix = size * 2}).value(), Pattern(size));
    EXPECT_EQ(get({.first = 4, .last = size * 2}).value(), Pattern(size).substr(4));
    EXPECT_EQ(get({.first = size}).error().reason(), "InvalidRange");
    EXPECT_EQ(get({.suffix = 0}).error().reason(), "InvalidRange");
  }
}

TEST_F(StoreTest, ADigestThatDiffersStoresNothing) {
  ASSERT_TRUE(store().Put("k", "old"));
  for (const std::size_t size : {3UL, kLarge}) {
    EXPECT_EQ(store().Put("k", Pattern(size), {.md5 = std::string(16, 'x')}).error().reason(),
              "BadDigest");
    PutOptions wrong{.checksum_algorithm = HashAlgorithm::kCrc32, .checksum_value = "AAAAAA=="};
    EXPECT_EQ(store().Put("k", Pattern(size), wrong).error().reason(), "BadDigest");
  }
  EXPECT_EQ(store().Get("k").value(), "old");
  EXPECT_TRUE(WaitForFiles(files(), 0));
}

TEST_F(StoreTest, ChecksumsAreKeptWithTheObject) {
  PutOptions options{.checksum_algorithm = HashAlgorithm::kCrc64Nvme};
  const auto receipt = store().Put("k", "123456789", options).value();
  EXPECT_EQ(receipt.checksum->value, "rosUhgp5mIg=");
  const auto head = store().Run(store()->Head({"bucket", "k", ""}, {})).value();
  EXPECT_EQ(head.info.checksum->value, "rosUhgp5mIg=");
}

TEST_F(StoreTest, WriteConditionsAreJudgedWithTheWrite) {
  const PutOptions absent{.conditions = {.if_none_match = "*"}};
  const std::string etag = store().Put("k", "1", absent).value().etag;
  EXPECT_EQ(store().Put("k", "2", absent).error().reason(), "PreconditionFailed");
  EXPECT_EQ(store().Put("k", "2", {.conditions = {.if_match = "0"}}).error().reason(),
            "PreconditionFailed");
  EXPECT_EQ(store().Put("none", "2", {.conditions = {.if_match = "*"}}).error().reason(),
            "NoSuchKey");
  EXPECT_TRUE(store().Put("k", "2", {.conditions = {.if_match = etag}}));
  EXPECT_EQ(store().Get("k").value(), "2");
}

TEST_F(StoreTest, ReadConditionsTellUnchangedFromWrong) {
  const std::string etag = store().Put("k", "1").value().etag;
  const auto reason = [&](ReadConditions conditions) {
    const auto got = store().Get("k", {.conditions = conditions});
    return got ? "" : got.error().reason();
  };
  const Timestamp past = Timestamp() + std::chrono::hours(1);
  const Timestamp future = SystemClock().Now() + std::chrono::hours(1);
  EXPECT_EQ(reason({.if_match = "\"" + etag + "\""}), "");
  EXPECT_EQ(reason({.if_match = "other"}), "PreconditionFailed");
  EXPECT_EQ(reason({.if_none_match = etag}), "NotModified");
  EXPECT_EQ(reason({.if_none_match = "a, \"b\""}), "");
  EXPECT_EQ(reason({.if_modified_since = future}), "NotModified");
  EXPECT_EQ(reason({.if_modified_since = past}), "");
  EXPECT_EQ(reason({.if_unmodified_since = past}), "PreconditionFailed");
  EXPECT_EQ(reason({.if_match = etag, .if_unmodified_since = past}), "");
  EXPECT_EQ(reason({.if_none_match = "other", .if_modified_since = future}), "");
}

TEST_F(StoreTest, OverwritingAndDeletingRemoveTheFilesOfWhatWentAway) {
  ASSERT_TRUE(store().Put("a", Pattern(kLarge)));
  ASSERT_TRUE(store().Put("b", Pattern(kLarge, 2)));
  ASSERT_TRUE(store().Put("a", "small now"));
  EXPECT_TRUE(WaitForFiles(files(), 1));
  ASSERT_TRUE(store().Run(store()->Delete({"bucket", "b", ""})));
  EXPECT_TRUE(WaitForFiles(files(), 0));
  EXPECT_EQ(store().Get("b").error().reason(), "NoSuchKey");
}

TEST_F(StoreTest, AReaderKeepsWhatItOpenedWhileOthersOverwriteAndDelete) {
  ASSERT_TRUE(store().Put("k", Pattern(kLarge)));
  {
    auto opened = store().Run(store()->Get({"bucket", "k", ""}, {})).value();
    ASSERT_TRUE(store().Put("k", Pattern(kLarge, 2)));
    ASSERT_TRUE(store().Run(store()->Delete({"bucket", "k", ""})));
    EXPECT_EQ(store().Drain(*opened.stream).value(), Pattern(kLarge));
  }
  EXPECT_TRUE(WaitForFiles(files(), 0));
}

TEST_F(StoreTest, ACopySharesContentThatStaysUntilBothAreGone) {
  PutOptions options{.headers = {{"content-type", "image/png"}, {"x-amz-meta-a", "1"}},
                     .tags = {{"t", "1"}}};
  ASSERT_TRUE(store().Put("a", Pattern(kLarge), options));
  const auto copy = [&](const std::string& to, CopyOptions how) {
    return store().Run(store()->Copy({"bucket", "a", ""}, {"bucket", to, ""}, how));
  };
  ASSERT_TRUE(copy("b", {}));
  ASSERT_TRUE(copy("c", {.headers = Pairs{{"content-type", "text/plain"}}}));
  EXPECT_TRUE(WaitForFiles(files(), 1));
  ASSERT_TRUE(store().Run(store()->Delete({"bucket", "a", ""})));
  EXPECT_EQ(store().Get("b").value(), Pattern(kLarge));
  const auto b = store().Run(store()->Head({"bucket", "b", ""}, {})).value().info;
  EXPECT_EQ(b.headers, options.headers);
  EXPECT_EQ(b.tags, options.tags);
  const auto c = store().Run(store()->Head({"bucket", "c", ""}, {})).value().info;
  EXPECT_EQ(c.headers, (Pairs{{"content-type", "text/plain"}}));
  EXPECT_EQ(copy("d", {}).error().reason(), "NoSuchKey");
  ASSERT_TRUE(store().Run(store()->Delete({"bucket", "b", ""})));
  ASSERT_TRUE(store().Run(store()->Delete({"bucket", "c", ""})));
  EXPECT_TRUE(WaitForFiles(files(), 0));
}

TEST_F(StoreTest, ACopyCanAskForAChecksumThatTheSourceLacks) {
  ASSERT_TRUE(store().Put("a", "123456789"));
  const auto copied = store().Run(store()->Copy({"bucket", "a", ""}, {"bucket", "b", ""},
                                                {.checksum_algorithm = HashAlgorithm::kCrc32}));
  EXPECT_EQ(copied.value().checksum->value, "y/Q5Jg==");
}

TEST_F(StoreTest, OrphanedFilesAreSweptAtTheNextStart) {
  ASSERT_TRUE(store().Put("k", Pattern(kLarge)));
  ASSERT_TRUE(io::MakeDirectories(files() / "07"));
  ASSERT_TRUE(io::WriteFileDurably(files() / "07" / "0000000000000007", "orphan"));
  ASSERT_TRUE(io::WriteFileDurably(files() / "staging" / "1", "half"));
  Reopen();
  EXPECT_TRUE(WaitForFiles(files(), 1));
  EXPECT_EQ(store().Get("k").value(), Pattern(kLarge));
}

TEST_F(StoreTest, BucketNamesFollowTheRules) {
  for (const char* good : {"abc", "a.b-c", "123", "0ab"}) EXPECT_TRUE(IsValidBucketName(good));
  for (const char* bad : {"ab", "Abc", "a_b", "-ab", "ab-", "a..b", "a.-b", "192.168.5.4", "xn--a",
                          "a-s3alias", "", "..", "a/b"}) {
    EXPECT_FALSE(IsValidBucketName(bad)) << bad;
  }
  EXPECT_TRUE(IsValidBucketName(std::string(63, 'a')));
  EXPECT_FALSE(IsValidBucketName(std::string(64, 'a')));
}

TEST_F(StoreTest, BucketsAreMadeOnceAndDeletedWhenEmpty) {
  EXPECT_EQ(store().Run(store()->CreateBucket("bucket", "r")).error().reason(),
            "BucketAlreadyOwnedByYou");
  EXPECT_EQ(store().Run(store()->CreateBucket("B", "r")).error().reason(), "InvalidBucketName");
  ASSERT_TRUE(store().Put("k", "v"));
  EXPECT_EQ(store().Run(store()->DeleteBucket("bucket")).error().reason(), "BucketNotEmpty");
  ASSERT_TRUE(store().Run(store()->Delete({"bucket", "k", ""})));
  EXPECT_TRUE(store().Run(store()->DeleteBucket("bucket")));
  EXPECT_EQ(store().Run(store()->DeleteBucket("bucket")).error().reason(), "NoSuchBucket");
  EXPECT_EQ(store().Put("k", "v").error().reason(), "NoSuchBucket");
  EXPECT_EQ(store().Put("k", Pattern(kLarge)).error().reason(), "NoSuchBucket");
}

TEST_F(StoreTest, BucketsAreListedByNameInPages) {
  for (const char* name : {"ccc", "aaa", "abb"}) {
    ASSERT_TRUE(store().Run(store()->CreateBucket(name, "us-east-1")));
  }
  const auto names = [&](std::string prefix, std::string after, std::size_t max) {
    std::vector<std::string> all;
    const auto buckets = store().Run(store()->ListBuckets(prefix, after, max)).value();
    for (const Bucket& one : buckets) {
      all.push_back(one.name);
    }
    return all;
  };
  EXPECT_EQ(names("", "", 10), (std::vector<std::string>{"aaa", "abb", "bucket", "ccc"}));
  EXPECT_EQ(names("", "abb", 1), (std::vector<std::string>{"bucket"}));
  EXPECT_EQ(names("a", "", 10), (std::vector<std::string>{"aaa", "abb"}));
}

TEST_F(StoreTest, TagsAndBucketTextsAreReplacedAndRemoved) {
  ASSERT_TRUE(store().Put("k", "v", {.tags = {{"a", "1"}}}));
  ASSERT_TRUE(store().Run(store()->SetTags({"bucket", "k", ""}, {{"b", "2"}})));
  const auto tags = [&] {
    return store().Run(store()->Head({"bucket", "k", ""}, {})).value().info.tags;
  };
  EXPECT_EQ(tags(), (Pairs{{"b", "2"}}));
  ASSERT_TRUE(store().Run(store()->SetBucketText("bucket", "tagging", "text")));
  const auto text = [&] {
    return store().Run(store()->FindBucketText("bucket", "tagging")).value();
  };
  EXPECT_EQ(text(), "text");
  ASSERT_TRUE(store().Run(store()->SetBucketText("bucket", "tagging", "")));
  EXPECT_EQ(text(), std::nullopt);
}

TEST_F(StoreTest, DeletingManyAnswersForEach) {
  ASSERT_TRUE(store().Put("a", "1"));
  ASSERT_TRUE(store().Put("b", "2"));
  const auto receipts = store().Run(store()->DeleteMany(
      "bucket", {{"bucket", "a", ""}, {"bucket", "none", ""}, {"bucket", "b", "not a version"}}));
  ASSERT_EQ(receipts.value().size(), 3U);
  EXPECT_TRUE((*receipts)[0]);
  EXPECT_TRUE((*receipts)[1]);
  EXPECT_EQ((*receipts)[2].error().reason(), "InvalidArgument");
  EXPECT_EQ(store().Keys(), (std::vector<std::string>{"b"}));
}

}  // namespace
}  // namespace scones::objects

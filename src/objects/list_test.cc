// Lists: order, prefixes, delimiters, pages; versions and delete markers.
#include "objects/store_testing.h"

namespace scones::objects {
namespace {

using Names = std::vector<std::string>;

class ListTest : public StoreTest {
 protected:
  void PutAll(const Names& keys) {
    for (const std::string& key : keys) ASSERT_TRUE(store().Put(key, key));
  }
  ListPage List(ListOptions options) {
    return store().Run(store()->List("bucket", options)).value();
  }
  // All pages of `size`: keys and prefixes in the order told.
  Names Walk(ListOptions options, std::size_t size) {
    Names all;
    options.max_entries = size;
    for (int pages = 0; pages < 100; ++pages) {
      const ListPage page = List(options);
      EXPECT_LE(page.objects.size() + page.common_prefixes.size(), size);
      for (const ObjectInfo& object : page.objects) all.push_back(object.key);
      all.insert(all.end(), page.common_prefixes.begin(), page.common_prefixes.end());
      if (!page.truncated) break;
      options.after = page.next_after;
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

TEST_F(ListTest, KeysComeInTheOrderOfTheirBytes) {
  PutAll({"b", "a/2", "a", "\xC3\xA9", "Z", "a/10"});
  EXPECT_EQ(store().Keys(), (Names{"Z", "a", "a/10", "a/2", "b", "\xC3\xA9"}));
  EXPECT_EQ(store().Keys({.prefix = "a/"}), (Names{"a/10", "a/2"}));
  EXPECT_EQ(store().Keys({.after = "a/10"}), (Names{"a/2", "b", "\xC3\xA9"}));
  EXPECT_EQ(store().Keys({.prefix = "a", .after = "a/2"}), Names());
}

TEST_F(ListTest, CommonPrefixesStandForTheirKeys) {
  PutAll({"asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla", "a/b/c"});
  const ListPage top = List({.delimiter = "/"});
  ASSERT_EQ(top.objects.size(), 1U);
  EXPECT_EQ(top.common_prefixes, (Names{"a/", "boo/", "cquux/"}));
  const ListPage boo = List({.prefix = "boo/", .delimiter = "/"});
  EXPECT_EQ(boo.objects[0].key, "boo/bar");
  EXPECT_EQ(boo.common_prefixes, (Names{"boo/baz/"}));
  EXPECT_EQ(List({.delimiter = "uux"}).common_prefixes, (Names{"cquux"}));
}

TEST_F(ListTest, PagesOfAnySizeTellEachEntryOnce) {
  PutAll({"0/1", "0/2", "1/1", "a", "b/", "b/c", "b0", "c/x/y", "c/x/z", "d"});
  const Names flat = Walk({}, 1000);
  const Names folded = Walk({.delimiter = "/"}, 1000);
  EXPECT_EQ(folded, (Names{"0/", "1/", "a", "b/", "b0", "c/", "d"}));
  for (std::size_t size = 1; size <= 8; ++size) {
    EXPECT_EQ(Walk({}, size), flat) << size;
    EXPECT_EQ(Walk({.delimiter = "/"}, size), folded) << size;
  }
}

TEST_F(ListTest, APageOfExactlyTheRestIsNotTruncated) {
  PutAll({"a", "b"});
  EXPECT_FALSE(List({.max_entries = 2}).truncated);
  EXPECT_TRUE(List({.max_entries = 1}).truncated);
  EXPECT_FALSE(List({.max_entries = 0}).truncated);
  EXPECT_EQ(store().Run(store()->List("none", {})).error().reason(), "NoSuchBucket");
}

class VersionsTest : public ListTest {
 protected:
  void SetUp() override { SetVersioning(Versioning::kEnabled); }
  void SetVersioning(Versioning versioning) {
    ASSERT_TRUE(store().Run(store()->SetVersioning("bucket", versioning)));
  }
  std::string PutVersion(const std::string& bytes) {
    return store().Put("k", bytes).value().version;
  }
  DeleteReceipt Delete(const std::string& version = "") {
    return store().Run(store()->Delete({"bucket", "k", version})).value();
  }
  ListPage Versions(ListOptions options = {}) {
    return store().Run(store()->ListVersions("bucket", options)).value();
  }
};

TEST_F(VersionsTest, EachVersionStaysReadableUnderItsId) {
  const std::string first = PutVersion("1");
  const std::string second = PutVersion(Pattern(100'000));
  EXPECT_NE(first, second);
  EXPECT_EQ(store().Get("k").value(), Pattern(100'000));
  EXPECT_EQ(store().Get("k", {}, first).value(), "1");
  EXPECT_EQ(store().Get("k", {}, "00ff").error().reason(), "NoSuchVersion");
  EXPECT_EQ(store().Get("k", {}, "not hex").error().reason(), "InvalidArgument");
}

TEST_F(VersionsTest, DeletingLeavesAMarkerAndDeletingTheMarkerBringsTheObjectBack) {
  PutVersion("1");
  const DeleteReceipt marker = Delete();
  EXPECT_TRUE(marker.delete_marker);
  EXPECT_EQ(store().Get("k").error().reason(), "NoSuchKey");
  EXPECT_EQ(store().Run(store()->FindDeleteMarker({"bucket", "k", ""})), marker.version);
  EXPECT_EQ(store().Get("k", {}, marker.version).error().reason(), "MethodNotAllowed");
  EXPECT_TRUE(store().Keys().empty());
  EXPECT_TRUE(Delete(marker.version).delete_marker);
  EXPECT_EQ(store().Get("k").value(), "1");
}

TEST_F(VersionsTest, DeletingTheNewestVersionUncoversTheOneBefore) {
  const std::string first = PutVersion("1");
  const std::string second = PutVersion("2");
  const std::string third = PutVersion("3");
  Delete(second);
  EXPECT_EQ(store().Get("k").value(), "3");
  Delete(third);
  EXPECT_EQ(store().Get("k").value(), "1");
  Delete(first);
  EXPECT_EQ(store().Get("k").error().reason(), "NoSuchKey");
  EXPECT_TRUE(store().Run(store()->DeleteBucket("bucket")));
}

TEST_F(VersionsTest, SuspendedBucketsKeepOneNullVersion) {
  const std::string first = PutVersion("1");
  SetVersioning(Versioning::kSuspended);
  EXPECT_EQ(PutVersion("null 1"), "null");
  EXPECT_EQ(PutVersion("null 2"), "null");
  EXPECT_EQ(Versions().objects.size(), 2U);
  SetVersioning(Versioning::kEnabled);
  PutVersion("2");
  EXPECT_EQ(store().Get("k", {}, "null").value(), "null 2");
  SetVersioning(Versioning::kSuspended);
  EXPECT_EQ(Delete().version, "null");
  EXPECT_EQ(Versions().objects.size(), 3U);
  EXPECT_EQ(store().Get("k", {}, first).value(), "1");
}

TEST_F(VersionsTest, VersionsAreListedNewestFirstInPagesOfAnySize) {
  Names ids;
  for (int i = 0; i < 3; ++i) ids.insert(ids.begin(), PutVersion(std::to_string(i)));
  ids.insert(ids.begin(), Delete().version);
  ASSERT_TRUE(store().Put("l/1", "x"));
  ASSERT_TRUE(store().Put("l/2", "x"));
  for (std::size_t size = 1; size <= 6; ++size) {
    ListOptions options{.delimiter = "/", .max_entries = size};
    Names told;
    bool truncated = true;
    for (int pages = 0; truncated && pages < 10; ++pages) {
      const ListPage page = Versions(options);
      for (const ObjectInfo& object : page.objects) {
        EXPECT_EQ(object.is_latest, told.empty());
        EXPECT_EQ(object.delete_marker, told.empty());
        told.push_back(object.version);
      }
      told.insert(told.end(), page.common_prefixes.begin(), page.common_prefixes.end());
      truncated = page.truncated;
      options.after = page.next_after;
      options.after_version = page.next_after_version;
    }
    Names expected = ids;
    expected.push_back("l/");
    EXPECT_EQ(told, expected) << size;
  }
}

}  // namespace
}  // namespace scones::objects

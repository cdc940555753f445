#include "functions/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace scones::functions {
namespace {

using testing::HasSubstr;

la_ssize_t Append(archive*, void* text, const void* bytes, std::size_t count) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

// A zip with one entry of any type, which MakeZip can't make.
std::string ZipOf(const std::string& name, unsigned type, const std::string& target) {
  std::string zip;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_open(writer, &zip, nullptr, Append, nullptr);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, 0777);
  if (type == AE_IFLNK) archive_entry_set_symlink(entry, target.c_str());
  archive_write_header(writer, entry);
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  return zip;
}

class PackageTest : public testing::Test {
 protected:
  // "" where it was unpacked, else the refusal.
  std::string Refusal(const std::string& zip, const PackageLimits& limits = {}) {
    const io::Path target = directory_.path() / std::to_string(count_++);
    std::filesystem::create_directory(target);
    const auto contents = UnpackZip(zip, target, limits);
    if (contents) return "";
    EXPECT_EQ(contents.error().code(), Code::kInvalid);
    EXPECT_EQ(contents.error().reason(), "InvalidParameterValueException");
    return contents.error().message();
  }

  io::TemporaryDirectory directory_;
  int count_ = 0;
};

TEST_F(PackageTest, UnpacksFilesWithTheirModes) {
  const std::string zip = MakeZip({{"a.py", "x = 1\n"},
                                   {"lib/deep/b.py", std::string(100'000, 'b')},
                                   {"bootstrap", "#!/bin/sh\n"},
                                   {"ünï.txt", "u"},
                                   {"run", "r", 0755}})
                              .value();
  const auto contents = UnpackZip(zip, directory_.path(), {});
  ASSERT_TRUE(contents) << contents.error().message();
  EXPECT_EQ(contents->files, 5u);
  EXPECT_FALSE(contents->native_marker);
  const auto mode = [&](const char* name) {
    return static_cast<int>(std::filesystem::status(directory_.path() / name).permissions());
  };
  EXPECT_EQ(io::ReadFile(directory_.path() / "lib/deep/b.py").value(), std::string(100'000, 'b'));
  EXPECT_EQ(mode("a.py"), 0444);
  EXPECT_EQ(mode("run"), 0555);
  EXPECT_EQ(mode("bootstrap"), 0555) << "even where the archive doesn't say so";
  EXPECT_EQ(mode("lib/deep"), 0755);
  EXPECT_TRUE(std::filesystem::exists(directory_.path() / "ünï.txt"));
}

TEST_F(PackageTest, TheSameEntriesGiveTheSameBytes) {
  EXPECT_EQ(MakeZip({{"a", "1"}, {"b", "2"}}).value(), MakeZip({{"a", "1"}, {"b", "2"}}).value());
}

TEST_F(PackageTest, KnowsTheMarkerOfNativeFunctions) {
  const auto contents = UnpackZip(MakeWorkflowPackage({}).value(), directory_.path(), {});
  ASSERT_TRUE(contents);
  EXPECT_TRUE(contents->native_marker);
}

TEST_F(PackageTest, WhatIsNoZipIsRefused) {
  EXPECT_THAT(Refusal(""), HasSubstr("Could not unzip uploaded file"));
  EXPECT_THAT(Refusal("no zip at all"), HasSubstr("Could not unzip uploaded file"));
  EXPECT_THAT(Refusal(MakeZip({}).value()), HasSubstr("Could not unzip uploaded file"));
  const std::string zip = MakeZip({{"a", std::string(5000, 'a') + "b"}}).value();
  for (std::size_t cut = 1; cut < zip.size(); cut += 7) {
    EXPECT_NE(Refusal(zip.substr(0, cut)), "") << "cut to " << cut;
  }
}

TEST_F(PackageTest, DamagedDataIsRefused) {
  std::string zip = MakeZip({{"a", "some text that is long enough to be damaged"}}).value();
  zip[zip.find("PK\x01\x02") - 30] ^= 0x55;
  EXPECT_NE(Refusal(zip), "");
}

TEST_F(PackageTest, EntriesThatLeaveTheDirectoryAreRefused) {
  for (const char* name : {"../x", "a/../../x", "/etc/x", "a/..", "..", "//x"}) {
    EXPECT_NE(Refusal(MakeZip({{name, "x"}}).value()), "") << name;
  }
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "x"));
  EXPECT_NE(Refusal(MakeZip({{std::string(2000, 'x'), "x"}}).value()), "");
  EXPECT_NE(Refusal(MakeZip({{std::string(300, 'x'), "x"}}).value()), "");
}

TEST_F(PackageTest, LinksAreRefused) {
  EXPECT_THAT(Refusal(ZipOf("link", AE_IFLNK, "/etc/passwd")), HasSubstr("link or a device"));
}

TEST_F(PackageTest, AFileThatComesTwiceOrIsAlsoADirectoryIsRefused) {
  EXPECT_THAT(Refusal(MakeZip({{"a", "1"}, {"a", "2"}}).value()), HasSubstr("comes twice"));
  EXPECT_NE(Refusal(MakeZip({{"a", "1"}, {"a/b", "2"}}).value()), "");
}

TEST_F(PackageTest, BombsAreRefusedBeforeTheyGoOff) {
  const std::string zip = MakeZip({{"big", std::string(40'000'000, '\0')}}).value();
  EXPECT_THAT(Refusal(zip), HasSubstr("more than 200 times its size"));
  EXPECT_THAT(Refusal(zip, {.unpacked_bytes = 1'000'000}),
              HasSubstr("must be smaller than 1000000 bytes"));
  std::vector<ZipEntry> many;
  for (int i = 0; i < 101; ++i) many.push_back({std::to_string(i), ""});
  EXPECT_THAT(Refusal(MakeZip(many).value(), {.entries = 100}), HasSubstr("more than 100 entries"));
}

}  // namespace
}  // namespace scones::functions

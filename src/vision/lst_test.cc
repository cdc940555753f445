#include "vision/lst.h"

#include <gmock/gmock.h>

#include "io/file.h"
#include "vision/test_files.h"

namespace scones::vision {
namespace {

using ::testing::HasSubstr;

void ExpectRefused(std::string_view text, const std::string& part) {
  const auto entries = ParseLst(text, "train.lst");
  ASSERT_FALSE(entries) << text;
  EXPECT_EQ(entries.error().code(), Code::kInvalid);
  EXPECT_THAT(entries.error().message(), HasSubstr(part));
}

TEST(Lst, WhatIsWrittenIsReadBack) {
  const auto entries = ParseLst("16\t0\tbike_s_000682.png\r\n\n152\t1.000000\tsub/x y.png", "t");
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[1].index, 152u);
  EXPECT_EQ((*entries)[1].label, 1);
  EXPECT_EQ((*entries)[1].path, "sub/x y.png");
  EXPECT_EQ((*entries)[1].line, 3u);
  EXPECT_EQ(FormatLst(*entries), "16\t0\tbike_s_000682.png\n152\t1\tsub/x y.png\n");
}

TEST(Lst, EachFaultIsNamedWithItsLine) {
  ExpectRefused("", "train.lst names no picture");
  ExpectRefused("1\t0\ta.png\n2 0 b.png\n", "train.lst line 2: it must be index, label and path");
  ExpectRefused("1\t0\ta.png\t9\n", "one tab between");
  ExpectRefused("x\t0\ta.png\n", "index 'x'");
  ExpectRefused("1\t-1\ta.png\n", "label '-1'");
  ExpectRefused("1\t0.5\ta.png\n", "label '0.5'");
  ExpectRefused("1\t100000\ta.png\n", "label '100000'");
  ExpectRefused("99999999999\t0\ta.png\n", "index");
  ExpectRefused("1\t0\t/etc/passwd\n", "relative");
  ExpectRefused("1\t0\ta/../../b.png\n", "relative");
  ExpectRefused("1\t0\t\n", "relative");
  ExpectRefused("1\t0\ta.png\n2\t1\ta.png\n", "line 2: the picture 'a.png' comes twice");
}

TEST(Lst, AMissingPictureIsNamedWithItsLine) {
  const io::TemporaryDirectory directory;
  WriteBytes(directory.path() / "p/a.png", "x");
  WriteBytes(directory.path() / "train.lst", "1\t0\ta.png\n\n2\t0\tgone.png\n");
  const auto entries = ReadLst(directory.path() / "train.lst", directory.path() / "p");
  ASSERT_FALSE(entries);
  EXPECT_THAT(entries.error().message(),
              HasSubstr("train.lst line 3: the picture 'gone.png' is missing"));
  const auto absent = ReadLst(directory.path() / "test.lst", directory.path());
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace scones::vision

#include "train/recordio.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace scones::train {
namespace {

std::string Little(std::uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string Frame(unsigned kind, const std::string& data) {
  std::string frame = Little(0xced7230a);
  frame += Little(kind << 29 | static_cast<std::uint32_t>(data.size()));
  frame += data;
  frame.append((4 - data.size() % 4) % 4, '\0');
  return frame;
}

std::string Picture(float label, const std::string& bytes) {
  std::uint32_t bits;
  std::memcpy(&bits, &label, 4);
  return Little(0) + Little(bits) + std::string(16, '\0') + bytes;
}

TEST(RecordReader, ReadsRecordsInOrder) {
  std::string file = Frame(0, Picture(1, "abcde")) + Frame(0, Picture(0, "xy"));
  RecordReader reader(file);
  auto first = reader.Next();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->label, 1);
  EXPECT_EQ(first->picture, "abcde");
  auto second = reader.Next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->label, 0);
  EXPECT_EQ(second->picture, "xy");
  EXPECT_TRUE(reader.AtEnd());
}

TEST(RecordReader, JoinsARecordThatWasSplitAtTheMagic) {
  std::string whole = Picture(1, "ab") + Little(0xced7230a) + "cd";
  std::string file = Frame(1, Picture(1, "ab")) + Frame(3, "cd");
  RecordReader reader(file);
  auto record = reader.Next();
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->picture, whole.substr(24));
}

TEST(RecordReader, ReadsALabelThatFollowsItsHeader) {
  std::uint32_t bits;
  float label = 3;
  std::memcpy(&bits, &label, 4);
  std::string file = Frame(0, Little(1) + std::string(20, '\0') + Little(bits) + "png");
  RecordReader reader(file);
  auto record = reader.Next();
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->label, 3);
  EXPECT_EQ(record->picture, "png");
}

TEST(RecordReader, EveryCutIsAnError) {
  std::string file = Frame(0, Picture(1, "abcd"));
  for (std::size_t size = 1; size < file.size(); ++size) {
    std::string cut = file.substr(0, size);
    RecordReader reader(cut);
    EXPECT_FALSE(reader.Next()) << size;
  }
}

TEST(RecordReader, AnythingElseIsRefused) {
  for (const std::string& file :
       {std::string("\x89PNG\r\n\x1a\nabcdefgh"), Frame(2, Picture(1, "a")), Frame(0, "short"),
        Frame(0, Picture(0.5, "a")), Frame(0, Picture(-1, "a")),
        Frame(0, Little(2) + std::string(40, '\0'))}) {
    RecordReader reader(file);
    EXPECT_FALSE(reader.Next());
  }
}

}  // namespace
}  // namespace scones::train

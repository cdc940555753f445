#include "train/recordio.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace scones::train {
namespace {

constexpr std::uint32_t kMagic = 0xced7230a;
constexpr std::size_t kFrameHeader = 8;
constexpr std::size_t kPictureHeader = 24;
// A record whose data holds the magic is split there, and the magic left out.
enum Kind : unsigned { kWhole = 0, kFirst = 1, kMiddle = 2, kLast = 3 };

std::uint32_t Word(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + static_cast<std::size_t>(i)]);
  }
  return value;
}

}  // namespace

Result<RecordReader::Frame> RecordReader::NextFrame() {
  if (rest_.size() < kFrameHeader) return Error(Code::kInvalid, "the file ends inside a record");
  if (Word(rest_, 0) != kMagic) return Error(Code::kInvalid, "this is not a RecordIO file");
  std::uint32_t word = Word(rest_, 4);
  std::size_t size = word & 0x1fffffff;
  if (size > rest_.size() - kFrameHeader) {
    return Error(Code::kInvalid, "the file ends inside a record");
  }
  Frame frame{word >> 29, rest_.substr(kFrameHeader, size)};
  rest_.remove_prefix(std::min(rest_.size(), kFrameHeader + (size + 3) / 4 * 4));
  return frame;
}

Result<std::string> RecordReader::NextWhole() {
  TRY(Frame frame, NextFrame());
  std::string data(frame.data);
  if (frame.kind == kWhole) return data;
  if (frame.kind != kFirst) return Error(Code::kInvalid, "a record starts with its second part");
  const char magic[] = {'\x0a', '\x23', '\xd7', '\xce'};
  while (frame.kind != kLast) {
    TRY(frame, NextFrame());
    if (frame.kind != kMiddle && frame.kind != kLast) {
      return Error(Code::kInvalid, "a record lacks its last part");
    }
    data.append(magic, sizeof magic).append(frame.data);
  }
  return data;
}

Result<PictureRecord> RecordReader::Next() {
  TRY(std::string data, NextWhole());
  if (data.size() < kPictureHeader) return Error(Code::kInvalid, "too short for a picture record");
  if (Word(data, 0) > 1) {
    return Error(Code::kInvalid, "it has several labels, which needs multi_label");
  }
  std::uint32_t bits = Word(data, 4);
  std::size_t start = kPictureHeader;
  if (Word(data, 0) == 1) {
    if (data.size() < kPictureHeader + 4) return Error(Code::kInvalid, "it lacks its label");
    bits = Word(data, kPictureHeader);
    start += 4;
  }
  float label = 0;
  std::memcpy(&label, &bits, sizeof label);
  if (!(label >= 0 && label < 100000) || label != std::floor(label)) {
    return Error(Code::kInvalid, "its label is not an integer of at least 0");
  }
  return PictureRecord{static_cast<int>(label), data.substr(start)};
}

}  // namespace scones::train

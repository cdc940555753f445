#include "nn/detail/wire.h"

#include <cstring>

namespace scones::nn {
namespace {

Error Cut() {
  return Error(Code::kInvalid, "the ONNX file is cut short or not a protobuf message");
}

}  // namespace

Result<std::uint64_t> WireReader::Varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return Cut();
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) return Cut();
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return Cut();
}

Result<std::uint64_t> WireReader::Fixed(std::size_t size) {
  if (rest_.size() < size) return Cut();
  std::uint64_t value = 0;
  std::memcpy(&value, rest_.data(), size);
  rest_.remove_prefix(size);
  return value;
}

Result<WireField> WireReader::Next() {
  TRY(const std::uint64_t tag, Varint());
  WireField field;
  const std::uint64_t number = tag >> 3;
  if (number == 0 || number > 0x1fffffff) return Cut();
  field.number = static_cast<std::uint32_t>(number);
  switch (tag & 7) {
    case 0: {
      TRY(field.value, Varint());
      field.type = WireType::kVarint;
      return field;
    }
    case 1: {
      TRY(field.value, Fixed(8));
      field.type = WireType::kFixed64;
      return field;
    }
    case 5: {
      TRY(field.value, Fixed(4));
      field.type = WireType::kFixed32;
      return field;
    }
    case 2: {
      TRY(const std::uint64_t size, Varint());
      if (size > rest_.size()) return Cut();
      field.type = WireType::kBytes;
      field.bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return field;
    }
    default:
      return Cut();
  }
}

Result<void> AppendInts(const WireField& field, std::size_t max_count,
                        std::vector<std::int64_t>& out) {
  if (field.type == WireType::kVarint) {
    if (out.size() >= max_count) return Error(Code::kExhausted, "a list of integers is too long");
    out.push_back(field.AsInt());
    return {};
  }
  if (field.type != WireType::kBytes) return Cut();
  std::uint64_t value = 0;
  int shift = 0;
  for (const char c : field.bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (shift > 63 || (shift == 63 && byte > 1)) return Cut();
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    shift += 7;
    if ((byte & 0x80) != 0) continue;
    if (out.size() >= max_count) return Error(Code::kExhausted, "a list of integers is too long");
    out.push_back(static_cast<std::int64_t>(value));
    value = 0;
    shift = 0;
  }
  if (shift != 0) return Cut();
  return {};
}

Result<void> AppendFloats(const WireField& field, std::size_t max_count, std::vector<float>& out) {
  if (field.type == WireType::kFixed32) {
    if (out.size() >= max_count) return Error(Code::kExhausted, "a list of floats is too long");
    out.push_back(field.AsFloat());
    return {};
  }
  if (field.type != WireType::kBytes || field.bytes.size() % 4 != 0) return Cut();
  const std::size_t count = field.bytes.size() / 4;
  if (count > max_count - out.size()) {
    return Error(Code::kExhausted, "a list of floats is too long");
  }
  if (count == 0) return {};
  out.resize(out.size() + count);
  std::memcpy(out.data() + out.size() - count, field.bytes.data(), field.bytes.size());
  return {};
}

}  // namespace scones::nn

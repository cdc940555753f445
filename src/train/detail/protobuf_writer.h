// Protocol-buffer encoding of the few field kinds that an ONNX file needs. Pure. C++17.
// Source: Protocol Buffers encoding specification.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace scones::train {

class ProtobufWriter {
 public:
  void Integer(int field, std::int64_t value) {
    Varint(static_cast<std::uint64_t>(field) << 3);
    Varint(static_cast<std::uint64_t>(value));
  }
  void Float(int field, float value) {
    Varint((static_cast<std::uint64_t>(field) << 3) | 5);
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; ++i) bytes_ += static_cast<char>(bits >> (8 * i) & 0xff);
  }
  void Bytes(int field, const std::string& value) {
    Varint((static_cast<std::uint64_t>(field) << 3) | 2);
    Varint(value.size());
    bytes_ += value;
  }
  void Message(int field, const ProtobufWriter& message) { Bytes(field, message.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace scones::train

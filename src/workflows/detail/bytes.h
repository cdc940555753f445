// Compact binary values for the service's own rows: varints and length-prefixed text. A reader
// never goes past its end; the first fault is kept and everything read after it is empty. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace scones::workflows {

inline void PutVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Small magnitudes of either sign take few bytes.
inline void PutSigned(std::string& out, std::int64_t value) {
  PutVarint(out,
            (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

inline void PutText(std::string& out, std::string_view text) {
  PutVarint(out, text.size());
  out.append(text);
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes, std::size_t position = 0)
      : bytes_(bytes), position_(position) {}

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(Byte());
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  std::int64_t Signed() {
    const std::uint64_t value = Varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string_view Text() { return Take(Varint()); }
  char Byte() {
    const std::string_view one = Take(1);
    return one.empty() ? '\0' : one[0];
  }
  std::string_view Take(std::uint64_t count) {
    if (failed_ || position_ > bytes_.size() || count > bytes_.size() - position_) {
      failed_ = true;
      return "";
    }
    const std::string_view taken = bytes_.substr(position_, count);
    position_ += count;
    return taken;
  }
  std::string_view Rest() {
    return failed_ ? std::string_view("") : Take(bytes_.size() - position_);
  }

  bool AtEnd() const { return failed_ || position_ >= bytes_.size(); }
  bool failed() const { return failed_; }
  std::size_t position() const { return position_; }

 private:
  std::string_view bytes_;
  std::size_t position_;
  bool failed_ = false;
};

}  // namespace scones::workflows

// The Protocol Buffers wire format, read in place from bytes that may be hostile: every length is
// checked against what is left, nothing is allocated. A reader belongs to one thread.
// Source: protobuf.dev/programming-guides/encoding.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::nn {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  // kVarint, kFixed64, kFixed32
  std::string_view bytes;   // kBytes: a view into the message

  std::int64_t AsInt() const { return static_cast<std::int64_t>(value); }
  float AsFloat() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
};

class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  bool done() const { return rest_.empty(); }
  // Errors: kInvalid when the message is cut, a varint is over-long, or a group or unknown wire
  // type comes.
  Result<WireField> Next();

 private:
  Result<std::uint64_t> Varint();
  Result<std::uint64_t> Fixed(std::size_t size);

  std::string_view rest_;
};

// Appends the numbers of one field of a repeated scalar, packed or not.
// Errors: kInvalid for a wrong wire type, a cut list, or more than `max_count` in all.
Result<void> AppendInts(const WireField& field, std::size_t max_count,
                        std::vector<std::int64_t>& out);
Result<void> AppendFloats(const WireField& field, std::size_t max_count, std::vector<float>& out);

}  // namespace scones::nn

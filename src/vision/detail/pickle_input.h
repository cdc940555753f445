// The bytes of a pickle with their position, for the reader of its opcodes. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "vision/detail/byte_source.h"

namespace scones::vision::detail {

class PickleInput {
 public:
  PickleInput(ByteSource& source, std::uint64_t max_bytes)
      : source_(source), max_bytes_(max_bytes) {}

  std::uint64_t position() const { return position_; }

  Result<std::uint8_t> Byte();
  // Little-endian, of 1 to 8 bytes.
  Result<std::uint64_t> Unsigned(int bytes);
  // Memory is taken as the bytes arrive, or at once where the source is known to hold them.
  Result<std::string> Bytes(std::uint64_t count);
  // Up to and without the next newline.
  Result<std::string> Line();

 private:
  Result<void> Fill();

  ByteSource& source_;
  std::uint64_t max_bytes_;
  std::string_view piece_;
  std::uint64_t position_ = 0;
};

// The contents of a Python 2 string literal with its quotes. Errors: kInvalid.
Result<std::string> ParsePythonString(std::string_view literal);
// raw-unicode-escape (\uXXXX and \UXXXXXXXX, all else Latin-1) to UTF-8. Errors: kInvalid.
Result<std::string> ParseRawUnicodeEscape(std::string_view text);
// UTF-8 text of code points below 256 to one byte each. Errors: kInvalid.
Result<std::string> Utf8ToLatin1(std::string_view text);

}  // namespace scones::vision::detail

// A stream of bytes that is pulled piece by piece, so that a large file is never held whole.
// A source belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace scones::vision::detail {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next piece, empty at the end. The view holds until the next call.
  virtual Result<std::string_view> Next() = 0;
  // No more than this many bytes are still to come.
  virtual std::uint64_t AtMostLeft() const = 0;
};

struct SourceLimits {
  std::uint64_t max_bytes = 0;      // inflated
  std::uint64_t max_inflation = 0;  // inflated bytes for each compressed byte
  // Called after each piece with compressed bytes read and the file's size; false cancels.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

// Opens a file that is plain or gzip, told by its first bytes; checksums of gzip are verified.
// Next() fails with kInvalid for damage, a cut, or hostile inflation; kExhausted past max_bytes;
// kCancelled.
Result<std::unique_ptr<ByteSource>> OpenFile(const std::filesystem::path& path,
                                             const SourceLimits& limits);

// Bytes in memory that outlive the source, in pieces of `piece` bytes.
std::unique_ptr<ByteSource> FromMemory(std::string_view bytes, std::size_t piece = 1 << 16);

// Reads all that is left. Errors: the source's, and kExhausted past max_bytes.
Result<std::string> ReadAll(ByteSource& source, std::uint64_t max_bytes);
// The first `count` bytes or fewer, for a look at what a file is. Errors as Next().
Result<std::string> ReadBeginning(const std::filesystem::path& path, std::size_t count);

}  // namespace scones::vision::detail

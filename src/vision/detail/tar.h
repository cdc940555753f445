// The files of a tar archive, one after the other, straight from its stream; nothing is written to
// disk. Pure but for the source. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "vision/detail/byte_source.h"

namespace scones::vision::detail {

struct TarLimits {
  std::uint64_t max_entries = 0;
  std::uint64_t max_entry_bytes = 0;
};

// Gets an entry's path in the archive and its bytes; what it leaves unread is skipped.
using TarVisitor = std::function<Result<void>(const std::string& path, ByteSource& body)>;

// True where `beginning` (512 bytes) is a tar header with a right checksum.
bool LooksLikeTar(std::string_view beginning);

// Visits each regular file, then reads the source to its end, so that its checksum is verified.
// Errors: kInvalid: not a tar or damaged, a link, device or other special entry, a path that is
// absolute or climbs out; kExhausted past a limit; the source's and the visitor's.
Result<void> ReadTar(ByteSource& source, const TarLimits& limits, const TarVisitor& visit);

}  // namespace scones::vision::detail

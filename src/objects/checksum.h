// Checksums of objects made of parts, from the parts' own. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "objects/types.h"

namespace scones::objects {

// The CRC (big-endian bytes, as Hasher gives it) of A followed by B, from the CRC of each and B's
// size. `algorithm` is one of the CRCs.
std::string CombineCrc(HashAlgorithm algorithm, const std::string& a, const std::string& b,
                       std::uint64_t b_size_bytes);

// The checksum of the object that `parts` make in this order; each has a checksum of `algorithm`.
// Full-object checksums exist for CRCs only: kInvalid/InvalidRequest otherwise.
Result<Checksum> JoinChecksums(HashAlgorithm algorithm, ChecksumType type,
                               const std::vector<Part>& parts);

}  // namespace scones::objects

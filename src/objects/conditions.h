// Conditional requests, as RFC 9110 §13.2.2 orders them and S3 applies them. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "objects/types.h"

namespace scones::objects {

// Errors: kPrecondition with reason PreconditionFailed, or NotModified.
Result<void> CheckRead(const ReadConditions& conditions, std::string_view etag, Timestamp modified);

// The bytes that a range means in an object of `size` bytes: offset and length, of which the latter
// is never 0. Errors: kInvalid/InvalidRange.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
Result<Extent> ResolveRange(const ByteRange& range, std::uint64_t size);

}  // namespace scones::objects

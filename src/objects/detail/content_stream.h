// Reads one stretch of an object's files, on the disk's threads. The files stay while it lives.
#pragma once

#include <memory>
#include <vector>

#include "http/message.h"
#include "objects/detail/contents.h"

namespace scones::objects::detail {

struct Segment {
  std::int64_t file = 0;
  std::uint64_t size = 0;
};

// Yields bytes [offset, offset + length) of the segments laid end to end. Opens the first file
// before it returns, so that a file that cannot be read is known before a reply has begun.
io::Task<Result<std::unique_ptr<http::BodyStream>>> OpenContentStream(
    std::shared_ptr<Contents> contents, std::unique_ptr<Contents::Pin> pin,
    std::vector<Segment> segments, std::uint64_t offset, std::uint64_t length);

}  // namespace scones::objects::detail

// The chunked transfer coding, taken apart as bytes arrive. Strict as head_parser.h. Pure.
// Source: RFC 9112 §7.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace scones::http::detail {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are dealt with, `data` included
    std::string_view data;     // a piece of the body, within the input
  };

  // Takes framing and at most one piece of data off the front of `input`. All consumed, no data and
  // not done() means that more input is needed. Errors: kInvalid; then the connection is unusable.
  Result<Step> Next(std::string_view input);

  // The last chunk and its trailer have been consumed.
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kSize, kExtension, kSizeFeed, kData, kDataReturn, kDataFeed, kTrailer, kDone };

  Result<void> TakeByte(char byte);
  Result<void> TakeSizeByte(char byte);
  Result<void> TakeTrailerByte(char byte);

  State state_ = State::kSize;
  std::uint64_t remaining_ = 0;  // of the current chunk; its size while that is read
  int digits_ = 0;
  std::size_t line_bytes_ = 0;  // of extension or trailer, for their limits
  std::string trailer_line_;
};

}  // namespace scones::http::detail

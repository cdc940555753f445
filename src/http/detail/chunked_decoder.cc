#include "http/detail/chunked_decoder.h"

#include <algorithm>

#include "http/detail/head_parser.h"

namespace scones::http::detail {
namespace {

constexpr std::size_t kMaxExtensionBytes = 1024;
constexpr std::size_t kMaxTrailerBytes = 16 * 1024;

Error Bad(const char* what) { return Error(Code::kInvalid, "InvalidRequest", what); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::Next(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t count = std::min<std::uint64_t>(remaining_, input.size() - step.consumed);
      step.data = input.substr(step.consumed, count);
      step.consumed += count;
      remaining_ -= count;
      if (remaining_ == 0) state_ = State::kDataReturn;
      return step;
    }
    TRY_VOID(TakeByte(input[step.consumed]));
    ++step.consumed;
  }
  return step;
}

Result<void> ChunkedDecoder::TakeByte(char byte) {
  switch (state_) {
    case State::kSize:
      return TakeSizeByte(byte);
    case State::kExtension:
      if (byte == '\r') {
        state_ = State::kSizeFeed;
      } else if ((static_cast<unsigned char>(byte) < ' ' && byte != '\t') || byte == 0x7F) {
        return Bad("a chunk extension holds a control character");
      } else if (++line_bytes_ > kMaxExtensionBytes) {
        return Bad("a chunk extension is too long");
      }
      return {};
    case State::kSizeFeed:
      if (byte != '\n') return Bad("a chunk's size does not end in CRLF");
      line_bytes_ = 0;
      digits_ = 0;
      state_ = remaining_ > 0 ? State::kData : State::kTrailer;
      return {};
    case State::kDataReturn:
      if (byte != '\r') return Bad("a chunk is longer than its size says");
      state_ = State::kDataFeed;
      return {};
    case State::kDataFeed:
      if (byte != '\n') return Bad("a chunk does not end in CRLF");
      state_ = State::kSize;
      return {};
    case State::kTrailer:
      return TakeTrailerByte(byte);
    case State::kData:
    case State::kDone:
      break;
  }
  return {};
}

Result<void> ChunkedDecoder::TakeSizeByte(char byte) {
  const int digit = HexDigit(byte);
  if (digit >= 0) {
    if (++digits_ > 15) return Bad("a chunk's size is too large");
    remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
    return {};
  }
  if (digits_ == 0) return Bad("a chunk has no size");
  if (byte == '\r') {
    state_ = State::kSizeFeed;
  } else if (byte == ';') {
    state_ = State::kExtension;
  } else {
    return Bad("a chunk's size holds a character that is no hexadecimal digit");
  }
  return {};
}

Result<void> ChunkedDecoder::TakeTrailerByte(char byte) {
  if (++line_bytes_ > kMaxTrailerBytes) return Bad("the trailer is too long");
  if (byte != '\n') {
    trailer_line_.push_back(byte);
    return {};
  }
  if (!trailer_line_.ends_with('\r')) return Bad("a trailer line does not end in CRLF");
  trailer_line_.pop_back();
  if (trailer_line_.empty()) {
    state_ = State::kDone;
    return {};
  }
  TRY_VOID(ParseField(trailer_line_));
  trailer_line_.clear();
  return {};
}

}  // namespace scones::http::detail

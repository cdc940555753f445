#include "api/payload_body.h"

#include "base/encoding.h"

namespace scones::api {

io::Task<Result<std::size_t>> HashedBody::Read(std::span<char> buffer) {
  if (checked_ || buffer.empty()) co_return std::size_t{0};
  Result<std::size_t> count = co_await body_.Read(buffer);
  if (!count) co_return count;
  hasher_.Update(std::string_view(buffer.data(), *count));
  read_ += *count;
  if (*count == 0 || read_ == body_.size()) {
    checked_ = true;
    if (!ConstantTimeEquals(HexEncode(hasher_.Finish()), hash_)) {
      co_return Error(
          Code::kInvalid, "XAmzContentSHA256Mismatch",
          "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
  }
  co_return count;
}

io::Task<Result<void>> AwsChunkedBody::Refill() {
  constexpr std::size_t kBufferBytes = 64 * 1024;
  if (buffer_.empty()) {
    const std::uint64_t likely = body_.size().value_or(kBufferBytes);
    buffer_.resize(std::clamp<std::uint64_t>(likely, 1024, kBufferBytes));
  }
  CO_TRY(const std::size_t count, co_await body_.Read(buffer_));
  if (count == 0) co_return auth::ChunkedPayload::Cut();
  begin_ = 0;
  end_ = count;
  co_return Result<void>();
}

io::Task<Result<std::size_t>> AwsChunkedBody::Read(std::span<char> buffer) {
  if (buffer.empty()) co_return std::size_t{0};
  std::size_t filled = 0;
  // Goes on past the last data, so that no one is handed it before its signature was checked.
  while (!payload_.done() && (filled == 0 || payload_.all_data())) {
    if (begin_ == end_) CO_TRY_VOID(co_await Refill());
    std::string_view input(buffer_.data() + begin_, end_ - begin_);
    if (!payload_.all_data()) input = input.substr(0, buffer.size());
    CO_TRY(const auth::ChunkedPayload::Step step, payload_.Next(input));
    begin_ += step.consumed;
    filled += step.data.copy(buffer.data() + filled, buffer.size() - filled);
  }
  co_return filled;
}

http::Headers AwsChunkedBody::trailers() const {
  http::Headers fields;
  for (const auto& [name, value] : payload_.trailers()) fields.Add(name, value);
  return fields;
}

}  // namespace scones::api

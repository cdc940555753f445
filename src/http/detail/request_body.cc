#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "http/detail/connection.h"

namespace scones::http::detail {

std::optional<std::uint64_t> RequestBody::size() const {
  if (framing_.kind == BodyKind::kChunked) return std::nullopt;
  return framing_.length;
}

bool RequestBody::peer_is_there() const {
  char byte = 0;
  const ssize_t count =
      ::recv(connection_.socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

bool RequestBody::at_end() const {
  return framing_.kind == BodyKind::kChunked ? decoder_.done() : remaining_ == 0;
}

Error RequestBody::Cut() {
  failed_ = true;
  return Error(Code::kInvalid, "IncompleteBody",
               "the connection ended or stood still before the whole body had come");
}

io::Task<Result<std::size_t>> RequestBody::Read(std::span<char> buffer) {
  if (failed_) co_return Cut();
  if (at_end() || buffer.empty()) co_return std::size_t{0};
  if (continue_due_) {
    continue_due_ = false;
    const bool written = co_await connection_.Write("HTTP/1.1 100 Continue\r\n\r\n", {});
    if (!written) co_return Cut();
  }
  if (framing_.kind == BodyKind::kChunked) {
    Result<std::size_t> chunked = co_await ReadChunked(buffer);
    co_return chunked;
  }
  buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), remaining_));
  std::size_t count = std::min(buffer.size(), connection_.buffered().size());
  if (count > 0) {
    std::memcpy(buffer.data(), connection_.buffered().data(), count);
    connection_.Consume(count);
  } else {
    connection_.SetDeadline(connection_.options_.idle_timeout);
    count = co_await connection_.ReadSome(buffer);
    connection_.ClearDeadline();
    if (count == 0) co_return Cut();
  }
  remaining_ -= count;
  co_return count;
}

std::optional<std::string> RequestBody::TakeRest() {
  const std::string_view received = connection_.buffered();
  const bool is_here = framing_.kind != BodyKind::kChunked && !failed_ && !continue_due_ &&
                       received.size() >= remaining_;
  if (!is_here) return std::nullopt;
  std::string rest(received.substr(0, remaining_));
  connection_.Consume(rest.size());
  remaining_ = 0;
  return rest;
}

io::Task<Result<std::size_t>> RequestBody::ReadChunked(std::span<char> buffer) {
  while (!decoder_.done()) {
    const std::string_view input = connection_.buffered();
    // No more input than fits the caller's buffer, so that each step's data does.
    Result<ChunkedDecoder::Step> step = decoder_.Next(input.substr(0, buffer.size()));
    if (!step) {
      failed_ = true;
      co_return std::move(step).error();
    }
    step->data.copy(buffer.data(), buffer.size());
    connection_.Consume(step->consumed);
    if (!step->data.empty()) co_return step->data.size();
    if (decoder_.done() || !connection_.buffered().empty()) continue;
    connection_.SetDeadline(connection_.options_.idle_timeout);
    const bool filled = co_await connection_.FillBuffer();
    connection_.ClearDeadline();
    if (!filled) co_return Cut();
  }
  co_return std::size_t{0};
}

io::Task<bool> RequestBody::Drain() {
  constexpr std::uint64_t kMaxDrainBytes = 256 * 1024;
  if (failed_ || (continue_due_ && !at_end())) co_return false;
  if (framing_.kind == BodyKind::kLength && remaining_ > kMaxDrainBytes) co_return false;
  if (at_end()) co_return true;
  std::vector<char> sink(16 * 1024);
  std::uint64_t drained = 0;
  while (!at_end() && drained < kMaxDrainBytes) {
    const Result<std::size_t> count = co_await Read(sink);
    if (!count) co_return false;
    drained += *count;
  }
  co_return at_end();
}

}  // namespace scones::http::detail

#include "http/detail/connection.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "base/log.h"
#include "http/detail/response_head.h"

namespace scones::http::detail {
namespace {

namespace asio = boost::asio;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kFirstBufferBytes = 8 * 1024;
constexpr std::size_t kStreamPieceBytes = 64 * 1024;

Response PlainError(int status, std::string message) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(message) + "\n";
  return response;
}

bool HasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

Connection::Connection(Socket socket, const ServerOptions& options, const Handler& handler,
                       ShardConnections& siblings)
    : socket_(std::move(socket)),
      options_(options),
      handler_(handler),
      siblings_(siblings),
      entry_(siblings.Add(socket_)) {
  boost::system::error_code ignored;
  // Without it a response of two segments waits for the client's delayed acknowledgement (40 ms).
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  const auto peer = socket_.remote_endpoint(ignored);
  remote_address_ = peer.address().to_string();
  remote_port_ = peer.port();
}

Connection::~Connection() { siblings_.Remove(entry_); }

io::Task<void> Connection::Run() {
  SetDeadline(options_.header_timeout);
  while (!siblings_.stopping()) {
    RequestHead head;
    const bool complete = co_await ReadHead(head);
    if (!complete) co_return;
    ClearDeadline();
    const Next next = co_await Exchange(std::move(head));
    if (next == Next::kLinger) co_await Linger();
    if (next != Next::kRequest) co_return;
    entry_->between_requests = begin_ == end_;
    SetDeadline(options_.idle_timeout);
  }
}

io::Task<bool> Connection::ReadHead(RequestHead& head) {
  HeadScanner scanner;
  bool began = begin_ != end_;
  if (began) SetDeadline(options_.header_timeout);
  while (true) {
    Result<std::optional<std::size_t>> size = scanner.Scan(buffered());
    if (size && *size && **size <= options_.max_header_bytes) {
      Result<RequestHead> parsed = ParseRequestHead(buffered().substr(0, **size));
      if (parsed) {
        Consume(**size);
        head = *std::move(parsed);
        head.request.remote_address = remote_address_;
        head.request.remote_port = remote_port_;
        co_return true;
      }
      size = std::move(parsed).error();
    } else if (size && buffered().size() >= options_.max_header_bytes) {
      size = Error(Code::kInvalid, "431",
                   fmt::format("the header is larger than {} bytes", options_.max_header_bytes));
    }
    if (!size) {
      co_await Refuse(std::move(size).error());
      co_return false;
    }
    const bool filled = co_await FillBuffer();
    if (!filled) co_return false;
    entry_->between_requests = false;
    if (!began) {
      began = true;
      SetDeadline(options_.header_timeout);
    }
  }
}

io::Task<void> Connection::Refuse(Error error) {
  SetDeadline(options_.header_timeout);
  const int status = error.reason() == "505" ? 505 : error.reason() == "431" ? 431 : 400;
  const bool written =
      co_await WriteResponse(PlainError(status, error.message()), false, false, false);
  if (written) co_await Linger();
}

io::Task<Connection::Next> Connection::Exchange(RequestHead head) {
  if (head.expects_continue && head.framing.kind == BodyKind::kNone) {
    // botocore takes a final response instead of 100 for the connection's last.
    const bool written = co_await Write("HTTP/1.1 100 Continue\r\n\r\n", {});
    if (!written) co_return Next::kClose;
  }
  RequestBody body(*this, head);
  const bool head_only = head.request.method == "HEAD";
  Response response = co_await Answer(std::move(head.request), body);
  // A small rest is read first: most clients write all of a request before they read the response.
  const bool drained = co_await body.Drain();
  // HTTP/1.0 knows no chunks: there, the end of the connection is the end of such a stream.
  const bool ends_by_close = head.http_1_0 && response.stream && !response.stream->size();
  const bool keep_alive = head.keep_alive && drained && !ends_by_close && !siblings_.stopping() &&
                          !EqualsIgnoringCase(response.headers.Get("connection"), "close");
  const bool written =
      co_await WriteResponse(std::move(response), head_only, keep_alive, head.http_1_0);
  if (!written) co_return Next::kClose;
  if (keep_alive) co_return Next::kRequest;
  co_return drained ? Next::kClose : Next::kLinger;
}

io::Task<Response> Connection::Answer(Request request, BodyStream& body) {
  try {
    Response response = co_await handler_(std::move(request), body);
    co_return response;
  } catch (const std::exception& exception) {
    LogError("http.handler_failed", "what={}", LogValue(exception.what()));
  }
  co_return PlainError(500, "the server failed to answer this request; its log says why");
}

io::Task<bool> Connection::WriteResponse(Response response, bool head_only, bool keep_alive,
                                         bool http_1_0) {
  const bool no_body = HasNoBody(response.status);
  ResponseFraming framing{.close = !keep_alive, .say_keep_alive = keep_alive && http_1_0};
  if (response.stream) {
    framing.content_length = response.stream->size();
    framing.chunked = !framing.content_length && !http_1_0 && !no_body;
  } else if (!no_body) {
    framing.content_length = response.body.size();
  }
  if (no_body) framing.content_length.reset();
  if (head_only && response.body.empty() && !response.stream) {
    // The handler knows how large the body of the same GET would be.
    const std::string_view told = response.headers.Get("content-length");
    if (!told.empty())
      framing.content_length = std::strtoull(std::string(told).c_str(), nullptr, 10);
  }
  head_out_.clear();
  AppendResponseHead(response.status, response.headers, framing, head_out_);
  bool written = false;
  if (head_only || no_body) {
    written = co_await Write(head_out_, {});
  } else if (!response.stream) {
    written = co_await Write(head_out_, response.body);
  } else {
    written = co_await WriteStream(*response.stream, framing.content_length, framing.chunked);
  }
  co_return written;
}

// Sends head_out_ with the first piece. A stream that fails leaves the response cut short, which
// the client notices by its length.
io::Task<bool> Connection::WriteStream(BodyStream& stream, std::optional<std::uint64_t> size,
                                       bool chunked) {
  const std::size_t piece_bytes =
      size ? std::clamp<std::uint64_t>(*size, 1, kStreamPieceBytes) : kStreamPieceBytes;
  const auto piece = std::make_unique_for_overwrite<char[]>(piece_bytes);
  std::uint64_t sent = 0;
  while (!size || sent < *size) {
    Result<std::size_t> count = co_await stream.Read(std::span(piece.get(), piece_bytes));
    if (!count) {
      LogError("http.response_cut", "reason={} message={}", LogValue(count.error().reason()),
               LogValue(count.error().message()));
      co_return false;
    }
    if (*count == 0) break;
    if (size && *count > *size - sent) co_return false;
    if (chunked) fmt::format_to(std::back_inserter(head_out_), "{:x}\r\n", *count);
    const bool written = co_await Write(head_out_, std::string_view(piece.get(), *count));
    if (!written) co_return false;
    head_out_.assign(chunked ? "\r\n" : "");
    sent += *count;
  }
  if (chunked) head_out_ += "0\r\n\r\n";
  if (!head_out_.empty()) {
    const bool written = co_await Write(head_out_, {});
    if (!written) co_return false;
  }
  co_return !size || sent == *size;
}

io::Task<bool> Connection::Write(std::string_view first, std::string_view second) {
  std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
  boost::system::error_code error;
  // Mostly the socket takes all at once: no trip through the scheduler.
  const std::size_t count = socket_.write_some(buffers, error);
  if (error && error != asio::error::would_block) co_return false;
  if (count == first.size() + second.size()) co_return true;
  const std::size_t of_first = std::min(count, first.size());
  first.remove_prefix(of_first);
  second.remove_prefix(count - of_first);
  buffers = {asio::buffer(first), asio::buffer(second)};
  // Piece by piece, so that the deadline is about standing still, not about size.
  while (!first.empty() || !second.empty()) {
    SetDeadline(options_.idle_timeout);
    const auto [failed, more] = co_await socket_.async_write_some(buffers, kAsTuple);
    if (failed) co_return false;
    const std::size_t of_rest = std::min(more, first.size());
    first.remove_prefix(of_rest);
    second.remove_prefix(more - of_rest);
    buffers = {asio::buffer(first), asio::buffer(second)};
  }
  ClearDeadline();
  co_return true;
}

io::Task<void> Connection::Linger() {
  constexpr std::uint64_t kMaxLingerBytes = 64 * 1024 * 1024;
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  SetDeadline(options_.header_timeout);
  std::vector<char> sink(16 * 1024);
  for (std::uint64_t dropped = 0; dropped < kMaxLingerBytes;) {
    const std::size_t count = co_await ReadSome(sink);
    if (count == 0) co_return;
    dropped += count;
  }
}

io::Task<std::size_t> Connection::ReadSome(std::span<char> buffer) {
  const auto [error, count] =
      co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kAsTuple);
  co_return error ? 0 : count;
}

io::Task<bool> Connection::FillBuffer() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      buffer_.resize(std::max(kFirstBufferBytes, buffer_.size() * 2));
    }
  }
  const std::span<char> free(buffer_.data() + end_, buffer_.size() - end_);
  const std::size_t count = co_await ReadSome(free);
  end_ += count;
  co_return count > 0;
}

}  // namespace scones::http::detail

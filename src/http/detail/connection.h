// One client's connection to the server: reads requests, calls the handler, writes responses, until
// either side has enough. Lives on one shard and is used on its thread only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "http/detail/chunked_decoder.h"
#include "http/detail/head_parser.h"
#include "http/detail/shard_connections.h"
#include "http/server.h"

namespace scones::http::detail {

class Connection {
 public:
  Connection(Socket socket, const ServerOptions& options, const Handler& handler,
             ShardConnections& siblings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Returns when the connection is over.
  io::Task<void> Run();

 private:
  friend class RequestBody;
  enum class Next { kRequest, kClose, kLinger };

  // Reads until a head is complete. False: the connection is over (an error has been answered).
  io::Task<bool> ReadHead(RequestHead& head);
  io::Task<Next> Exchange(RequestHead head);
  io::Task<Response> Answer(Request request, BodyStream& body);
  io::Task<bool> WriteResponse(Response response, bool head_only, bool keep_alive, bool http_1_0);
  io::Task<bool> WriteStream(BodyStream& stream, std::optional<std::uint64_t> size, bool chunked);
  io::Task<bool> Write(std::string_view first, std::string_view second);
  io::Task<void> Refuse(Error error);
  // Reads and drops what the client still sends, so that it gets to see the response.
  io::Task<void> Linger();

  // Bytes of the socket, through the buffer or past it; 0 at the end or on failure.
  io::Task<std::size_t> ReadSome(std::span<char> buffer);
  io::Task<bool> FillBuffer();
  std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void Consume(std::size_t count) { begin_ += count; }

  void SetDeadline(std::chrono::seconds timeout) {
    entry_->deadline_tick = siblings_.TickAfter(timeout);
  }
  void ClearDeadline() { entry_->deadline_tick = ShardConnections::kNever; }

  Socket socket_;
  const ServerOptions& options_;
  const Handler& handler_;
  ShardConnections& siblings_;
  ShardConnections::Handle entry_;
  std::string remote_address_;
  std::uint16_t remote_port_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // [begin_, end_) of buffer_ was received and not yet used
  std::size_t end_ = 0;
  std::string head_out_;  // reused for each response's head
};

// The body of the request under way, read from its connection as the handler asks for it.
class RequestBody final : public BodyStream {
 public:
  RequestBody(Connection& connection, const RequestHead& head)
      : connection_(connection),
        framing_(head.framing),
        remaining_(head.framing.length),
        continue_due_(head.expects_continue && head.framing.kind != BodyKind::kNone) {}

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override;
  std::optional<std::uint64_t> size() const override;

  std::optional<std::string> TakeRest() override;
  bool peer_is_there() const override;

  bool at_end() const;
  bool failed() const { return failed_; }
  // The client waits for a 100 that it never got: it may or may not send the body.
  bool continue_due() const { return continue_due_; }
  // Reads and drops the rest if that is little. False: it is not, or it failed.
  io::Task<bool> Drain();

 private:
  io::Task<Result<std::size_t>> ReadChunked(std::span<char> buffer);
  Error Cut();

  Connection& connection_;
  const Framing framing_;
  std::uint64_t remaining_;  // of kLength
  ChunkedDecoder decoder_;   // of kChunked
  bool continue_due_;
  bool failed_ = false;
};

}  // namespace scones::http::detail

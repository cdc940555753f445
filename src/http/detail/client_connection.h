// One connection of the client, with the guard that closes it when nothing moves. Used on one
// shard's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "http/detail/head_parser.h"
#include "http/detail/transport.h"
#include "io/task.h"

namespace scones::http::detail {

class ClientConnection {
 public:
  ClientConnection(boost::asio::any_io_executor executor, std::unique_ptr<Transport> transport);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // From now on, `timeout` without progress closes the connection; 0 is for ever.
  void SetTimeout(std::chrono::milliseconds timeout);
  // From now on, all that follows together; 0 is for ever. Takes effect with SetTimeout.
  void SetTotalTimeout(std::chrono::milliseconds timeout);
  void Disarm();
  // `error`, or kDeadline where the guard was what ended the connection.
  Error Explain(Error error) const;

  io::Task<Result<void>> Connect(Url url);
  io::Task<Result<void>> Write(std::string_view first, std::string_view second);
  // Skips interim (1xx) responses.
  io::Task<Result<ResponseHead>> ReadHead(bool to_head);

  // Bytes that came and are not used yet.
  std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void Consume(std::size_t count) { begin_ += count; }
  // Adds to buffered(); false at the end.
  io::Task<Result<bool>> Fill();
  // Past the buffer; 0 at the end.
  io::Task<Result<std::size_t>> ReadSome(std::span<char> buffer);

  // Nothing is left over of the last exchange and the peer is still there.
  bool Reusable();

 private:
  struct Guard;

  std::unique_ptr<Transport> transport_;
  std::shared_ptr<Guard> guard_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // [begin_, end_) of buffer_ is buffered()
  std::size_t end_ = 0;
};

}  // namespace scones::http::detail

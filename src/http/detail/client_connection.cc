#include "http/detail/client_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace scones::http::detail {

using Clock = std::chrono::steady_clock;

// The timer is left running when the deadline moves on, and looks at it when it fires: a request
// then costs no timer operation.
struct ClientConnection::Guard : std::enable_shared_from_this<Guard> {
  explicit Guard(boost::asio::any_io_executor executor) : timer(std::move(executor)) {}

  void Arm() {
    if (armed && timer.expiry() <= deadline) return;
    armed = true;
    timer.expires_at(deadline);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error) return;  // moved to an earlier time, or the connection is gone
      self->armed = false;
      self->Fire();
    });
  }

  void MoveDeadline() {
    deadline = timeout.count() == 0 ? end : std::min(end, Clock::now() + timeout);
  }

  void Fire() {
    if (transport == nullptr || deadline == Clock::time_point::max()) return;
    if (Clock::now() < deadline) return Arm();
    expired = true;
    transport->Close();
  }

  boost::asio::steady_timer timer;
  Transport* transport = nullptr;  // null once the connection is gone
  Clock::time_point deadline = Clock::time_point::max();
  Clock::time_point end = Clock::time_point::max();  // of all that is done, whatever moves
  std::chrono::milliseconds timeout{0};
  bool armed = false;
  bool expired = false;
};

ClientConnection::ClientConnection(boost::asio::any_io_executor executor,
                                   std::unique_ptr<Transport> transport)
    : transport_(std::move(transport)), guard_(std::make_shared<Guard>(std::move(executor))) {
  guard_->transport = transport_.get();
}

ClientConnection::~ClientConnection() {
  guard_->transport = nullptr;
  guard_->timer.cancel();
}

void ClientConnection::SetTimeout(std::chrono::milliseconds timeout) {
  guard_->timeout = timeout;
  guard_->MoveDeadline();
  if (guard_->deadline != Clock::time_point::max()) guard_->Arm();
}

void ClientConnection::SetTotalTimeout(std::chrono::milliseconds timeout) {
  guard_->end = timeout.count() == 0 ? Clock::time_point::max() : Clock::now() + timeout;
}

void ClientConnection::Disarm() { guard_->deadline = Clock::time_point::max(); }

Error ClientConnection::Explain(Error error) const {
  if (!guard_->expired) return error;
  if (Clock::now() >= guard_->end) return Error(Code::kDeadline, "it took too long altogether");
  return Error(Code::kDeadline, fmt::format("nothing came or went for {} ms: {}",
                                            guard_->timeout.count(), error.message()));
}

io::Task<Result<void>> ClientConnection::Connect(Url url) {
  Result<void> connected = co_await transport_->Connect(std::move(url));
  if (!connected) co_return Explain(std::move(connected).error());
  co_return connected;
}

io::Task<Result<void>> ClientConnection::Write(std::string_view first, std::string_view second) {
  Result<void> written = co_await transport_->Write(first, second);
  if (!written) co_return Explain(std::move(written).error());
  co_return written;
}

io::Task<Result<std::size_t>> ClientConnection::ReadSome(std::span<char> buffer) {
  Result<std::size_t> count = co_await transport_->ReadSome(buffer);
  if (!count) co_return Explain(std::move(count).error());
  if (guard_->deadline != Clock::time_point::max()) guard_->MoveDeadline();
  co_return count;
}

io::Task<Result<bool>> ClientConnection::Fill() {
  constexpr std::size_t kFirstBytes = 8 * 1024;
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      buffer_.resize(std::max(kFirstBytes, buffer_.size() * 2));
    }
  }
  const std::span<char> free(buffer_.data() + end_, buffer_.size() - end_);
  CO_TRY(const std::size_t count, co_await ReadSome(free));
  end_ += count;
  co_return count > 0;
}

io::Task<Result<ResponseHead>> ClientConnection::ReadHead(bool to_head) {
  constexpr std::size_t kMaxHeadBytes = 256 * 1024;
  HeadScanner scanner;
  while (true) {
    CO_TRY(const std::optional<std::size_t> size, scanner.Scan(buffered()));
    if (size) {
      Result<ResponseHead> head = ParseResponseHead(buffered().substr(0, *size), to_head);
      Consume(*size);
      if (!head || head->status >= 200) co_return head;
      scanner = HeadScanner();
      continue;
    }
    if (buffered().size() > kMaxHeadBytes) {
      co_return Error(Code::kInvalid, "the response's header is too large");
    }
    CO_TRY(const bool more, co_await Fill());
    if (!more) {
      co_return Explain(Error(Code::kUnavailable, "the server closed the connection unanswered"));
    }
  }
}

bool ClientConnection::Reusable() { return begin_ == end_ && transport_->Quiet(); }

}  // namespace scones::http::detail

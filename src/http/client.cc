#include "http/client.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "http/detail/chunked_decoder.h"
#include "http/detail/client_connection.h"

namespace scones::http {
namespace {

namespace asio = boost::asio;
using detail::BodyKind;
using detail::ClientConnection;
using SteadyClock = std::chrono::steady_clock;

// Connections that are free, by shard and host.
class Pool {
 public:
  using Key = std::tuple<asio::execution_context*, bool, std::string, std::uint16_t>;

  Pool(std::size_t max_per_host, std::chrono::seconds lifetime)
      : max_per_host_(max_per_host), lifetime_(lifetime) {}

  // A free connection that still stands, or null.
  std::unique_ptr<ClientConnection> Take(const Key& key) {
    while (true) {
      Idle idle;
      {
        const std::lock_guard lock(mutex_);
        auto& list = idle_[key];
        if (list.empty()) return nullptr;
        idle = std::move(list.back());
        list.pop_back();
      }
      if (SteadyClock::now() - idle.since < lifetime_ && idle.connection->Reusable()) {
        return std::move(idle.connection);
      }
    }
  }

  // On the connection's own shard.
  void Give(const Key& key, asio::any_io_executor executor,
            std::unique_ptr<ClientConnection> connection) {
    connection->Disarm();
    const std::lock_guard lock(mutex_);
    auto& list = idle_[key];
    if (closed_ || list.size() >= max_per_host_) return;
    list.push_back({std::move(connection), std::move(executor), SteadyClock::now()});
  }

  // Each is destroyed on its own shard.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto& [key, list] : idle_) {
      for (Idle& idle : list) {
        asio::post(idle.executor,
                   [doomed = std::shared_ptr<ClientConnection>(std::move(idle.connection))] {});
      }
    }
    idle_.clear();
  }

 private:
  struct Idle {
    std::unique_ptr<ClientConnection> connection;
    asio::any_io_executor executor;
    SteadyClock::time_point since;
  };
  const std::size_t max_per_host_;
  const std::chrono::seconds lifetime_;
  std::mutex mutex_;
  std::map<Key, std::vector<Idle>> idle_;  // guarded by mutex_
  bool closed_ = false;                    // guarded by mutex_
};

// A connection with the way back to its pool.
struct Lease {
  std::shared_ptr<Pool> pool;
  Pool::Key key;
  asio::any_io_executor executor;
  std::unique_ptr<ClientConnection> connection;
  bool reused = false;

  void Return() { pool->Give(key, std::move(executor), std::move(connection)); }
};

class ResponseBody final : public BodyStream {
 public:
  ResponseBody(Lease lease, const detail::ResponseHead& head)
      : lease_(std::move(lease)),
        framing_(head.framing),
        keep_alive_(head.keep_alive),
        remaining_(head.framing.length) {
    if (framing_.kind == BodyKind::kNone) End();
  }

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
    if (ended_ || buffer.empty()) co_return std::size_t{0};
    if (!lease_.connection) co_return Error(Code::kUnavailable, "the response broke off before");
    Result<std::size_t> count = std::size_t{0};
    if (framing_.kind == BodyKind::kChunked) {
      count = co_await ReadChunked(buffer);
    } else {
      count = co_await ReadPlain(buffer);
    }
    if (!count) lease_.connection.reset();
    co_return count;
  }

  std::optional<std::uint64_t> size() const override {
    if (framing_.kind == BodyKind::kNone) return 0;
    if (framing_.kind == BodyKind::kLength) return framing_.length;
    return std::nullopt;
  }

 private:
  io::Task<Result<std::size_t>> ReadPlain(std::span<char> buffer) {
    const bool sized = framing_.kind == BodyKind::kLength;
    if (sized) buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), remaining_));
    const std::string_view ready = lease_.connection->buffered().substr(0, buffer.size());
    std::size_t count = ready.size();
    if (count > 0) {
      std::memcpy(buffer.data(), ready.data(), count);
      lease_.connection->Consume(count);
    } else {
      CO_TRY(count, co_await lease_.connection->ReadSome(buffer));
    }
    if (sized) {
      if (count == 0) co_return BrokenOff();
      remaining_ -= count;
      if (remaining_ == 0) End();
    } else if (count == 0) {
      End();
    }
    co_return count;
  }

  io::Task<Result<std::size_t>> ReadChunked(std::span<char> buffer) {
    while (!decoder_.done()) {
      const std::string_view input = lease_.connection->buffered().substr(0, buffer.size());
      CO_TRY(const detail::ChunkedDecoder::Step step, decoder_.Next(input));
      step.data.copy(buffer.data(), buffer.size());
      lease_.connection->Consume(step.consumed);
      if (!step.data.empty()) co_return step.data.size();
      if (decoder_.done() || !lease_.connection->buffered().empty()) continue;
      CO_TRY(const bool more, co_await lease_.connection->Fill());
      if (!more) co_return BrokenOff();
    }
    End();
    co_return std::size_t{0};
  }

  Error BrokenOff() const {
    return lease_.connection->Explain(
        Error(Code::kUnavailable, "the response broke off before its end"));
  }

  void End() {
    ended_ = true;
    if (keep_alive_) {
      lease_.Return();
    } else {
      lease_.connection.reset();
    }
  }

  Lease lease_;
  const detail::Framing framing_;
  const bool keep_alive_;
  std::uint64_t remaining_;
  detail::ChunkedDecoder decoder_;
  bool ended_ = false;
};

std::string RequestHeadText(const Url& url, const ClientRequest& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.method, url.target);
  if (!request.headers.Contains("host")) text += fmt::format("Host: {}\r\n", url.Authority());
  for (const auto& [name, value] : request.headers) {
    if (EqualsIgnoringCase(name, "content-length") ||
        EqualsIgnoringCase(name, "transfer-encoding")) {
      continue;
    }
    text.append(name).append(": ").append(value).append("\r\n");
  }
  const std::optional<std::uint64_t> size =
      request.stream ? request.stream->size() : std::optional<std::uint64_t>(request.body.size());
  if (!size) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (*size > 0 || (request.method != "GET" && request.method != "HEAD")) {
    text += fmt::format("Content-Length: {}\r\n", *size);
  }
  return text + "\r\n";
}

Result<void> CheckRequest(const Url& url, const ClientRequest& request) {
  const auto breaks_line = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
  };
  bool bad = breaks_line(url.target) || breaks_line(request.method);
  for (const auto& [name, value] : request.headers) {
    bad = bad || breaks_line(name) || breaks_line(value);
  }
  if (!bad) return {};
  return Error(Code::kInvalid, "a request's address and headers may not hold line ends");
}

io::Task<Result<void>> WriteStream(ClientConnection& connection, std::string head,
                                   BodyStream& stream, std::chrono::milliseconds timeout) {
  constexpr std::size_t kPieceBytes = 64 * 1024;
  const std::optional<std::uint64_t> size = stream.size();
  const auto piece = std::make_unique_for_overwrite<char[]>(kPieceBytes);
  std::uint64_t sent = 0;
  while (true) {
    connection.Disarm();  // waiting for the stream is not the peer's fault
    CO_TRY(const std::size_t count, co_await stream.Read(std::span(piece.get(), kPieceBytes)));
    connection.SetTimeout(timeout);
    if (count == 0) break;
    if (!size) head += fmt::format("{:x}\r\n", count);
    CO_TRY_VOID(co_await connection.Write(head, std::string_view(piece.get(), count)));
    head = size ? "" : "\r\n";
    sent += count;
  }
  if (size && sent != *size) {
    co_return Error(Code::kInternal, "a request's body had another size than it said");
  }
  if (!size) head += "0\r\n\r\n";
  co_return co_await connection.Write(head, {});
}

io::Task<Result<void>> WriteRequest(ClientConnection& connection, const Url& url,
                                    ClientRequest& request) {
  std::string head = RequestHeadText(url, request);
  if (request.stream) {
    co_return co_await WriteStream(connection, std::move(head), *request.stream, request.timeout);
  }
  co_return co_await connection.Write(head, request.body);
}

}  // namespace

struct Client::State {
  explicit State(ClientOptions options_in)
      : options(std::move(options_in)),
        pool(std::make_shared<Pool>(options.max_idle_per_host, options.idle_lifetime)) {}

  std::shared_ptr<detail::TlsSettings> Tls() {
    const std::lock_guard lock(mutex);
    if (!tls) tls = detail::MakeTlsSettings(options.certificates_file);
    return tls;
  }
  io::Task<Result<Lease>> Acquire(Url url, bool fresh);

  const ClientOptions options;
  const std::shared_ptr<Pool> pool;
  std::mutex mutex;
  std::shared_ptr<detail::TlsSettings> tls;  // guarded by mutex; made when first needed
};

io::Task<Result<Lease>> Client::State::Acquire(Url url, bool fresh) {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  Lease lease{
      .pool = pool,
      .key = {&asio::query(executor, asio::execution::context), url.secure, url.host, url.port},
      .executor = executor,
      .connection = nullptr};
  if (!fresh) lease.connection = pool->Take(lease.key);
  if (lease.connection) {
    lease.reused = true;
    co_return lease;
  }
  auto transport = url.secure ? detail::MakeTlsTransport(executor, Tls(), options.may_connect)
                              : detail::MakePlainTransport(executor, options.may_connect);
  lease.connection = std::make_unique<ClientConnection>(executor, std::move(transport));
  lease.connection->SetTimeout(options.connect_timeout);
  CO_TRY_VOID(co_await lease.connection->Connect(std::move(url)));
  co_return lease;
}

Client::Client(ClientOptions options) : state_(std::make_shared<State>(std::move(options))) {}

Client::~Client() { state_->pool->Close(); }

io::Task<Result<ClientResponse>> Client::Send(Url url, ClientRequest request) {
  CO_TRY_VOID(CheckRequest(url, request));
  const std::shared_ptr<State> state = state_;
  // A kept connection may be closed by the server at the very moment; what can be sent again
  // without a second effect then is.
  const bool repeatable = !request.stream && request.method != "POST";
  for (bool fresh = false;; fresh = true) {
    CO_TRY(Lease lease, co_await state->Acquire(url, fresh));
    ClientConnection& connection = *lease.connection;
    connection.SetTotalTimeout(request.total_timeout);
    connection.SetTimeout(request.timeout);
    const Result<void> written = co_await WriteRequest(connection, url, request);
    // A server may refuse and close before it has read all: its answer says more than the break.
    Result<detail::ResponseHead> head = co_await connection.ReadHead(request.method == "HEAD");
    if (head) {
      if (!written) head->keep_alive = false;
      ClientResponse response{.status = head->status, .headers = std::move(head->headers)};
      response.body = std::make_unique<ResponseBody>(std::move(lease), *head);
      co_return response;
    }
    const Error error = written ? head.error() : written.error();
    const bool again = lease.reused && repeatable && error.code() == Code::kUnavailable;
    if (!again) co_return error;
  }
}

io::Task<Result<Response>> Client::Fetch(Url url, ClientRequest request,
                                         std::size_t max_body_bytes) {
  CO_TRY(ClientResponse answer, co_await Send(std::move(url), std::move(request)));
  Response response{.status = answer.status, .headers = std::move(answer.headers)};
  CO_TRY(response.body, co_await ReadAll(*answer.body, max_body_bytes));
  co_return response;
}

}  // namespace scones::http

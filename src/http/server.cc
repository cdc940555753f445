#include "http/server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "http/detail/connection.h"
#include "http/detail/shard_connections.h"

namespace scones::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Each connection is a file descriptor; the usual soft limit of 1024 would starve everyone.
void AllowOpenFiles(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

Error ListenError(const boost::system::error_code& error, const ServerOptions& options) {
  const std::string place = fmt::format("{}:{}", options.address, options.port);
  if (error == asio::error::address_in_use) {
    return Error(Code::kExists, "PortInUse",
                 fmt::format("another program already listens on {}; stop it, or choose another "
                             "port with --port (0 takes any free one)",
                             place));
  }
  if (error == asio::error::access_denied) {
    return Error(Code::kDenied, "PortDenied",
                 fmt::format("this user may not listen on {}; choose a port of 1024 or above with "
                             "--port",
                             place));
  }
  return Error(Code::kInvalid, "BadAddress",
               fmt::format("can't listen on {}: {}; choose an address of this machine", place,
                           error.message()));
}

Result<void> Listen(tcp::acceptor& acceptor, const ServerOptions& options) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return ListenError(error, options);
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) return ListenError(error, options);
  return {};
}

// What the coroutines hold. It owns nothing of an io_context, because it may be the last to go when
// the shards are torn down; each coroutine besides holds what belongs to its own shard.
struct Common {
  const ServerOptions options;
  const Handler handler;
  std::mutex mutex;
  std::condition_variable emptied;
  std::size_t connections = 0;  // guarded by mutex

  Common(ServerOptions options_in, Handler handler_in)
      : options(std::move(options_in)), handler(std::move(handler_in)) {}

  bool TryAddConnection() {
    const std::lock_guard lock(mutex);
    if (connections >= options.max_connections) return false;
    ++connections;
    return true;
  }
  void RemoveConnection() {
    const std::lock_guard lock(mutex);
    if (--connections == 0) emptied.notify_all();
  }
  bool WaitUntilEmpty(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex);
    return emptied.wait_for(lock, timeout, [this] { return connections == 0; });
  }
};

struct Shard {
  asio::io_context& context;
  std::shared_ptr<detail::ShardConnections> connections;
};

io::Task<void> Serve(std::shared_ptr<Common> common,
                     std::shared_ptr<detail::ShardConnections> siblings, detail::Socket socket) {
  detail::Connection connection(std::move(socket), common->options, common->handler, *siblings);
  co_await connection.Run();
}

io::Task<void> Accept(std::shared_ptr<Common> common, std::vector<Shard> shards,
                      std::shared_ptr<tcp::acceptor> acceptor) {
  constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
  asio::steady_timer pause(shards.front().context);
  for (std::size_t next = 0;; next = (next + 1) % shards.size()) {
    asio::io_context& context = shards[next].context;
    auto [error, socket] = co_await acceptor->async_accept(context.get_executor(), kAsTuple);
    if (!acceptor->is_open()) co_return;
    if (error) {
      // Out of file descriptors or memory: wait for some to come back rather than spin.
      LogWarning("http.accept_failed", "what={}", LogValue(error.message()));
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    if (!common->TryAddConnection()) continue;
    asio::co_spawn(context, Serve(common, shards[next].connections, std::move(socket)),
                   [common](std::exception_ptr failed) {
                     common->RemoveConnection();
                     if (failed) LogError("http.connection_failed", "what=exception");
                   });
  }
}

}  // namespace

struct Server::State {
  std::shared_ptr<Common> common;
  std::vector<Shard> shards;
  std::weak_ptr<tcp::acceptor> acceptor;  // owned by Accept, on the first shard
  std::uint16_t port = 0;
  bool stopped = false;

  void OnEveryShard(void (detail::ShardConnections::*action)()) {
    for (const Shard& shard : shards) {
      asio::post(shard.context,
                 [connections = shard.connections, action] { (connections.get()->*action)(); });
    }
  }
};

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::Start(io::Shards& shards, ServerOptions options,
                                              Handler handler) {
  AllowOpenFiles(options.max_connections + 1024);
  auto acceptor = std::make_shared<tcp::acceptor>(shards.at(0));
  TRY_VOID(Listen(*acceptor, options));
  auto state = std::make_shared<State>();
  for (std::size_t i = 0; i < shards.count(); ++i) {
    state->shards.push_back(
        {shards.at(i), std::make_shared<detail::ShardConnections>(shards.at(i))});
  }
  state->common = std::make_shared<Common>(std::move(options), std::move(handler));
  state->acceptor = acceptor;
  state->port = acceptor->local_endpoint().port();
  asio::co_spawn(shards.at(0), Accept(state->common, state->shards, std::move(acceptor)),
                 [](std::exception_ptr failed) {
                   if (failed) LogError("http.accept_stopped", "what=exception");
                 });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::uint16_t Server::port() const { return state_->port; }

void Server::Stop(std::chrono::milliseconds grace) {
  constexpr std::chrono::milliseconds kForcedEnd{500};
  if (std::exchange(state_->stopped, true)) return;
  asio::post(state_->shards.front().context, [weak = state_->acceptor] {
    boost::system::error_code ignored;
    if (const auto acceptor = weak.lock()) acceptor->close(ignored);
  });
  state_->OnEveryShard(&detail::ShardConnections::StopReading);
  if (state_->common->WaitUntilEmpty(grace)) return;
  state_->OnEveryShard(&detail::ShardConnections::CloseAll);
  state_->common->WaitUntilEmpty(kForcedEnd);
}

}  // namespace scones::http

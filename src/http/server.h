// HTTP/1.1 server: one coroutine a connection on one shard, keep-alive, pipelining in order, bodies
// streamed both ways, Expect: 100-continue answered when the handler first reads the body.
// Malformed requests get 400 and the connection is closed; headers are bounded in size and time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "io/shards.h"

namespace scones::http {

// Answers one request. `body` lives until the handler returns. A handler reports errors as
// responses; an exception that escapes it becomes a 500 and a log line.
using Handler = std::function<io::Task<Response>(Request request, BodyStream& body)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::size_t max_header_bytes = 64 * 1024;
  std::size_t max_connections = 10'000;  // further ones are closed at once
  std::chrono::seconds header_timeout{30};
  std::chrono::seconds idle_timeout{300};  // between requests, and between pieces of a body
};

class Server {
 public:
  // Listens at once. Errors: kExists where the port is in use (the message says how to choose
  // another), kDenied, kInvalid for a bad address. `shards` outlives the server.
  static Result<std::unique_ptr<Server>> Start(io::Shards& shards, ServerOptions options,
                                               Handler handler);
  ~Server();

  std::uint16_t port() const;
  // Stops accepting, lets requests under way finish until `grace` is over, closes the rest. A
  // handler that then still waits for something else than its connection ends with its shard: stop
  // the service that it waits for first. Blocks; call it from a thread that is not a shard's.
  void Stop(std::chrono::milliseconds grace);

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace scones::http

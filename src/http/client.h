// HTTP/1.1 client: kept-alive connections in a pool, bodies streamed both ways, TLS with
// certificates verified against the system's. Redirects are the caller's to follow.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "http/url.h"

namespace scones::http {

struct ClientOptions {
  std::size_t max_idle_per_host = 256;     // kept connections
  std::chrono::seconds idle_lifetime{60};  // before a kept connection is dropped
  std::chrono::milliseconds connect_timeout{10'000};
  std::string certificates_file;  // PEM; "": the system's
  // Asked for each address ("127.0.0.1", "::1") that a host's name resolves to, before it is
  // connected to; those refused are left out. Unset: every address. Called on shards.
  std::function<bool(const std::string& address)> may_connect;
};

struct ClientRequest {
  std::string method = "GET";
  Headers headers;  // Host and Content-Length are added where missing
  std::string body;
  std::unique_ptr<BodyStream> stream;  // instead of `body`; chunked where its size is unknown
  // How long may pass without a byte moving, until the response's head and between pieces of its
  // body; 0 is for ever.
  std::chrono::milliseconds timeout{60'000};
  // How long all of it may take, from the connection on to the body's end; 0 is for ever.
  std::chrono::milliseconds total_timeout{0};
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  // Never null. Read to its end, it gives the connection back; dropped before, it closes it.
  std::unique_ptr<BodyStream> body;
};

// Safe from any shard; connections stay on the shard that made them. The shards outlive it.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends one request and returns once the response's head has come, whatever its status.
  // Errors: kUnavailable (no connection, or it broke), kDeadline, kInvalid for a response that
  // isn't HTTP, kDenied for a certificate that doesn't verify or addresses that may_connect
  // refuses.
  io::Task<Result<ClientResponse>> Send(Url url, ClientRequest request);

  // The same with the whole body in Response::body. Errors: also kInvalid/EntityTooLarge.
  io::Task<Result<Response>> Fetch(Url url, ClientRequest request, std::size_t max_body_bytes);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace scones::http

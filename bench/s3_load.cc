// Load on an S3 server: signed PUTs and GETs of small objects over keep-alive connections, and
// LISTs of 1,000 keys. Requests are signed before the clock starts, so that what is measured is the
// server. One blocking thread a connection. Prints one line an operation.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "auth/signer.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/time.h"

namespace {

using namespace scones;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Settings {
  std::uint16_t port = 4566;
  auth::KeyPair keys{.access_key_id = "S3RVER", .secret_access_key = "S3RVER", .session_token = ""};
  std::string bucket = "bench";
  std::size_t connections = 8;
  std::size_t size_bytes = 4096;
  std::size_t count = 20'000;  // PUTs and GETs
  std::size_t lists = 50;
};

[[noreturn]] void Die(const std::string& what) {
  fmt::print(stderr, "s3_load: {}\n", what);
  std::exit(1);
}

std::string SignedHead(const Settings& settings, std::string_view method, const std::string& path,
                       const std::string& query, std::size_t content_length,
                       const std::string& payload_hash) {
  auth::HeaderFields headers = {{"Host", fmt::format("127.0.0.1:{}", settings.port)}};
  if (method == "PUT") headers.emplace_back("Content-Length", std::to_string(content_length));
  const auth::RequestView view{
      .method = method, .raw_path = path, .raw_query = query, .headers = headers};
  auth::SigningOptions options;
  options.service = "s3";
  options.path_rule = auth::PathRule::kS3;
  options.send_payload_hash = true;
  const auto added =
      auth::SignHeaders(view, settings.keys, options, payload_hash, SystemClock().Now());
  if (!added) Die(added.error().message());
  std::string head =
      fmt::format("{} {}{}{} HTTP/1.1\r\n", method, path, query.empty() ? "" : "?", query);
  for (const auto& field : headers) head += fmt::format("{}: {}\r\n", field.first, field.second);
  for (const auto& field : *added) head += fmt::format("{}: {}\r\n", field.first, field.second);
  return head + "\r\n";
}

// One keep-alive connection that blocks.
class Connection {
 public:
  explicit Connection(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      Die(fmt::format("cannot connect to port {}", port));
    }
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  ~Connection() { ::close(socket_); }

  struct Reply {
    int status = 0;
    std::string_view head;
    std::string_view body;
  };
  // The reply's views end with the next call.
  Reply Send(const std::string& request) {
    std::string_view left = request;
    while (!left.empty()) {
      const ssize_t sent = ::send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) Die("the server closed the connection");
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    return Receive();
  }

 private:
  void ReadMore() {
    const std::size_t before = buffer_.size();
    buffer_.resize(before + 64 * 1024);
    const ssize_t count = ::recv(socket_, buffer_.data() + before, 64 * 1024, 0);
    if (count <= 0) Die("the server closed the connection");
    buffer_.resize(before + static_cast<std::size_t>(count));
  }

  Reply Receive() {
    buffer_.clear();
    std::size_t head_end = std::string::npos;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) ReadMore();
    const std::size_t body_start = head_end + 4;
    std::string head = buffer_.substr(0, body_start);
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    int status = 0;
    std::from_chars(buffer_.data() + 9, buffer_.data() + 12, status);
    constexpr std::string_view kLength = "\r\ncontent-length: ";
    if (const std::size_t at = head.find(kLength); at != std::string::npos) {
      std::size_t length = 0;
      std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), length);
      while (buffer_.size() < body_start + length) ReadMore();
    } else if (head.find("transfer-encoding: chunked") != std::string::npos) {
      while (!buffer_.ends_with("0\r\n\r\n")) ReadMore();
    }
    const std::string_view all = buffer_;
    return {.status = status, .head = all.substr(0, body_start), .body = all.substr(body_start)};
  }

  int socket_ = -1;
  std::string buffer_;
};

struct Outcome {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

// Sends all requests over the connections; each reply must have status 200 and pass `check`.
template <class Check>
Outcome Run(const Settings& settings, const std::vector<std::string>& requests, Check check) {
  std::vector<double> times_ms(requests.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  const SteadyTime begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < settings.connections; ++i) {
    threads.emplace_back([&] {
      Connection connection(settings.port);
      for (std::size_t at = next++; at < requests.size(); at = next++) {
        const SteadyTime sent = std::chrono::steady_clock::now();
        const Connection::Reply reply = connection.Send(requests[at]);
        times_ms[at] =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - sent)
                .count();
        if (reply.status != 200 || !check(reply)) {
          Die(fmt::format("unexpected reply:\n{}{}", reply.head, reply.body.substr(0, 500)));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  std::sort(times_ms.begin(), times_ms.end());
  return {.per_second = static_cast<double>(requests.size()) / taken.count(),
          .p50_ms = times_ms[times_ms.size() / 2],
          .p99_ms = times_ms[times_ms.size() * 99 / 100]};
}

void Print(std::string_view operation, const Outcome& outcome) {
  fmt::print("{:<5} {:>9.0f} /s   p50 {:>7.2f} ms   p99 {:>7.2f} ms\n", operation,
             outcome.per_second, outcome.p50_ms, outcome.p99_ms);
  std::fflush(stdout);
}

void RunAll(const Settings& settings) {
  const std::string body = RandomBytes(settings.size_bytes);
  const std::string body_hash = HexEncode(Digest(HashAlgorithm::kSha256, body));
  const std::string empty_hash = HexEncode(Digest(HashAlgorithm::kSha256, ""));
  const std::string bucket = "/" + settings.bucket;
  {
    Connection connection(settings.port);
    const auto made = connection.Send(SignedHead(settings, "PUT", bucket, "", 0, empty_hash));
    if (made.status != 200 && made.status != 409) Die(std::string(made.body));
  }
  const auto key = [&](std::size_t i) { return fmt::format("{}/object-{:07}", bucket, i); };
  const auto any = [](const Connection::Reply&) { return true; };
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < settings.count; ++i) {
    requests.push_back(SignedHead(settings, "PUT", key(i), "", body.size(), body_hash) + body);
  }
  Print("PUT", Run(settings, requests, any));
  requests.clear();
  for (std::size_t i = 0; i < settings.count; ++i) {
    // A stride that is no divisor visits all keys out of order.
    requests.push_back(
        SignedHead(settings, "GET", key(i * 7919 % settings.count), "", 0, empty_hash));
  }
  Print("GET", Run(settings, requests,
                   [&](const Connection::Reply& reply) { return reply.body == body; }));
  if (settings.lists == 0) return;
  requests.assign(settings.lists,
                  SignedHead(settings, "GET", bucket, "list-type=2&max-keys=1000", 0, empty_hash));
  Print("LIST", Run(settings, requests, [](const Connection::Reply& reply) {
          return reply.body.find("<KeyCount>1000</KeyCount>") != std::string_view::npos ||
                 reply.body.find("<MaxKeys>1000</MaxKeys>") != std::string_view::npos;
        }));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Load on an S3 server at 127.0.0.1");
  app.add_option("--port", settings.port, "port of the server")->required();
  app.add_option("--access-key", settings.keys.access_key_id);
  app.add_option("--secret-key", settings.keys.secret_access_key);
  app.add_option("--bucket", settings.bucket);
  app.add_option("--connections", settings.connections);
  app.add_option("--size", settings.size_bytes, "bytes of an object");
  app.add_option("--count", settings.count, "PUTs, and then GETs");
  app.add_option("--lists", settings.lists, "LISTs of 1,000 keys");
  CLI11_PARSE(app, argc, argv);
  RunAll(settings);
  return 0;
}

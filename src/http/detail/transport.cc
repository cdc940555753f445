#include "http/detail/transport.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "http/detail/resolve.h"

namespace scones::http::detail {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

class PlainTransport final : public Transport {
 public:
  PlainTransport(asio::any_io_executor executor, AddressFilter may_connect)
      : socket_(std::move(executor)), may_connect_(std::move(may_connect)) {}

  io::Task<Result<void>> Connect(Url url) override {
    url_ = std::move(url);
    Result<std::vector<tcp::endpoint>> endpoints = co_await Resolve(url_, may_connect_);
    if (!endpoints) co_return std::move(endpoints).error();
    const auto [error, endpoint] = co_await asio::async_connect(socket_, *endpoints, kAsTuple);
    if (error) co_return TransportError(url_, "connect to", error.message());
    boost::system::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    co_return Result<void>();
  }

  io::Task<Result<std::size_t>> ReadSome(std::span<char> buffer) override {
    const auto [error, count] =
        co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kAsTuple);
    if (error == asio::error::eof) co_return std::size_t{0};
    if (error) co_return TransportError(url_, "read from", error.message());
    co_return count;
  }

  io::Task<Result<void>> Write(std::string_view first, std::string_view second) override {
    std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    boost::system::error_code error;
    const std::size_t count = socket_.write_some(buffers, error);
    if (error && error != asio::error::would_block) {
      co_return TransportError(url_, "write to", error.message());
    }
    if (count == first.size() + second.size()) co_return Result<void>();
    const std::size_t of_first = std::min(count, first.size());
    buffers = {asio::buffer(first.substr(of_first)), asio::buffer(second.substr(count - of_first))};
    const auto [failed, rest] = co_await asio::async_write(socket_, buffers, kAsTuple);
    if (failed) co_return TransportError(url_, "write to", failed.message());
    co_return Result<void>();
  }

  void Close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  bool Quiet() override {
    char byte;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  tcp::socket socket_;
  const AddressFilter may_connect_;
  Url url_;
};

}  // namespace

io::Task<Result<std::vector<tcp::endpoint>>> Resolve(Url url, AddressFilter may_connect) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(url.host, error);
  std::vector<tcp::endpoint> endpoints;
  if (!error) {
    endpoints.emplace_back(address, url.port);
  } else {
    tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto [failed, entries] =
        co_await resolver.async_resolve(url.host, std::to_string(url.port), kAsTuple);
    if (failed) co_return TransportError(url, "find the address of", failed.message());
    for (const auto& entry : entries) endpoints.push_back(entry.endpoint());
  }
  if (!may_connect) co_return endpoints;
  std::erase_if(endpoints, [&may_connect](const tcp::endpoint& endpoint) {
    return !may_connect(endpoint.address().to_string());
  });
  if (!endpoints.empty()) co_return endpoints;
  co_return Error(Code::kDenied,
                  fmt::format("{} has no address that may be connected to", url.Authority()));
}

Error TransportError(const Url& url, std::string_view doing, const std::string& cause) {
  return Error(Code::kUnavailable, fmt::format("can't {} {}: {}", doing, url.Authority(), cause));
}

std::unique_ptr<Transport> MakePlainTransport(asio::any_io_executor executor,
                                              AddressFilter may_connect) {
  return std::make_unique<PlainTransport>(std::move(executor), std::move(may_connect));
}

}  // namespace scones::http::detail

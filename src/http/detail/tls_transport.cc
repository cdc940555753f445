#include <fmt/format.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "http/detail/resolve.h"
#include "http/detail/transport.h"

namespace scones::http::detail {

namespace asio = boost::asio;
using asio::ip::tcp;

class TlsSettings {
 public:
  explicit TlsSettings(const std::string& certificates_file)
      : context(asio::ssl::context::tls_client) {
    boost::system::error_code ignored;
    context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, ignored);
    context.set_verify_mode(asio::ssl::verify_peer, ignored);
    // Where this fails, no certificate verifies: connections are refused, never trusted.
    if (certificates_file.empty()) {
      context.set_default_verify_paths(ignored);
    } else {
      context.load_verify_file(certificates_file, ignored);
    }
  }
  asio::ssl::context context;
};

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::any_io_executor executor, std::shared_ptr<TlsSettings> settings,
               AddressFilter may_connect)
      : settings_(std::move(settings)),
        stream_(std::move(executor), settings_->context),
        may_connect_(std::move(may_connect)) {}

  io::Task<Result<void>> Connect(Url url) override {
    url_ = std::move(url);
    Result<std::vector<tcp::endpoint>> endpoints = co_await Resolve(url_, may_connect_);
    if (!endpoints) co_return std::move(endpoints).error();
    const auto [error, endpoint] =
        co_await asio::async_connect(stream_.lowest_layer(), *endpoints, kAsTuple);
    if (error) co_return TransportError(url_, "connect to", error.message());
    boost::system::error_code ignored;
    stream_.lowest_layer().set_option(tcp::no_delay(true), ignored);
    boost::system::error_code unusable;
    stream_.set_verify_callback(asio::ssl::host_name_verification(url_.host), unusable);
    if (unusable || SSL_set_tlsext_host_name(stream_.native_handle(), url_.host.c_str()) != 1) {
      co_return TransportError(url_, "speak TLS with", "its name is unusable");
    }
    const auto [failed] =
        co_await stream_.async_handshake(asio::ssl::stream_base::client, kAsTuple);
    if (!failed) co_return Result<void>();
    const long verified = SSL_get_verify_result(stream_.native_handle());
    if (verified == X509_V_OK) co_return TransportError(url_, "speak TLS with", failed.message());
    co_return Error(Code::kDenied,
                    fmt::format("the certificate of {} does not verify: {}", url_.Authority(),
                                X509_verify_cert_error_string(verified)));
  }

  io::Task<Result<std::size_t>> ReadSome(std::span<char> buffer) override {
    const auto [error, count] =
        co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kAsTuple);
    if (error == asio::error::eof) co_return std::size_t{0};
    if (error) co_return TransportError(url_, "read from", error.message());
    co_return count;
  }

  io::Task<Result<void>> Write(std::string_view first, std::string_view second) override {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    const auto [error, count] = co_await asio::async_write(stream_, buffers, kAsTuple);
    if (error) co_return TransportError(url_, "write to", error.message());
    co_return Result<void>();
  }

  void Close() override {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

  bool Quiet() override {
    char byte;
    return ::recv(stream_.lowest_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  const std::shared_ptr<TlsSettings> settings_;
  asio::ssl::stream<tcp::socket> stream_;
  const AddressFilter may_connect_;
  Url url_;
};

}  // namespace

std::shared_ptr<TlsSettings> MakeTlsSettings(const std::string& certificates_file) {
  return std::make_shared<TlsSettings>(certificates_file);
}

std::unique_ptr<Transport> MakeTlsTransport(asio::any_io_executor executor,
                                            std::shared_ptr<TlsSettings> settings,
                                            AddressFilter may_connect) {
  return std::make_unique<TlsTransport>(std::move(executor), std::move(settings),
                                        std::move(may_connect));
}

}  // namespace scones::http::detail

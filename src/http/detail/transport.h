// A byte connection to a host, plain or TLS. Used on one shard's thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/url.h"
#include "io/task.h"

namespace scones::http::detail {

class Transport {
 public:
  virtual ~Transport() = default;

  // Resolves and connects (and shakes hands). Errors: kUnavailable, kDenied for a bad certificate.
  virtual io::Task<Result<void>> Connect(Url url) = 0;
  // 0 is the end. Errors: kUnavailable.
  virtual io::Task<Result<std::size_t>> ReadSome(std::span<char> buffer) = 0;
  // Both, in order. Errors: kUnavailable.
  virtual io::Task<Result<void>> Write(std::string_view first, std::string_view second) = 0;
  // Ends pending operations with an error.
  virtual void Close() = 0;
  // Between requests: the peer has neither closed nor sent anything.
  virtual bool Quiet() = 0;
};

// Whether an address may be connected to; unset: any.
using AddressFilter = std::function<bool(const std::string& address)>;

std::unique_ptr<Transport> MakePlainTransport(boost::asio::any_io_executor executor,
                                              AddressFilter may_connect);

// Certificates and settings that TLS connections share. Safe from any thread.
class TlsSettings;
std::shared_ptr<TlsSettings> MakeTlsSettings(const std::string& certificates_file);
std::unique_ptr<Transport> MakeTlsTransport(boost::asio::any_io_executor executor,
                                            std::shared_ptr<TlsSettings> settings,
                                            AddressFilter may_connect);

Error TransportError(const Url& url, std::string_view doing, const std::string& cause);

}  // namespace scones::http::detail

#include "native/remote_ports.h"

namespace scones::native {

RemotePorts::RemotePorts(client::AwsConfig config, const Clock& clock)
    : aws_(std::move(config), clock), s3_(aws_) {}

io::Task<Result<std::string>> RemotePorts::FetchObject(std::string bucket, std::string key) {
  co_return co_await s3_.GetObject({.bucket = std::move(bucket), .key = std::move(key)});
}

io::Task<Result<std::string>> RemotePorts::InvokeEndpoint(std::string endpoint,
                                                          std::string content_type,
                                                          std::string body) {
  CO_TRY(
      http::Response response,
      co_await aws_.InvokeEndpoint(std::move(endpoint), std::move(content_type), std::move(body)));
  co_return std::move(response.body);
}

}  // namespace scones::native

#include "programs/connection.h"

#include <chrono>

namespace scones::programs {
namespace {

// A server inside lives as long as the command: what it captures is wanted at once.
constexpr std::chrono::seconds kCaptureFileAge{1};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Open(const ConnectFlags& flags) {
  auto connection = std::unique_ptr<Connection>(new Connection());
  client::AwsOverrides overrides{
      .endpoint_url = flags.endpoint_url, .region = flags.region, .profile = flags.profile};
  if (flags.endpoint_url.empty()) {
    TRY(connection->server_, LocalServer::Start({.data_dir = flags.data_dir,
                                                 .identity = {.region = flags.region},
                                                 .capture_file_age = kCaptureFileAge}));
    overrides.endpoint_url = connection->server_->url();
    overrides.credentials_file = connection->server_->credentials_file().string();
  }
  TRY(client::AwsConfig config, client::LoadAwsConfig(overrides, client::ProcessEnvironment()));
  connection->aws_ = std::make_unique<Aws>(std::move(config));
  return connection;
}

Connection::~Connection() = default;

}  // namespace scones::programs

// A client of AWS's protocols: signs, retries with backoff and jitter until a deadline, and reports
// errors under their wire names. Works the same against this project's server and AWS's own.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "client/aws_config.h"
#include "http/client.h"

namespace scones::client {

struct AwsRequest {
  std::string service;  // as FindEndpoint takes it
  std::string method = "GET";
  std::string path = "/";  // percent-encoded
  std::string query;       // percent-encoded
  http::Headers headers;
  std::string body;
  std::size_t max_response_bytes = 256 * 1024 * 1024;
  // All tries together. Signing, sending and waiting count.
  std::chrono::milliseconds timeout{120'000};
  int max_attempts = 4;
};

// Safe from any shard and for many calls at once; the shards outlive it.
class AwsClient {
 public:
  explicit AwsClient(AwsConfig config, const Clock& clock);

  const AwsConfig& config() const { return config_; }

  // A response with a status below 400. Errors: the server's (ParseAwsError), kUnavailable,
  // kDeadline.
  io::Task<Result<http::Response>> Call(AwsRequest request);

  // The same without reading the body or trying again.
  io::Task<Result<http::ClientResponse>> Open(AwsRequest request);

  // One operation of an AWS JSON service: states, sagemaker, logs.
  io::Task<Result<json::object>> CallJson(
      std::string service, std::string operation, json::object input,
      std::chrono::milliseconds timeout = std::chrono::milliseconds(120'000));

  // lambda:Invoke and sagemaker-runtime:InvokeEndpoint. A function's own error is in the header
  // X-Amz-Function-Error, not an Error.
  io::Task<Result<http::Response>> Invoke(std::string function, std::string payload);
  io::Task<Result<http::Response>> InvokeEndpoint(std::string endpoint, std::string content_type,
                                                  std::string body);

 private:
  Result<http::Url> Address(const AwsRequest& request) const;
  Result<http::ClientRequest> Sign(const AwsRequest& request, const http::Url& url,
                                   std::chrono::milliseconds timeout) const;
  io::Task<Result<http::Response>> TryOnce(AwsRequest request, std::chrono::milliseconds timeout);

  const AwsConfig config_;
  const Clock& clock_;
  http::Client http_;
};

}  // namespace scones::client

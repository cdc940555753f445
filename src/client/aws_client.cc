#include "client/aws_client.h"

#include <fmt/format.h>

#include <random>

#include "auth/signer.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "client/aws_error.h"
#include "io/shards.h"

namespace scones::client {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

double RandomFraction() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

struct JsonService {
  const char* target_prefix;
  const char* content_type;
};

Result<JsonService> FindJsonService(std::string_view service) {
  if (service == "states") return JsonService{"AWSStepFunctions", "application/x-amz-json-1.0"};
  if (service == "sagemaker") return JsonService{"SageMaker", "application/x-amz-json-1.1"};
  if (service == "logs") return JsonService{"Logs_20140328", "application/x-amz-json-1.1"};
  return Error(Code::kInvalid, fmt::format("'{}' is no AWS JSON service known here", service));
}

bool IsSynchronous(const AwsRequest& request) {
  const std::string_view target = request.headers.Get("x-amz-target");
  return target == "AWSStepFunctions.StartSyncExecution" || target == "AWSStepFunctions.TestState";
}

}  // namespace

AwsClient::AwsClient(AwsConfig config, const Clock& clock)
    : config_(std::move(config)), clock_(clock) {}

Result<http::Url> AwsClient::Address(const AwsRequest& request) const {
  TRY(const ServiceEndpoint endpoint, FindEndpoint(config_, request.service));
  http::Url url = endpoint.url;
  // AWS has hosts of their own for these two.
  if (config_.endpoint_url.empty() && IsSynchronous(request)) url.host = "sync-" + url.host;
  url.target = request.path;
  if (!request.query.empty()) url.target += "?" + request.query;
  return url;
}

Result<http::ClientRequest> AwsClient::Sign(const AwsRequest& request, const http::Url& url,
                                            milliseconds timeout) const {
  TRY(const ServiceEndpoint endpoint, FindEndpoint(config_, request.service));
  const bool s3 = endpoint.signing_name == "s3";
  http::ClientRequest out{.method = request.method, .headers = request.headers};
  out.headers.Set("Host", url.Authority());
  out.body = request.body;
  out.timeout = timeout;
  const auth::SigningOptions options{.region = endpoint.signing_region,
                                     .service = endpoint.signing_name,
                                     .path_rule = auth::PathRuleOf(endpoint.signing_name),
                                     .send_payload_hash = s3};
  const auth::RequestView view{request.method, request.path, request.query,
                               std::span(out.headers.begin(), out.headers.end())};
  const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, request.body));
  TRY(const auth::HeaderFields added,
      auth::SignHeaders(view, config_.keys, options, hash, clock_.Now()));
  for (const auto& [name, value] : added) out.headers.Add(name, value);
  return out;
}

io::Task<Result<http::ClientResponse>> AwsClient::Open(AwsRequest request) {
  constexpr std::size_t kMaxErrorBytes = 1024 * 1024;
  CO_TRY(http::Url url, Address(request));
  CO_TRY(http::ClientRequest prepared, Sign(request, url, request.timeout));
  CO_TRY(http::ClientResponse answer, co_await http_.Send(std::move(url), std::move(prepared)));
  if (answer.status < 400) co_return answer;
  http::Response response{.status = answer.status, .headers = std::move(answer.headers)};
  CO_TRY(response.body, co_await http::ReadAll(*answer.body, kMaxErrorBytes));
  co_return ParseAwsError(response);
}

io::Task<Result<http::Response>> AwsClient::TryOnce(AwsRequest request, milliseconds timeout) {
  const std::size_t max_bytes = request.max_response_bytes;
  request.timeout = timeout;
  CO_TRY(http::ClientResponse answer, co_await Open(std::move(request)));
  http::Response response{.status = answer.status, .headers = std::move(answer.headers)};
  CO_TRY(response.body, co_await http::ReadAll(*answer.body, max_bytes));
  co_return response;
}

io::Task<Result<http::Response>> AwsClient::Call(AwsRequest request) {
  const SteadyClock::time_point deadline = SteadyClock::now() + request.timeout;
  for (int attempt = 1;; ++attempt) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    Result<http::Response> response = co_await TryOnce(request, std::max(left, milliseconds(1)));
    if (response || !MayRetry(response.error()) || attempt >= request.max_attempts) {
      co_return response;
    }
    const milliseconds pause = Backoff(attempt, RandomFraction());
    if (SteadyClock::now() + pause >= deadline) co_return response;
    co_await io::SleepFor(pause);
  }
}

io::Task<Result<json::object>> AwsClient::CallJson(std::string service, std::string operation,
                                                   json::object input, milliseconds timeout) {
  CO_TRY(const JsonService json_service, FindJsonService(service));
  AwsRequest request{.service = std::move(service), .method = "POST"};
  request.headers.Add("Content-Type", json_service.content_type);
  request.headers.Add("X-Amz-Target", fmt::format("{}.{}", json_service.target_prefix, operation));
  request.body = ToJson(std::move(input));
  request.timeout = timeout;
  CO_TRY(const http::Response response, co_await Call(std::move(request)));
  if (response.body.empty()) co_return json::object();
  CO_TRY(json::value output, ParseJson(response.body));
  if (!output.is_object()) {
    co_return Error(Code::kInternal,
                    fmt::format("{} answered something else than an object", operation));
  }
  co_return std::move(output.get_object());
}

io::Task<Result<http::Response>> AwsClient::Invoke(std::string function, std::string payload) {
  AwsRequest request{.service = "lambda", .method = "POST"};
  request.path =
      fmt::format("/2015-03-31/functions/{}/invocations", UriEncode(function, UriPart::kComponent));
  request.headers.Add("Content-Type", "application/json");
  request.body = std::move(payload);
  request.timeout = std::chrono::minutes(15);
  co_return co_await Call(std::move(request));
}

io::Task<Result<http::Response>> AwsClient::InvokeEndpoint(std::string endpoint,
                                                           std::string content_type,
                                                           std::string body) {
  AwsRequest request{.service = "sagemaker-runtime", .method = "POST"};
  request.path = fmt::format("/endpoints/{}/invocations", UriEncode(endpoint, UriPart::kComponent));
  request.headers.Add("Content-Type", std::move(content_type));
  request.body = std::move(body);
  co_return co_await Call(std::move(request));
}

}  // namespace scones::client

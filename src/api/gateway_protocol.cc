#include "api/gateway_protocol.h"

#include <array>

#include "api/error_response.h"

namespace scones::api {
namespace {

enum class Protocol { kS3, kJson10, kJson11, kRestJson, kQuery };

Protocol ProtocolOf(std::string_view service) {
  if (service == "states") return Protocol::kJson10;
  if (service == "sagemaker" || service == "logs" || service == "events") return Protocol::kJson11;
  if (service == "lambda" || service == "sagemaker-runtime") return Protocol::kRestJson;
  if (service == "sts" || service == "iam") return Protocol::kQuery;
  return service == "s3" ? Protocol::kS3 : Protocol::kJson11;
}

// S3's names of refusals, and what JSON and Query services call them.
struct Name {
  std::string_view s3;
  std::string_view json;
  std::string_view query;
};
constexpr std::array<Name, 7> kNames{{
    {"InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"},
    {"InvalidToken", "UnrecognizedClientException", "InvalidClientTokenId"},
    {"ExpiredToken", "ExpiredTokenException", "ExpiredToken"},
    {"SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"},
    {"RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch"},
    {"AuthorizationHeaderMalformed", "IncompleteSignatureException", "IncompleteSignature"},
    {"AuthorizationQueryParametersError", "IncompleteSignatureException", "IncompleteSignature"},
}};

Error Renamed(const Error& error, Protocol protocol, bool authenticates) {
  if (protocol == Protocol::kS3 || error.code() != Code::kUnauthenticated) return error;
  for (const Name& name : kNames) {
    if (error.reason() != name.s3) continue;
    const std::string_view reason = protocol == Protocol::kQuery ? name.query : name.json;
    return Error(error.code(), std::string(reason), error.message());
  }
  if (error.reason() != "AccessDenied") return error;
  if (!authenticates) {
    return Error(error.code(),
                 protocol == Protocol::kQuery ? "MissingAuthenticationToken"
                                              : "MissingAuthenticationTokenException",
                 "Missing Authentication Token");
  }
  return Error(error.code(),
               protocol == Protocol::kQuery ? "AccessDenied" : "AccessDeniedException",
               error.message());
}

}  // namespace

auth::RequestView ViewOf(const http::Request& request) {
  return {request.method, request.raw_path(), request.raw_query(),
          std::span(request.headers.begin(), request.headers.end())};
}

std::string ServiceOf(std::string_view scope_service, const http::Request& request) {
  if (scope_service == "sagemaker" && request.raw_path().starts_with("/endpoints/")) {
    return "sagemaker-runtime";
  }
  return std::string(scope_service);
}

std::string GuessService(const http::Request& request) {
  const std::string_view target = request.headers.Get("x-amz-target");
  if (target.starts_with("AWSStepFunctions.")) return "states";
  if (target.starts_with("Logs_")) return "logs";
  if (target.starts_with("AWSEvents.")) return "events";
  if (!target.empty()) return "sagemaker";
  const std::string_view path = request.raw_path();
  if (path.starts_with("/20") && path.find("/functions") != std::string_view::npos) return "lambda";
  if (path.starts_with("/endpoints/")) return "sagemaker-runtime";
  if (request.headers.Get("content-type").starts_with("application/x-www-form-urlencoded")) {
    return "sts";
  }
  return "s3";
}

std::size_t MaxBodyBytes(std::string_view service) {
  constexpr std::size_t kMiB = 1024 * 1024;
  if (service == "lambda") return 70 * kMiB;  // a 50 MB package in base64
  if (service == "sagemaker-runtime") return 25 * kMiB;
  if (service == "states" || service == "sagemaker" || service == "logs" || service == "events") {
    return 8 * kMiB;
  }
  return 256 * 1024;
}

http::Response Refusal(std::string_view service, const Error& error, const http::Request& request,
                       std::string_view request_id) {
  const Protocol protocol = ProtocolOf(service);
  const bool authenticates = request.headers.Contains("authorization") ||
                             request.raw_query().find("X-Amz-") != std::string_view::npos;
  const Error renamed = Renamed(error, protocol, authenticates);
  switch (protocol) {
    case Protocol::kS3:
      return S3Error(renamed, request.raw_path(), request_id);
    case Protocol::kJson10:
      return JsonError(renamed, "application/x-amz-json-1.0", "ValidationException");
    case Protocol::kJson11:
      return JsonError(renamed, "application/x-amz-json-1.1", "ValidationException");
    case Protocol::kRestJson:
      return RestJsonError(renamed);
    case Protocol::kQuery:
      return QueryError(renamed, request_id);
  }
  return RestJsonError(renamed);
}

void AddCommonHeaders(std::string_view service, std::string_view request_id, Timestamp now,
                      http::Response& response) {
  // Formatting a date costs more than the rest of a small response's head.
  thread_local std::chrono::sys_seconds second{};
  thread_local std::string date;
  const auto this_second = std::chrono::floor<std::chrono::seconds>(now);
  if (date.empty() || this_second != second) {
    second = this_second;
    date = FormatHttpDate(now);
  }
  response.headers.Add("Date", date);
  response.headers.Add("Server", "Scones");
  if (ProtocolOf(service) == Protocol::kS3) {
    response.headers.Add("x-amz-request-id", std::string(request_id));
    response.headers.Add("x-amz-id-2", std::string(request_id));
  } else if (!response.headers.Contains("x-amzn-requestid")) {
    response.headers.Add("x-amzn-RequestId", std::string(request_id));
  }
}

}  // namespace scones::api

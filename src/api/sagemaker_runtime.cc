#include "api/sagemaker_runtime.h"

#include <fmt/format.h>

#include <utility>

#include "api/error_response.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "endpoints/model_fault.h"

namespace scones::api {
namespace {

constexpr std::string_view kPrefix = "/endpoints/";
constexpr std::string_view kSuffix = "/invocations";

// The endpoint's name in /endpoints/NAME/invocations.
Result<std::string> EndpointName(const http::Request& request) {
  const std::string_view path = request.raw_path();
  if (request.method != "POST" || !path.starts_with(kPrefix) || !path.ends_with(kSuffix) ||
      path.size() <= kPrefix.size() + kSuffix.size()) {
    return Error(Code::kNotFound, "UnknownOperationException",
                 fmt::format("{} {} is no operation of SageMaker Runtime", request.method,
                             path.substr(0, 256)));
  }
  const std::string_view name =
      path.substr(kPrefix.size(), path.size() - kPrefix.size() - kSuffix.size());
  return UriDecode(name, UriPart::kPath);
}

// What the model itself refused: HTTP 424 ModelError, worded as AWS words it.
http::Response ModelError(const Call& call, const std::string& endpoint, const Error& error,
                          const endpoints::ModelFault& fault) {
  const std::string& region = call.identity.region;
  const std::string log_stream =
      call.identity.MakeArn("logs", fmt::format("log-group:/aws/sagemaker/Endpoints/{}", endpoint))
          .ToString();
  const std::string message = fmt::format(
      "{} See https://{}.console.aws.amazon.com/cloudwatch/home?region={}#logEventViewer:group="
      "/aws/sagemaker/Endpoints/{} in account {} for more information.",
      error.message(), region, region, endpoint, call.identity.account);
  const json::object body{
      {"ErrorCode", fault.status < 500 ? "CLIENT_ERROR_FROM_MODEL" : "SERVER_ERROR_FROM_MODEL"},
      {"LogStreamArn", log_stream},
      {"Message", message},
      {"OriginalMessage", fault.message},
      {"OriginalStatusCode", fault.status}};
  http::Response response;
  response.status = 424;
  response.headers.Add("Content-Type", "application/json");
  response.headers.Add("x-amzn-ErrorType", "ModelError");
  response.body = ToJson(body);
  return response;
}

// The runtime's own errors have status 400 where they are the caller's, but for throttling.
http::Response RuntimeError(const Error& error) {
  const bool callers = error.code() == Code::kNotFound || error.code() == Code::kInvalid;
  if (callers && error.reason() != "UnknownOperationException") {
    return RestJsonError(Error(Code::kInvalid, "ValidationError", error.message()));
  }
  return RestJsonError(error);
}

}  // namespace

io::Task<http::Response> SageMakerRuntime::Handle(Call call, http::Request request,
                                                  http::BodyStream& body) {
  const Result<std::string> name = EndpointName(request);
  if (!name) co_return RuntimeError(name.error());
  Result<std::string> bytes = co_await http::ReadAll(body, kMaxBodyBytes);
  if (!bytes && bytes.error().reason() == "EntityTooLarge") {
    co_return RuntimeError(Error(Code::kInvalid, "ValidationError",
                                 fmt::format("The body is longer than {} bytes.", kMaxBodyBytes)));
  }
  if (!bytes) co_return RestJsonError(bytes.error());
  const http::Headers& headers = request.headers;
  if (headers.Contains("X-Amzn-SageMaker-Target-Model")) {
    co_return RuntimeError(Error(Code::kInvalid, "ValidationError",
                                 "TargetModel: endpoints of several models are not supported."));
  }
  endpoints::InvokeRequest invocation{
      .endpoint_name = *name,
      .content_type = std::string(headers.Get("Content-Type")),
      .accept = std::string(headers.Get("Accept")),
      .target_variant = std::string(headers.Get("X-Amzn-SageMaker-Target-Variant")),
      .inference_id = std::string(headers.Get("X-Amzn-SageMaker-Inference-Id")),
      .custom_attributes = std::string(headers.Get("X-Amzn-SageMaker-Custom-Attributes")),
      .body = *std::move(bytes)};
  Result<endpoints::InvokeResponse> answer = co_await endpoints_.Invoke(std::move(invocation));
  if (!answer) {
    if (const auto fault = endpoints::FindModelFault(answer.error())) {
      co_return ModelError(call, *name, answer.error(), *fault);
    }
    if (answer.error().code() == Code::kInternal) {
      LogError("api.invoke_failed", "endpoint={} request_id={} message={}", LogValue(*name),
               call.request_id, LogValue(answer.error().message()));
    }
    co_return RuntimeError(answer.error());
  }
  http::Response response;
  response.headers.Add("Content-Type", answer->content_type);
  response.headers.Add("x-Amzn-Invoked-Production-Variant", answer->variant_name);
  if (!answer->custom_attributes.empty()) {
    response.headers.Add("X-Amzn-SageMaker-Custom-Attributes", answer->custom_attributes);
  }
  response.body = std::move(answer->body);
  co_return response;
}

}  // namespace scones::api

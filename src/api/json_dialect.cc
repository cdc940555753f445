#include "api/json_dialect.h"

#include <fmt/format.h>

#include "api/error_response.h"
#include "base/check.h"
#include "base/log.h"

namespace scones::api {
namespace {

Result<json::object> ParseInput(std::string_view body) {
  if (body.empty()) return json::object();
  Result<json::value> value = ParseJson(body);
  if (!value) {
    return Error(Code::kInvalid, "SerializationException", value.error().message());
  }
  if (!value->is_object()) {
    return Error(Code::kInvalid, "SerializationException",
                 "the request's body must be a JSON object");
  }
  return std::move(value->get_object());
}

}  // namespace

JsonDialect::JsonDialect(Options options) : options_(std::move(options)) {}

void JsonDialect::Add(std::string operation, JsonOperation function) {
  SCONES_CHECK(operations_.emplace(std::move(operation), std::move(function)).second);
}

io::Task<http::Response> JsonDialect::Handle(Call call, http::Request request,
                                             http::BodyStream& body) {
  const std::string target(request.headers.Get("x-amz-target"));
  const std::string request_id = call.request_id;
  Result<json::value> output = co_await Run(std::move(call), target, body);
  if (!output) {
    const Error& error = output.error();
    if (error.code() == Code::kInternal || error.code() == Code::kDataLoss) {
      LogError("api.operation_failed", "target={} request_id={} message={}", LogValue(target),
               request_id, LogValue(error.message()));
    }
    co_return JsonError(error, options_.content_type, options_.validation_error);
  }
  http::Response response;
  response.headers.Add("Content-Type", options_.content_type);
  if (!output->is_null()) response.body = ToJson(*output);
  co_return response;
}

io::Task<Result<json::value>> JsonDialect::Invoke(Call call, std::string operation,
                                                  json::object input) const {
  const auto found = operations_.find(operation);
  if (found == operations_.end()) {
    co_return Error(Code::kInvalid, "UnknownOperationException",
                    fmt::format("'{}' names no operation of this service", operation));
  }
  if (check_ != nullptr) CO_TRY_VOID(check_(found->first, input));
  Result<json::value> output = co_await found->second(std::move(call), std::move(input));
  if (output) co_return output;
  const Error& error = output.error();
  co_return Error(error.code(), ErrorName(error, options_.validation_error), error.message());
}

io::Task<Result<json::value>> JsonDialect::Run(Call call, std::string target,
                                               http::BodyStream& body) {
  const std::size_t dot = target.rfind('.');
  const bool ours =
      dot != std::string::npos && std::string_view(target).substr(0, dot) == options_.target_prefix;
  const auto operation =
      ours ? operations_.find(std::string_view(target).substr(dot + 1)) : operations_.end();
  if (operation == operations_.end()) {
    co_return Error(Code::kInvalid, "UnknownOperationException",
                    fmt::format("X-Amz-Target '{}' names no operation of this service", target));
  }
  CO_TRY(const std::string bytes, co_await http::ReadAll(body, options_.max_body_bytes));
  CO_TRY(json::object input, ParseInput(bytes));
  if (check_ != nullptr) CO_TRY_VOID(check_(operation->first, input));
  Result<json::value> output = co_await operation->second(std::move(call), std::move(input));
  co_return output;
}

}  // namespace scones::api

// Lambda's Invoke. Its errors are Lambda's; a function's own failure is a 200 with
// X-Amz-Function-Error.
#include "api/lambda_dialect.h"
#include "api/lambda_json.h"
#include "base/encoding.h"

namespace scones::api {
namespace {

Result<functions::InvocationType> ParseType(std::string_view text) {
  if (text.empty() || text == "RequestResponse") {
    return functions::InvocationType::kRequestResponse;
  }
  if (text == "Event") return functions::InvocationType::kEvent;
  if (text == "DryRun") return functions::InvocationType::kDryRun;
  return Error(Code::kInvalid, "InvalidParameterValueException",
               "InvocationType must be RequestResponse, Event or DryRun");
}

}  // namespace

LambdaDialect::Answer LambdaDialect::Invoke(Input input) {
  functions::InvokeRequest request;
  CO_TRY(request.function, input.Function());
  CO_TRY(request.type, ParseType(input.headers.Get("X-Amz-Invocation-Type")));
  const bool wants_log = input.headers.Get("X-Amz-Log-Type") == "Tail";
  const std::string_view client_context = input.headers.Get("X-Amz-Client-Context");
  if (!client_context.empty()) {
    auto decoded = Base64Decode(client_context);
    if (!decoded || !ParseJson(*decoded)) {
      co_return Error(Code::kInvalid, "InvalidRequestContentException",
                      "Client context must be a valid Base64-encoded JSON object.");
    }
    request.client_context = std::move(*decoded);
  }
  request.trace_id = std::string(input.headers.Get("X-Amzn-Trace-Id"));
  request.payload = std::move(input.body);
  CO_TRY(functions::InvokeResult result, co_await functions_.Invoke(std::move(request)));

  http::Response response;
  response.status = result.status;
  response.headers.Add("x-amzn-RequestId", result.request_id);
  if (!result.executed_version.empty()) {
    response.headers.Add("X-Amz-Executed-Version", result.executed_version);
  }
  if (result.status != 200) co_return response;
  response.headers.Add("Content-Type", "application/json");
  if (!result.function_error.empty()) {
    response.headers.Add("X-Amz-Function-Error", result.function_error);
  }
  if (wants_log) response.headers.Add("X-Amz-Log-Result", Base64Encode(result.log_tail));
  response.body = std::move(result.payload);
  co_return response;
}

}  // namespace scones::api

#include "integrations/function_task.h"

#include <fmt/format.h>

#include "api/error_response.h"
#include "base/json.h"
#include "base/random.h"
#include "base/time.h"
#include "integrations/sdk_shape.h"

namespace scones::integrations {
namespace {

using workflows::TaskOutcome;
using Shape = FunctionTask::Shape;

// Errors: with the reason that Retry and Catch match.
Result<functions::InvocationType> ParseInvocationType(std::string_view name) {
  if (name == "RequestResponse") return functions::InvocationType::kRequestResponse;
  if (name == "Event") return functions::InvocationType::kEvent;
  if (name == "DryRun") return functions::InvocationType::kDryRun;
  return Error(Code::kInvalid, "Lambda.InvalidParameterValueException",
               fmt::format("'{}' is not an InvocationType", name));
}

Result<FunctionTask> ParseInvoke(const asl::RunTask& task) {
  TRY(const json::value parameters, ParseJson(task.input));
  const json::object* object = parameters.if_object();
  const json::string* name = object == nullptr ? nullptr : FindString(*object, "FunctionName");
  if (name == nullptr) {
    return Error(Code::kInvalid, "States.Runtime",
                 "The Parameters of lambda:invoke have no FunctionName");
  }
  FunctionTask parsed;
  parsed.shape = task.service == "lambda" ? Shape::kInvokeResponse : Shape::kSdkResponse;
  parsed.wait_for_token = task.pattern == asl::TaskPattern::kWaitForTaskToken;
  TRY(parsed.request.function,
      functions::FunctionRef::Parse(*name, StringOr(*object, "Qualifier", "")));
  TRY(parsed.request.type,
      ParseInvocationType(StringOr(*object, "InvocationType", "RequestResponse")));
  parsed.request.client_context = StringOr(*object, "ClientContext", "");
  const json::value* payload = FindMember(*object, "Payload");
  // A text is the event itself; without one the event is {}.
  if (payload != nullptr && !payload->is_null()) {
    parsed.request.payload =
        payload->is_string() ? std::string(payload->get_string()) : ToJson(*payload);
  }
  return parsed;
}

// The fault of an invocation as Step Functions shows it.
Error InvokeError(Shape shape, const functions::FunctionRef& function, const Error& error) {
  if (error.reason().starts_with("States.")) return error;
  std::string message = error.message();
  // Which version was looked for, as Invoke says.
  if (function.qualifier.empty() && message.starts_with("Function not found: ")) {
    message += ":$LATEST";
  }
  const Sdk sdk = shape == Shape::kSdkResponse ? Sdk::kJava2 : Sdk::kJava1;
  const std::string code =
      error.reason().empty() ? api::ErrorName(error, "ServiceException") : error.reason();
  return ServiceError(sdk, kLambdaErrors, Error(error.code(), code, message),
                      api::RestStatus(error), RandomUuid());
}

// The function's own failure: Error is its errorType, Cause its raw error JSON.
TaskOutcome FunctionFailure(const functions::InvokeResult& result) {
  const Result<json::value> body = ParseJson(result.payload);
  const json::object* object = body ? body->if_object() : nullptr;
  const std::string type = object == nullptr ? "" : StringOr(*object, "errorType", "");
  // Time-outs and crashes have Lambda's own types, which Step Functions calls unknown.
  const bool by_runtime =
      type.empty() || type == "Sandbox.Timedout" || type.starts_with("Runtime.");
  return TaskOutcome::Failed(by_runtime ? "Lambda.Unknown" : type, result.payload);
}

// The shape of a successful lambda:invoke, as AWS records it.
std::string WrapResult(const functions::InvokeResult& result, Timestamp now) {
  const std::string length = std::to_string(result.payload.size());
  const std::string date = FormatHttpDate(now);
  std::string out = R"({"ExecutedVersion":)" + ToJsonString(result.executed_version);
  out += R"(,"Payload":)" + (result.payload.empty() ? "null" : result.payload);
  out += fmt::format(
      R"(,"SdkHttpMetadata":{{"AllHttpHeaders":{{"X-Amz-Executed-Version":[{0}],"x-amzn-Remapped-Content-Length":["0"],)"
      R"("Connection":["keep-alive"],"x-amzn-RequestId":["{1}"],"Content-Length":["{2}"],"Date":["{3}"],"X-Amzn-Trace-Id":["{5}"],"Content-Type":["application/json"]}},)"
      R"("HttpHeaders":{{"Connection":"keep-alive","Content-Length":"{2}","Content-Type":"application/json","Date":"{3}",)"
      R"("X-Amz-Executed-Version":{0},"x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"{1}","X-Amzn-Trace-Id":"{5}"}},"HttpStatusCode":200}},)"
      R"("SdkResponseMetadata":{{"RequestId":"{1}"}},"StatusCode":{4}}})",
      ToJsonString(result.executed_version), result.request_id, length, date, result.status,
      result.trace_id);
  return out;
}

// What version 2 of the SDK gives: the payload is text, and a function's failure a result.
std::string SdkResult(const functions::InvokeResult& result) {
  json::object out{{"ExecutedVersion", result.executed_version}, {"StatusCode", result.status}};
  if (!result.payload.empty()) out["Payload"] = result.payload;
  if (!result.function_error.empty()) out["FunctionError"] = result.function_error;
  return ToJson(out);
}

std::string ShowResult(Shape shape, functions::InvokeResult result) {
  switch (shape) {
    case Shape::kPayload:
      break;
    case Shape::kInvokeResponse:
      return WrapResult(result, SystemClock().Now());
    case Shape::kSdkResponse:
      return SdkResult(result);
  }
  return std::move(result.payload);
}

}  // namespace

Result<FunctionTask> ParseFunctionTask(asl::RunTask& task) {
  const auto parse = [&]() -> Result<FunctionTask> {
    if (task.kind != asl::TaskKind::kFunction) return ParseInvoke(task);
    FunctionTask parsed;
    TRY(parsed.request.function, functions::FunctionRef::Parse(task.resource));
    parsed.request.payload = std::move(task.input);
    return parsed;
  };
  Result<FunctionTask> parsed = parse();
  if (parsed) return parsed;
  const Shape shape =
      task.service == "aws-sdk:lambda" ? Shape::kSdkResponse : Shape::kInvokeResponse;
  const Error& error = parsed.error();
  if (error.reason().empty()) return Error(error.code(), "States.Runtime", error.message());
  return InvokeError(shape, {}, error);
}

io::Task<TaskOutcome> InvokeFunction(functions::Functions& functions, FunctionTask task) {
  const functions::FunctionRef function = task.request.function;
  Result<functions::InvokeResult> result = co_await functions.Invoke(std::move(task.request));
  if (!result) {
    const Error error = InvokeError(task.shape, function, result.error());
    co_return TaskOutcome::Failed(error.reason(), error.message());
  }
  if (!result->function_error.empty() && task.shape != Shape::kSdkResponse) {
    co_return FunctionFailure(*result);
  }
  std::string shown = ShowResult(task.shape, *std::move(result));
  co_return task.wait_for_token ? TaskOutcome::Submitted(std::move(shown))
                                : TaskOutcome::Succeeded(std::move(shown));
}

}  // namespace scones::integrations

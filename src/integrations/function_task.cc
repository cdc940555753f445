#include "integrations/function_task.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/time.h"

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
  if (const json::value* payload = FindMember(*object, "Payload")) {
    // The SDK takes bytes, so that a text is the payload itself.
    const bool text = parsed.shape == Shape::kSdkResponse && payload->is_string();
    parsed.request.payload = text ? std::string(payload->get_string()) : ToJson(*payload);
  }
  return parsed;
}

// The names under which Step Functions reports Lambda's faults.
std::string LambdaErrorName(const Error& error) {
  if (error.reason().empty()) return "Lambda.Unknown";
  if (error.reason().starts_with("States.") || error.reason().starts_with("Lambda.")) {
    return error.reason();
  }
  return "Lambda." + error.reason();
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
      R"("Connection":["keep-alive"],"x-amzn-RequestId":["{1}"],"Content-Length":["{2}"],"Date":["{3}"],"Content-Type":["application/json"]}},)"
      R"("HttpHeaders":{{"Connection":"keep-alive","Content-Length":"{2}","Content-Type":"application/json","Date":"{3}",)"
      R"("X-Amz-Executed-Version":{0},"x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"{1}"}},"HttpStatusCode":200}},)"
      R"("SdkResponseMetadata":{{"RequestId":"{1}"}},"StatusCode":{4}}})",
      ToJsonString(result.executed_version), result.request_id, length, date, result.status);
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
  const Error& error = parsed.error();
  return Error(error.code(), error.reason().empty() ? "States.Runtime" : LambdaErrorName(error),
               error.message());
}

io::Task<TaskOutcome> InvokeFunction(functions::Functions& functions, FunctionTask task) {
  Result<functions::InvokeResult> result = co_await functions.Invoke(std::move(task.request));
  if (!result) {
    co_return TaskOutcome::Failed(LambdaErrorName(result.error()), result.error().message());
  }
  if (!result->function_error.empty() && task.shape != Shape::kSdkResponse) {
    co_return FunctionFailure(*result);
  }
  std::string shown = ShowResult(task.shape, *std::move(result));
  co_return task.wait_for_token ? TaskOutcome::Submitted(std::move(shown))
                                : TaskOutcome::Succeeded(std::move(shown));
}

}  // namespace scones::integrations

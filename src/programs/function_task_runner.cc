#include "programs/function_task_runner.h"

#include <fmt/format.h>

#include "base/json.h"

namespace scones::programs {
namespace {

using workflows::TaskDone;
using workflows::TaskOutcome;
using workflows::TaskRequest;

struct Invocation {
  functions::InvokeRequest request;
  bool wrap_result = false;  // lambda:invoke answers with the whole InvokeResponse
  bool wait_for_token = false;
};

// Errors: with the reason that Retry and Catch match.
Result<functions::InvocationType> ParseInvocationType(std::string_view name) {
  if (name == "RequestResponse") return functions::InvocationType::kRequestResponse;
  if (name == "Event") return functions::InvocationType::kEvent;
  if (name == "DryRun") return functions::InvocationType::kDryRun;
  return Error(Code::kInvalid, "Lambda.InvalidParameterValueException",
               fmt::format("'{}' is not an InvocationType", name));
}

Result<Invocation> ParseLambdaInvoke(const asl::RunTask& task) {
  TRY(const json::value parameters, ParseJson(task.input));
  const json::object* object = parameters.if_object();
  const json::string* name = object == nullptr ? nullptr : FindString(*object, "FunctionName");
  if (name == nullptr) {
    return Error(Code::kInvalid, "States.Runtime",
                 "The Parameters of lambda:invoke have no FunctionName");
  }
  Invocation invocation{.wrap_result = true,
                        .wait_for_token = task.pattern == asl::TaskPattern::kWaitForTaskToken};
  TRY(invocation.request.function,
      functions::FunctionRef::Parse(*name, StringOr(*object, "Qualifier", "")));
  TRY(invocation.request.type,
      ParseInvocationType(StringOr(*object, "InvocationType", "RequestResponse")));
  invocation.request.client_context = StringOr(*object, "ClientContext", "");
  if (const json::value* payload = FindMember(*object, "Payload")) {
    invocation.request.payload = ToJson(*payload);
  }
  return invocation;
}

Result<Invocation> MakeInvocation(asl::RunTask& task) {
  if (task.kind == asl::TaskKind::kFunction) {
    Invocation invocation;
    TRY(invocation.request.function, functions::FunctionRef::Parse(task.resource));
    invocation.request.payload = std::move(task.input);
    return invocation;
  }
  if (task.service == "lambda" && task.action == "invoke") return ParseLambdaInvoke(task);
  return Error(
      Code::kInvalid, "States.Runtime",
      fmt::format("The resource '{}' can't be run here: only functions can", task.resource));
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

io::Task<void> Invoke(functions::Functions& functions, Invocation invocation, TaskDone done) {
  const bool wrap = invocation.wrap_result;
  const bool wait = invocation.wait_for_token;
  Result<functions::InvokeResult> result = co_await functions.Invoke(std::move(invocation.request));
  if (!result) {
    done(TaskOutcome::Failed(LambdaErrorName(result.error()), result.error().message()));
  } else if (!result->function_error.empty()) {
    done(FunctionFailure(*result));
  } else if (wait) {
    done(TaskOutcome::Submitted(WrapResult(*result, SystemClock().Now())));
  } else if (wrap) {
    done(TaskOutcome::Succeeded(WrapResult(*result, SystemClock().Now())));
  } else {
    done(TaskOutcome::Succeeded(std::move(result->payload)));
  }
}

}  // namespace

void FunctionTaskRunner::Start(TaskRequest request, TaskDone done) {
  Result<Invocation> invocation = MakeInvocation(request.task);
  if (!invocation) {
    const Error& error = invocation.error();
    done(TaskOutcome::Failed(error.reason().empty() ? "States.Runtime" : LambdaErrorName(error),
                             error.message()));
    return;
  }
  shards_.Spawn(Invoke(functions_, *std::move(invocation), std::move(done)));
}

void FunctionTaskRunner::Cancel(const std::string& /*execution_arn*/, std::uint64_t /*seq*/) {}

}  // namespace scones::programs

// How AWS's integrations show a service's call: members in Pascal case, dates in the SDK's form,
// what the SDK adds, and the names and causes of its errors. Optimised integrations show what the
// SDK for Java 1 gives, aws-sdk ones what version 2 gives. Pure; safe from any thread.
// Source: recorded executions; AWS Step Functions Developer Guide, "AWS SDK service integrations".
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

namespace scones::integrations {

enum class Sdk { kJava1, kJava2 };

// What is particular to a service's errors.
struct ErrorNaming {
  std::string_view prefix_1;    // "StepFunctions"
  std::string_view service_1;   // "AWSStepFunctions"
  std::string_view fallback_1;  // "AWSStepFunctionsException": errors without a class of their own
  std::string_view prefix_2;    // "Sfn"
  std::string_view fallback_2;  // "SfnException"
  std::string_view modelled;    // wire names with a class, separated and enclosed by spaces
};
extern const ErrorNaming kStatesErrors;
extern const ErrorNaming kSageMakerErrors;
extern const ErrorNaming kS3Errors;
extern const ErrorNaming kLambdaErrors;

// The name for Retry and Catch becomes the reason, the cause the message.
Error ServiceError(Sdk sdk, const ErrorNaming& naming, const Error& error, int status,
                   std::string_view request_id, std::string_view extended_request_id = "");

// Step Functions' own members: "StateMachineArn" becomes "stateMachineArn", at every depth.
json::object ToCamelCase(const json::object& members);
// The other way; what is keyed by the user's own names stays.
json::object ToPascalCase(const json::object& members);
// Seconds in members named …Date, …Time and Timestamp become milliseconds or ISO 8601.
void ConvertDates(Sdk sdk, json::object& members);

// SdkHttpMetadata and SdkResponseMetadata, which version 1 adds to an answer of `length` bytes.
void AddSdkMetadata(json::object& answer, std::string_view content_type, std::size_t length,
                    std::string_view request_id, Timestamp now);

}  // namespace scones::integrations

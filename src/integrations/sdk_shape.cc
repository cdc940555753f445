#include "integrations/sdk_shape.h"

#include <fmt/format.h>

#include <cmath>

namespace scones::integrations {
namespace {

// Their members' names are the user's.
constexpr std::string_view kUserKeyed[] = {"assignedVariables", "AssignedVariables"};

bool IsUserKeyed(std::string_view name) {
  for (const std::string_view known : kUserKeyed) {
    if (name == known) return true;
  }
  return false;
}

using Recase = int (*)(int);

json::value Recased(const json::value& value, Recase recase);

json::object RecasedObject(const json::object& members, Recase recase) {
  json::object out;
  out.reserve(members.size());
  for (const auto& member : members) {
    std::string name(member.key());
    if (!name.empty()) name[0] = static_cast<char>(recase(static_cast<unsigned char>(name[0])));
    const bool as_is = IsUserKeyed(member.key());
    out[name] = as_is ? member.value() : Recased(member.value(), recase);
  }
  return out;
}

json::value Recased(const json::value& value, Recase recase) {
  if (const json::object* object = value.if_object()) return RecasedObject(*object, recase);
  if (const json::array* array = value.if_array()) {
    json::array out;
    for (const json::value& element : *array) out.push_back(Recased(element, recase));
    return out;
  }
  return value;
}

int Lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
int Upper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

bool IsDate(std::string_view name) {
  return name.ends_with("Date") || name.ends_with("Time") || name == "Timestamp";
}

void ConvertDates(Sdk sdk, json::value& value) {
  if (json::object* object = value.if_object()) return ConvertDates(sdk, *object);
  if (json::array* array = value.if_array()) {
    for (json::value& element : *array) ConvertDates(sdk, element);
  }
}

bool IsModelled(const ErrorNaming& naming, std::string_view name) {
  return naming.modelled.find(fmt::format(" {} ", name)) != std::string_view::npos;
}

std::string ClassName(std::string_view name) {
  return fmt::format("{}{}", name, name.ends_with("Exception") ? "" : "Exception");
}

}  // namespace

const ErrorNaming kStatesErrors{
    .prefix_1 = "StepFunctions",
    .service_1 = "AWSStepFunctions",
    .fallback_1 = "AWSStepFunctionsException",
    .prefix_2 = "Sfn",
    .fallback_2 = "SfnException",
    .modelled =
        " ActivityAlreadyExists ActivityDoesNotExist ActivityLimitExceeded "
        "ActivityWorkerLimitExceeded ConflictException ExecutionAlreadyExists "
        "ExecutionDoesNotExist "
        "ExecutionLimitExceeded ExecutionNotRedrivable InvalidArn InvalidDefinition "
        "InvalidEncryptionConfiguration InvalidExecutionInput InvalidLoggingConfiguration "
        "InvalidName InvalidOutput InvalidToken InvalidTracingConfiguration "
        "KmsAccessDeniedException "
        "KmsInvalidStateException KmsThrottlingException MissingRequiredParameter ResourceNotFound "
        "ServiceQuotaExceededException StateMachineAlreadyExists StateMachineDeleting "
        "StateMachineDoesNotExist StateMachineLimitExceeded StateMachineTypeNotSupported "
        "TaskDoesNotExist TaskTimedOut TooManyTags ValidationException "};

const ErrorNaming kSageMakerErrors{
    .prefix_1 = "SageMaker",
    .service_1 = "AmazonSageMaker",
    .fallback_1 = "AmazonSageMakerException",
    .prefix_2 = "SageMaker",
    .fallback_2 = "SageMakerException",
    .modelled = " ConflictException ResourceInUse ResourceLimitExceeded ResourceNotFound "};

const ErrorNaming kS3Errors{
    .prefix_1 = "S3",
    .service_1 = "Amazon S3",
    .fallback_1 = "AmazonS3Exception",
    .prefix_2 = "S3",
    .fallback_2 = "S3Exception",
    .modelled =
        " BucketAlreadyExists BucketAlreadyOwnedByYou EncryptionTypeMismatch InvalidObjectState "
        "InvalidRequest InvalidWriteOffset NoSuchBucket NoSuchKey NoSuchUpload "
        "ObjectAlreadyInActiveTierError ObjectNotInActiveTierError TooManyParts "};

const ErrorNaming kLambdaErrors{
    .prefix_1 = "Lambda",
    .service_1 = "AWSLambda",
    .fallback_1 = "AWSLambdaException",
    .prefix_2 = "Lambda",
    .fallback_2 = "LambdaException",
    .modelled =
        " CodeStorageExceededException InvalidParameterValueException "
        "InvalidRequestContentException PreconditionFailedException RequestTooLargeException "
        "ResourceConflictException ResourceNotFoundException ServiceException "
        "TooManyRequestsException UnsupportedMediaTypeException "};

Error ServiceError(Sdk sdk, const ErrorNaming& naming, const Error& error, int status,
                   std::string_view request_id, std::string_view extended_request_id) {
  const bool modelled = IsModelled(naming, error.reason());
  if (sdk == Sdk::kJava1) {
    const std::string name = modelled ? ClassName(error.reason()) : std::string(naming.fallback_1);
    return Error(
        error.code(), fmt::format("{}.{}", naming.prefix_1, name),
        fmt::format("{} (Service: {}; Status Code: {}; Error Code: {}; Request ID: {}; "
                    "Proxy: null)",
                    error.message(), naming.service_1, status, error.reason(), request_id));
  }
  const std::string name = modelled ? ClassName(error.reason()) : std::string(naming.fallback_2);
  std::string extended;
  if (!extended_request_id.empty()) {
    extended = fmt::format(", Extended Request ID: {}", extended_request_id);
  }
  return Error(error.code(), fmt::format("{}.{}", naming.prefix_2, name),
               fmt::format("{} (Service: {}, Status Code: {}, Request ID: {}{})", error.message(),
                           naming.prefix_2, status, request_id, extended));
}

json::object ToCamelCase(const json::object& members) { return RecasedObject(members, Lower); }
json::object ToPascalCase(const json::object& members) { return RecasedObject(members, Upper); }

void ConvertDates(Sdk sdk, json::object& members) {
  for (auto& member : members) {
    json::value& value = member.value();
    if (!value.is_number() || !IsDate(member.key())) {
      if (!IsUserKeyed(member.key())) ConvertDates(sdk, value);
      continue;
    }
    const auto milliseconds =
        static_cast<std::int64_t>(std::llround(value.to_number<double>() * 1000));
    if (sdk == Sdk::kJava1) {
      value = milliseconds;
    } else {
      value = FormatIso8601(FromEpochMilliseconds(milliseconds));
    }
  }
}

void AddSdkMetadata(json::object& answer, std::string_view content_type, std::size_t length,
                    std::string_view request_id, Timestamp now) {
  const std::string size = std::to_string(length);
  const std::string date = FormatHttpDate(now);
  answer["SdkHttpMetadata"] = {{"AllHttpHeaders",
                                {{"x-amzn-RequestId", json::array{request_id}},
                                 {"connection", json::array{"keep-alive"}},
                                 {"Content-Length", json::array{size}},
                                 {"Date", json::array{date}},
                                 {"Content-Type", json::array{content_type}}}},
                               {"HttpHeaders",
                                {{"connection", "keep-alive"},
                                 {"Content-Length", size},
                                 {"Content-Type", content_type},
                                 {"Date", date},
                                 {"x-amzn-RequestId", request_id}}},
                               {"HttpStatusCode", 200}};
  answer["SdkResponseMetadata"] = {{"RequestId", request_id}};
}

}  // namespace scones::integrations

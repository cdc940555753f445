// TestState on the wire.
#include "api/states_json.h"
#include "api/states_operations.h"
#include "asl/test_state.h"

namespace scones::api::states {
namespace {

using asl::TestStateRequest;

constexpr std::size_t kMaxMockBytes = 262'144;
constexpr std::size_t kMaxStateName = 80;

enum class InspectionLevel { kInfo, kDebug, kTrace };

Result<InspectionLevel> ReadLevel(const json::object& input) {
  TRY(const std::optional<std::string> level, OptionalText(input, "inspectionLevel"));
  if (!level || *level == "INFO") return InspectionLevel::kInfo;
  if (*level == "DEBUG") return InspectionLevel::kDebug;
  if (*level == "TRACE") return InspectionLevel::kTrace;
  return Violation("inspectionLevel", *level,
                   "Member must satisfy enum value set: [INFO, DEBUG, TRACE]");
}

Result<asl::FieldValidation> ReadValidation(const json::object& mock) {
  TRY(const std::optional<std::string> mode, OptionalText(mock, "fieldValidationMode"));
  if (!mode || *mode == "STRICT") return asl::FieldValidation::kStrict;
  if (*mode == "PRESENT") return asl::FieldValidation::kPresent;
  if (*mode == "NONE") return asl::FieldValidation::kNone;
  return Violation("mock.fieldValidationMode", *mode,
                   "Member must satisfy enum value set: [STRICT, PRESENT, NONE]");
}

// An object member, or null where it is absent.
Result<const json::object*> OptionalObject(const json::object& input, std::string_view name) {
  const json::value* value = FindMember(input, name);
  if (value == nullptr || value->is_null()) return nullptr;
  if (!value->is_object()) return Invalid(std::string(name) + " must be an object");
  return &value->get_object();
}

Result<std::optional<std::int64_t>> OptionalCount(const json::object& input,
                                                  std::string_view name) {
  const json::value* value = FindMember(input, name);
  if (value == nullptr || value->is_null()) return std::optional<std::int64_t>();
  const std::optional<std::int64_t> count = FindInteger(input, name);
  const std::string place = "stateConfiguration." + std::string(name);
  if (!count) return Invalid(place + " must be an integer");
  if (*count < 0) {
    return Violation(place, ToJson(*value), "Member must have value greater than or equal to 0");
  }
  return count;
}

Result<std::optional<TestStateRequest::Mock>> ReadMock(const json::object& input) {
  TRY(const json::object* source, OptionalObject(input, "mock"));
  if (source == nullptr) return std::optional<TestStateRequest::Mock>();
  TestStateRequest::Mock mock;
  TRY(mock.result, OptionalText(*source, "result"));
  if (mock.result && mock.result->size() > kMaxMockBytes) {
    return Violation("mock.result", mock.result->substr(0, 100),
                     "Member must have length less than or equal to 262144");
  }
  TRY(mock.validation, ReadValidation(*source));
  TRY(const json::object* error, OptionalObject(*source, "errorOutput"));
  if (error != nullptr) {
    TestStateRequest::Mock::ErrorOutput output;
    TRY(output.error, OptionalText(*error, "error"));
    TRY(output.cause, OptionalText(*error, "cause"));
    mock.error_output = std::move(output);
  }
  return std::optional(std::move(mock));
}

// Says where a mocked error of a Map or Parallel comes from. As recorded, it shows nowhere.
Result<void> CheckErrorCausedByState(const json::object& configuration) {
  TRY(const auto name, OptionalText(configuration, "errorCausedByState"));
  const std::string place = "stateConfiguration.errorCausedByState";
  if (name && name->empty()) {
    return Violation(place, "", "Member must have length greater than or equal to 1");
  }
  if (name && name->size() > kMaxStateName) {
    return Violation(place, *name, "Member must have length less than or equal to 80");
  }
  return {};
}

Result<TestStateRequest> ReadTestState(const json::object& input) {
  TestStateRequest request;
  TRY(request.definition, RequiredText(input, "definition"));
  TRY(request.state_name, OptionalText(input, "stateName"));
  if (request.state_name && request.state_name->empty()) {
    return Violation("stateName", "", "Member must have length greater than or equal to 1");
  }
  TRY(const std::optional<std::string> given, OptionalText(input, "input"));
  request.input = given.value_or("{}");
  TRY(request.variables, OptionalText(input, "variables"));
  TRY(request.context, OptionalText(input, "context"));
  TRY(request.mock, ReadMock(input));
  TRY(const json::object* configuration, OptionalObject(input, "stateConfiguration"));
  if (configuration != nullptr) {
    TRY(request.retrier_retry_count, OptionalCount(*configuration, "retrierRetryCount"));
    TRY(request.map_iteration_failure_count,
        OptionalCount(*configuration, "mapIterationFailureCount"));
    TRY(request.map_item_reader_data, OptionalText(*configuration, "mapItemReaderData"));
    TRY_VOID(CheckErrorCausedByState(*configuration));
  }
  return request;
}

io::Task<Result<json::value>> TestState(workflows::Workflows& service, json::object input) {
  CO_TRY(TestStateRequest request, ReadTestState(input));
  CO_TRY(const InspectionLevel level, ReadLevel(input));
  CO_TRY(const bool reveal, BoolOr(input, "revealSecrets", false));
  if (reveal && request.mock) {
    co_return Invalid("TestState does not support RevealSecrets when a mock is specified.");
  }
  CO_TRY(auto role, OptionalText(input, "roleArn"));
  CO_TRY(const asl::TestStateResult result,
         co_await service.TestState(std::move(request), std::move(role)));
  json::object output{{"status", asl::TestStatusName(result.status)}};
  if (result.output) output["output"] = *result.output;
  if (result.error) output["error"] = *result.error;
  if (result.cause) output["cause"] = *result.cause;
  if (result.next_state) output["nextState"] = *result.next_state;
  if (level != InspectionLevel::kInfo) output["inspectionData"] = result.inspection;
  co_return output;
}

}  // namespace

void AddTestStateOperation(JsonDialect& dialect, workflows::Workflows& service) {
  dialect.Add("TestState", Writing(service, TestState));
}

}  // namespace scones::api::states

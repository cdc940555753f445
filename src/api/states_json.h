// Between Step Functions' JSON and the values of the workflow service; the pieces that the rows
// share. Errors of the readers: ValidationException and SerializationException with AWS's wording.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "workflows/types.h"

namespace scones::api::states {

// Null counts as absent, as on the wire.
Result<std::optional<std::string>> OptionalText(const json::object& input, std::string_view name);
Result<std::string> RequiredText(const json::object& input, std::string_view name);
Result<bool> BoolOr(const json::object& input, std::string_view name, bool fallback);
// maxResults and nextToken.
Result<workflows::PageRequest> ReadPage(const json::object& input);
Result<asl::MachineType> ReadType(const json::object& input);
// loggingConfiguration as JSON text; nothing where absent.
Result<std::optional<std::string>> ReadLogging(const json::object& input);
Result<std::optional<bool>> ReadTracing(const json::object& input);
Result<std::vector<workflows::Tag>> ReadTags(const json::object& input);
Result<std::vector<std::string>> ReadTagKeys(const json::object& input);

// encryptionConfiguration: only AWS's own key, which is the default. Errors:
// InvalidEncryptionConfiguration.
Result<void> CheckEncryption(const json::object& input);
inline constexpr std::string_view kOwnedKey = "AWS_OWNED_KEY";

// What of inputs, outputs and definitions an answer shows.
enum class ExecutionData { kIncluded, kLeftOut };
// includedData.
Result<ExecutionData> ReadIncludedData(const json::object& input);

Error Invalid(std::string message);
// "1 validation error detected: Value 'value' at 'name' failed to satisfy constraint: constraint".
Error Violation(std::string_view name, std::string_view value, std::string_view constraint);

double Date(Timestamp time);
// What DescribeStateMachine and DescribeStateMachineForExecution have in common.
json::object MachineMembers(const workflows::StateMachine& machine, ExecutionData data);
json::object ExecutionMembers(const workflows::Execution& execution, ExecutionData data);
json::object SummaryMembers(const workflows::ExecutionSummary& execution);
// states_redrive.cc: redriveCount and redriveDate; redriveStatus and its reason.
void PutRedrives(json::object& members, const workflows::RedriveRecord& redrives);
void PutRedriveStatus(json::object& members, const workflows::Execution& execution);
// redriveFilter, which goes with mapRunArn only.
Result<std::optional<bool>> ReadRedriveFilter(const json::object& input);
// For lists that cannot be filtered so.
Result<void> RefuseRedriveFilter(const json::object& input);
json::object EventMembers(asl::HistoryEvent event, ExecutionData data);
// Adds nextToken unless this is the last page.
void PutNextToken(json::object& output, const std::string& token);

}  // namespace scones::api::states

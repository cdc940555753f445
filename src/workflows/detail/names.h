// The service's ARNs and names, and its errors with the wording of AWS. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::workflows {

std::string StateMachineArn(const Identity& identity, std::string_view name);
// "…:NAME:QUALIFIER": of a version (a number) or an alias.
std::string QualifiedArn(const Identity& identity, std::string_view machine,
                         std::string_view qualifier);
std::string VersionArn(const Identity& identity, std::string_view machine, std::int64_t version);
std::string ActivityArn(const Identity& identity, std::string_view name);
std::string ExecutionArn(const Identity& identity, std::string_view machine, std::string_view name);
// Every run of an Express machine has a run id of its own.
std::string ExpressExecutionArn(const Identity& identity, std::string_view machine,
                                std::string_view name, std::string_view run_id);

// What a state machine's ARN names, with or without a qualifier.
struct MachineReference {
  std::string machine;
  std::int64_t version = 0;  // 0: no version's ARN
  std::string alias;         // "": no alias's ARN
  bool qualified() const { return version != 0 || !alias.empty(); }
};
// Errors: InvalidArn; ValidationException for a Distributed Map state's;
// StateMachineDoesNotExist for another account's or region's.
Result<MachineReference> ParseMachineReference(const Identity& identity, const std::string& arn);
// Errors: those, and StateMachineDoesNotExist for a version's or an alias's.
Result<std::string> ParseStateMachineArn(const Identity& identity, const std::string& arn);
// Errors: InvalidArn; ActivityDoesNotExist for another account's or region's.
Result<std::string> ParseActivityArn(const Identity& identity, const std::string& arn);
// Whether an ARN names an activity, in whatever account and region; then its name.
std::optional<std::string> ActivityNameIn(const std::string& arn);

struct ExecutionName {
  std::string machine;
  std::string name;
};
// Errors: InvalidArn (also for Express executions); ExecutionDoesNotExist for another account's.
Result<ExecutionName> ParseExecutionArn(const Identity& identity, const std::string& arn);

// Errors: InvalidArn; ResourceNotFound for another account's.
Result<void> CheckMapRunArn(const Identity& identity, const std::string& arn);

// Of a state machine, an execution or an activity. Errors: InvalidName.
Result<void> CheckName(const std::string& name);
// A UUID whose order is that of time, so that indexes over names grow at their end.
std::string MakeExecutionName(Timestamp now);

Error StateMachineDoesNotExist(const std::string& arn);
Error ActivityDoesNotExist(const std::string& arn);
Error ResourceNotFound(const std::string& arn);
Error StateMachineDeleting(const std::string& arn);
Error StateMachineTypeNotSupported();
Error ExecutionDoesNotExist(const std::string& arn);
Error ExecutionAlreadyExists(const std::string& arn);
Error ExecutionNotRedrivable(const std::string& arn, std::string_view reason);
Error TooManyExecutions(std::string_view kind, std::size_t limit);
Error MapRunDoesNotExist(const std::string& arn);
Error InvalidToken();
Error ShuttingDown();

}  // namespace scones::workflows

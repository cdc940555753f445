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
std::string ExecutionArn(const Identity& identity, std::string_view machine, std::string_view name);
// Every run of an Express machine has a run id of its own.
std::string ExpressExecutionArn(const Identity& identity, std::string_view machine,
                                std::string_view name, std::string_view run_id);

// Errors: InvalidArn; StateMachineDoesNotExist for another account's, region's or a version's.
Result<std::string> ParseStateMachineArn(const Identity& identity, const std::string& arn);

struct ExecutionName {
  std::string machine;
  std::string name;
};
// Errors: InvalidArn (also for Express executions); ExecutionDoesNotExist for another account's.
Result<ExecutionName> ParseExecutionArn(const Identity& identity, const std::string& arn);

// Of a state machine or an execution. Errors: InvalidName.
Result<void> CheckName(const std::string& name);
// A UUID whose order is that of time, so that indexes over names grow at their end.
std::string MakeExecutionName(Timestamp now);

Error StateMachineDoesNotExist(const std::string& arn);
Error StateMachineDeleting(const std::string& arn);
Error StateMachineTypeNotSupported();
Error ExecutionDoesNotExist(const std::string& arn);
Error ExecutionAlreadyExists(const std::string& arn);
Error InvalidToken();
Error ShuttingDown();

}  // namespace scones::workflows

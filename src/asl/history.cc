#include "asl/history.h"

#include "base/check.h"

namespace scones::asl {
namespace {

struct Names {
  EventType type;
  std::string_view name;
  std::string_view details;
};

constexpr std::string_view kEntered = "stateEnteredEventDetails";
constexpr std::string_view kExited = "stateExitedEventDetails";

// In the order of the enumeration.
constexpr Names kNames[] = {
    {EventType::kActivityFailed, "ActivityFailed", "activityFailedEventDetails"},
    {EventType::kActivityScheduled, "ActivityScheduled", "activityScheduledEventDetails"},
    {EventType::kActivityScheduleFailed, "ActivityScheduleFailed",
     "activityScheduleFailedEventDetails"},
    {EventType::kActivityStarted, "ActivityStarted", "activityStartedEventDetails"},
    {EventType::kActivitySucceeded, "ActivitySucceeded", "activitySucceededEventDetails"},
    {EventType::kActivityTimedOut, "ActivityTimedOut", "activityTimedOutEventDetails"},
    {EventType::kChoiceStateEntered, "ChoiceStateEntered", kEntered},
    {EventType::kChoiceStateExited, "ChoiceStateExited", kExited},
    {EventType::kEvaluationFailed, "EvaluationFailed", "evaluationFailedEventDetails"},
    {EventType::kExecutionAborted, "ExecutionAborted", "executionAbortedEventDetails"},
    {EventType::kExecutionFailed, "ExecutionFailed", "executionFailedEventDetails"},
    {EventType::kExecutionRedriven, "ExecutionRedriven", "executionRedrivenEventDetails"},
    {EventType::kExecutionStarted, "ExecutionStarted", "executionStartedEventDetails"},
    {EventType::kExecutionSucceeded, "ExecutionSucceeded", "executionSucceededEventDetails"},
    {EventType::kExecutionTimedOut, "ExecutionTimedOut", "executionTimedOutEventDetails"},
    {EventType::kFailStateEntered, "FailStateEntered", kEntered},
    {EventType::kLambdaFunctionFailed, "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails"},
    {EventType::kLambdaFunctionScheduled, "LambdaFunctionScheduled",
     "lambdaFunctionScheduledEventDetails"},
    {EventType::kLambdaFunctionScheduleFailed, "LambdaFunctionScheduleFailed",
     "lambdaFunctionScheduleFailedEventDetails"},
    {EventType::kLambdaFunctionStarted, "LambdaFunctionStarted", ""},
    {EventType::kLambdaFunctionStartFailed, "LambdaFunctionStartFailed",
     "lambdaFunctionStartFailedEventDetails"},
    {EventType::kLambdaFunctionSucceeded, "LambdaFunctionSucceeded",
     "lambdaFunctionSucceededEventDetails"},
    {EventType::kLambdaFunctionTimedOut, "LambdaFunctionTimedOut",
     "lambdaFunctionTimedOutEventDetails"},
    {EventType::kMapIterationAborted, "MapIterationAborted", "mapIterationAbortedEventDetails"},
    {EventType::kMapIterationFailed, "MapIterationFailed", "mapIterationFailedEventDetails"},
    {EventType::kMapIterationStarted, "MapIterationStarted", "mapIterationStartedEventDetails"},
    {EventType::kMapIterationSucceeded, "MapIterationSucceeded",
     "mapIterationSucceededEventDetails"},
    {EventType::kMapRunAborted, "MapRunAborted", ""},
    {EventType::kMapRunFailed, "MapRunFailed", "mapRunFailedEventDetails"},
    {EventType::kMapRunRedriven, "MapRunRedriven", "mapRunRedrivenEventDetails"},
    {EventType::kMapRunStarted, "MapRunStarted", "mapRunStartedEventDetails"},
    {EventType::kMapRunSucceeded, "MapRunSucceeded", ""},
    {EventType::kMapStateAborted, "MapStateAborted", ""},
    {EventType::kMapStateEntered, "MapStateEntered", kEntered},
    {EventType::kMapStateExited, "MapStateExited", kExited},
    {EventType::kMapStateFailed, "MapStateFailed", ""},
    {EventType::kMapStateStarted, "MapStateStarted", "mapStateStartedEventDetails"},
    {EventType::kMapStateSucceeded, "MapStateSucceeded", ""},
    {EventType::kParallelStateAborted, "ParallelStateAborted", ""},
    {EventType::kParallelStateEntered, "ParallelStateEntered", kEntered},
    {EventType::kParallelStateExited, "ParallelStateExited", kExited},
    {EventType::kParallelStateFailed, "ParallelStateFailed", ""},
    {EventType::kParallelStateStarted, "ParallelStateStarted", ""},
    {EventType::kParallelStateSucceeded, "ParallelStateSucceeded", ""},
    {EventType::kPassStateEntered, "PassStateEntered", kEntered},
    {EventType::kPassStateExited, "PassStateExited", kExited},
    {EventType::kSucceedStateEntered, "SucceedStateEntered", kEntered},
    {EventType::kSucceedStateExited, "SucceedStateExited", kExited},
    {EventType::kTaskFailed, "TaskFailed", "taskFailedEventDetails"},
    {EventType::kTaskScheduled, "TaskScheduled", "taskScheduledEventDetails"},
    {EventType::kTaskStarted, "TaskStarted", "taskStartedEventDetails"},
    {EventType::kTaskStartFailed, "TaskStartFailed", "taskStartFailedEventDetails"},
    {EventType::kTaskStateAborted, "TaskStateAborted", ""},
    {EventType::kTaskStateEntered, "TaskStateEntered", kEntered},
    {EventType::kTaskStateExited, "TaskStateExited", kExited},
    {EventType::kTaskSubmitFailed, "TaskSubmitFailed", "taskSubmitFailedEventDetails"},
    {EventType::kTaskSubmitted, "TaskSubmitted", "taskSubmittedEventDetails"},
    {EventType::kTaskSucceeded, "TaskSucceeded", "taskSucceededEventDetails"},
    {EventType::kTaskTimedOut, "TaskTimedOut", "taskTimedOutEventDetails"},
    {EventType::kWaitStateAborted, "WaitStateAborted", ""},
    {EventType::kWaitStateEntered, "WaitStateEntered", kEntered},
    {EventType::kWaitStateExited, "WaitStateExited", kExited},
};

const Names& NamesOf(EventType type) {
  const Names& names = kNames[static_cast<std::size_t>(type)];
  SCONES_CHECK(names.type == type);
  return names;
}

}  // namespace

std::string_view EventTypeName(EventType type) { return NamesOf(type).name; }
std::string_view EventDetailsMember(EventType type) { return NamesOf(type).details; }

}  // namespace scones::asl

// History events, with the types, ids and detail members that GetExecutionHistory shows. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace scones::asl {

enum class EventType {
  kActivityFailed,
  kActivityScheduled,
  kActivityScheduleFailed,
  kActivityStarted,
  kActivitySucceeded,
  kActivityTimedOut,
  kChoiceStateEntered,
  kChoiceStateExited,
  kEvaluationFailed,
  kExecutionAborted,
  kExecutionFailed,
  kExecutionRedriven,
  kExecutionStarted,
  kExecutionSucceeded,
  kExecutionTimedOut,
  kFailStateEntered,
  kLambdaFunctionFailed,
  kLambdaFunctionScheduled,
  kLambdaFunctionScheduleFailed,
  kLambdaFunctionStarted,
  kLambdaFunctionStartFailed,
  kLambdaFunctionSucceeded,
  kLambdaFunctionTimedOut,
  kMapIterationAborted,
  kMapIterationFailed,
  kMapIterationStarted,
  kMapIterationSucceeded,
  kMapRunAborted,
  kMapRunFailed,
  kMapRunRedriven,
  kMapRunStarted,
  kMapRunSucceeded,
  kMapStateAborted,
  kMapStateEntered,
  kMapStateExited,
  kMapStateFailed,
  kMapStateStarted,
  kMapStateSucceeded,
  kParallelStateAborted,
  kParallelStateEntered,
  kParallelStateExited,
  kParallelStateFailed,
  kParallelStateStarted,
  kParallelStateSucceeded,
  kPassStateEntered,
  kPassStateExited,
  kSucceedStateEntered,
  kSucceedStateExited,
  kTaskFailed,
  kTaskScheduled,
  kTaskStarted,
  kTaskStartFailed,
  kTaskStateAborted,
  kTaskStateEntered,
  kTaskStateExited,
  kTaskSubmitFailed,
  kTaskSubmitted,
  kTaskSucceeded,
  kTaskTimedOut,
  kWaitStateAborted,
  kWaitStateEntered,
  kWaitStateExited,
};

// "TaskStateEntered".
std::string_view EventTypeName(EventType type);
// The member that holds the details on the wire: "stateEnteredEventDetails". Empty for types that
// have none (ParallelStateStarted, …).
std::string_view EventDetailsMember(EventType type);

// `details` is the content of that member, with the wire's member names: e.g. {"name": …,
// "input": "<JSON text>", "inputDetails": {"truncated": false}}. Empty object and no member where
// the type has none. JSON documents are in it as text, as on the wire.
struct HistoryEvent {
  std::int64_t id = 0;           // from 1, without gaps
  std::int64_t previous_id = 0;  // of the event that led to this one
  EventType type = EventType::kExecutionStarted;
  Timestamp timestamp;
  json::object details;
};

}  // namespace scones::asl

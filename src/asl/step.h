// The engine: one event in, the new state, history and commands out. No I/O, no clock, no
// randomness but what is passed in. Safe from any thread on distinct states.
//
// How a durable shell drives it: keep one ExecutionState per open execution; for each event call
// Step(), then store state (Encode), history events and commands in ONE transaction, and only then
// carry the commands out. After a crash: Decode, re-arm the timers and resend the tasks that have
// no answer yet; an answer that comes twice is ignored, because its seq is no longer pending.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asl/definition.h"
#include "asl/execution_state.h"
#include "asl/history.h"
#include "asl/map_run.h"
#include "base/time.h"

namespace scones::asl {

inline constexpr std::size_t kMaxPayloadBytes = 256 * 1024;
inline constexpr std::int64_t kMaxHistoryEvents = 25'000;
// What all branches and iterations of an execution hold at once; beyond, it fails.
inline constexpr std::size_t kMaxHeldBytes = 64 * 1024 * 1024;

// ---- Events in ----------------------------------------------------------------------------------

// The first event of an execution, once. Its input is ExecutionContext::input, which must be JSON.
struct Start {
  json::object variables;  // that the execution begins with: a state tried alone has some
};

// `output` is JSON text: the result as the state sees it before ResultSelector. For a direct
// function ARN it is the function's response. For "arn:aws:states:::lambda:invoke" the shell's task
// runner builds the whole object {ExecutedVersion, Payload, SdkHttpMetadata, SdkResponseMetadata,
// StatusCode}: the core only consumes it (there, a Payload parameter that is absent or null means
// the event {}, and one that is a string is the event's text). For .sync and .waitForTaskToken it
// is the final result.
struct TaskSucceeded {
  std::uint64_t seq = 0;
  std::string output;
};
// `error` as Retry and Catch match it ("Lambda.TooManyRequestsException", a function's errorType,
// "States.Timeout", …), `cause` free text (for a function error its raw error JSON).
struct TaskFailed {
  std::uint64_t seq = 0;
  std::string error;
  std::string cause;
  // Nobody could be asked to do it (an activity that does not exist): …ScheduleFailed.
  bool not_scheduled = false;
};
// An accepted .sync or .waitForTaskToken request (TaskSubmitted in the history); `output` is the
// service's answer as JSON text.
struct TaskSubmitted {
  std::uint64_t seq = 0;
  std::string output;
};
// An activity worker took the task (ActivityStarted in the history).
struct TaskStarted {
  std::uint64_t seq = 0;
  std::string worker_name;
};
// SendTaskHeartbeat: the heartbeat timer starts anew.
struct TaskHeartbeat {
  std::uint64_t seq = 0;
};
// The timer `seq` is due. Task timeouts and heartbeats are such timers too: the core turns them
// into States.Timeout / States.HeartbeatTimeout and cancels the task.
struct TimerFired {
  std::uint64_t seq = 0;
};
// StopExecution.
struct Stop {
  std::string error;
  std::string cause;
};

// RedriveExecution: the execution, which failed, timed out or was aborted, goes on where it
// stopped. Successful steps keep their results; unfinished ones begin a new attempt, with the
// attempts of their retriers counted anew. ExecutionContext::redrive_count counts this one already.
struct Redrive {};

// The run that StartMapRun ordered has ended. `output` is JSON text, the state's result before
// ResultSelector; it must not be larger than kMaxPayloadBytes.
struct MapRunSucceeded {
  std::uint64_t seq = 0;
  std::string output;
};
struct MapRunFailed {
  std::uint64_t seq = 0;
  std::string error;
  std::string cause;
};

using Event = std::variant<Start, TaskSucceeded, TaskFailed, TaskSubmitted, TaskStarted,
                           TaskHeartbeat, TimerFired, Stop, Redrive, MapRunSucceeded, MapRunFailed>;

// ---- Commands out -------------------------------------------------------------------------------

enum class TaskKind {
  kFunction,     // Resource is a Lambda function's ARN: `input` is its event
  kIntegration,  // arn:aws:states:::SERVICE:ACTION: `input` is the evaluated Parameters
  kActivity,     // Resource is an activity's ARN
};
enum class TaskPattern { kRequestResponse, kSync, kSync2, kWaitForTaskToken };

// Run this and answer with TaskSucceeded or TaskFailed of the same seq. Carrying it out again after
// a crash is allowed (the language promises at least once), recording its answer twice is not
// possible.
struct RunTask {
  std::uint64_t seq = 0;
  std::string state_name;
  TaskKind kind = TaskKind::kFunction;
  std::string resource;  // as in the definition
  std::string service;   // kIntegration: "lambda", "sagemaker", "aws-sdk:s3"
  std::string action;    // kIntegration: "invoke", "createTrainingJob"
  TaskPattern pattern = TaskPattern::kRequestResponse;
  std::string input;       // JSON text, at most kMaxPayloadBytes
  std::string task_token;  // kWaitForTaskToken and kActivity, else empty
  // What the state says; timers for them are commands of their own, so a runner need not watch
  // them.
  std::optional<std::int64_t> timeout_seconds;
  std::optional<std::int64_t> heartbeat_seconds;
};
// Answer with TimerFired{seq} at `due` or later. A `due` that is not in the future means at once: a
// long run of states that need no waiting is cut into several steps this way.
struct StartTimer {
  std::uint64_t seq = 0;
  Timestamp due;
};
// The answer is no longer awaited. Best effort: an answer that still comes is ignored.
struct CancelTask {
  std::uint64_t seq = 0;
};
struct CancelTimer {
  std::uint64_t seq = 0;
};

// Run a distributed Map's items: read them (item_reader.h), make its children's inputs of them
// (child_inputs.h), run these as executions of their own (ExecutionContext::scope) as far as
// MapRunProgress lets them, join their results (map_results.h) and answer with MapRunSucceeded or
// MapRunFailed of the same seq.
struct StartMapRun {
  std::uint64_t seq = 0;
  MapRunSpec spec;
};
// A run that StartMapRun ordered goes on after it failed or was given up: children that did not
// succeed are redriven (Express: run again), others start, what succeeded stays. Answered like
// StartMapRun. Should an earlier order of it still be coming to its end, that ends first.
struct RedriveMapRun {
  std::uint64_t seq = 0;
  std::string arn;
  std::int64_t count = 0;  // of its redrives, this one too
};
// The run's answer is no longer awaited: its children are to be stopped.
struct CancelMapRun {
  std::uint64_t seq = 0;
};

using Command = std::variant<RunTask, StartTimer, CancelTask, CancelTimer, StartMapRun,
                             RedriveMapRun, CancelMapRun>;

// How the execution ended. No output with any status but kSucceeded.
struct Outcome {
  ExecutionStatus status = ExecutionStatus::kSucceeded;
  std::string output;  // JSON text
  // As DescribeExecution shows them; absent where AWS shows none.
  std::optional<std::string> error;
  std::optional<std::string> cause;
};

struct Transition {
  std::vector<HistoryEvent> events;  // ids go on from the last step's
  std::vector<Command> commands;     // in order
  std::optional<Outcome> outcome;    // set by the step that ends the execution, and by no other
  // False when the event was not expected (redelivered, late, or the execution is over): nothing
  // changed, nothing needs to be stored.
  bool changed = false;
};

// Changes `state` in place (values are moved, not copied): if the result cannot be stored, throw
// `state` away and Decode the stored one. Never fails: what goes wrong in a definition or with data
// becomes an error of the state, then of the execution. `now` must not run backwards between steps.
// A fresh execution is `ExecutionState state; Step(definition, context, state, Start{}, now)`.
Transition Step(const Definition& definition, const ExecutionContext& context,
                ExecutionState& state, Event event, Timestamp now);

// ---- Task tokens --------------------------------------------------------------------------------

// A token names its execution and command and is signed with `key`, so that a shell needs no table
// of tokens. Source: ours; AWS's tokens are opaque.
std::string MakeTaskToken(std::string_view key, std::string_view execution_arn, std::uint64_t seq);
struct TaskTokenContent {
  std::string execution_arn;
  std::uint64_t seq = 0;
};
// Errors: kInvalid/InvalidToken.
Result<TaskTokenContent> ReadTaskToken(std::string_view key, std::string_view token);

}  // namespace scones::asl

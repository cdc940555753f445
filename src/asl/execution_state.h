// Where an execution stands between two steps: a plain value. Step() (step.h) is the only thing
// that changes it; it moves but does not copy. A shell stores Encode()'s text with each commit and
// goes on from Decode(). Pure; belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "asl/definition.h"
#include "asl/payload.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::asl {

// What never changes in an execution's life, given to every Step(). The shell keeps it with the
// execution's row, so it is not part of the stored state. Becomes the context object ($$).
struct ExecutionContext {
  std::string execution_arn;
  std::string execution_name;
  std::string state_machine_arn;
  std::string state_machine_name;
  // Where the execution was started by a version's or an alias's ARN, for ExecutionStarted.
  std::string state_machine_version_arn;
  std::string state_machine_alias_arn;
  std::string role_arn;
  std::string region;                     // taskScheduledEventDetails.region
  std::string input;                      // JSON text, as given to StartExecution
  Timestamp start_time;                   // $$.Execution.StartTime
  int redrive_count = 0;                  // $$.Execution.RedriveCount
  std::optional<Timestamp> redrive_time;  // of the last redrive: $$.Execution.RedriveTime
  // Drawn once per execution by the shell. All randomness of the execution (States.UUID,
  // States.MathRandom, retry jitter) follows from it and the state, so a replayed step is the same.
  std::uint64_t random_seed = 0;
  // Signs task tokens (see MakeTaskToken): secret, the same for all executions of an installation.
  std::string task_token_key;
  // Of a distributed Map's child: which scope it runs (MapRunSpec::scope) and as what.
  std::int32_t scope = 0;  // 0: the machine itself
  std::optional<MachineType> type;
};

enum class ExecutionStatus { kRunning, kSucceeded, kFailed, kTimedOut, kAborted };
std::string_view ExecutionStatusName(ExecutionStatus status);  // "TIMED_OUT"

struct Variable {
  std::string name;  // without "$"
  Payload value;
};

// One line of control: the execution itself, a Parallel branch, or a Map iteration.
struct Frame {
  enum class Phase {
    kReady,        // enters `state` at the next opportunity
    kAgain,        // starts the next attempt at `state` at the next opportunity
    kTask,         // a RunTask is out
    kWaiting,      // a Wait state's timer is out
    kRetrying,     // the timer before the next attempt is out
    kChildren,     // branches or iterations are running
    kMapRun,       // a StartMapRun or RedriveMapRun is out; task_seq is its seq
    kMapRunAgain,  // redrives the run of `map_run` at the next opportunity
  };

  std::uint32_t slot = 0;    // its place in ExecutionState::frames
  std::int32_t parent = -1;  // slot of the Parallel's or Map's frame; -1 for the execution
  std::int64_t index = 0;    // branch or iteration number
  std::int32_t state = -1;   // index into Program::states
  Phase phase = Phase::kReady;
  Payload input;                   // of the state, before InputPath
  std::int64_t last_event = 0;     // previousEventId of its next event
  std::int64_t entered_event = 0;  // id of the current state's …StateEntered
  Timestamp entered_time;
  int retry_count = 0;       // attempts after the first, over all retriers
  std::vector<int> retries;  // per retrier of the state
  // Outstanding commands, 0 for none.
  std::uint64_t task_seq = 0;
  std::uint64_t timer_seq = 0;  // Wait, retry, or the task's timeout
  std::uint64_t heartbeat_seq = 0;
  std::int64_t heartbeat_seconds = 0;
  std::string task_token;  // of a .waitForTaskToken task
  // kChildren only.
  json::array items;             // Map: by iteration; an element moves out when it starts
  std::vector<Payload> results;  // by branch or iteration
  std::int64_t started = 0;
  std::int64_t finished = 0;
  std::int64_t concurrency = 0;     // most children at once
  std::vector<Variable> variables;  // of its own scope; those around it are its parents'
  // Of a distributed Map: the run of its last attempt, as long as a redrive would go on with it.
  struct MapRunRef {
    std::string arn;                 // empty for none
    std::int64_t started_event = 0;  // the attempt's MapStateStarted
    std::int64_t redrives = 0;
  } map_run;
  // Map iteration only: the item, for $$.Map.Item.Value.
  std::optional<Payload> item;
};

struct ExecutionState {
  ExecutionStatus status = ExecutionStatus::kRunning;
  std::int64_t next_event_id = 1;
  std::uint64_t next_seq = 1;
  std::uint64_t random_draws = 0;
  std::uint64_t execution_timer_seq = 0;  // TimeoutSeconds of the machine; 0 for none
  // The timer that goes on with frames that are ready (see StartTimer in step.h); 0 for none.
  std::uint64_t resume_seq = 0;
  // Slots; null where free. Slot 0 is the execution itself. An execution that did not succeed keeps
  // what was unfinished, for a redrive; empty where there can be none.
  std::vector<std::unique_ptr<Frame>> frames;
  // Follows from `frames`: command seq -> slot. Rebuilt by Decode.
  std::unordered_map<std::uint64_t, std::uint32_t> pending;

  bool open() const { return status == ExecutionStatus::kRunning; }
};

// Text (JSON) that Decode reads back; its format carries a version and stays readable by later
// versions. A finished execution need be kept only for a redrive.
std::string Encode(const ExecutionState& state);
// Errors: kDataLoss where the text is not Encode's or does not fit `definition`.
Result<ExecutionState> Decode(const Definition& definition, std::string_view text);

}  // namespace scones::asl

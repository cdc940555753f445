// The workflow service: state machines and their executions, durable. Each step of an execution
// (asl::Step) is committed with its history and commands in one transaction, shared with all other
// executions that are ready; only then are its commands carried out. What any call reports has been
// committed. After a crash, Open() goes on where the last commit left off.
//
// Express executions: StartExecution commits the start, and an execution that a crash cuts off runs
// again from its start; StartSyncExecution keeps nothing. Neither appears in the history calls.
//
// Safe from any thread. Calls that only read run on the caller's thread and take tens of
// microseconds; the others are coroutines that resume after the commit.
// Errors carry Step Functions' names and messages. Source: AWS Step Functions API Reference.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asl/test_state.h"
#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "io/task.h"
#include "workflows/map_data.h"
#include "workflows/task_runner.h"
#include "workflows/types.h"

namespace scones::workflows {

struct Options {
  std::size_t max_open_executions = 1'000'000;  // Standard; beyond: ExecutionLimitExceeded
  std::size_t max_express_executions = 10'000;  // at once; beyond: ExecutionLimitExceeded
  // States that are kept in memory between steps; the others are read when they are needed.
  std::size_t max_loaded_executions = 20'000;
  std::size_t max_loaded_bytes = 256 * 1024 * 1024;
  std::size_t max_input_bytes = 256 * 1024;
  std::size_t max_state_machines = 10'000;
  std::size_t max_versions = 1'000;  // of one state machine
  std::size_t max_aliases = 100;     // of one state machine
  std::size_t max_activities = 10'000;
  std::size_t max_activity_workers = 1'000;  // that poll one activity at once
  std::size_t max_tags = 50;                 // per resource
  std::size_t max_batch = 1'024;             // executions in one commit
  std::size_t max_batch_bytes = 16 * 1024 * 1024;
  std::size_t history_chunk_bytes = 16 * 1024;  // larger: fewer rows; smaller: cheaper steps
  std::chrono::seconds express_timeout{300};
  std::chrono::seconds activity_poll{60};  // how long GetActivityTask waits
  // Of a distributed Map: an object that its ItemReader reads, and how many children it may have.
  std::size_t max_map_object_bytes = 128 * 1024 * 1024;
  std::int64_t max_map_run_children = 10'000'000;
  // After a failed commit (a full disk), the executions that it held are taken up again.
  std::chrono::milliseconds retry_delay{1'000};
};

class Workflows {
 public:
  // Makes the tables in `database`, takes up the open executions and starts the workflow thread.
  // The references outlive the service. Without `map_data`, no Map reads or writes objects. Errors:
  // those of the database.
  static Result<std::unique_ptr<Workflows>> Open(db::Database& database, TaskRunner& runner,
                                                 const Clock& clock, Identity identity,
                                                 Options options, MapData* map_data = nullptr);
  // Stops stepping, commits what has been stepped. Calls still waiting end with kUnavailable.
  ~Workflows();
  Workflows(const Workflows&) = delete;
  Workflows& operator=(const Workflows&) = delete;

  // ---- State machines ----
  // The same request again answers as the first time. Errors: InvalidName, InvalidDefinition,
  // InvalidArn (role), InvalidLoggingConfiguration, StateMachineAlreadyExists,
  // StateMachineDeleting, StateMachineLimitExceeded, TooManyTags.
  io::Task<Result<CreatedStateMachine>> CreateStateMachine(CreateStateMachineRequest request);
  // Executions that run go on with the definition they started with. Errors:
  // MissingRequiredParameter, StateMachineDoesNotExist, StateMachineDeleting, InvalidDefinition, ….
  io::Task<Result<UpdatedStateMachine>> UpdateStateMachine(UpdateStateMachineRequest request);
  // DELETING until its last execution has ended; then it is gone. Success where there is none.
  io::Task<Result<void>> DeleteStateMachine(std::string arn);
  // Also of a version's ARN.
  Result<StateMachine> DescribeStateMachine(const std::string& arn);
  // By name.
  Result<Page<StateMachineSummary>> ListStateMachines(const PageRequest& page);

  // Of state machines and activities. Errors: InvalidArn, ResourceNotFound, TooManyTags.
  io::Task<Result<void>> TagResource(std::string arn, std::vector<Tag> tags);
  io::Task<Result<void>> UntagResource(std::string arn, std::vector<std::string> keys);
  Result<std::vector<Tag>> ListTagsForResource(const std::string& arn);

  // ---- Executions ----
  // For a Standard machine the same name and input again answer as the first time while that
  // execution runs. Errors: StateMachineDoesNotExist, StateMachineDeleting, InvalidName,
  // InvalidExecutionInput, ExecutionAlreadyExists, ExecutionLimitExceeded.
  io::Task<Result<StartedExecution>> StartExecution(StartExecutionRequest request);
  // Express machines only; resumes when the execution has ended, in whatever way.
  io::Task<Result<Execution>> StartSyncExecution(StartExecutionRequest request);
  // Returns the time of the stop. Stopping what has ended answers as the first time.
  io::Task<Result<Timestamp>> StopExecution(std::string arn, std::string error, std::string cause);
  // Calls `ended` when the execution has ended, at once where it has; DescribeExecution then says
  // how. Errors: ExecutionDoesNotExist, InvalidArn, kUnavailable when the service is closing.
  void WhenEnded(const std::string& arn, io::Completion<Result<void>> ended);
  // A failed, timed out or aborted Standard execution goes on where it stopped; returns the time of
  // it. The same token again answers as the first time. Errors: ExecutionDoesNotExist,
  // ExecutionNotRedrivable, ExecutionLimitExceeded, ValidationException (a map run's child: its run
  // is redriven with its parent).
  io::Task<Result<Timestamp>> RedriveExecution(std::string arn, std::string client_token);
  Result<Execution> DescribeExecution(const std::string& arn);
  // The machine as it was when the execution started.
  Result<StateMachine> DescribeStateMachineForExecution(const std::string& execution_arn);
  // Latest first; of a version's or an alias's ARN: those that were started by it.
  Result<Page<ExecutionSummary>> ListExecutions(const std::string& state_machine_arn,
                                                std::optional<asl::ExecutionStatus> status,
                                                const PageRequest& page);
  Result<Page<asl::HistoryEvent>> GetExecutionHistory(const std::string& execution_arn,
                                                      HistoryOrder order, const PageRequest& page);

  // ---- Versions and aliases ----
  // A version is a revision under a number; a revision that is published is not published again.
  // `revision_id`, where given, must be the current one ("INITIAL" before the first update).
  // Errors: ConflictException, ServiceQuotaExceededException, StateMachineDoesNotExist, ….
  io::Task<Result<StateMachineVersion>> PublishStateMachineVersion(
      std::string arn, std::optional<std::string> revision_id, std::string description);
  // Executions of it go on. Errors: ConflictException where an alias routes to it.
  io::Task<Result<void>> DeleteStateMachineVersion(std::string version_arn);
  // Latest first.
  Result<Page<StateMachineVersion>> ListStateMachineVersions(const std::string& arn,
                                                             const PageRequest& page);
  // The same request again answers as the first time. Errors: ConflictException,
  // ValidationException, ResourceNotFound, ServiceQuotaExceededException, StateMachineDeleting.
  io::Task<Result<StateMachineAlias>> CreateStateMachineAlias(CreateAliasRequest request);
  io::Task<Result<Timestamp>> UpdateStateMachineAlias(UpdateAliasRequest request);
  io::Task<Result<void>> DeleteStateMachineAlias(std::string alias_arn);
  Result<StateMachineAlias> DescribeStateMachineAlias(const std::string& alias_arn);
  // By name; of a version's ARN: the aliases that route to it.
  Result<Page<StateMachineAlias>> ListStateMachineAliases(const std::string& arn,
                                                          const PageRequest& page);

  // ---- Activities ----
  // The same name again answers as the first time. Errors: InvalidName, ActivityLimitExceeded,
  // TooManyTags.
  io::Task<Result<Activity>> CreateActivity(std::string name, std::vector<Tag> tags);
  // Tasks that wait for a worker go on waiting. Success where there is none.
  io::Task<Result<void>> DeleteActivity(std::string arn);
  Result<Activity> DescribeActivity(const std::string& arn);
  // By name.
  Result<Page<Activity>> ListActivities(const PageRequest& page);
  // Long poll: the task that has waited longest, or the next that is scheduled, or after
  // Options::activity_poll nothing. `worker_is_there` is asked, on the caller's executor, before a
  // task is handed over: one that has gone meanwhile loses none. What a worker got is its own until
  // it answers or the state's timeouts are over, also after a restart. Errors: InvalidArn,
  // ActivityDoesNotExist, ActivityWorkerLimitExceeded.
  io::Task<Result<std::optional<ActivityTask>>> GetActivityTask(
      std::string arn, std::string worker_name, std::function<bool()> worker_is_there);
  // Ends all polls, and new ones at once, with nothing: before the server that serves them stops.
  void EndActivityPolls();

  // ---- Map runs ----
  // Errors: InvalidArn, ResourceNotFound.
  Result<MapRun> DescribeMapRun(const std::string& arn);
  // Of an execution, latest first.
  Result<Page<MapRunSummary>> ListMapRuns(const std::string& execution_arn,
                                          const PageRequest& page);
  // Takes effect from the next child on.
  io::Task<Result<void>> UpdateMapRun(UpdateMapRunRequest request);
  // A run's children that are Standard executions, latest first.
  Result<Page<ExecutionSummary>> ListMapRunExecutions(const std::string& map_run_arn,
                                                      const ChildFilter& filter,
                                                      const PageRequest& page);

  // ---- Task tokens ----
  // Errors: InvalidToken, TaskDoesNotExist, TaskTimedOut, InvalidOutput.
  io::Task<Result<void>> SendTaskSuccess(std::string token, std::string output);
  io::Task<Result<void>> SendTaskFailure(std::string token, std::string error, std::string cause);
  io::Task<Result<void>> SendTaskHeartbeat(std::string token);

  // ---- TestState ----
  // Runs one state, its task too unless it is mocked. Errors: asl::StateTest's.
  io::Task<Result<asl::TestStateResult>> TestState(asl::TestStateRequest request,
                                                   std::optional<std::string> role_arn);

  // Looks at the clock again: for one that jumps, as tests' clocks do.
  void Wake();
  Counters counters() const;

 private:
  struct State;
  explicit Workflows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scones::workflows

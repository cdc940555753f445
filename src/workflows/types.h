// What the workflow service takes and gives: plain values with the vocabulary of Step Functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asl/definition.h"
#include "asl/execution_state.h"
#include "asl/history.h"
#include "asl/map_run.h"
#include "base/time.h"

namespace scones::workflows {

struct Tag {
  std::string key;
  std::string value;
};

// One page of a list; `next_token` is empty on the last.
template <class T>
struct Page {
  std::vector<T> items;
  std::string next_token;
};

struct PageRequest {
  std::int64_t max_results = 0;  // 0: the service's default, which is also the most
  std::string next_token;        // "" for the first page
};

// ---- State machines -----------------------------------------------------------------------------

enum class StateMachineStatus { kActive, kDeleting };

// A state machine, or one of its versions: `arn`, `created` and `description` are then the
// version's.
struct StateMachine {
  std::string arn;
  std::string name;
  asl::MachineType type = asl::MachineType::kStandard;
  StateMachineStatus status = StateMachineStatus::kActive;
  std::string definition;  // as given
  std::string description;
  std::string role_arn;
  std::string logging_configuration;  // JSON object
  bool tracing_enabled = false;
  std::string revision_id;  // "" until the first update
  Timestamp created;
  Timestamp updated;  // of this revision
  // Of a map run's child, as DescribeStateMachineForExecution names it, else empty.
  std::string map_run_arn;
  std::string label;
};

struct StateMachineSummary {
  std::string arn;
  std::string name;
  asl::MachineType type = asl::MachineType::kStandard;
  Timestamp created;
};

struct CreateStateMachineRequest {
  std::string name;
  std::string definition;
  std::string role_arn;
  asl::MachineType type = asl::MachineType::kStandard;
  std::string logging_configuration;  // JSON object, "" for the default
  bool tracing_enabled = false;
  std::vector<Tag> tags;
  // Set: publish version 1 with this description.
  std::optional<std::string> publish_as;
};
struct CreatedStateMachine {
  std::string arn;
  std::string version_arn;  // "" where none was published
  Timestamp created;
};

// At least one member besides `publish_as` must be set.
struct UpdateStateMachineRequest {
  std::string arn;
  std::optional<std::string> definition;
  std::optional<std::string> role_arn;
  std::optional<std::string> logging_configuration;
  std::optional<bool> tracing_enabled;
  std::optional<std::string> publish_as;
};
struct UpdatedStateMachine {
  std::string revision_id;  // "" where nothing was ever changed
  std::string version_arn;  // "" where none was published
  Timestamp updated;
};

// ---- Versions and aliases -----------------------------------------------------------------------

struct StateMachineVersion {
  std::string arn;
  Timestamp created;
};

struct Route {
  std::string version_arn;
  std::int64_t weight = 0;  // percent
};

struct StateMachineAlias {
  std::string arn;
  std::string name;
  std::string description;
  std::vector<Route> routes;  // one or two, weights together 100
  Timestamp created;
  Timestamp updated;
};

struct CreateAliasRequest {
  std::string name;
  std::string description;
  std::vector<Route> routes;
};
// At least one of the members but `arn` must be set.
struct UpdateAliasRequest {
  std::string arn;
  std::optional<std::string> description;
  std::optional<std::vector<Route>> routes;
};

// ---- Activities ---------------------------------------------------------------------------------

struct Activity {
  std::string arn;
  std::string name;
  Timestamp created;
};

// What a worker gets: it answers with the token.
struct ActivityTask {
  std::string token;
  std::string input;  // JSON text
};

// ---- Executions ---------------------------------------------------------------------------------

struct StartExecutionRequest {
  std::string state_machine_arn;     // also of a version or an alias
  std::optional<std::string> name;   // a UUID where absent
  std::optional<std::string> input;  // JSON text, {} where absent
  std::string trace_header;
};
struct StartedExecution {
  std::string arn;
  Timestamp started;
};

enum class RedriveStatus { kRedrivable, kNotRedrivable, kRedrivableByMapRun };
struct RedriveRecord {
  int count = 0;
  std::optional<Timestamp> last;
};

struct Execution {
  std::string arn;
  std::string name;
  std::string state_machine_arn;
  std::string version_arn;  // "" unless started by a version's or an alias's ARN
  std::string alias_arn;    // "" unless started by an alias's ARN
  asl::ExecutionStatus status = asl::ExecutionStatus::kRunning;
  Timestamp started;
  std::optional<Timestamp> stopped;
  std::string input;
  std::optional<std::string> output;
  std::optional<std::string> error;
  std::optional<std::string> cause;
  RedriveRecord redrives;
  RedriveStatus redrive_status = RedriveStatus::kNotRedrivable;
  std::string redrive_status_reason;  // with kNotRedrivable
  // Of a map run's child.
  std::optional<std::string> map_run_arn;
  bool pending_redrive = false;  // its run will redrive it; `status` is that of the attempt before
};

struct ExecutionSummary {
  std::string arn;
  std::string name;
  std::string state_machine_arn;
  std::string version_arn;  // "" unless started by a version's or an alias's ARN
  std::string alias_arn;    // "" unless started by an alias's ARN
  asl::ExecutionStatus status = asl::ExecutionStatus::kRunning;
  Timestamp started;
  std::optional<Timestamp> stopped;
  RedriveRecord redrives;
  // Of a map run's child.
  std::optional<std::string> map_run_arn;
  std::int64_t item_count = 0;
  bool pending_redrive = false;  // see Execution
};

// Which children of a map run.
struct ChildFilter {
  std::optional<asl::ExecutionStatus> status;  // and not pending_redrive
  bool pending_redrive = false;                // only those
  std::optional<bool> redriven;
};

// ---- Map runs -----------------------------------------------------------------------------------

enum class MapRunStatus { kRunning, kSucceeded, kFailed, kAborted };
std::string_view MapRunStatusName(MapRunStatus status);  // "RUNNING"

struct MapRun {
  std::string arn;
  std::string execution_arn;  // of the parent
  MapRunStatus status = MapRunStatus::kRunning;
  Timestamp started;
  std::optional<Timestamp> stopped;
  asl::MapRunProgress::Limits limits;
  asl::MapRunCounts executions;
  asl::MapRunCounts items;
  std::int64_t results_written = 0;  // children
  RedriveRecord redrives;
};
struct MapRunSummary {
  std::string arn;
  std::string execution_arn;
  std::string state_machine_arn;
  Timestamp started;
  std::optional<Timestamp> stopped;
};
// Absent members stay as they are.
struct UpdateMapRunRequest {
  std::string arn;
  std::optional<std::int64_t> max_concurrency;
  std::optional<std::int64_t> tolerated_failure_count;
  std::optional<double> tolerated_failure_percentage;
};

enum class HistoryOrder { kOldestFirst, kNewestFirst };

// Running totals since the service was opened, for /metrics and benchmarks.
struct Counters {
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  std::uint64_t steps = 0;
  std::uint64_t commits = 0;
  std::uint64_t commit_failures = 0;
  std::uint64_t open = 0;    // Standard executions that have not ended
  std::uint64_t loaded = 0;  // executions whose state is in memory
};

}  // namespace scones::workflows

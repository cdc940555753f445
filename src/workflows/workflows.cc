#include "workflows/workflows.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/json.h"
#include "base/random.h"
#include "io/blocking_pool.h"
#include "workflows/detail/activity_table.h"
#include "workflows/detail/engine.h"
#include "workflows/detail/execution_table.h"
#include "workflows/detail/input_check.h"
#include "workflows/detail/machine_table.h"
#include "workflows/detail/map_run_calls.h"
#include "workflows/detail/names.h"
#include "workflows/detail/page_token.h"
#include "workflows/detail/redrive_table.h"
#include "workflows/detail/schema.h"
#include "workflows/detail/version_rows.h"
#include "workflows/detail/version_table.h"

namespace scones::workflows {
namespace {

constexpr std::int64_t kDefaultPage = 100;

std::int64_t Limit(const PageRequest& page) {
  return page.max_results == 0 ? kDefaultPage : page.max_results;
}

// Task tokens of an installation stay good over restarts.
Result<std::string> LoadTaskTokenKey(db::Database& database) {
  return database.WriteAndWait([](db::Connection& connection) -> Result<std::string> {
    TRY_VOID(connection
                 .Prepare("INSERT INTO workflow_settings (name, value) VALUES ('task_token_key', "
                          "?1) ON CONFLICT DO NOTHING")
                 .BindBlob(1, RandomBytes(32))
                 .Run());
    db::Statement select =
        connection.Prepare("SELECT value FROM workflow_settings WHERE name = 'task_token_key'");
    TRY(const bool found, select.Step());
    if (!found) return Error(Code::kInternal, "the key of the task tokens was not stored");
    return std::string(select.Blob(0));
  });
}

std::uint64_t RandomSeed() {
  std::uint64_t seed = 0;
  const std::string bytes = RandomBytes(sizeof seed);
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

// 0 to 99, for an alias that routes to two versions.
std::int64_t DrawPercent() { return static_cast<std::int64_t>(RandomSeed() % 100); }

// Whether the version or the alias that `reference` names is there.
Result<bool> IsThere(db::Connection& connection, std::int64_t machine,
                     const MachineReference& reference) {
  if (reference.version != 0) {
    TRY(const auto version, FindVersion(connection, machine, reference.version));
    return version.has_value();
  }
  if (reference.alias.empty()) return true;
  TRY(const auto alias, FindAlias(connection, machine, reference.alias));
  return alias.has_value();
}

}  // namespace

// In the order of dependence.
struct Workflows::State {
  db::Database& database;
  const Clock& clock;
  const Identity identity;
  const Options options;
  std::string task_token_key;
  MachineTable machines;
  VersionTable versions;
  ActivityTable activities;
  std::unique_ptr<io::BlockingPool> map_jobs;
  std::unique_ptr<Engine> engine;

  State(db::Database& db, const Clock& time, Identity who, Options limits, std::string key)
      : database(db),
        clock(time),
        identity(std::move(who)),
        options(limits),
        task_token_key(std::move(key)),
        machines(db, time, identity, options),
        versions(db, time, identity, options),
        activities(db, time, identity, options) {}

  // The execution that `arn` names. Errors: InvalidArn, ExecutionDoesNotExist.
  Result<FoundExecution> Find(const std::string& arn) {
    TRY(const ExecutionName name, ParseExecutionArn(identity, arn));
    TRY(std::optional<FoundExecution> found, database.Read([&](db::Connection& connection) {
      return FindExecution(connection, name.machine, name.name);
    }));
    if (!found) return ExecutionDoesNotExist(arn);
    return std::move(*found);
  }

  std::string VersionArnOf(const std::string& machine, const ExecutionRow& row) const {
    return row.version == 0 ? "" : VersionArn(identity, machine, row.version);
  }
  std::string AliasArnOf(const std::string& machine, const ExecutionRow& row) const {
    return row.alias.empty() ? "" : QualifiedArn(identity, machine, row.alias);
  }

  // What both ways to start check.
  Result<StartItem> Prepare(StartExecutionRequest request) {
    TRY(StartTarget target, machines.Target(request.state_machine_arn, DrawPercent()));
    StartItem item{.revision = std::move(target.revision),
                   .name = request.name.value_or(""),
                   .input = request.input ? std::move(*request.input) : "{}",
                   .version = target.version,
                   .alias = std::move(target.alias),
                   .started = {},
                   .ended = {}};
    if (request.name) {
      TRY_VOID(CheckName(item.name));
    } else {
      item.name = MakeExecutionName(clock.Now());
    }
    TRY_VOID(CheckInput(item.input, options.max_input_bytes));
    return item;
  }

  io::Task<Result<void>> Answer(std::string token, std::function<asl::Event(std::uint64_t)> event) {
    CO_TRY(const asl::TaskTokenContent content, asl::ReadTaskToken(task_token_key, token));
    const Result<FoundExecution> found = Find(content.execution_arn);
    if (!found) {
      co_return Error(Code::kNotFound, "TaskDoesNotExist", "Task Does Not Exist: 'Invalid token'");
    }
    TokenItem item{.execution = found->row.id, .event = event(content.seq), .done = {}};
    auto post = [&](io::Completion<Result<void>> done) {
      item.done = std::move(done);
      engine->Post(std::move(item));
    };
    co_return co_await io::Await<Result<void>>(std::move(post));
  }
};

Workflows::Workflows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Workflows::~Workflows() = default;

Result<std::unique_ptr<Workflows>> Workflows::Open(db::Database& database, TaskRunner& runner,
                                                   const Clock& clock, Identity identity,
                                                   Options options, MapData* map_data) {
  TRY_VOID(database.Migrate(Migrations()));
  TRY(std::string key, LoadTaskTokenKey(database));
  auto state = std::make_unique<State>(database, clock, std::move(identity), options, key);
  TRY_VOID(state->activities.Load());
  state->map_jobs = std::make_unique<io::BlockingPool>("map-runs", 2, 10'000);
  TRY(state->engine,
      Engine::Open(
          {.database = database,
           .write =
               [&database](Engine::WriteJob job, Engine::WriteDone done) {
                 database.WriteThen(std::move(job), std::move(done));
               },
           .random = RandomSeed,
           .runner = runner,
           .clock = clock,
           .machines = state->machines,
           .options = state->options,
           .identity = state->identity,
           .task_token_key = std::move(key),
           .activity_exists = [&activities = state->activities](
                                  const std::string& name) { return activities.Exists(name); },
           .background = [jobs = state->map_jobs.get()](
                             std::function<void()> job) { return jobs->TryPost(std::move(job)); },
           .map_data = map_data}));
  state->engine->Run();
  return std::unique_ptr<Workflows>(new Workflows(std::move(state)));
}

// ---- State machines -----------------------------------------------------------------------------

io::Task<Result<CreatedStateMachine>> Workflows::CreateStateMachine(
    CreateStateMachineRequest request) {
  return state_->machines.Create(std::move(request));
}
io::Task<Result<UpdatedStateMachine>> Workflows::UpdateStateMachine(
    UpdateStateMachineRequest request) {
  return state_->machines.Update(std::move(request));
}
io::Task<Result<void>> Workflows::DeleteStateMachine(std::string arn) {
  return state_->machines.Delete(std::move(arn));
}
Result<StateMachine> Workflows::DescribeStateMachine(const std::string& arn) {
  return state_->machines.Describe(arn);
}
Result<Page<StateMachineSummary>> Workflows::ListStateMachines(const PageRequest& page) {
  return state_->machines.List(page);
}
io::Task<Result<void>> Workflows::TagResource(std::string arn, std::vector<Tag> tags) {
  if (ActivityNameIn(arn)) return state_->activities.Tag(std::move(arn), std::move(tags));
  return state_->machines.Tag(std::move(arn), std::move(tags));
}
io::Task<Result<void>> Workflows::UntagResource(std::string arn, std::vector<std::string> keys) {
  if (ActivityNameIn(arn)) return state_->activities.Untag(std::move(arn), std::move(keys));
  return state_->machines.Untag(std::move(arn), std::move(keys));
}
Result<std::vector<Tag>> Workflows::ListTagsForResource(const std::string& arn) {
  return ActivityNameIn(arn) ? state_->activities.ListTags(arn) : state_->machines.ListTags(arn);
}

// ---- Executions ---------------------------------------------------------------------------------

io::Task<Result<StartedExecution>> Workflows::StartExecution(StartExecutionRequest request) {
  CO_TRY(StartItem item, state_->Prepare(std::move(request)));
  auto post = [&](io::Completion<Result<StartedExecution>> done) {
    item.started = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<StartedExecution>>(std::move(post));
}

io::Task<Result<Execution>> Workflows::StartSyncExecution(StartExecutionRequest request) {
  CO_TRY(StartItem item, state_->Prepare(std::move(request)));
  if (item.revision->definition->type() != asl::MachineType::kExpress) {
    co_return StateMachineTypeNotSupported();
  }
  auto post = [&](io::Completion<Result<Execution>> done) {
    item.ended = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<Execution>>(std::move(post));
}

io::Task<Result<Timestamp>> Workflows::StopExecution(std::string arn, std::string error,
                                                     std::string cause) {
  CO_TRY(const FoundExecution found, state_->Find(arn));
  if (found.stopped) co_return *found.stopped;
  StopItem item{.execution = found.row.id,
                .event = {.error = std::move(error), .cause = std::move(cause)},
                .done = {}};
  auto post = [&](io::Completion<Result<Timestamp>> done) {
    item.done = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<Timestamp>>(std::move(post));
}

void Workflows::WhenEnded(const std::string& arn, io::Completion<Result<void>> ended) {
  const Result<FoundExecution> found = state_->Find(arn);
  if (!found) return ended(found.error());
  if (found->stopped) return ended(Result<void>());
  state_->engine->Post(EndItem{.execution = found->row.id, .done = std::move(ended)});
}

io::Task<Result<Timestamp>> Workflows::RedriveExecution(std::string arn, std::string client_token) {
  CO_TRY(const ExecutionName name, ParseExecutionArn(state_->identity, arn));
  if (name.machine.find('/') != std::string::npos) {
    co_return Error(Code::kInvalid, "ValidationException",
                    "Labeled Execution ARNs are not supported for this API");
  }
  CO_TRY(const FoundExecution found, state_->Find(arn));
  RedriveItem item{.execution = found.row.id,
                   .arn = std::move(arn),
                   .client_token = std::move(client_token),
                   .done = {}};
  auto post = [&](io::Completion<Result<Timestamp>> done) {
    item.done = std::move(done);
    state_->engine->Post(std::move(item));
  };
  co_return co_await io::Await<Result<Timestamp>>(std::move(post));
}

Result<Execution> Workflows::DescribeExecution(const std::string& arn) {
  TRY(const ExecutionName name, ParseExecutionArn(state_->identity, arn));
  return state_->database.Read([&](db::Connection& connection) -> Result<Execution> {
    const Snapshot snapshot(connection);
    TRY(std::optional<FoundExecution> found, FindExecution(connection, name.machine, name.name));
    if (!found) return ExecutionDoesNotExist(arn);
    Execution execution{.arn = arn,
                        .name = name.name,
                        .state_machine_arn = StateMachineArn(state_->identity, name.machine),
                        .version_arn = state_->VersionArnOf(name.machine, found->row),
                        .alias_arn = state_->AliasArnOf(name.machine, found->row),
                        .status = found->status,
                        .started = found->row.started,
                        .stopped = found->stopped,
                        .input = found->row.input,
                        .output = {},
                        .error = {},
                        .cause = {}};
    TRY(execution.redrives, ReadRedrives(connection, found->row.id));
    TRY(RedriveVerdict verdict,
        JudgeRedrive(connection, *found, state_->clock.Now(), WithState::kNo));
    execution.redrive_status = verdict.status;
    execution.redrive_status_reason = std::move(verdict.reason);
    if (found->row.machine < 0) {
      TRY(const auto run, FindMapRunById(connection, -found->row.machine));
      if (run) execution.map_run_arn = run->arn;
    }
    if (found->status == asl::ExecutionStatus::kRunning) return execution;
    if (found->row.machine < 0 && found->status != asl::ExecutionStatus::kSucceeded) {
      TRY(execution.pending_redrive,
          IsPendingRedrive(connection, -found->row.machine, found->row.id));
      if (execution.pending_redrive) {
        execution.redrive_status = RedriveStatus::kNotRedrivable;
        execution.redrive_status_reason = "Execution is PENDING_REDRIVE and cannot be redriven";
      }
    }
    TRY(asl::Outcome outcome, ReadOutcome(connection, found->row));
    if (found->status == asl::ExecutionStatus::kSucceeded) {
      execution.output = std::move(outcome.output);
    }
    execution.error = std::move(outcome.error);
    execution.cause = std::move(outcome.cause);
    return execution;
  });
}

Result<StateMachine> Workflows::DescribeStateMachineForExecution(const std::string& execution_arn) {
  TRY(const FoundExecution found, state_->Find(execution_arn));
  TRY(StateMachine machine, state_->machines.DescribeRevision(found.row.revision));
  if (found.row.machine < 0) {
    TRY(const auto run, state_->database.Read([&](db::Connection& connection) {
      return FindMapRunById(connection, -found.row.machine);
    }));
    if (!run) return Error(Code::kDataLoss, "an execution's map run is missing");
    machine.map_run_arn = run->arn;
    machine.label = run->child_machine.substr(run->child_machine.rfind('/') + 1);
  }
  return machine;
}

Result<Page<ExecutionSummary>> Workflows::ListExecutions(const std::string& state_machine_arn,
                                                         std::optional<asl::ExecutionStatus> status,
                                                         const PageRequest& page) {
  TRY(const MachineReference reference, ParseMachineReference(state_->identity, state_machine_arn));
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!page.next_token.empty()) {
    TRY(before, ReadNumberToken('e', page.next_token));
  }
  const std::int64_t limit = Limit(page);
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<ExecutionSummary>> {
    const Snapshot snapshot(connection);
    TRY(const auto found, FindMachine(connection, reference.machine));
    if (!found) return StateMachineDoesNotExist(state_machine_arn);
    TRY(const bool named, IsThere(connection, found->id, reference));
    if (!named) return StateMachineDoesNotExist(state_machine_arn);
    if (found->type == asl::MachineType::kExpress) return StateMachineTypeNotSupported();
    TRY(std::vector<FoundExecution> rows, ListExecutionRows(connection,
                                                            {.machine = found->id,
                                                             .status = status,
                                                             .version = reference.version,
                                                             .alias = reference.alias},
                                                            before, limit + 1));
    Page<ExecutionSummary> listed;
    if (static_cast<std::int64_t>(rows.size()) > limit) {
      rows.pop_back();
      listed.next_token = MakeNumberToken('e', rows.back().row.id);
    }
    if (rows.empty()) return listed;
    TRY(auto redrives, ReadRedrives(connection, rows.back().row.id, rows.front().row.id));
    for (FoundExecution& row : rows) {
      const std::string& machine = reference.machine;
      listed.items.push_back({.arn = ExecutionArn(state_->identity, machine, row.row.name),
                              .name = row.row.name,
                              .state_machine_arn = StateMachineArn(state_->identity, machine),
                              .version_arn = state_->VersionArnOf(machine, row.row),
                              .alias_arn = state_->AliasArnOf(machine, row.row),
                              .status = row.status,
                              .started = row.row.started,
                              .stopped = row.stopped,
                              .redrives = redrives[row.row.id]});
    }
    return listed;
  });
}

Result<Page<asl::HistoryEvent>> Workflows::GetExecutionHistory(const std::string& execution_arn,
                                                               HistoryOrder order,
                                                               const PageRequest& page) {
  TRY(const ExecutionName name, ParseExecutionArn(state_->identity, execution_arn));
  std::int64_t from = 0;
  if (!page.next_token.empty()) {
    TRY(from, ReadNumberToken(order == HistoryOrder::kOldestFirst ? 'h' : 'r', page.next_token));
  }
  const std::int64_t limit = Limit(page);
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<asl::HistoryEvent>> {
    const Snapshot snapshot(connection);
    TRY(const std::optional<FoundExecution> found,
        FindExecution(connection, name.machine, name.name));
    if (!found) return ExecutionDoesNotExist(execution_arn);
    Page<asl::HistoryEvent> listed;
    TRY(listed.items, ReadHistory(connection, found->row, order, from, limit + 1));
    if (static_cast<std::int64_t>(listed.items.size()) > limit) {
      const char kind = order == HistoryOrder::kOldestFirst ? 'h' : 'r';
      listed.next_token = MakeNumberToken(kind, listed.items.back().id);
      listed.items.pop_back();
    }
    return listed;
  });
}

// ---- Versions and aliases -----------------------------------------------------------------------

io::Task<Result<StateMachineVersion>> Workflows::PublishStateMachineVersion(
    std::string arn, std::optional<std::string> revision_id, std::string description) {
  return state_->versions.Publish(std::move(arn), std::move(revision_id), std::move(description));
}
io::Task<Result<void>> Workflows::DeleteStateMachineVersion(std::string version_arn) {
  return state_->versions.Delete(std::move(version_arn));
}
Result<Page<StateMachineVersion>> Workflows::ListStateMachineVersions(const std::string& arn,
                                                                      const PageRequest& page) {
  return state_->versions.List(arn, page);
}
io::Task<Result<StateMachineAlias>> Workflows::CreateStateMachineAlias(CreateAliasRequest request) {
  return state_->versions.CreateAlias(std::move(request));
}
io::Task<Result<Timestamp>> Workflows::UpdateStateMachineAlias(UpdateAliasRequest request) {
  return state_->versions.UpdateAlias(std::move(request));
}
io::Task<Result<void>> Workflows::DeleteStateMachineAlias(std::string alias_arn) {
  return state_->versions.DeleteAlias(std::move(alias_arn));
}
Result<StateMachineAlias> Workflows::DescribeStateMachineAlias(const std::string& alias_arn) {
  return state_->versions.DescribeAlias(alias_arn);
}
Result<Page<StateMachineAlias>> Workflows::ListStateMachineAliases(const std::string& arn,
                                                                   const PageRequest& page) {
  return state_->versions.ListAliases(arn, page);
}

// ---- Activities ---------------------------------------------------------------------------------

io::Task<Result<Activity>> Workflows::CreateActivity(std::string name, std::vector<Tag> tags) {
  return state_->activities.Create(std::move(name), std::move(tags));
}
io::Task<Result<void>> Workflows::DeleteActivity(std::string arn) {
  return state_->activities.Delete(std::move(arn));
}
Result<Activity> Workflows::DescribeActivity(const std::string& arn) {
  return state_->activities.Describe(arn);
}
Result<Page<Activity>> Workflows::ListActivities(const PageRequest& page) {
  return state_->activities.List(page);
}

io::Task<Result<std::optional<ActivityTask>>> Workflows::GetActivityTask(
    std::string arn, std::string worker_name, std::function<bool()> worker_is_there) {
  CO_TRY(const std::string activity, state_->activities.NameOf(arn));
  Engine& engine = *state_->engine;
  const Timestamp until = state_->clock.Now() + state_->options.activity_poll;
  // A task that was offered may be gone when it is claimed: its execution was stopped meanwhile.
  while (state_->clock.Now() < until) {
    auto poll = [&](ActivityQueues::Offer offer) {
      engine.Post(PollItem{.activity = activity, .offer = std::move(offer)});
    };
    CO_TRY(const std::optional<ActivityTaskRef> offered,
           co_await io::Await<Result<std::optional<ActivityTaskRef>>>(std::move(poll)));
    if (!offered) break;
    if (!worker_is_there()) {
      engine.Post(ReturnItem{.activity = activity, .task = *offered});
      break;
    }
    using Claimed = Result<std::optional<ActivityTask>>;
    auto claim = [&](io::Completion<Claimed> done) {
      engine.Post(ClaimItem{.execution = offered->execution,
                            .seq = offered->seq,
                            .worker_name = worker_name,
                            .done = std::move(done)});
    };
    Claimed claimed = co_await io::Await<Claimed>(std::move(claim));
    if (!claimed || *claimed) co_return claimed;
  }
  co_return std::optional<ActivityTask>();
}

void Workflows::EndActivityPolls() { state_->engine->Post(EndPollsItem{}); }

// ---- Map runs -----------------------------------------------------------------------------------

Result<MapRun> Workflows::DescribeMapRun(const std::string& arn) {
  return workflows::DescribeMapRun(
      state_->database, state_->identity, arn,
      [this](std::int64_t run) { return state_->engine->RunningChildrenOf(run); });
}

Result<Page<MapRunSummary>> Workflows::ListMapRuns(const std::string& execution_arn,
                                                   const PageRequest& page) {
  TRY(const FoundExecution found, state_->Find(execution_arn));
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!page.next_token.empty()) {
    TRY(before, ReadNumberToken('m', page.next_token));
  }
  const std::int64_t limit = Limit(page);
  TRY(auto rows, state_->database.Read([&](db::Connection& connection) {
    return workflows::ListMapRuns(connection, state_->identity, found.row.id, execution_arn, before,
                                  limit + 1);
  }));
  Page<MapRunSummary> listed;
  if (static_cast<std::int64_t>(rows.size()) > limit) {
    rows.pop_back();
    listed.next_token = MakeNumberToken('m', rows.back().first);
  }
  for (auto& [id, run] : rows) listed.items.push_back(std::move(run));
  return listed;
}

io::Task<Result<void>> Workflows::UpdateMapRun(UpdateMapRunRequest request) {
  auto change = [this, &request](db::Connection& connection) -> Result<MapRunLimitsItem> {
    TRY(const MapRunRow run, FindMapRunByArn(connection, state_->identity, request.arn));
    TRY(const asl::MapRunProgress::Limits limits, ChangedLimits(run, request));
    TRY_VOID(SetLimits(connection, run.id, limits));
    return MapRunLimitsItem{.run = run.id, .limits = limits};
  };
  CO_TRY(MapRunLimitsItem item, co_await state_->database.Write(std::move(change)));
  state_->engine->Post(std::move(item));
  co_return Result<void>();
}

Result<Page<ExecutionSummary>> Workflows::ListMapRunExecutions(const std::string& map_run_arn,
                                                               const ChildFilter& filter,
                                                               const PageRequest& page) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!page.next_token.empty()) {
    TRY(before, ReadNumberToken('e', page.next_token));
  }
  const std::int64_t limit = Limit(page);
  return state_->database.Read([&](db::Connection& connection) -> Result<Page<ExecutionSummary>> {
    const Snapshot snapshot(connection);
    TRY(const MapRunRow run, FindMapRunByArn(connection, state_->identity, map_run_arn));
    TRY(std::vector<FoundChild> rows, ListChildRows(connection, run.id, filter, before, limit + 1));
    Page<ExecutionSummary> listed;
    if (static_cast<std::int64_t>(rows.size()) > limit) {
      rows.pop_back();
      listed.next_token = MakeNumberToken('e', rows.back().execution.row.id);
    }
    for (FoundChild& child : rows) {
      const FoundExecution& found = child.execution;
      listed.items.push_back(
          {.arn = ExecutionArn(state_->identity, run.child_machine, found.row.name),
           .name = found.row.name,
           .state_machine_arn = StateMachineArn(state_->identity, run.child_machine),
           .status = found.status,
           .started = found.row.started,
           .stopped = found.stopped,
           .redrives = child.redrives,
           .map_run_arn = map_run_arn,
           .item_count = child.items,
           .pending_redrive = child.pending_redrive});
    }
    return listed;
  });
}

// ---- Task tokens --------------------------------------------------------------------------------

io::Task<Result<void>> Workflows::SendTaskSuccess(std::string token, std::string output) {
  CO_TRY_VOID(CheckOutput(output, state_->options.max_input_bytes));
  auto event = [output = std::move(output)](std::uint64_t seq) -> asl::Event {
    return asl::TaskSucceeded{.seq = seq, .output = output};
  };
  co_return co_await state_->Answer(std::move(token), std::move(event));
}

io::Task<Result<void>> Workflows::SendTaskFailure(std::string token, std::string error,
                                                  std::string cause) {
  auto event = [error = std::move(error),
                cause = std::move(cause)](std::uint64_t seq) -> asl::Event {
    return asl::TaskFailed{.seq = seq, .error = error, .cause = cause};
  };
  co_return co_await state_->Answer(std::move(token), std::move(event));
}

io::Task<Result<void>> Workflows::SendTaskHeartbeat(std::string token) {
  auto event = [](std::uint64_t seq) -> asl::Event { return asl::TaskHeartbeat{.seq = seq}; };
  co_return co_await state_->Answer(std::move(token), std::move(event));
}

// ---- TestState ----------------------------------------------------------------------------------

io::Task<Result<asl::TestStateResult>> Workflows::TestState(asl::TestStateRequest request,
                                                            std::optional<std::string> role_arn) {
  constexpr std::chrono::minutes kLongestTest{5};
  const Identity& who = state_->identity;
  const asl::TestStateIdentity identity{
      .arn_prefix = fmt::format("arn:{}:states:{}:{}", who.partition, who.region, who.account),
      .execution_id = RandomUuid(),
      .machine_id = RandomUuid(),
      .role_arn = std::move(role_arn),
      .region = who.region,
      .random_seed = RandomSeed(),
      .task_token_key = state_->task_token_key};
  CO_TRY(asl::StateTest test,
         asl::StateTest::Start(std::move(request), identity, state_->clock.Now()));
  if (const asl::RunTask* task = test.task()) {
    const std::uint64_t seq = task->seq;
    const auto own =
        std::chrono::seconds(task->timeout_seconds.value_or(kLongestTest.count() * 60));
    TestTaskItem item{
        .request = {.execution_arn = fmt::format("{}:express:{}:{}", identity.arn_prefix,
                                                 identity.machine_id, identity.execution_id),
                    .task = *task},
        .limit = std::min<std::chrono::seconds>(own, kLongestTest),
        .done = {}};
    auto post = [&](io::Completion<Result<TaskOutcome>> done) {
      item.done = std::move(done);
      state_->engine->Post(std::move(item));
    };
    CO_TRY(TaskOutcome outcome, co_await io::Await<Result<TaskOutcome>>(std::move(post)));
    if (outcome.kind == TaskOutcome::Kind::kSucceeded) {
      test.TaskDone(asl::TaskSucceeded{.seq = seq, .output = std::move(outcome.output)});
    } else {
      test.TaskDone(asl::TaskFailed{
          .seq = seq, .error = std::move(outcome.error), .cause = std::move(outcome.cause)});
    }
  }
  co_return test.Finish();
}

void Workflows::Wake() { state_->engine->Post(WakeItem{}); }
Counters Workflows::counters() const { return state_->engine->counters(); }

}  // namespace scones::workflows

#include "workflows/workflows.h"

#include <utility>

#include "base/random.h"
#include "workflows/detail/names.h"
#include "workflows/detail/schema.h"
#include "workflows/detail/state.h"

namespace scones::workflows {
namespace {

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

}  // namespace

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

void Workflows::Wake() { state_->engine->Post(WakeItem{}); }
Counters Workflows::counters() const { return state_->engine->counters(); }

}  // namespace scones::workflows

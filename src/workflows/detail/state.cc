#include "workflows/detail/state.h"

#include <cstring>
#include <utility>

#include "base/random.h"
#include "workflows/detail/input_check.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

// 0 to 99, for an alias that routes to two versions.
std::int64_t DrawPercent() { return static_cast<std::int64_t>(RandomSeed() % 100); }

}  // namespace

std::uint64_t RandomSeed() {
  std::uint64_t seed = 0;
  const std::string bytes = RandomBytes(sizeof seed);
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

Workflows::State::State(db::Database& db, const Clock& time, Identity who, Options limits,
                        std::string key)
    : database(db),
      clock(time),
      identity(std::move(who)),
      options(limits),
      task_token_key(std::move(key)),
      machines(db, time, identity, options),
      versions(db, time, identity, options),
      activities(db, time, identity, options) {}

Result<FoundExecution> Workflows::State::Find(const std::string& arn) {
  TRY(const ExecutionName name, ParseExecutionArn(identity, arn));
  TRY(std::optional<FoundExecution> found, database.Read([&](db::Connection& connection) {
    return FindExecution(connection, name.machine, name.name);
  }));
  if (!found) return ExecutionDoesNotExist(arn);
  return std::move(*found);
}

std::string Workflows::State::VersionArnOf(const std::string& machine,
                                           const ExecutionRow& row) const {
  return row.version == 0 ? "" : VersionArn(identity, machine, row.version);
}

std::string Workflows::State::AliasArnOf(const std::string& machine,
                                         const ExecutionRow& row) const {
  return row.alias.empty() ? "" : QualifiedArn(identity, machine, row.alias);
}

Result<StartItem> Workflows::State::Prepare(StartExecutionRequest request) {
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

io::Task<Result<void>> Workflows::State::Answer(std::string token,
                                                std::function<asl::Event(std::uint64_t)> event) {
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

}  // namespace scones::workflows

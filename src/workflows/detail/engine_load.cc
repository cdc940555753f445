// Executions between memory and tables: loading, recovery after a start, unloading.
#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "workflows/detail/engine.h"
#include "workflows/detail/names.h"
#include "workflows/detail/redrive_table.h"

namespace scones::workflows {
namespace {

constexpr std::int64_t kRecoverySlice = 256;
constexpr int kEvictionTries = 512;  // in one turn of the thread

}  // namespace

// A map run's child runs a part of its parent's machine under a name of its own.
asl::ExecutionContext Engine::MakeContext(const Revision& revision, const ExecutionRow& row) const {
  const auto run = row.machine < 0 ? map_runs_.find(-row.machine) : map_runs_.end();
  if (run != map_runs_.end()) return MakeChildContext(revision, row, *run->second);
  const bool express = revision.definition->type() == asl::MachineType::kExpress;
  return {
      .execution_arn = express ? ExpressExecutionArn(ports_.identity, revision.machine_name,
                                                     row.name, RandomUuid())
                               : ExecutionArn(ports_.identity, revision.machine_name, row.name),
      .execution_name = row.name,
      .state_machine_arn = revision.machine_arn,
      .state_machine_name = revision.machine_name,
      .state_machine_version_arn =
          row.version == 0 ? "" : VersionArn(ports_.identity, revision.machine_name, row.version),
      .state_machine_alias_arn =
          row.alias.empty() ? "" : QualifiedArn(ports_.identity, revision.machine_name, row.alias),
      .role_arn = revision.role_arn,
      .region = ports_.identity.region,
      .input = row.input,
      .start_time = row.started,
      .redrive_count = 0,
      .random_seed = row.seed,
      .task_token_key = ports_.task_token_key};
}

asl::ExecutionContext Engine::MakeChildContext(const Revision& revision, const ExecutionRow& row,
                                               const LiveMapRun& run) const {
  const std::string& machine = run.row.child_machine;
  const bool express = run.child_type == asl::MachineType::kExpress;
  return {.execution_arn =
              express ? ExpressExecutionArn(ports_.identity, machine, row.name, RandomUuid())
                      : ExecutionArn(ports_.identity, machine, row.name),
          .execution_name = row.name,
          .state_machine_arn = StateMachineArn(ports_.identity, machine),
          .state_machine_name = machine,
          .role_arn = revision.role_arn,
          .region = ports_.identity.region,
          .input = row.input,
          .start_time = row.started,
          .redrive_count = 0,
          .random_seed = row.seed,
          .task_token_key = ports_.task_token_key,
          .scope = run.scope,
          .type = run.child_type};
}

LiveExecution* Engine::Find(std::int64_t id) {
  const auto known = live_.find(id);
  if (known == live_.end()) return Load(id);
  LiveExecution& live = *known->second;
  used_.splice(used_.begin(), used_, live.used);
  return &live;
}

LiveExecution* Engine::Load(std::int64_t id) {
  std::size_t stored_bytes = 0;
  const auto load = [&]() -> Result<std::unique_ptr<LiveExecution>> {
    TRY(std::optional<OpenRow> row, ports_.database.Read([id](db::Connection& connection) {
      return ReadOpenRow(connection, id);
    }));
    if (!row) return std::unique_ptr<LiveExecution>();
    stored_bytes = row->state.size() + row->journal.bytes.size() + row->execution.input.size();
    auto live = std::make_unique<LiveExecution>();
    live->id = id;
    live->stored = true;
    TRY(live->revision, ports_.machines.Load(row->execution.revision));
    live->context = MakeContext(*live->revision, row->execution);
    TRY(const RedriveRecord redrives, ports_.database.Read([id](db::Connection& connection) {
      return ReadRedrives(connection, id);
    }));
    live->context.redrive_count = redrives.count;
    live->context.redrive_time = redrives.last;
    if (row->execution.machine < 0) {
      live->map_run = -row->execution.machine;
      TRY(const std::optional<ChildRef> child,
          ports_.database.Read(
              [id](db::Connection& connection) { return FindChildExecution(connection, id); }));
      if (!child) return Error(Code::kDataLoss, "it is no known child of its map run");
      live->child = *child;
    }
    TRY(OpenExecution open, DecodeOpen(*live->revision->definition, row->state));
    live->state = std::move(open.state);
    live->outbox = std::move(open.outbox);
    TRY(const JournalChunk chunk, ReadJournal(row->journal.bytes, live->context.input));
    live->journal =
        JournalWriter(live->context.input, std::move(row->journal.bytes), chunk.last_micros);
    live->journal_first_event = row->journal.first_event;
    return live;
  };
  Result<std::unique_ptr<LiveExecution>> loaded = load();
  if (!loaded) {
    LogError("workflows.execution_unreadable", "id={} cause={}", id,
             LogValue(loaded.error().message()));
    if (loaded.error().code() != Code::kDataLoss) {
      timers_.emplace(now_ + ports_.options.retry_delay, id, kTakeUp);
    }
    return nullptr;
  }
  if (*loaded == nullptr) return nullptr;
  LiveExecution& live = Add(std::move(*loaded));
  Account(live, stored_bytes);
  if (AwaitsRecovery(id)) {
    taken_up_early_.insert(id);
    open_.fetch_add(1, std::memory_order_relaxed);
    TakeUp(live);
  }
  return &live;
}

LiveExecution& Engine::Add(std::unique_ptr<LiveExecution> live) {
  LiveExecution& added = *live;
  live_[added.id] = std::move(live);
  used_.push_front(added.id);
  added.used = used_.begin();
  loaded_.store(live_.size(), std::memory_order_relaxed);
  return added;
}

// Forgets an execution that has ended or never was.
void Engine::Drop(LiveExecution& live) {
  for (const auto& [seq, due] : live.outbox.timers) timers_.erase({due, live.id, seq});
  for (const auto& [due, seq] : live.cancelled_timers) timers_.erase({due, live.id, seq});
  if (live.kind == LiveExecution::Kind::kStandard) {
    open_.fetch_sub(1, std::memory_order_relaxed);
  } else {
    --express_count_;
    timers_.erase(
        {live.context.start_time + ports_.options.express_timeout, live.id, kExpressTimeout});
  }
  Account(live, 0);
  used_.erase(live.used);
  live_.erase(live.id);
  loaded_.store(live_.size(), std::memory_order_relaxed);
}

void Engine::Account(LiveExecution& live, std::size_t bytes) {
  loaded_bytes_ = loaded_bytes_ - live.bytes + bytes;
  live.bytes = bytes;
}

void Engine::Evict() {
  const auto too_much = [this] {
    return live_.size() > ports_.options.max_loaded_executions ||
           (loaded_bytes_ > ports_.options.max_loaded_bytes && !live_.empty());
  };
  for (int tries = 0; tries < kEvictionTries && too_much(); ++tries) {
    LiveExecution& oldest = *live_.at(used_.back());
    const bool idle = oldest.kind == LiveExecution::Kind::kStandard && !oldest.committing &&
                      !oldest.touched && !oldest.outcome;
    if (idle) {
      // Its timers stay; whatever comes for it loads it again.
      Account(oldest, 0);
      used_.pop_back();
      live_.erase(oldest.id);
    } else {
      used_.splice(used_.begin(), used_, oldest.used);
    }
  }
  loaded_.store(live_.size(), std::memory_order_relaxed);
}

// After a restart: what awaits an answer is asked for again.
void Engine::TakeUp(LiveExecution& live) {
  for (const auto& [seq, due] : live.outbox.timers) timers_.emplace(due, live.id, seq);
  for (const auto& [seq, pending] : live.outbox.tasks) RunPending(live, pending, Attempt::kAgain);
}

bool Engine::AwaitsRecovery(std::int64_t id) const {
  return id > recovered_ && id <= last_old_id_ && !taken_up_early_.contains(id);
}

void Engine::RecoverSome() {
  if (recovered_ >= last_old_id_ || now_ < recover_after_) return;
  const Result<std::vector<OpenSummary>> open =
      ports_.database.Read([this](db::Connection& connection) {
        return ReadOpen(connection, recovered_, last_old_id_, kRecoverySlice);
      });
  if (!open) {
    LogError("workflows.recovery_failed", "cause={}", LogValue(open.error().message()));
    recover_after_ = now_ + ports_.options.retry_delay;
    return;
  }
  for (const OpenSummary& summary : *open) {
    if (!AwaitsRecovery(summary.id)) continue;
    if (summary.tasks > 0) {
      (void)Load(summary.id);  // takes it up
    } else {
      open_.fetch_add(1, std::memory_order_relaxed);
      // Its timers are armed when the first of them is due.
      if (summary.wake) timers_.emplace(*summary.wake, summary.id, kTakeUp);
    }
    recovered_ = summary.id;
  }
  if (open->size() < static_cast<std::size_t>(kRecoverySlice)) {
    recovered_ = last_old_id_;
    taken_up_early_.clear();
  } else {
    recovered_ = open->back().id;
  }
}

}  // namespace scones::workflows

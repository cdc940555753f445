#include "workflows/detail/engine.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/log.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

// The thread looks at the clock at least this often.
constexpr std::chrono::microseconds kLongestWait = std::chrono::seconds(1);

Error TaskGone() {
  return Error(Code::kNotFound, "TaskTimedOut",
               "Task Timed Out: 'Provided task does not exist anymore'");
}

// Answers whoever waits for `item`.
void Refuse(Item& item, const Error& error) {
  if (auto* start = std::get_if<StartItem>(&item)) {
    if (start->started) start->started(error);
    if (start->ended) start->ended(error);
  } else if (auto* token = std::get_if<TokenItem>(&item)) {
    if (token->done) token->done(error);
  } else if (auto* stop = std::get_if<StopItem>(&item)) {
    if (stop->done) stop->done(error);
  } else if (auto* end = std::get_if<EndItem>(&item)) {
    if (end->done) end->done(error);
  } else if (auto* poll = std::get_if<PollItem>(&item)) {
    if (poll->offer) poll->offer(error);
  } else if (auto* claim = std::get_if<ClaimItem>(&item)) {
    if (claim->done) claim->done(error);
  } else if (auto* redrive = std::get_if<RedriveItem>(&item)) {
    if (redrive->done) redrive->done(error);
  } else if (auto* test = std::get_if<TestTaskItem>(&item)) {
    if (test->done) test->done(error);
  }
}

asl::Event TaskEvent(TaskItem& item) {
  switch (item.outcome.kind) {
    case TaskOutcome::Kind::kSucceeded:
      return asl::TaskSucceeded{.seq = item.seq, .output = std::move(item.outcome.output)};
    case TaskOutcome::Kind::kSubmitted:
      return asl::TaskSubmitted{.seq = item.seq, .output = std::move(item.outcome.output)};
    case TaskOutcome::Kind::kFailed:
      break;
  }
  return asl::TaskFailed{.seq = item.seq,
                         .error = std::move(item.outcome.error),
                         .cause = std::move(item.outcome.cause),
                         .not_scheduled = item.not_scheduled};
}

}  // namespace

Engine::Engine(Ports ports)
    : ports_(std::move(ports)),
      inbox_(std::make_shared<Inbox>()),
      activity_queues_(ports_.options.max_activity_workers) {}

Result<std::unique_ptr<Engine>> Engine::Open(Ports ports) {
  std::unique_ptr<Engine> engine(new Engine(std::move(ports)));
  db::Database& database = engine->ports_.database;
  TRY(engine->last_old_id_, database.Read(ReadLastId));
  engine->next_id_ = engine->last_old_id_ + 1;
  TRY(engine->stored_map_runs_, database.Read(ReadOpenMapRuns));
  TRY(const std::vector<ExecutionRow> express, database.Read(ReadExpress));
  for (const ExecutionRow& row : express) {
    Result<RevisionPtr> revision = engine->ports_.machines.Load(row.revision);
    if (!revision) {
      LogError("workflows.execution_unreadable", "id={} cause={}", row.id,
               LogValue(revision.error().message()));
      continue;
    }
    engine->Post(StartItem{.revision = std::move(*revision),
                           .name = row.name,
                           .input = row.input,
                           .started = {},
                           .ended = {},
                           .again_id = row.id,
                           .again_seed = row.seed});
  }
  return engine;
}

void Engine::Run() {
  std::promise<void> owned;
  std::future<void> ready = owned.get_future();
  thread_ = std::thread([this, &owned] {
    inbox_->SetOwner(std::this_thread::get_id());
    owned.set_value();
    Loop();
  });
  ready.wait();
}

void Engine::RunUntilIdle() {
  inbox_->SetOwner(std::this_thread::get_id());
  do {
    TakeTurn(inbox_->Take(std::chrono::microseconds(0)));
  } while (!inbox_->empty() || NextDue() <= now_);
}

Engine::~Engine() {
  *map_jobs_stop_ = true;
  inbox_->Close();
  if (thread_.joinable()) thread_.join();
}

void Engine::Post(Item item) {
  if (!inbox_->Push(std::move(item))) Refuse(item, ShuttingDown());
}

Counters Engine::counters() const {
  return {.started = started_,
          .finished = finished_,
          .steps = steps_,
          .commits = commits_,
          .commit_failures = commit_failures_,
          .open = open_,
          .loaded = loaded_};
}

void Engine::Loop() {
  do {
    TakeTurn(inbox_->Take(TimeToWait()));
  } while (!closing_ || commits_under_way_ != 0);
  for (auto& [id, live] : live_) {
    for (Item& item : live->deferred) Refuse(item, ShuttingDown());
    for (auto& [waiter, answer] : live->token_waiters) waiter(ShuttingDown());
    for (auto& waiter : live->stop_waiters) waiter(ShuttingDown());
    for (auto& [waiter, task] : live->claims) waiter(ShuttingDown());
    if (live->start_waiter) live->start_waiter(ShuttingDown());
    if (live->end_waiter) live->end_waiter(ShuttingDown());
    if (live->redrive_waiter) live->redrive_waiter(ShuttingDown());
  }
  for (auto& [id, waiter] : end_waiters_) waiter(ShuttingDown());
  for (auto& [test, task] : tests_) task.done(ShuttingDown());
}

void Engine::TakeTurn(std::deque<Item> items) {
  now_ = std::max(now_, ports_.clock.Now());
  closing_ = inbox_->closed();
  if (!closing_ && !stored_map_runs_.empty()) RecoverMapRuns();
  for (Item& item : items) {
    if (closing_ && !std::holds_alternative<CommittedItem>(item)) {
      Refuse(item, ShuttingDown());
    } else {
      Handle(std::move(item));
    }
  }
  if (closing_) {
    activity_queues_.EndPolls();
  } else {
    FireTimers();
    activity_queues_.Expire(now_);
    RecoverSome();
  }
  Flush();
  Evict();
}

Timestamp Engine::NextDue() const {
  Timestamp next = Timestamp::max();
  if (!timers_.empty()) next = std::get<Timestamp>(*timers_.begin());
  if (const auto expiry = activity_queues_.NextExpiry()) next = std::min(next, *expiry);
  if (recovered_ < last_old_id_) next = std::min(next, recover_after_);
  const bool changes = !touched_.empty() || !express_ends_.empty();
  if (changes && commits_under_way_ < kMaxCommits) next = std::min(next, commit_after_);
  return next;
}

std::chrono::microseconds Engine::TimeToWait() const {
  const Timestamp next = NextDue();
  const Timestamp now = ports_.clock.Now();
  return next <= now ? std::chrono::microseconds(0) : std::min(next - now, kLongestWait);
}

void Engine::Handle(Item item) {
  // What comes for an execution whose commit is under way waits for that.
  const std::int64_t id = std::visit(
      []<class T>(const T& wanted) -> std::int64_t {
        if constexpr (requires { wanted.execution; }) return wanted.execution;
        return 0;
      },
      item);
  if (id != 0) {
    const auto known = live_.find(id);
    if (known != live_.end() && known->second->committing) {
      known->second->deferred.push_back(std::move(item));
      return;
    }
  }
  std::visit([this](auto& wanted) { On(wanted); }, item);
}

void Engine::On(StartItem& item) {
  const bool express = item.revision->definition->type() == asl::MachineType::kExpress;
  const std::uint64_t limit =
      express ? ports_.options.max_express_executions : ports_.options.max_open_executions;
  if (item.again_id == 0 && (express ? express_count_ : open_.load()) >= limit) {
    Item refused(std::move(item));
    return Refuse(refused, TooManyExecutions(express ? "Express" : "Standard", limit));
  }
  auto made = std::make_unique<LiveExecution>();
  made->kind = item.ended ? LiveExecution::Kind::kSync
               : express  ? LiveExecution::Kind::kExpress
                          : LiveExecution::Kind::kStandard;
  made->id = item.again_id != 0 ? item.again_id : next_id_++;
  made->stored = item.again_id != 0;
  made->revision = item.revision;
  made->version = item.version;
  made->alias = item.alias;
  made->start_waiter = std::move(item.started);
  made->end_waiter = std::move(item.ended);
  made->context =
      MakeContext(*item.revision, {.id = made->id,
                                   .machine = item.revision->machine,
                                   .revision = item.revision->id,
                                   .started = now_,
                                   .seed = item.again_id != 0 ? item.again_seed : ports_.random(),
                                   .name = std::move(item.name),
                                   .input = std::move(item.input),
                                   .version = item.version,
                                   .alias = std::move(item.alias)});
  made->journal = JournalWriter(made->context.input);
  LiveExecution& live = Add(std::move(made));
  started_.fetch_add(1, std::memory_order_relaxed);
  if (express) {
    ++express_count_;
    timers_.emplace(now_ + ports_.options.express_timeout, live.id, kExpressTimeout);
  } else {
    open_.fetch_add(1, std::memory_order_relaxed);
  }
  Apply(live, asl::Start{});
}

void Engine::On(TaskItem& item) {
  LiveExecution* live = Find(item.execution);
  if (live == nullptr || live->outcome) return;
  Apply(*live, TaskEvent(item));
}

void Engine::On(TokenItem& item) {
  LiveExecution* live = Find(item.execution);
  if (live == nullptr) return item.done(TaskGone());
  const auto* heartbeat = std::get_if<asl::TaskHeartbeat>(&item.event);
  if (heartbeat != nullptr && !live->outcome) {
    const auto pending = live->outbox.tasks.find(heartbeat->seq);
    // Without HeartbeatSeconds nothing waits for it.
    if (pending != live->outbox.tasks.end() && !pending->second.task.heartbeat_seconds) {
      return item.done(Result<void>());
    }
  }
  const bool taken =
      !live->outcome && live->Step(std::move(item.event), now_, ports_.options.history_chunk_bytes);
  if (!taken && !live->touched) return item.done(TaskGone());
  live->token_waiters.emplace_back(std::move(item.done), taken ? Result<void>() : TaskGone());
  Touch(*live);
}

void Engine::On(StopItem& item) {
  LiveExecution* live = Find(item.execution);
  if (live != nullptr) {
    live->stop_waiters.push_back(std::move(item.done));
    if (!live->outcome) Apply(*live, std::move(item.event));
    return;
  }
  const Result<std::optional<FoundExecution>> ended =
      ports_.database.Read([&item](db::Connection& connection) {
        return FindExecutionById(connection, item.execution);
      });
  if (!ended) return item.done(ended.error());
  if (*ended && (*ended)->stopped) return item.done(*(*ended)->stopped);
  item.done(Error(Code::kDataLoss, "the execution's state cannot be read"));
}

void Engine::On(EndItem& item) {
  if (Find(item.execution) == nullptr) return item.done(Result<void>());
  end_waiters_.emplace(item.execution, std::move(item.done));
}

void Engine::On(PollItem& item) {
  if (polls_ended_) return item.offer(std::optional<ActivityTaskRef>());
  activity_queues_.AddWorker(item.activity, now_ + ports_.options.activity_poll,
                             std::move(item.offer));
}

void Engine::On(ClaimItem& item) {
  LiveExecution* live = Find(item.execution);
  if (live == nullptr || live->outcome) return item.done(std::optional<ActivityTask>());
  const auto pending = live->outbox.tasks.find(item.seq);
  if (pending == live->outbox.tasks.end() || pending->second.submitted) {
    return item.done(std::optional<ActivityTask>());
  }
  ActivityTask task{.token = pending->second.task.task_token, .input = pending->second.task.input};
  live->claims.emplace_back(std::move(item.done), std::move(task));
  Apply(*live, asl::TaskStarted{.seq = item.seq, .worker_name = std::move(item.worker_name)});
}

void Engine::On(ReturnItem& item) { activity_queues_.ReturnTask(item.activity, item.task); }

void Engine::On(EndPollsItem&) {
  polls_ended_ = true;
  activity_queues_.EndPolls();
}

void Engine::FireTimers() {
  while (!timers_.empty() && std::get<Timestamp>(*timers_.begin()) <= now_) {
    const auto [due, id, seq] = *timers_.begin();
    timers_.erase(timers_.begin());
    OnTimer(id, seq);
  }
}

void Engine::OnTimer(std::int64_t id, std::uint64_t seq) {
  if (seq == kMapRunRetry) return OnMapRunTimer(id);
  if (id < 0) return EndTest(-id, TaskOutcome::Failed("States.Timeout", ""));
  const auto known = live_.find(id);
  LiveExecution* live = known == live_.end() ? nullptr : known->second.get();
  if (live != nullptr && live->committing) {
    // Due again when the commit has ended: see Resume.
    live->timers_due_meanwhile.push_back(seq);
    return;
  }
  if (live == nullptr) live = Find(id);
  if (live == nullptr || live->outcome) return;
  if (seq == kTakeUp) return TakeUp(*live);
  if (seq == kExpressTimeout) return EndExpress(*live);
  Apply(*live, asl::TimerFired{.seq = seq});
}

// Five minutes are over: an Express execution has no history to record it in.
void Engine::EndExpress(LiveExecution& live) {
  live.outcome = asl::Outcome{
      .status = asl::ExecutionStatus::kTimedOut, .output = "", .error = {}, .cause = {}};
  live.stopped = now_;
  for (const auto& [seq, pending] : live.outbox.tasks) {
    live.commands.push_back(asl::CancelTask{.seq = seq});
  }
  Touch(live);
}

void Engine::Apply(LiveExecution& live, asl::Event event) {
  if (live.Step(std::move(event), now_, ports_.options.history_chunk_bytes)) {
    steps_.fetch_add(1, std::memory_order_relaxed);
    Touch(live);
  }
}

void Engine::Touch(LiveExecution& live) {
  if (live.touched) return;
  live.touched = true;
  touched_.push_back(&live);
}

}  // namespace scones::workflows

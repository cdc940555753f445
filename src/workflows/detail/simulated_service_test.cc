#include "workflows/detail/simulated_service.h"

#include <fmt/format.h>

#include <functional>

#include "base/json.h"
#include "workflows/detail/names.h"

namespace scones::workflows::testing {
namespace {

constexpr int kMaxActs = 200'000;  // more means that it hangs
constexpr int kMaxCrashes = 20;    // what runs from its start after each must end some time

std::string Line(const asl::HistoryEvent& event) {
  return fmt::format("{} {} {} {} {}", event.id, event.previous_id, asl::EventTypeName(event.type),
                     event.timestamp.time_since_epoch().count(), ToJson(event.details));
}

}  // namespace

void SimulatedDisk::Finish() {
  Waiting write = std::move(waiting_.front());
  waiting_.pop_front();
  write.done(database_.WriteAndWait(std::move(write.job)));
}

void SimulatedDisk::Fail() {
  Waiting write = std::move(waiting_.front());
  waiting_.pop_front();
  write.done(Error(Code::kExhausted, "SlowDown", "the simulated disk is full"));
}

void SimulatedDisk::Crash(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    (void)database_.WriteAndWait(std::move(waiting_[i].job));  // checked by what is read later
  }
  waiting_.clear();
}

void SimulatedTasks::Start(TaskRequest request, TaskDone done) {
  waiting.push_back({std::move(request), std::move(done)});
}

TaskOutcome OutcomeOf(const asl::RunTask& task) {
  json::value input = *ParseJson(task.input);
  if (const json::object* payload = FindObject(input.get_object(), "Payload")) {
    input = json::value(*payload);
  }
  json::object& given = input.get_object();
  given.erase("token");
  const std::size_t hash = std::hash<std::string>()(ToJson(input));
  if (hash % 4 == 0) return TaskOutcome::Failed("Simulated.Error", "as its input says");
  if (hash % 16 == 1) return TaskOutcome::Failed("Other.Error", "as its input says");
  const std::int64_t n = given.at("n").to_number<std::int64_t>();
  return TaskOutcome::Succeeded(fmt::format(R"({{"n":{}}})", n + 1 + std::int64_t(hash % 3)));
}

SimulatedService::SimulatedService(db::Database& database, MachineTable& machines,
                                   std::uint64_t seed, Chaos chaos)
    : database_(database), machines_(machines), random_(seed), chaos_(chaos), disk_(database) {
  if (chaos_.crashes) {
    options_.max_loaded_executions = 1 + Pick(4);
    options_.history_chunk_bytes = 200 + Pick(4'000);
    options_.max_batch = 1 + Pick(3);
  }
}

void SimulatedService::Fault(const std::string& what) {
  if (fault_.empty()) fault_ = what;
}

void SimulatedService::Open() {
  auto opened = Engine::Open(
      {.database = database_,
       .write = [this](Engine::WriteJob job,
                       Engine::WriteDone done) { disk_.Write(std::move(job), std::move(done)); },
       .random = [this] { return random_(); },
       .runner = tasks_,
       .clock = clock_,
       .machines = machines_,
       .options = options_,
       .identity = Identity{},
       .task_token_key = "key",
       .activity_exists = {},
       .background =
           [this](std::function<void()> job) {
             background_.push_back(std::move(job));
             return true;
           }});
  if (!opened) return Fault("cannot open: " + opened.error().message());
  engine_ = std::move(*opened);
  engine_->RunUntilIdle();
}

std::string SimulatedService::Run(const RevisionPtr& revision, int count,
                                  const std::string& input) {
  revision_ = revision;
  input_ = input;
  for (int i = 0; i < count; ++i) {
    clients_.push_back(std::make_shared<Client>());
    clients_.back()->name = fmt::format("e{}", i);
  }
  Open();
  const auto over = [this] {
    for (const auto& client : clients_)
      if (!client->ended) return false;
    return true;
  };
  for (int acts = 0; fault_.empty() && !over(); ++acts) {
    if (acts > kMaxActs) return "it does not come to an end";
    Act();
    engine_->RunUntilIdle();
    const bool quiet = disk_.waiting() == 0 && tasks_.waiting.empty();
    if (quiet ? acts % 8 == 0 : acts % 256 == 0) LookAtAll();
  }
  engine_.reset();
  return fault_;
}

// One thing that may happen next.
void SimulatedService::Act() {
  std::size_t todo = 0;
  std::size_t tokens = 0;
  std::size_t redrives = 0;
  for (const auto& client : clients_) {
    todo += client->start == Client::Start::kTodo ? 1 : 0;
    redrives += client->wants_redrive && !client->redrive_asked ? 1 : 0;
  }
  for (const auto& accepted : tasks_.accepted) tokens += accepted->asked ? 0 : 1;
  const bool busy =
      disk_.waiting() + tasks_.waiting.size() + background_.size() + tokens + todo > 0;
  if (!chaos_.reorders) {
    if (disk_.waiting() > 0) return disk_.Finish();
    if (todo > 0) return StartOne();
    if (!background_.empty()) return RunJob();
    if (!tasks_.waiting.empty()) return AnswerOne();
    if (tokens > 0) return AnswerToken();
    return Advance();
  }
  const std::pair<std::size_t, void (SimulatedService::*)()> possible[] = {
      {todo > 0 ? 10 : 0, &SimulatedService::StartOne},
      {tasks_.waiting.empty() ? 0 : 40, &SimulatedService::AnswerOne},
      {background_.empty() ? 0 : 20, &SimulatedService::RunJob},
      {tokens > 0 ? 20 : 0, &SimulatedService::AnswerToken},
      {busy ? 4 : 40, &SimulatedService::Advance},
      {chaos_.crashes && crashes_ < kMaxCrashes ? 2 : 0, &SimulatedService::Crash},
      {chaos_.stops ? 1 : 0, &SimulatedService::StopOne},
      {redrives > 0 ? 10 : 0, &SimulatedService::RedriveOne},
  };
  std::size_t sum = disk_.waiting() > 0 ? 40 : 0;
  const std::size_t disk = sum;
  for (const auto& [weight, act] : possible) sum += weight;
  std::size_t drawn = Pick(sum);
  if (drawn < disk) return chaos_.crashes && Chance(5) ? disk_.Fail() : disk_.Finish();
  drawn -= disk;
  for (const auto& [weight, act] : possible) {
    if (drawn < weight) return (this->*act)();
    drawn -= weight;
  }
}

void SimulatedService::Advance() {
  const Timestamp due = engine_->NextDue();
  if (due == Timestamp::max() || (chaos_.reorders && Chance(30))) {
    return clock_.Set(clock_.Now() + std::chrono::milliseconds(1 + Pick(3'000)));
  }
  clock_.Set(due);
}

void SimulatedService::RunJob() {
  const std::size_t place = chaos_.reorders ? Pick(background_.size()) : 0;
  const std::function<void()> job = std::move(background_[place]);
  background_.erase(background_.begin() + static_cast<std::ptrdiff_t>(place));
  job();
}

void SimulatedService::StartOne() {
  for (const auto& client : clients_) {
    if (client->start != Client::Start::kTodo) continue;
    client->start = Client::Start::kAsked;
    return engine_->Post(StartItem{
        .revision = revision_,
        .name = client->name,
        .input = input_,
        .started =
            [client](const Result<StartedExecution>& started) {
              // A second attempt may find that the first has run to its end.
              const bool known = started || started.error().reason() == "ExecutionAlreadyExists";
              client->start = known ? Client::Start::kAcknowledged : Client::Start::kTodo;
            },
        .ended = {}});
  }
}

void SimulatedService::AnswerOne() {
  const std::size_t place = chaos_.reorders ? Pick(tasks_.waiting.size()) : 0;
  SimulatedTasks::Waiting task = std::move(tasks_.waiting[place]);
  tasks_.waiting.erase(tasks_.waiting.begin() + static_cast<std::ptrdiff_t>(place));
  TaskOutcome outcome = OutcomeOf(task.request.task);
  if (task.request.task.pattern == asl::TaskPattern::kWaitForTaskToken) {
    outcome = TaskOutcome::Submitted("{}");
    tasks_.accepted.push_back(
        std::make_shared<SimulatedTasks::Accepted>(task.request.task, task.request.execution_arn));
  }
  if (chaos_.reorders) {
    if (Chance(20)) late_.emplace_back(task.done, outcome);
    if (!late_.empty() && Chance(20)) {
      const auto& [done, again] = late_[Pick(late_.size())];
      done(again);
    }
  }
  task.done(std::move(outcome));
}

void SimulatedService::AnswerToken() {
  std::vector<std::shared_ptr<SimulatedTasks::Accepted>> free;
  for (const auto& accepted : tasks_.accepted)
    if (!accepted->asked) free.push_back(accepted);
  const auto chosen = free[chaos_.reorders ? Pick(free.size()) : 0];
  const Result<ExecutionName> name = ParseExecutionArn(Identity{}, chosen->execution_arn);
  const auto found = name ? Find(name->machine, name->name) : std::nullopt;
  if (!found) return Fault("a task of an execution that is not stored: " + chosen->execution_arn);
  const TaskOutcome outcome = OutcomeOf(chosen->task);
  const std::uint64_t seq = chosen->task.seq;
  asl::Event event = asl::TaskSucceeded{.seq = seq, .output = outcome.output};
  if (outcome.kind == TaskOutcome::Kind::kFailed) {
    event = asl::TaskFailed{.seq = seq, .error = outcome.error, .cause = outcome.cause};
  }
  chosen->asked = true;
  engine_->Post(TokenItem{.execution = found->row.id,
                          .event = std::move(event),
                          .done = [this, chosen](const Result<void>& sent) {
                            if (!sent && sent.error().reason() != "TaskTimedOut") {
                              chosen->asked = false;  // a disk that failed: the client tries again
                              return;
                            }
                            std::erase(tasks_.accepted, chosen);
                          }});
}

void SimulatedService::StopOne() {
  const auto& client = clients_[Pick(clients_.size())];
  const auto found = Find(revision_->machine_name, client->name);
  if (found && !found->stopped) {
    engine_->Post(StopItem{.execution = found->row.id,
                           .event = {.error = "Stopped", .cause = "by the simulation"},
                           .done = [](const Result<Timestamp>&) {}});
  }
}

void SimulatedService::RedriveOne() {
  for (const auto& client : clients_) {
    if (!client->wants_redrive || client->redrive_asked) continue;
    const auto found = Find(revision_->machine_name, client->name);
    if (!found) return Fault(client->name + " is lost");
    client->redrive_asked = true;
    return engine_->Post(RedriveItem{.execution = found->row.id,
                                     .arn = client->name,
                                     .client_token = {},
                                     .done = [client](const Result<Timestamp>& redriven) {
                                       client->redrive_asked = false;
                                       // A refusal is final too: an attempt that a crash cut off
                                       // may have succeeded, and an execution may have no room for
                                       // more events.
                                       if (!redriven &&
                                           redriven.error().reason() != "ExecutionNotRedrivable")
                                         return;
                                       client->wants_redrive = false;
                                       ++client->redrives;
                                     }});
  }
}

void SimulatedService::Crash() {
  ++crashes_;
  disk_.Crash(Pick(disk_.waiting() + 1));
  while (!background_.empty() && Chance(50)) RunJob();
  background_.clear();
  engine_.reset();
  for (SimulatedTasks::Waiting& task : tasks_.waiting) {
    if (Chance(50)) late_.emplace_back(std::move(task.done), OutcomeOf(task.request.task));
  }
  tasks_.waiting.clear();
  for (const auto& accepted : tasks_.accepted) accepted->asked = false;
  for (const auto& client : clients_) {
    if (client->start == Client::Start::kAsked) client->start = Client::Start::kTodo;
    client->redrive_asked = false;
  }
  LookAtAll();
  clock_.Set(clock_.Now() + std::chrono::milliseconds(Pick(5'000)));
  Open();
}

std::optional<FoundExecution> SimulatedService::Find(const std::string& machine,
                                                     const std::string& name) {
  auto found = database_.Read(
      [&](db::Connection& connection) { return FindExecution(connection, machine, name); });
  if (!found) Fault(found.error().message());
  return found ? *found : std::nullopt;
}

void SimulatedService::LookAtAll() {
  for (const auto& client : clients_) Look(*client);
}

// What is stored of an execution must go on from what was stored before.
void SimulatedService::Look(Client& client) {
  if (client.ended) return;
  const auto found = Find(revision_->machine_name, client.name);
  if (!found) {
    if (client.start == Client::Start::kAcknowledged) Fault(client.name + " is lost");
    return;
  }
  auto history = database_.Read([&](db::Connection& connection) {
    return ReadHistory(connection, found->row, HistoryOrder::kOldestFirst, 0,
                       asl::kMaxHistoryEvents + 1);
  });
  if (!history) return Fault(history.error().message());
  std::vector<std::string> lines;
  for (const asl::HistoryEvent& event : *history) lines.push_back(Line(event));
  const bool grown = lines.size() >= client.seen.size() &&
                     std::equal(client.seen.begin(), client.seen.end(), lines.begin());
  if (!grown) return Fault(client.name + ": what was stored of its history has changed");
  client.seen = std::move(lines);
  if (!found->stopped) return;
  if (client.start != Client::Start::kAcknowledged) return;
  if (chaos_.redrives && found->status != asl::ExecutionStatus::kSucceeded && client.redrives < 2 &&
      client.decided != client.seen.size()) {
    client.decided = client.seen.size();
    client.wants_redrive = Chance(50);
  }
  client.ended = !client.wants_redrive;
  if (!client.ended) return;
  auto outcome = database_.Read(
      [&](db::Connection& connection) { return ReadOutcome(connection, found->row); });
  if (!outcome) return Fault(outcome.error().message());
  ended_.push_back({.name = client.name,
                    .status = found->status,
                    .outcome = std::move(*outcome),
                    .history = std::move(*history)});
}

}  // namespace scones::workflows::testing

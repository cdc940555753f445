// Test support: the workflow engine on one thread, with a virtual clock, a disk whose writes can be
// late, fail or be lost, and tasks that answer late, twice and in any order. Everything that
// happens follows from the seed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "asl/history.h"
#include "asl/step.h"
#include "db/database.h"
#include "workflows/detail/engine.h"

namespace scones::workflows::testing {

// One database for many simulations; each is a machine of its own in it.
class SimulatedDisk {
 public:
  explicit SimulatedDisk(db::Database& database) : database_(database) {}

  db::Database& database() { return database_; }
  void Write(Engine::WriteJob job, Engine::WriteDone done) {
    waiting_.push_back({std::move(job), std::move(done)});
  }
  std::size_t waiting() const { return waiting_.size(); }
  // The oldest write reaches the disk, and its caller learns so.
  void Finish();
  // The oldest write fails.
  void Fail();
  // The first `count` writes reach the disk, the others don't; nobody learns of either.
  void Crash(std::size_t count);

 private:
  struct Waiting {
    Engine::WriteJob job;
    Engine::WriteDone done;
  };
  db::Database& database_;
  std::deque<Waiting> waiting_;
};

class VirtualClock final : public Clock {
 public:
  Timestamp Now() const override { return now_; }
  void Set(Timestamp now) { now_ = std::max(now_, now); }

 private:
  Timestamp now_ = Timestamp(std::chrono::seconds(1'700'000'000));
};

// Keeps the tasks until the simulation answers them. What a task answers follows from its input.
class SimulatedTasks final : public TaskRunner {
 public:
  void Start(TaskRequest request, TaskDone done) override;
  void Cancel(const std::string&, std::uint64_t) override {}

  struct Waiting {
    TaskRequest request;
    TaskDone done;
  };
  std::vector<Waiting> waiting;
  // .waitForTaskToken tasks that were accepted: their outcome comes by token.
  struct Accepted {
    asl::RunTask task;
    std::string execution_arn;
    bool asked = false;  // sent, not acknowledged
  };
  std::vector<std::shared_ptr<Accepted>> accepted;
};

// The outcome of a task, from what it is given.
TaskOutcome OutcomeOf(const asl::RunTask& task);

class SimulatedService {
 public:
  struct Chaos {
    bool crashes = true;    // and failing writes
    bool reorders = true;   // answers in any order, late, and twice
    bool stops = false;     // StopExecution now and then
    bool redrives = false;  // RedriveExecution of some that did not succeed, about twice at most
  };
  struct Ended {
    std::string name;
    asl::ExecutionStatus status = asl::ExecutionStatus::kRunning;
    asl::Outcome outcome;
    std::vector<asl::HistoryEvent> history;
  };

  SimulatedService(db::Database& database, MachineTable& machines, std::uint64_t seed, Chaos chaos);

  // Starts `count` executions and lets things happen until all have ended. Empty, or what went
  // wrong.
  std::string Run(const RevisionPtr& revision, int count, const std::string& input);
  // After Run.
  const std::vector<Ended>& ended() const { return ended_; }
  int crashes() const { return crashes_; }

 private:
  struct Client {
    enum class Start { kTodo, kAsked, kAcknowledged };
    std::string name;
    Start start = Start::kTodo;
    std::vector<std::string> seen;  // its committed history when it was read last, by event
    bool ended = false;
    int redrives = 0;
    std::size_t decided = 0;  // how long the history was when it was decided whether to redrive
    bool wants_redrive = false;
    bool redrive_asked = false;  // sent, not acknowledged
  };

  void Open();
  void Act();
  void Crash();
  void RunJob();
  void StartOne();
  void AnswerOne();
  void AnswerToken();
  void StopOne();
  void RedriveOne();
  void Advance();
  void Look(Client& client);
  void LookAtAll();
  std::optional<FoundExecution> Find(const std::string& machine, const std::string& name);
  void Fault(const std::string& what);

  // Uniform in [0, below).
  std::size_t Pick(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  bool Chance(std::size_t percent) { return Pick(100) < percent; }

  db::Database& database_;
  MachineTable& machines_;
  VirtualClock clock_;
  std::mt19937_64 random_;
  Chaos chaos_;
  Options options_;
  SimulatedDisk disk_;
  SimulatedTasks tasks_;
  std::vector<std::function<void()>> background_;  // jobs of map runs
  std::unique_ptr<Engine> engine_;
  RevisionPtr revision_;
  std::string input_;
  std::vector<std::shared_ptr<Client>> clients_;
  std::vector<std::pair<TaskDone, TaskOutcome>> late_;  // answered already, or asked before a crash
  std::vector<Ended> ended_;
  std::string fault_;
  int crashes_ = 0;
};

}  // namespace scones::workflows::testing

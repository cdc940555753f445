// What the tests of this module share: an installation in a directory of its own, with a clock and
// a task runner that the test holds.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "io/file.h"
#include "io/shards.h"
#include "workflows/workflows.h"

namespace scones::workflows::testing {

class FakeClock final : public Clock {
 public:
  Timestamp Now() const override { return Timestamp(std::chrono::microseconds(micros_.load())); }
  void Advance(std::chrono::microseconds by) { micros_ += by.count(); }

 private:
  std::atomic<std::int64_t> micros_{1'700'000'000'000'000};
};

// Answers tasks by the name of their state; a state without an answer stays unanswered until the
// test answers it.
class FakeRunner final : public TaskRunner {
 public:
  using Behaviour = std::function<TaskOutcome(const TaskRequest&)>;

  void On(const std::string& state, Behaviour behaviour) {
    const std::lock_guard lock(mutex_);
    behaviours_[state] = std::move(behaviour);
  }

  void Start(TaskRequest request, TaskDone done) override {
    Behaviour behaviour;
    {
      const std::lock_guard lock(mutex_);
      ++starts_[request.task.state_name];
      const auto known = behaviours_.find(request.task.state_name);
      if (known == behaviours_.end()) {
        waiting_.push_back({std::move(request), std::move(done)});
        return;
      }
      behaviour = known->second;
    }
    done(behaviour(request));
  }
  void Cancel(const std::string&, std::uint64_t seq) override {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(seq);
  }

  struct Waiting {
    TaskRequest request;
    TaskDone done;
  };
  std::vector<Waiting> waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }
  int starts(const std::string& state) const {
    const std::lock_guard lock(mutex_);
    const auto known = starts_.find(state);
    return known == starts_.end() ? 0 : known->second;
  }
  std::vector<std::uint64_t> cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Behaviour> behaviours_;
  std::map<std::string, int> starts_;
  std::vector<Waiting> waiting_;
  std::vector<std::uint64_t> cancelled_;
};

// Polls until `condition` holds; false after ten seconds.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class WorkflowsTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override {
    service.reset();
    database.reset();
  }

  void Open() {
    auto opened = db::Database::Open(directory.path() / "db", {});
    ASSERT_TRUE(opened) << opened.error().message();
    database = std::move(*opened);
    auto made = Workflows::Open(*database, runner, clock, Identity{}, options, map_data);
    ASSERT_TRUE(made) << made.error().message();
    service = std::move(*made);
  }
  // As a new process would find it.
  void Reopen() {
    service.reset();
    database.reset();
    runner.Forget();
    Open();
  }

  template <class T>
  T Await(io::Task<T> task) {
    return shards.RunAndWait(std::move(task));
  }

  std::string Create(const std::string& name, const std::string& definition,
                     asl::MachineType type = asl::MachineType::kStandard) {
    auto created = Await(service->CreateStateMachine(
        {.name = name, .definition = definition, .role_arn = kRole, .type = type}));
    EXPECT_TRUE(created) << created.error().message();
    return created ? created->arn : "";
  }
  Result<StartedExecution> TryStart(const std::string& machine, const std::string& name,
                                    const std::string& input = "{}") {
    return Await(service->StartExecution(
        {.state_machine_arn = machine, .name = name, .input = input, .trace_header = ""}));
  }
  std::string Start(const std::string& machine, const std::string& name,
                    const std::string& input = "{}") {
    auto started = TryStart(machine, name, input);
    EXPECT_TRUE(started) << started.error().message();
    return started ? started->arn : "";
  }
  asl::ExecutionStatus StatusOf(const std::string& arn) {
    auto described = service->DescribeExecution(arn);
    EXPECT_TRUE(described) << described.error().message();
    return described ? described->status : asl::ExecutionStatus::kRunning;
  }
  // Once the execution has ended.
  Execution Ended(const std::string& arn) {
    EXPECT_TRUE(Eventually([&] { return StatusOf(arn) != asl::ExecutionStatus::kRunning; })) << arn;
    return service->DescribeExecution(arn).value_or(Execution{});
  }
  std::vector<std::string> EventTypes(const std::string& arn) {
    std::vector<std::string> types;
    auto page =
        service->GetExecutionHistory(arn, HistoryOrder::kOldestFirst, {.max_results = 1000});
    EXPECT_TRUE(page) << page.error().message();
    if (!page) return types;
    for (const asl::HistoryEvent& event : page->items) {
      EXPECT_EQ(event.id, static_cast<std::int64_t>(types.size()) + 1);
      types.emplace_back(asl::EventTypeName(event.type));
    }
    return types;
  }
  void Advance(std::chrono::seconds by) {
    clock.Advance(by);
    service->Wake();
  }
  bool TaskWaits(std::size_t count = 1) {
    return Eventually([&] { return runner.waiting().size() >= count; });
  }

  static constexpr char kRole[] = "arn:aws:iam::000000000000:role/scones";

  io::TemporaryDirectory directory;
  io::Shards shards{1};
  FakeClock clock;
  FakeRunner runner;
  Options options;
  MapData* map_data = nullptr;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<Workflows> service;
};

// A machine of Task states in a row.
inline std::string Chain(const std::vector<std::string>& states, const std::string& members = "") {
  std::string text = R"({"StartAt":")" + states.front() + R"(","States":{)";
  for (std::size_t i = 0; i < states.size(); ++i) {
    text += (i == 0 ? "\"" : ",\"") + states[i] +
            R"(":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:)" +
            states[i] + "\"," + members +
            (i + 1 < states.size() ? R"("Next":")" + states[i + 1] + "\"}" : R"("End":true})");
  }
  return text + "}}";
}

}  // namespace scones::workflows::testing

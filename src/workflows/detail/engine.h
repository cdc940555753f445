// The workflow thread: applies events to executions with asl::Step, commits what changed in batches
// and carries the commands out afterwards. All members belong to that thread, except where said.
//
// An execution is in at most one commit at a time and does not change meanwhile; what arrives for
// it waits. At most kMaxCommits batches are under way, so that steps gather while the disk works.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/arn.h"
#include "base/time.h"
#include "db/database.h"
#include "workflows/detail/activity_queue.h"
#include "workflows/detail/inbox.h"
#include "workflows/detail/live_execution.h"
#include "workflows/detail/live_map_run.h"
#include "workflows/detail/machine_table.h"
#include "workflows/detail/map_run_calls.h"
#include "workflows/task_runner.h"
#include "workflows/workflows.h"

namespace scones::workflows {

struct CommitBatch {
  std::vector<ExecutionChange> changes;
  std::vector<ExecutionRow> express_starts;
  std::vector<std::int64_t> express_ends;
  std::vector<ChildEnd> express_child_ends;
};

class Engine {
 public:
  using WriteJob = std::function<Result<void>(db::Connection&)>;
  using WriteDone = std::function<void(Result<void>)>;
  struct Ports {
    db::Database& database;  // read from
    // Runs the job in a transaction, then calls the other from any thread.
    std::function<void(WriteJob, WriteDone)> write;
    std::function<std::uint64_t()> random;
    TaskRunner& runner;
    const Clock& clock;
    MachineTable& machines;
    const Options& options;
    Identity identity;
    std::string task_token_key;
    // Whether an activity of that name is there; unset: all are.
    std::function<bool(const std::string&)> activity_exists = {};
    // Of map runs. Runs a job on another thread, false when it cannot now; without it, jobs run
    // where they are posted. Their data: null for none.
    std::function<bool(std::function<void()>)> background = {};
    MapData* map_data = nullptr;
  };
  // Knows what is stored and does nothing yet. Errors: those of the database.
  static Result<std::unique_ptr<Engine>> Open(Ports ports);
  // Starts the thread, which takes up what is open.
  void Run();
  // Instead of Run, for a simulation: the calling thread is the workflow thread and does what there
  // is to do now. Then there is nothing to do before the next item or NextDue().
  void RunUntilIdle();
  // When a timer is due, Timestamp::max() for never. For the workflow thread.
  Timestamp NextDue() const;
  // See ~Workflows.
  ~Engine();

  // From any thread: queues `item`; where the engine is closing, its callers get an error.
  void Post(Item item);
  Counters counters() const;
  // How many children of a map run are running. From any thread.
  RunningChildren RunningChildrenOf(std::int64_t map_run) const;

 private:
  // Due, execution, seq. Seq 0 is not a timer of the execution: take it up (see TakeUp).
  using TimerKey = std::tuple<Timestamp, std::int64_t, std::uint64_t>;
  static constexpr std::uint64_t kTakeUp = 0;
  static constexpr std::uint64_t kExpressTimeout = ~std::uint64_t{0};
  static constexpr std::uint64_t kMapRunRetry = kExpressTimeout - 1;  // the id is a map run's
  static constexpr int kMaxCommits = 2;

  explicit Engine(Ports ports);
  void Loop();
  void TakeTurn(std::deque<Item> items);
  std::chrono::microseconds TimeToWait() const;

  // engine.cc: events in.
  void Handle(Item item);
  void On(StartItem& item);
  void On(TaskItem& item);
  void On(TokenItem& item);
  void On(StopItem& item);
  void On(EndItem& item);
  void On(PollItem& item);
  void On(ClaimItem& item);
  void On(ReturnItem& item);
  void On(EndPollsItem& item);
  void On(RedriveItem& item);   // engine_redrive.cc
  void On(TestTaskItem& item);  // engine_test_task.cc
  void On(TestAnswerItem& item);
  void EndTest(std::int64_t test, Result<TaskOutcome> outcome);
  void On(CommittedItem& item);
  void On(WakeItem&) {}
  void FireTimers();
  void OnTimer(std::int64_t id, std::uint64_t seq);
  void Apply(LiveExecution& live, asl::Event event);
  void Touch(LiveExecution& live);
  void EndExpress(LiveExecution& live);

  // engine_commit.cc: from changes to commands.
  void Flush();
  void SubmitBatch(std::shared_ptr<CommitBatch> batch);
  void OnCommitFailed(CommitBatch& batch, const Error& error);
  void OnRefused(LiveExecution& live, const ExecutionChange& change);
  void Settle(LiveExecution& live);
  void Resume(LiveExecution& live);
  void CarryOut(LiveExecution& live, std::vector<asl::Command> commands);
  enum class Attempt { kFirst, kAgain };  // kAgain: an earlier run may have started it
  void RunPending(LiveExecution& live, const PendingTask& pending, Attempt attempt);
  void ScheduleActivity(LiveExecution& live, const PendingTask& pending);
  void Finish(LiveExecution& live);

  // engine_map_runs.cc
  void On(MapRunPreparedItem& item);
  void On(MapRunJoinedItem& item);
  void On(MapRunForgottenItem& item);
  void On(MapRunEndItem& item);
  void On(MapRunLimitsItem& item);
  void On(ChildStopItem& item);
  void OnMapRunsCommitted(const LiveExecution& parent, const std::vector<MapRunChange>& changes);
  void OnMapRunTimer(std::int64_t id);
  void OnChildEnded(std::int64_t id, const ChildRef& child, asl::ExecutionStatus status);
  void RecoverMapRuns();
  LiveMapRun* FindRun(std::int64_t id);
  static void TakeSpec(LiveMapRun& run, const asl::MapRunSpec& spec);
  void Advance(LiveMapRun& run);
  void StartChildren(LiveMapRun& run);
  bool ReadAhead(LiveMapRun& run);
  void StartChild(LiveMapRun& run, PendingChild child);
  void Enlist(LiveMapRun& run, const LiveExecution& child);
  static void Count(LiveMapRun& run, const ChildRef& child);
  void StopChildren(LiveMapRun& run);
  void JoinRun(LiveMapRun& run);
  void AnswerParent(LiveMapRun& run, Result<std::string> output);
  void CloseRun(LiveMapRun& run);
  void RetryLater(LiveMapRun& run);
  void Publish(const LiveMapRun& run);
  MapRunJob JobOf(const LiveMapRun& run) const;
  // Runs `job` on another thread and posts what it returns as an Item.
  template <class Answer, class Job>
  void PostMapJob(LiveMapRun& run, Job job) {
    run.busy = true;
    auto work = [inbox = inbox_, job, task = JobOf(run)] {
      (void)inbox->Push(Answer{task.run, job(task)});
    };
    if (!ports_.background) return work();
    if (!ports_.background(work)) RetryLater(run);
  }

  // engine_map_redrive.cc
  void OnMapRunRedriven(const LiveExecution& parent, const MapRunChange& change);
  void MarkChildren(LiveMapRun& run);
  void On(MapRunMarkedItem& item);
  bool RedriveChild(LiveMapRun& run, const PendingChild& child);
  LiveMapRun* LoadRun(MapRunRow row);

  // engine_load.cc: between memory and tables.
  LiveExecution* Find(std::int64_t id);
  LiveExecution* Load(std::int64_t id);
  LiveExecution& Add(std::unique_ptr<LiveExecution> live);
  void Drop(LiveExecution& live);
  void Evict();
  void Account(LiveExecution& live, std::size_t bytes);
  void TakeUp(LiveExecution& live);
  void RecoverSome();
  asl::ExecutionContext MakeContext(const Revision& revision, const ExecutionRow& row) const;
  asl::ExecutionContext MakeChildContext(const Revision& revision, const ExecutionRow& row,
                                         const LiveMapRun& run) const;
  bool AwaitsRecovery(std::int64_t id) const;

  Ports ports_;
  std::shared_ptr<Inbox> inbox_;
  Timestamp now_;

  std::unordered_map<std::int64_t, std::unique_ptr<LiveExecution>> live_;
  std::list<std::int64_t> used_;  // latest first
  std::size_t loaded_bytes_ = 0;
  std::vector<LiveExecution*> touched_;
  std::set<TimerKey> timers_;
  ActivityQueues activity_queues_;
  bool polls_ended_ = false;
  int commits_under_way_ = 0;
  Timestamp commit_after_;   // after a failed commit, the time of the next attempt
  Timestamp recover_after_;  // the same for reading what is open
  bool closing_ = false;
  std::int64_t next_id_ = 1;
  std::size_t express_count_ = 0;
  std::vector<std::int64_t> express_ends_;
  // Callers of WhenEnded by execution; what they wait for need not be in memory.
  std::unordered_multimap<std::int64_t, io::Completion<Result<void>>> end_waiters_;

  // TestState's tasks under way. Their timers carry the number negated in the execution's place.
  struct TestTask {
    Timestamp due;
    std::string execution_arn;
    std::uint64_t seq = 0;
    io::Completion<Result<TaskOutcome>> done;
  };
  std::unordered_map<std::int64_t, TestTask> tests_;
  std::int64_t last_test_ = 0;

  // Executions of an earlier run with ids in (recovered_, last_old_id_] have not been taken up,
  // but for those in taken_up_early_.
  std::int64_t recovered_ = 0;
  std::int64_t last_old_id_ = 0;
  std::unordered_set<std::int64_t> taken_up_early_;

  std::atomic<std::uint64_t> started_{0};
  std::atomic<std::uint64_t> finished_{0};
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> commit_failures_{0};
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::uint64_t> loaded_{0};

  // Map runs by id.
  std::unordered_map<std::int64_t, std::unique_ptr<LiveMapRun>> map_runs_;
  std::vector<MapRunRow> stored_map_runs_;  // of an earlier start, not yet taken up
  std::vector<std::int64_t> recovered_map_runs_;
  std::shared_ptr<std::atomic<bool>> map_jobs_stop_ = std::make_shared<std::atomic<bool>>(false);
  mutable std::mutex running_mutex_;
  std::unordered_map<std::int64_t, RunningChildren> running_;

  std::thread thread_;
};

}  // namespace scones::workflows

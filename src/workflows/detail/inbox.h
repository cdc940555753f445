// What the other threads want of the workflow thread: a queue that outlives it, so that a task's
// late answer finds a closed door instead of a freed engine.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "asl/step.h"
#include "io/task.h"
#include "workflows/detail/activity_queue.h"
#include "workflows/detail/execution_table.h"
#include "workflows/detail/machine_table.h"
#include "workflows/detail/map_run_jobs.h"
#include "workflows/task_runner.h"

namespace scones::workflows {

struct StartItem {
  RevisionPtr revision;
  std::string name;
  std::string input;
  std::int64_t version = 0;  // 0 and "": by the machine's own ARN
  std::string alias;
  io::Completion<Result<StartedExecution>> started;
  io::Completion<Result<Execution>> ended;  // set: StartSyncExecution
  // Set: an Express execution that was cut off runs again under its id.
  std::int64_t again_id = 0;
  std::uint64_t again_seed = 0;
};

// A task's answer, from the runner.
struct TaskItem {
  std::int64_t execution = 0;
  std::uint64_t seq = 0;
  TaskOutcome outcome;
  bool not_scheduled = false;  // see asl::TaskFailed
};

// An answer by task token.
struct TokenItem {
  std::int64_t execution = 0;
  asl::Event event;
  io::Completion<Result<void>> done;
};

struct StopItem {
  std::int64_t execution = 0;
  asl::Stop event;
  io::Completion<Result<Timestamp>> done;
};

// Wants to know when the execution has ended.
struct EndItem {
  std::int64_t execution = 0;
  io::Completion<Result<void>> done;
};

// A worker polls for a task of an activity, and claims the one that it was offered or gives it
// back.
struct PollItem {
  std::string activity;
  ActivityQueues::Offer offer;
};
struct ClaimItem {
  std::int64_t execution = 0;
  std::uint64_t seq = 0;
  std::string worker_name;
  io::Completion<Result<std::optional<ActivityTask>>> done;  // nothing: no longer wanted
};
struct ReturnItem {
  std::string activity;
  ActivityTaskRef task;
};
struct EndPollsItem {};
struct RedriveItem {
  std::int64_t execution = 0;
  std::string arn;
  std::string client_token;  // may be empty
  io::Completion<Result<Timestamp>> done;
};

// A task outside any execution, for TestState: run once, answered within `limit`.
struct TestTaskItem {
  TaskRequest request;
  std::chrono::seconds limit{0};
  io::Completion<Result<TaskOutcome>> done;
};
struct TestAnswerItem {
  std::int64_t test = 0;
  TaskOutcome outcome;
};

struct CommitBatch;
struct CommittedItem {
  std::shared_ptr<CommitBatch> batch;
  Result<void> committed;
};

// The children's inputs of a map run are stored, or could not be made.
struct MapRunPreparedItem {
  std::int64_t run = 0;
  Result<MapRunTotals> totals;
};
// It is marked which children of a map run are to be redriven, or could not be.
struct MapRunMarkedItem {
  std::int64_t run = 0;
  Result<MapRunRow> row;
};
// The results of a map run's children have been joined, or could not be.
struct MapRunJoinedItem {
  std::int64_t run = 0;
  Result<std::string> output;
};
// The children's rows of a map run are gone, or could not be deleted.
struct MapRunForgottenItem {
  std::int64_t run = 0;
  Result<void> forgotten;
};
// The end of a map run, for its parent.
struct MapRunEndItem {
  std::int64_t execution = 0;
  std::int64_t run = 0;
  std::uint64_t seq = 0;
  asl::Event event;
};
struct MapRunLimitsItem {
  std::int64_t run = 0;
  asl::MapRunProgress::Limits limits;
};
// A child of a map run that is over.
struct ChildStopItem {
  std::int64_t execution = 0;
};

struct WakeItem {};

using Item =
    std::variant<StartItem, TaskItem, TokenItem, StopItem, EndItem, PollItem, ClaimItem, ReturnItem,
                 EndPollsItem, RedriveItem, TestTaskItem, TestAnswerItem, CommittedItem, WakeItem,
                 MapRunPreparedItem, MapRunMarkedItem, MapRunJoinedItem, MapRunForgottenItem,
                 MapRunEndItem, MapRunLimitsItem, ChildStopItem>;

class Inbox {
 public:
  // From any thread; false once the inbox is closed, and `item` is then untouched. The owner's own
  // items need no lock.
  bool Push(Item&& item) {
    if (std::this_thread::get_id() == owner_) {
      local_.push_back(std::move(item));
      return true;
    }
    const std::lock_guard lock(mutex_);
    if (closed_ && !std::holds_alternative<CommittedItem>(item)) return false;
    items_.push_back(std::move(item));
    if (sleeping_) wake_.notify_one();
    return true;
  }

  // For the owner, before other threads know the inbox.
  void SetOwner(std::thread::id owner) { owner_ = owner; }

  // The owner waits until there are items, the inbox has just been closed, or `timeout` is over;
  // then takes what there is.
  std::deque<Item> Take(std::chrono::microseconds timeout) {
    std::deque<Item> taken = std::exchange(local_, {});
    std::unique_lock lock(mutex_);
    const bool news = !taken.empty() || !items_.empty() || (closed_ && !close_seen_);
    if (!news && timeout.count() > 0) {
      sleeping_ = true;
      wake_.wait_for(lock, timeout,
                     [this] { return !items_.empty() || (closed_ && !close_seen_); });
      sleeping_ = false;
    }
    for (Item& item : items_) taken.push_back(std::move(item));
    items_.clear();
    close_seen_ = closed_;
    return taken;
  }

  // For the owner.
  bool empty() {
    const std::lock_guard lock(mutex_);
    return local_.empty() && items_.empty();
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  bool closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::thread::id owner_;
  std::deque<Item> local_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool sleeping_ = false;
  bool closed_ = false;
  bool close_seen_ = false;  // the owner has been woken for it
  std::vector<Item> items_;
};

}  // namespace scones::workflows

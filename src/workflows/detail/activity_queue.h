// Activities between the executions that schedule tasks and the workers that poll for them: who
// waits for whom. First come, first served on both sides, by activity. Where a task waits is not
// stored: it follows from the executions that are open. Belongs to the workflow thread.
//
// A task is handed over in two steps, so that none is lost to a worker that has gone: it is offered
// to a poll, which then claims it (the engine records ActivityStarted) or gives it back.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "io/task.h"

namespace scones::workflows {

// Names a task of an execution.
struct ActivityTaskRef {
  std::int64_t execution = 0;
  std::uint64_t seq = 0;
  auto operator<=>(const ActivityTaskRef&) const = default;
};

class ActivityQueues {
 public:
  // Nothing: no task came in time.
  using Offer = io::Completion<Result<std::optional<ActivityTaskRef>>>;

  // `max_workers`: that wait at once for one activity.
  explicit ActivityQueues(std::size_t max_workers) : max_workers_(max_workers) {}

  // The worker that has waited longest gets it, else it waits behind the others.
  void AddTask(const std::string& activity, ActivityTaskRef task);
  // It was offered and not claimed: before the others again.
  void ReturnTask(const std::string& activity, ActivityTaskRef task);
  // Nobody waits for its outcome any more.
  void RemoveTask(ActivityTaskRef task);
  // Offers the task that has waited longest, or one that comes before `until`.
  // Errors (to `offer`): ActivityWorkerLimitExceeded.
  void AddWorker(const std::string& activity, Timestamp until, Offer offer);
  // Answers the workers whose time is over: nothing.
  void Expire(Timestamp now);
  std::optional<Timestamp> NextExpiry() const;
  // Ends all polls: nothing came.
  void EndPolls();

 private:
  struct Worker {
    std::string activity;
    Timestamp until;
    Offer offer;
  };
  struct Queue {
    std::list<ActivityTaskRef> tasks;
    std::set<std::uint64_t> workers;  // numbers grow: the first has waited longest
  };
  struct Place {
    std::string activity;
    std::list<ActivityTaskRef>::iterator at;
  };

  void Insert(const std::string& activity, ActivityTaskRef task, bool in_front);
  Offer TakeWorker(std::uint64_t number);
  void DropIfEmpty(const std::string& activity);

  const std::size_t max_workers_;
  std::uint64_t next_worker_ = 1;
  std::unordered_map<std::string, Queue> queues_;
  std::map<ActivityTaskRef, Place> places_;
  std::unordered_map<std::uint64_t, Worker> workers_;
  std::set<std::pair<Timestamp, std::uint64_t>> expiries_;
};

}  // namespace scones::workflows

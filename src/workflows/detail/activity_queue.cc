#include "workflows/detail/activity_queue.h"

#include <fmt/format.h>

namespace scones::workflows {

void ActivityQueues::AddTask(const std::string& activity, ActivityTaskRef task) {
  Insert(activity, task, false);
}

void ActivityQueues::ReturnTask(const std::string& activity, ActivityTaskRef task) {
  Insert(activity, task, true);
}

void ActivityQueues::Insert(const std::string& activity, ActivityTaskRef task, bool in_front) {
  if (places_.contains(task)) return;
  Queue& queue = queues_[activity];
  if (!queue.workers.empty()) {
    const Offer offer = TakeWorker(*queue.workers.begin());
    DropIfEmpty(activity);
    return offer(std::optional(task));
  }
  const auto at = queue.tasks.insert(in_front ? queue.tasks.begin() : queue.tasks.end(), task);
  places_.emplace(task, Place{.activity = activity, .at = at});
}

void ActivityQueues::RemoveTask(ActivityTaskRef task) {
  const auto known = places_.find(task);
  if (known == places_.end()) return;
  const std::string activity = std::move(known->second.activity);
  queues_.at(activity).tasks.erase(known->second.at);
  places_.erase(known);
  DropIfEmpty(activity);
}

void ActivityQueues::AddWorker(const std::string& activity, Timestamp until, Offer offer) {
  Queue& queue = queues_[activity];
  if (!queue.tasks.empty()) {
    const ActivityTaskRef task = queue.tasks.front();
    RemoveTask(task);
    return offer(std::optional(task));
  }
  if (queue.workers.size() >= max_workers_) {
    return offer(Error(Code::kExhausted, "ActivityWorkerLimitExceeded",
                       fmt::format("{} workers wait for a task of this activity already, as many "
                                   "as can at once",
                                   max_workers_)));
  }
  const std::uint64_t number = next_worker_++;
  queue.workers.insert(number);
  expiries_.emplace(until, number);
  workers_.emplace(number, Worker{.activity = activity, .until = until, .offer = std::move(offer)});
}

void ActivityQueues::Expire(Timestamp now) {
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const std::uint64_t number = expiries_.begin()->second;
    const std::string activity = workers_.at(number).activity;
    const Offer offer = TakeWorker(number);
    DropIfEmpty(activity);
    offer(std::optional<ActivityTaskRef>());
  }
}

std::optional<Timestamp> ActivityQueues::NextExpiry() const {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

void ActivityQueues::EndPolls() { Expire(Timestamp::max()); }

ActivityQueues::Offer ActivityQueues::TakeWorker(std::uint64_t number) {
  const auto known = workers_.find(number);
  Worker worker = std::move(known->second);
  workers_.erase(known);
  expiries_.erase({worker.until, number});
  queues_.at(worker.activity).workers.erase(number);
  return std::move(worker.offer);
}

void ActivityQueues::DropIfEmpty(const std::string& activity) {
  const auto known = queues_.find(activity);
  if (known != queues_.end() && known->second.tasks.empty() && known->second.workers.empty()) {
    queues_.erase(known);
  }
}

}  // namespace scones::workflows

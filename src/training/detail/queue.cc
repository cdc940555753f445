#include "training/detail/queue.h"

#include <fmt/format.h>
#include <signal.h>

namespace scones::training::detail {

Result<void> Queue::CheckRoom() const {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() < options_.max_waiting) return {};
  return Error(Code::kExhausted, "ResourceLimitExceeded",
               fmt::format("{} training jobs wait already; try again when some have ended",
                           waiting_.size()));
}

void Queue::Add(TrainingJob job) {
  const std::string name = job.spec.name;
  auto active = std::make_shared<ActiveJob>(std::move(job), deps_.database, deps_.clock);
  {
    const std::lock_guard lock(mutex_);
    active_.emplace(name, active);
    waiting_.push_back(std::move(active));
  }
  StartWaiting();
}

std::shared_ptr<ActiveJob> Queue::Find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = active_.find(name);
  return found == active_.end() ? nullptr : found->second;
}

Result<io::Path> Queue::FindAlgorithm(std::string_view image) const {
  const std::string_view last = image.substr(image.rfind('/') + 1);
  const std::string name(last.substr(0, last.find('@')));
  for (const auto& [algorithm, program] : options_.algorithms) {
    // A name without a tag means any version.
    if (name == algorithm || name.substr(0, name.find(':')) == algorithm) return program;
  }
  std::string known;
  for (const auto& [algorithm, program] : options_.algorithms) {
    known += (known.empty() ? "" : ", ") + algorithm;
  }
  return Error(
      Code::kInvalid, "ValidationException",
      fmt::format("Cannot find algorithm for TrainingImage '{}'; known here: {}", image, known));
}

void Queue::Shutdown() {
  std::vector<std::shared_ptr<io::Process>> processes;
  {
    const std::lock_guard lock(mutex_);
    shutting_down_ = true;
    for (const auto& [name, active] : active_) {
      if (auto process = active->process()) processes.push_back(std::move(process));
    }
  }
  for (const auto& process : processes) process->Signal(SIGKILL);
  // Their output goes to the logs, which may be gone after this.
  for (const auto& process : processes) process->Wait();
}

bool Queue::ShuttingDown() const {
  const std::lock_guard lock(mutex_);
  return shutting_down_;
}

void Queue::StartWaiting() {
  while (true) {
    std::shared_ptr<ActiveJob> next;
    {
      const std::lock_guard lock(mutex_);
      if (shutting_down_ || waiting_.empty() || running_ >= options_.max_running) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      ++running_;
    }
    deps_.shards.Spawn(Run(shared_from_this(), next));
    deps_.shards.Spawn(Supervise(shared_from_this(), next));
  }
}

io::Task<void> Queue::Run(std::shared_ptr<Queue> self, std::shared_ptr<ActiveJob> active) {
  Result<void> outcome = co_await self->RunPhases(active);
  if (self->ShuttingDown()) co_return;
  co_await self->Conclude(active, std::move(outcome));
  {
    const std::lock_guard lock(self->mutex_);
    self->active_.erase(active->Snapshot().spec.name);
    --self->running_;
  }
  self->StartWaiting();
}

io::Task<void> Queue::Supervise(std::shared_ptr<Queue> self, std::shared_ptr<ActiveJob> active) {
  const std::string name = active->Snapshot().spec.name;
  while (self->Find(name) == active && !self->ShuttingDown()) {
    active->Supervise(self->options_.stop_grace);
    co_await io::SleepFor(std::chrono::milliseconds(250));
  }
}

}  // namespace scones::training::detail

#include "training/detail/active_job.h"

#include <signal.h>

#include "training/detail/job_store.h"

namespace scones::training::detail {

TrainingJob ActiveJob::Snapshot() const {
  const std::lock_guard lock(mutex_);
  return job_;
}

bool ActiveJob::StopRequested() const {
  const std::lock_guard lock(mutex_);
  return stop_requested_;
}

io::Task<Result<void>> ActiveJob::Change(std::function<void(TrainingJob&)> change) {
  auto start = [this, &change](io::Completion<Result<void>> done) {
    const std::lock_guard lock(mutex_);
    change(job_);
    job_.modified = clock_.Now();
    auto update = [job = job_](db::Connection& connection) { return UpdateJob(connection, job); };
    database_.WriteThen(std::move(update), std::move(done));
  };
  co_return co_await io::Await<Result<void>>(std::move(start));
}

io::Task<Result<void>> ActiveJob::Enter(std::string phase, std::string message) {
  const auto change = [this, &phase, &message](TrainingJob& job) {
    MoveTo(phase, message);
    if (phase == "Training") job.training_start = job.transitions.back().start;
  };
  co_return co_await Change(change);
}

io::Task<Result<void>> ActiveJob::End(JobStatus status, std::string phase, std::string message,
                                      std::string failure_reason) {
  const auto change = [&](TrainingJob& job) {
    MoveTo(phase, message);
    job.transitions.back().end = job.transitions.back().start;
    job.training_end = job.transitions.back().start;
    job.status = status;
    job.failure_reason = failure_reason;
  };
  co_return co_await Change(change);
}

void ActiveJob::MoveTo(std::string phase, std::string message) {
  const Timestamp now = clock_.Now();
  if (!job_.transitions.empty()) job_.transitions.back().end = now;
  job_.transitions.push_back({std::move(phase), now, std::nullopt, std::move(message)});
}

void ActiveJob::Observe(std::string name, double value) {
  const std::lock_guard lock(mutex_);
  for (Metric& metric : job_.final_metrics) {
    if (metric.name != name) continue;
    metric.value = value;
    metric.time = clock_.Now();
    return;
  }
  job_.final_metrics.push_back({std::move(name), value, clock_.Now()});
}

void ActiveJob::Attach(std::shared_ptr<io::Process> process) {
  // The one before is let go after the lock, which its last output may need.
  const std::lock_guard lock(mutex_);
  process_.swap(process);
}

std::shared_ptr<io::Process> ActiveJob::process() const {
  const std::lock_guard lock(mutex_);
  return process_;
}

void ActiveJob::RequestStop() {
  const std::lock_guard lock(mutex_);
  stop_requested_ = true;
}

void ActiveJob::Supervise(std::chrono::seconds grace) {
  const std::lock_guard lock(mutex_);
  if (!process_) return;
  const Timestamp now = clock_.Now();
  if (job_.training_start &&
      now - *job_.training_start > std::chrono::seconds(job_.spec.max_runtime_s)) {
    timed_out_ = true;
  }
  if (!stop_requested_ && !timed_out_) return;
  if (!terminated_) {
    terminated_ = now;
    process_->Signal(SIGTERM);
  } else if (now - *terminated_ > grace) {
    process_->Signal(SIGKILL);
  }
}

bool ActiveJob::TimedOut() const {
  const std::lock_guard lock(mutex_);
  return timed_out_;
}

}  // namespace scones::training::detail

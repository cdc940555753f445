// A job that waits or runs. Its TrainingJob is changed and stored under one lock, so that the
// database sees the changes in the order in which they happened. Safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "db/database.h"
#include "io/process.h"
#include "training/training_job.h"

namespace scones::training::detail {

class ActiveJob {
 public:
  ActiveJob(TrainingJob job, db::Database& database, const Clock& clock)
      : database_(database), clock_(clock), job_(std::move(job)) {}

  TrainingJob Snapshot() const;
  bool StopRequested() const;

  // Applies `change`, stores the result and resumes when that is durable.
  io::Task<Result<void>> Change(std::function<void(TrainingJob&)> change);
  // Ends the current phase and enters the next. As Change.
  io::Task<Result<void>> Enter(std::string phase, std::string message);
  // Ends the job. As Change.
  io::Task<Result<void>> End(JobStatus status, std::string phase, std::string message,
                             std::string failure_reason);

  // Remembers the metric; stored with the next change.
  void Observe(std::string name, double value);

  // The running process; null while there is none.
  void Attach(std::shared_ptr<io::Process> process);
  std::shared_ptr<io::Process> process() const;

  // Asks the process to end at the next Supervise, and to be killed after `grace`.
  void RequestStop();
  // Called about once a second: signals the process where its time is over.
  void Supervise(std::chrono::seconds grace);
  bool TimedOut() const;

 private:
  void MoveTo(std::string phase, std::string message);

  db::Database& database_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  TrainingJob job_;
  std::shared_ptr<io::Process> process_;
  bool stop_requested_ = false;
  bool timed_out_ = false;
  std::optional<Timestamp> terminated_;  // when SIGTERM was sent
};

}  // namespace scones::training::detail

// The jobs that wait and run, and the coroutine that takes one job through its phases.
// Safe from any thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "training/detail/active_job.h"
#include "training/training.h"

namespace scones::training::detail {

struct Dependencies {
  db::Database& database;
  io::Shards& shards;
  io::BlockingPool& disk;
  io::BlobStore& blobs;
  io::LogSink& logs;
  const Clock& clock;
};

class Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(Options options, Dependencies dependencies)
      : options_(std::move(options)), deps_(dependencies) {}

  const Options& options() const { return options_; }
  const Dependencies& dependencies() const { return deps_; }

  // Errors: kExhausted/ResourceLimitExceeded when too many wait.
  Result<void> CheckRoom() const;
  void Add(TrainingJob job);
  // Null where no job of that name waits or runs.
  std::shared_ptr<ActiveJob> Find(std::string_view name) const;
  // The program for the algorithm that `image` names. Errors: kInvalid/ValidationException.
  Result<io::Path> FindAlgorithm(std::string_view image) const;
  // Starts no further job, and kills the running ones without recording an end. On return no
  // output of theirs is on its way any more.
  void Shutdown();

 private:
  void StartWaiting();
  io::Task<void> Run(std::shared_ptr<Queue> self, std::shared_ptr<ActiveJob> active);
  io::Task<void> Supervise(std::shared_ptr<Queue> self, std::shared_ptr<ActiveJob> active);
  io::Task<Result<void>> RunPhases(std::shared_ptr<ActiveJob> active);
  io::Task<Result<void>> Download(TrainingJobSpec spec, io::Path root);
  io::Task<Result<io::ProcessExit>> Train(std::shared_ptr<ActiveJob> active, io::Path root);
  io::Task<Result<void>> Upload(std::shared_ptr<ActiveJob> active, io::Path root);
  io::Task<void> Conclude(std::shared_ptr<ActiveJob> active, Result<void> outcome);
  bool ShuttingDown() const;

  const Options options_;
  const Dependencies deps_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ActiveJob>, std::less<>> active_;
  std::deque<std::shared_ptr<ActiveJob>> waiting_;
  std::size_t running_ = 0;
  bool shutting_down_ = false;
};

}  // namespace scones::training::detail

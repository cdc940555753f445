// Training jobs: a durable queue of child processes that follow SageMaker's training contract.
// A job that was running when the server ended, however that ended, starts again with the next one.
// Safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "io/blob_store.h"
#include "io/blocking_pool.h"
#include "io/log_sink.h"
#include "io/shards.h"
#include "training/training_job.h"

namespace scones::training {

namespace detail {
class Queue;
}

struct Options {
  io::Path directory;  // work folders of running jobs; emptied at start
  // Algorithm by the end of its image's name ("image-classification:1") -> program to run. Only
  // programs named here are ever run.
  std::map<std::string, io::Path> algorithms;
  std::size_t max_running = 1;           // further jobs wait, oldest first
  std::size_t max_waiting = 1000;        // beyond it CreateTrainingJob is refused
  std::chrono::seconds stop_grace{120};  // from SIGTERM to SIGKILL
  std::uint64_t max_model_bytes = 5ULL << 30;
  Identity identity;
};

struct ListFilter {
  std::string name_contains;
  std::optional<JobStatus> status;
  std::optional<Timestamp> created_after;
  std::optional<Timestamp> created_before;
};

class Training {
 public:
  // All references outlive the object.
  static Result<std::unique_ptr<Training>> Open(Options options, db::Database& database,
                                                io::Shards& shards, io::BlockingPool& disk,
                                                io::BlobStore& blobs, io::LogSink& logs,
                                                const Clock& clock);
  // Ends running jobs' processes; they go on (from their start) with the next server.
  ~Training();

  // Queues the job; it is durable when this returns.
  // Errors: kExists/ResourceInUse (the name was ever used), kInvalid/ValidationException (unknown
  //   algorithm), kExhausted/ResourceLimitExceeded.
  io::Task<Result<void>> Create(TrainingJobSpec spec);
  // Errors: kNotFound/ValidationException ("Requested resource not found.").
  Result<TrainingJob> Describe(std::string_view name) const;
  // Newest first.
  Result<std::vector<TrainingJob>> List(const ListFilter& filter) const;
  // Asks the job to end: SIGTERM, then SIGKILL after the grace. Errors as Describe;
  // kInvalid/ValidationException where it has ended already.
  io::Task<Result<void>> Stop(std::string name);

  std::string MakeJobArn(std::string_view name) const;

 private:
  explicit Training(std::shared_ptr<detail::Queue> queue);
  std::shared_ptr<detail::Queue> queue_;
};

}  // namespace scones::training

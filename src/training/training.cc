#include "training/training.h"

#include "training/detail/job_store.h"
#include "training/detail/queue.h"

namespace scones::training {

Result<std::unique_ptr<Training>> Training::Open(Options options, db::Database& database,
                                                 io::Shards& shards, io::BlockingPool& disk,
                                                 io::BlobStore& blobs, io::LogSink& logs,
                                                 const Clock& clock) {
  TRY_VOID(database.Migrate(detail::kMigrations));
  TRY_VOID(io::RemoveAll(options.directory));
  TRY_VOID(io::MakeDirectories(options.directory, 0700));
  TRY(std::vector<TrainingJob> open, database.Read(detail::OpenJobs));
  auto queue = std::make_shared<detail::Queue>(
      std::move(options), detail::Dependencies{database, shards, disk, blobs, logs, clock});
  for (TrainingJob& job : open) {
    const bool stopping = job.status == JobStatus::kStopping;
    const std::string name = job.spec.name;
    queue->Add(std::move(job));
    if (stopping) {
      if (const auto active = queue->Find(name)) active->RequestStop();
    }
  }
  return std::unique_ptr<Training>(new Training(std::move(queue)));
}

Training::Training(std::shared_ptr<detail::Queue> queue) : queue_(std::move(queue)) {}

Training::~Training() { queue_->Shutdown(); }

io::Task<Result<void>> Training::Create(TrainingJobSpec spec) {
  CO_TRY([[maybe_unused]] const io::Path program, queue_->FindAlgorithm(spec.image));
  CO_TRY_VOID(queue_->CheckRoom());
  const Timestamp now = queue_->dependencies().clock.Now();
  TrainingJob job{.spec = std::move(spec),
                  .transitions = {{.status = "Starting",
                                   .start = now,
                                   .end = std::nullopt,
                                   .message = "Starting the training job"}},
                  .created = now,
                  .modified = now};
  auto insert = [job](db::Connection& connection) { return detail::InsertJob(connection, job); };
  CO_TRY_VOID(co_await queue_->dependencies().database.Write(std::move(insert)));
  queue_->Add(std::move(job));
  co_return Result<void>();
}

Result<TrainingJob> Training::Describe(std::string_view name) const {
  if (const auto active = queue_->Find(name)) return active->Snapshot();
  const auto find = [name](db::Connection& connection) {
    return detail::FindJob(connection, name);
  };
  return queue_->dependencies().database.Read(find);
}

Result<std::vector<TrainingJob>> Training::List(const ListFilter& filter) const {
  TRY(std::vector<TrainingJob> jobs, queue_->dependencies().database.Read(detail::AllJobs));
  std::erase_if(jobs, [&filter](const TrainingJob& job) {
    return job.spec.name.find(filter.name_contains) == std::string::npos ||
           (filter.status && job.status != *filter.status) ||
           (filter.created_after && job.created <= *filter.created_after) ||
           (filter.created_before && job.created >= *filter.created_before);
  });
  return jobs;
}

io::Task<Result<void>> Training::Stop(std::string name) {
  CO_TRY(const TrainingJob job, Describe(name));
  const std::shared_ptr<detail::ActiveJob> active = queue_->Find(name);
  const bool ended = job.status != JobStatus::kInProgress && job.status != JobStatus::kStopping;
  if (active == nullptr || ended) {
    co_return Error(Code::kInvalid, "ValidationException",
                    std::string("The request was rejected because the training job is in status ") +
                        JobStatusName(job.status) + ".");
  }
  active->RequestStop();
  const auto change = [](TrainingJob& changed) {
    if (changed.status == JobStatus::kInProgress) changed.status = JobStatus::kStopping;
  };
  co_return co_await active->Change(change);
}

std::string Training::MakeJobArn(std::string_view name) const {
  return queue_->options()
      .identity.MakeArn("sagemaker", "training-job/" + std::string(name))
      .ToString();
}

}  // namespace scones::training

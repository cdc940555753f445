#include "training/detail/job_store.h"

namespace scones::training::detail {
namespace {

bool IsOpen(JobStatus status) {
  return status == JobStatus::kInProgress || status == JobStatus::kStopping;
}

Result<std::vector<TrainingJob>> ReadJobs(db::Statement select) {
  std::vector<TrainingJob> jobs;
  while (true) {
    TRY(const bool row, select.Step());
    if (!row) return jobs;
    TRY(const json::value stored, ParseJson(select.Text(0)));
    TRY(TrainingJob job, TrainingJobFromJson(stored));
    jobs.push_back(std::move(job));
  }
}

}  // namespace

const std::vector<db::Migration> kMigrations = {{"training.1", R"sql(
  CREATE TABLE training_jobs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    open INTEGER NOT NULL,
    job TEXT NOT NULL
  );
  CREATE INDEX training_jobs_open ON training_jobs (id) WHERE open;
)sql"}};

Result<void> InsertJob(db::Connection& connection, const TrainingJob& job) {
  const std::string stored = ToJson(ToJsonValue(job));
  db::Statement insert =
      connection.Prepare("INSERT INTO training_jobs (name, open, job) VALUES (?1, 1, ?2)");
  Result<void> inserted =
      insert.Bind(1, std::string_view(job.spec.name)).Bind(2, std::string_view(stored)).Run();
  if (!inserted && inserted.error().code() == Code::kExists) {
    return Error(
        Code::kExists, "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training "
        "job with this name already exists (" +
            job.spec.name + ")");
  }
  return inserted;
}

Result<void> UpdateJob(db::Connection& connection, const TrainingJob& job) {
  const std::string stored = ToJson(ToJsonValue(job));
  return connection.Prepare("UPDATE training_jobs SET open = ?2, job = ?3 WHERE name = ?1")
      .Bind(1, std::string_view(job.spec.name))
      .Bind(2, std::int64_t{IsOpen(job.status)})
      .Bind(3, std::string_view(stored))
      .Run();
}

Result<TrainingJob> FindJob(db::Connection& connection, std::string_view name) {
  db::Statement select = connection.Prepare("SELECT job FROM training_jobs WHERE name = ?1");
  select.Bind(1, name);
  TRY(std::vector<TrainingJob> jobs, ReadJobs(std::move(select)));
  if (jobs.empty()) {
    return Error(Code::kNotFound, "ValidationException", "Requested resource not found.");
  }
  return std::move(jobs.front());
}

Result<std::vector<TrainingJob>> AllJobs(db::Connection& connection) {
  return ReadJobs(connection.Prepare("SELECT job FROM training_jobs ORDER BY id DESC"));
}

Result<std::vector<TrainingJob>> OpenJobs(db::Connection& connection) {
  return ReadJobs(connection.Prepare("SELECT job FROM training_jobs WHERE open ORDER BY id"));
}

}  // namespace scones::training::detail

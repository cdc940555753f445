// The one database of a data directory: many readers, one writer thread that commits in groups.
// Every job that waits when the writer is free shares one transaction and so one fsync; each runs
// in a savepoint of its own, so a job that fails undoes only itself. When Write resumes, the change
// has reached the disk. Safe from any thread.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "io/file.h"
#include "io/task.h"

namespace scones::db {

// A step of the schema. `name` ("objects.1") is recorded when applied; steps are never changed once
// released, only added.
struct Migration {
  std::string name;
  std::string sql;
};

class Database {
 public:
  struct Options {
    std::size_t write_queue_limit = 10'000;  // jobs; beyond it, writes are refused
    std::size_t max_group = 512;             // jobs in one transaction
    std::size_t read_connections = 8;        // kept open when idle
  };

  // Opens or makes `path`. Errors: kDataLoss for a damaged file, kUnavailable where another process
  // holds it, those of files.
  static Result<std::unique_ptr<Database>> Open(const io::Path& path, Options options);
  // Commits what is queued, then closes.
  ~Database();

  // Applies those of `migrations` that have not been applied, in order, each in a transaction.
  Result<void> Migrate(const std::vector<Migration>& migrations);

  // Runs `job` (callable with Connection&, returning a Result<T>) on the writer's thread and
  // resumes the caller when it is durable. Errors: the job's own; kExhausted/SlowDown when the
  // queue or the disk is full. `job` must not block on anything else.
  template <class Job>
  io::Task<std::invoke_result_t<Job&, Connection&>> Write(Job job);
  // The same with a callback instead of a coroutine; `done` runs on the writer's thread, so it must
  // be quick.
  template <class Job, class Done>
  void WriteThen(Job job, Done done);
  // The same for a thread that may block.
  template <class Job>
  std::invoke_result_t<Job&, Connection&> WriteAndWait(Job job);

  // Runs `job` on the calling thread with a read-only connection, which sees all that is committed.
  // For look-ups of a few rows (tens of microseconds); put long scans on a BlockingPool.
  template <class Job>
  std::invoke_result_t<Job&, Connection&> Read(Job job);

 private:
  // A queued write: `run` executes the job and says whether to keep its changes; `finish` hands
  // over the outcome, or the error if the group could not be committed.
  struct PendingWrite {
    std::function<bool(Connection&)> run;
    std::function<void(const Result<void>& committed)> finish;
  };
  class ReadLease {
   public:
    explicit ReadLease(Database& database);
    ~ReadLease();
    Result<std::unique_ptr<Connection>>& connection() { return connection_; }

   private:
    Database& database_;
    Result<std::unique_ptr<Connection>> connection_;
  };

  struct State;
  explicit Database(std::unique_ptr<State> state);
  void Enqueue(PendingWrite write);

  std::unique_ptr<State> state_;
};

template <class Job, class Done>
void Database::WriteThen(Job job, Done done) {
  using Outcome = std::invoke_result_t<Job&, Connection&>;
  struct Shared {
    Job job;
    Done done;
    Outcome outcome;
  };
  auto shared = std::make_shared<Shared>(Shared{std::move(job), std::move(done), Outcome()});
  Enqueue({.run =
               [shared](Connection& connection) {
                 shared->outcome = shared->job(connection);
                 return shared->outcome.has_value();
               },
           .finish =
               [shared](const Result<void>& committed) {
                 if (!committed) shared->outcome = committed.error();
                 shared->done(std::move(shared->outcome));
               }});
}

template <class Job>
io::Task<std::invoke_result_t<Job&, Connection&>> Database::Write(Job job) {
  using Outcome = std::invoke_result_t<Job&, Connection&>;
  auto start = [this, &job](io::Completion<Outcome> done) {
    WriteThen(std::move(job), std::move(done));
  };
  co_return co_await io::Await<Outcome>(std::move(start));
}

template <class Job>
std::invoke_result_t<Job&, Connection&> Database::WriteAndWait(Job job) {
  using Outcome = std::invoke_result_t<Job&, Connection&>;
  std::promise<Outcome> promise;
  auto future = promise.get_future();
  WriteThen(std::move(job), [&promise](Outcome outcome) { promise.set_value(std::move(outcome)); });
  return future.get();
}

template <class Job>
std::invoke_result_t<Job&, Connection&> Database::Read(Job job) {
  ReadLease lease(*this);
  if (!lease.connection()) return lease.connection().error();
  return job(**lease.connection());
}

}  // namespace scones::db

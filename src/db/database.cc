#include "db/database.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "io/crash_point.h"

namespace scones::db {
namespace {

// WAL: readers never wait for the writer. FULL: a commit is on disk when it returns.
constexpr char kWriterSettings[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;"
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) WITHOUT ROWID;";
constexpr char kReaderSettings[] =
    "PRAGMA query_only=ON; PRAGMA cache_size=-4096; PRAGMA mmap_size=268435456;";

}  // namespace

struct Database::State {
  std::string path;
  Options options;
  std::unique_ptr<Connection> writer;  // used by `thread` alone once that has started

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<PendingWrite> queue;
  bool stopping = false;
  std::vector<std::unique_ptr<Connection>> idle_readers;
  std::thread thread;

  void Loop();
  void CommitGroup(std::vector<PendingWrite>& group);
  Result<void> RunGroup(std::vector<PendingWrite>& group);
};

Result<std::unique_ptr<Database>> Database::Open(const io::Path& path, Options options) {
  auto state = std::make_unique<State>();
  state->path = path.string();
  state->options = options;
  // SQLite gives its log the permissions of the database, which holds other people's data.
  if (!std::filesystem::exists(path)) {
    TRY([[maybe_unused]] const io::File made, io::File::Open(path, io::File::Mode::kAppend, 0600));
  }
  TRY(state->writer, Connection::Open(state->path, /*read_only=*/false));
  if (Result<void> set = state->writer->Execute(kWriterSettings); !set) {
    return set.error().Within(fmt::format("cannot open '{}'", state->path));
  }
  State* shared = state.get();
  state->thread = std::thread([shared] { shared->Loop(); });
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}

Database::~Database() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

Result<void> Database::Migrate(const std::vector<Migration>& migrations) {
  for (const Migration& migration : migrations) {
    const auto apply = [&migration](Connection& connection) -> Result<void> {
      {
        Statement applied = connection.Prepare("SELECT 1 FROM migrations WHERE name = ?1");
        TRY(const bool found, applied.Bind(1, std::string_view(migration.name)).Step());
        if (found) return {};
      }
      TRY_VOID(connection.Execute(migration.sql));
      return connection.Prepare("INSERT INTO migrations (name) VALUES (?1)")
          .Bind(1, std::string_view(migration.name))
          .Run();
    };
    if (Result<void> applied = WriteAndWait(apply); !applied) {
      return applied.error().Within(fmt::format("migration {}", migration.name));
    }
  }
  return {};
}

void Database::Enqueue(PendingWrite write) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->stopping && state_->queue.size() < state_->options.write_queue_limit) {
      state_->queue.push_back(std::move(write));
      state_->wake.notify_one();
      return;
    }
  }
  write.finish(Error(Code::kExhausted, "SlowDown", "too many writes are waiting; try again later"));
}

void Database::State::Loop() {
  std::vector<PendingWrite> group;
  while (true) {
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      while (!queue.empty() && group.size() < options.max_group) {
        group.push_back(std::move(queue.front()));
        queue.pop_front();
      }
    }
    CommitGroup(group);
    group.clear();
  }
}

void Database::State::CommitGroup(std::vector<PendingWrite>& group) {
  const Result<void> committed = RunGroup(group);
  if (!committed) {
    (void)writer->Execute("ROLLBACK");  // fails where SQLite has rolled back by itself
    LogError("db.commit_failed", "jobs={} cause={}", group.size(),
             LogValue(committed.error().message()));
  }
  for (PendingWrite& write : group) write.finish(committed);
}

Result<void> Database::State::RunGroup(std::vector<PendingWrite>& group) {
  TRY_VOID(writer->Prepare("BEGIN IMMEDIATE").Run());
  for (PendingWrite& write : group) {
    TRY_VOID(writer->Prepare("SAVEPOINT job").Run());
    if (!write.run(*writer)) TRY_VOID(writer->Prepare("ROLLBACK TO job").Run());
    TRY_VOID(writer->Prepare("RELEASE job").Run());
  }
  SCONES_CRASH_POINT("db.before_commit");
  TRY_VOID(writer->Prepare("COMMIT").Run());
  SCONES_CRASH_POINT("db.after_commit");
  return {};
}

Database::ReadLease::ReadLease(Database& database) : database_(database) {
  {
    const std::lock_guard lock(database.state_->mutex);
    if (!database.state_->idle_readers.empty()) {
      connection_ = std::move(database.state_->idle_readers.back());
      database.state_->idle_readers.pop_back();
      return;
    }
  }
  connection_ = Connection::Open(database.state_->path, /*read_only=*/true);
  if (!connection_) return;
  if (Result<void> set = (*connection_)->Execute(kReaderSettings); !set) connection_ = set.error();
}

Database::ReadLease::~ReadLease() {
  if (!connection_) return;
  const std::lock_guard lock(database_.state_->mutex);
  if (database_.state_->idle_readers.size() < database_.state_->options.read_connections) {
    database_.state_->idle_readers.push_back(std::move(*connection_));
  }
}

}  // namespace scones::db

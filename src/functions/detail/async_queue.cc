#include "functions/detail/async_queue.h"

#include "base/log.h"

namespace scones::functions {
namespace {

// A throttled event waits this long and has not been tried.
constexpr std::chrono::seconds kThrottleDelay{1};

std::int64_t Microseconds(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

class AsyncQueue::Turn {
 public:
  explicit Turn(AsyncQueue& queue) : queue_(queue) {}
  ~Turn() {
    const std::lock_guard lock(queue_.mutex_);
    if (--queue_.running_ == 0) queue_.idle_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  AsyncQueue& queue_;
};

AsyncQueue::AsyncQueue(db::Database& database, io::Shards& shards, const Clock& clock,
                       const Options& options, Runner runner)
    : database_(database),
      shards_(shards),
      clock_(clock),
      options_(options),
      runner_(std::move(runner)) {}

Result<void> AsyncQueue::Load() {
  return database_.Read([this](db::Connection& connection) -> Result<void> {
    db::Statement select = connection.Prepare("SELECT id, due_us FROM function_events");
    const std::lock_guard lock(mutex_);
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) return {};
      due_.emplace(Timestamp(std::chrono::microseconds(select.Int(1))), select.Int(0));
      ++queued_;
    }
  });
}

io::Task<Result<void>> AsyncQueue::Add(AsyncEvent event) {
  const Timestamp due = clock_.Now();
  {
    const std::lock_guard lock(mutex_);
    if (queued_ >= options_.max_async_events) {
      co_return Error(Code::kExhausted, "TooManyRequestsException",
                      "Rate Exceeded: the queue of asynchronous events is full");
    }
    ++queued_;
  }
  auto job = [event = std::move(event), due](db::Connection& connection) -> Result<std::int64_t> {
    TRY_VOID(connection
                 .Prepare("INSERT INTO function_events (request_id, name, qualifier, payload,"
                          " client_context, attempts, due_us) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)")
                 .Bind(1, std::string_view(event.request_id))
                 .Bind(2, std::string_view(event.function.name))
                 .Bind(3, std::string_view(event.function.qualifier))
                 .BindBlob(4, event.payload)
                 .Bind(5, std::string_view(event.client_context))
                 .Bind(6, Microseconds(due))
                 .Run());
    return connection.LastInsertId();
  };
  const auto id = co_await database_.Write(std::move(job));
  if (!id) {
    const std::lock_guard lock(mutex_);
    --queued_;
    co_return id.error();
  }
  Schedule(*id, due);
  Tick();
  co_return Result<void>();
}

void AsyncQueue::Schedule(std::int64_t id, Timestamp due) {
  const std::lock_guard lock(mutex_);
  due_.emplace(due, id);
}

void AsyncQueue::Tick() {
  const Timestamp now = clock_.Now();
  while (true) {
    std::int64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_ || running_ >= options_.async_concurrency) return;
      if (due_.empty() || due_.begin()->first > now) return;
      id = due_.begin()->second;
      due_.erase(due_.begin());
      ++running_;
    }
    shards_.Spawn(RunOne(id));
  }
}

void AsyncQueue::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

void AsyncQueue::Join() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return running_ == 0; });
}

io::Task<void> AsyncQueue::RunOne(std::int64_t id) {
  const Turn turn(*this);
  auto event = co_await Read(id);
  if (event) {
    const AsyncOutcome outcome = co_await runner_(*event);
    const auto settled = co_await Settle(std::move(*event), outcome);
    if (!settled) {
      LogError("functions.event-not-settled", "id={} cause={}", id,
               LogValue(settled.error().message()));
    }
  } else {
    // Gone with its function.
    const std::lock_guard lock(mutex_);
    --queued_;
  }
  // The next one starts with the next Tick.
}

io::Task<Result<AsyncEvent>> AsyncQueue::Read(std::int64_t id) {
  co_return database_.Read([id](db::Connection& connection) -> Result<AsyncEvent> {
    db::Statement select = connection.Prepare(
        "SELECT request_id, name, qualifier, payload, client_context, attempts"
        " FROM function_events WHERE id = ?1");
    TRY(const bool found, select.Bind(1, id).Step());
    if (!found) return Error(Code::kNotFound, "no such event");
    return AsyncEvent{
        .id = id,
        .request_id = std::string(select.Text(0)),
        .function = {.name = std::string(select.Text(1)), .qualifier = std::string(select.Text(2))},
        .payload = std::string(select.Blob(3)),
        .client_context = std::string(select.Text(4)),
        .attempts = static_cast<std::size_t>(select.Int(5))};
  });
}

io::Task<Result<void>> AsyncQueue::Settle(AsyncEvent event, AsyncOutcome outcome) {
  if (outcome == AsyncOutcome::kCancelled) co_return Result<void>();  // the next start runs it
  const bool counted = outcome == AsyncOutcome::kFailed;
  if (counted) ++event.attempts;
  const bool over = outcome == AsyncOutcome::kDone ||
                    (counted && event.attempts > options_.async_retry_delays.size());
  const std::int64_t id = event.id;
  if (over) {
    if (counted) {
      LogWarning("functions.event-dropped", "function={} request_id={} attempts={}",
                 event.function.name, event.request_id, event.attempts);
    }
    auto remove = [id](db::Connection& connection) {
      return connection.Prepare("DELETE FROM function_events WHERE id = ?1").Bind(1, id).Run();
    };
    CO_TRY_VOID(co_await database_.Write(std::move(remove)));
    const std::lock_guard lock(mutex_);
    --queued_;
    co_return Result<void>();
  }
  const Timestamp due =
      clock_.Now() + (counted ? options_.async_retry_delays[event.attempts - 1] : kThrottleDelay);
  auto postpone = [id, due, attempts = static_cast<std::int64_t>(event.attempts)](
                      db::Connection& connection) {
    return connection.Prepare("UPDATE function_events SET attempts = ?2, due_us = ?3 WHERE id = ?1")
        .Bind(1, id)
        .Bind(2, attempts)
        .Bind(3, Microseconds(due))
        .Run();
  };
  CO_TRY_VOID(co_await database_.Write(std::move(postpone)));
  Schedule(id, due);
  co_return Result<void>();
}

}  // namespace scones::functions

#include "logs/logs.h"

#include <fmt/format.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "db/database.h"
#include "logs/detail/state.h"

namespace scones::logs {
namespace {

constexpr std::chrono::seconds kTrimInterval{10};

}  // namespace

void Logs::State::Loop() {
  auto next_trim = std::chrono::steady_clock::now();
  while (true) {
    Pending batch;
    std::uint64_t generation = 0;
    std::size_t lost = 0;
    bool last = false;
    {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, options.flush_interval,
                    [this] { return stopping || wanted > stored || pending_bytes > kBigBatch; });
      batch.swap(pending);
      pending_bytes = 0;
      generation = wanted;
      lost = std::exchange(dropped, 0);
      last = stopping;
    }
    if (lost > 0) LogWarning("logs.dropped", "lines={} cause=\"too many are pending\"", lost);
    if (!batch.empty()) Store(std::move(batch));
    if (std::chrono::steady_clock::now() >= next_trim) {
      TrimNow();
      next_trim = std::chrono::steady_clock::now() + kTrimInterval;
    }
    {
      const std::lock_guard lock(mutex);
      stored = std::max(stored, generation);
    }
    flushed.notify_all();
    if (last) return;
  }
}

void Logs::State::Store(Pending batch) {
  const Timestamp now = clock.Now();
  const auto job = [this, &batch, now](db::Connection& connection) -> Result<void> {
    for (const auto& [names, events] : batch) {
      TRY(const std::int64_t stream, EnsureStream(connection, names.first, names.second, now));
      TRY_VOID(AddEvents(connection, stream, events, now, options.max_stream_bytes));
    }
    return {};
  };
  if (const auto done = database.WriteAndWait(job); !done) {
    LogError("logs.not-stored", "streams={} cause={}", batch.size(),
             LogValue(done.error().message()));
  }
}

void Logs::State::TrimNow() {
  const auto trimmed = database.WriteAndWait([this](db::Connection& connection) {
    return Trim(connection, clock.Now(), options.max_stored_bytes);
  });
  if (!trimmed) LogError("logs.not-trimmed", "cause={}", LogValue(trimmed.error().message()));
}

Result<std::unique_ptr<Logs>> Logs::Open(Options options, db::Database& database,
                                         const Clock& clock) {
  TRY_VOID(database.Migrate(Schema()));
  return std::unique_ptr<Logs>(new Logs(std::make_unique<State>(options, database, clock)));
}

Logs::Logs(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

Logs::~Logs() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

void Logs::Append(std::string group, std::string stream, std::vector<io::LogEvent> events) {
  std::size_t bytes = 0;
  for (io::LogEvent& event : events) {
    if (event.message.size() > state_->options.max_message_bytes) {
      event.message.resize(state_->options.max_message_bytes);
    }
    bytes += event.message.size() + sizeof(io::LogEvent);
  }
  bool big = false;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->pending_bytes + bytes > state_->options.max_pending_bytes) {
      state_->dropped += events.size();
      return;
    }
    state_->pending_bytes += bytes;
    big = state_->pending_bytes > State::kBigBatch;
    auto& queue = state_->pending[{std::move(group), std::move(stream)}];
    queue.insert(queue.end(), std::make_move_iterator(events.begin()),
                 std::make_move_iterator(events.end()));
  }
  if (big) state_->wake.notify_one();
}

void Logs::Flush() {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t mine = ++state_->wanted;
  state_->wake.notify_one();
  state_->flushed.wait(lock, [&] { return state_->stored >= mine; });
}

}  // namespace scones::logs

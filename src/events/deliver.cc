// The thread that keeps time, and the deliveries that run on the shards.
#include <algorithm>

#include "base/log.h"
#include "events/detail/state.h"
#include "io/crash_point.h"

namespace scones::events {
namespace {

// A clock that was set back or forward is noticed after so long at the latest.
constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::seconds kAfterFault{1};

// Whether another try may fare better.
bool IsTransient(const Error& error) {
  switch (error.code()) {
    case Code::kUnavailable:
    case Code::kExhausted:
    case Code::kDeadline:
    case Code::kCancelled:
    case Code::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<Events::State::Work> Events::State::FindWork(db::Connection& connection, Timestamp now) {
  TRY_VOID(Refresh(connection));
  Work work;
  TRY_VOID(FireSchedules(connection, now, work));
  // Enough to find some that don't run yet.
  TRY(work.due, ReadDue(connection, now, 2 * options.max_running));
  TRY(const std::optional<Timestamp> later, NextDue(connection, now));
  if (later && (!work.next || *later < *work.next)) work.next = later;
  if (work.due.empty() && !later) waiting = 0;
  return work;
}

std::optional<Timestamp> Events::State::Tick() {
  const Timestamp now = clock.Now();
  {
    const std::lock_guard lock(mutex);
    for (const std::int64_t id : std::exchange(ended, {})) running.erase(id);
  }
  // As a job of the writer, so that it sees all that was accepted before.
  const auto find = [this, now](db::Connection& connection) { return FindWork(connection, now); };
  Result<Work> work = database.WriteAndWait(find);
  if (!work) {
    LogError("events.not-read", "cause={}", LogValue(work.error().message()));
    return now + kAfterFault;
  }
  unfired.clear();
  SCONES_CRASH_POINT("events.accepted");
  Begin(std::move(work->due));
  ++looks;
  return work->next;
}

void Events::State::Begin(std::vector<StoredDelivery> due) {
  for (StoredDelivery& delivery : due) {
    {
      const std::lock_guard lock(mutex);
      if (stopping || running.size() >= options.max_running) return;
      if (!running.insert(delivery.id).second) continue;
      ++active;
    }
    shards.Spawn(Deliver(shared_from_this(), std::move(delivery)));
  }
}

io::Task<void> Events::State::Deliver(std::shared_ptr<State> state, StoredDelivery delivery) {
  const std::int64_t id = delivery.id;
  Result<void> outcome = co_await state->runner.load()->Run(delivery.delivery);
  SCONES_CRASH_POINT("events.delivered");
  const Result<void> settled = co_await state->Settle(std::move(delivery), std::move(outcome));
  if (!settled) {
    LogError("events.not-settled", "delivery={} cause={}", id, LogValue(settled.error().message()));
    co_await io::SleepFor(kAfterFault);
  }
  {
    const std::lock_guard lock(state->mutex);
    state->ended.push_back(id);
    --state->active;
    state->idle.notify_all();
  }
  state->Poke();
}

io::Task<Result<void>> Events::State::Settle(StoredDelivery stored, Result<void> outcome) {
  const Delivery& delivery = stored.delivery;
  // What a stop has cut off isn't the target's fault.
  if (!outcome && stopping) co_return Result<void>();
  if (!outcome && IsTransient(outcome.error())) {
    const auto doubled =
        options.first_retry * (std::int64_t{1} << std::min<std::int64_t>(stored.attempts, 20));
    const Timestamp due =
        clock.Now() + std::min<std::chrono::milliseconds>(doubled, options.last_retry);
    const Timestamp end =
        stored.accepted + std::chrono::seconds(delivery.retry_policy.maximum_event_age_s);
    if (stored.attempts < delivery.retry_policy.maximum_retry_attempts && due <= end) {
      ++retried;
      auto postpone = [id = stored.id, due](db::Connection& connection) {
        return PostponeDelivery(connection, id, due);
      };
      co_return co_await database.Write(std::move(postpone));
    }
  }
  if (!outcome) {
    LogWarning("events.given-up", "target={} name={} tries={} reason={} cause={}",
               LogValue(delivery.target_arn), LogValue(delivery.name), stored.attempts + 1,
               LogValue(outcome.error().reason()), LogValue(outcome.error().message()));
  }
  ++(outcome ? delivered : given_up);
  auto remove = [state = shared_from_this(), id = stored.id](db::Connection& connection) {
    --state->waiting;
    return RemoveDelivery(connection, id);
  };
  co_return co_await database.Write(std::move(remove));
}

void Events::State::Poke() {
  {
    const std::lock_guard lock(mutex);
    poked = true;
  }
  wake.notify_one();
}

void Events::State::Loop() {
  std::optional<Timestamp> next = Timestamp();
  while (true) {
    {
      std::unique_lock lock(mutex);
      std::chrono::microseconds wait = kLongestWait;
      if (next) {
        wait = std::clamp<std::chrono::microseconds>(*next - clock.Now(),
                                                     std::chrono::microseconds(0), wait);
      }
      wake.wait_for(lock, wait, [this] { return poked || stopping; });
      if (stopping) return;
      poked = false;
    }
    next = Tick();
  }
}

}  // namespace scones::events

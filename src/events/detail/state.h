// What Events is made of. Members marked "of the writer" are touched on the database's writer
// thread alone, within its jobs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "events/detail/store.h"
#include "events/event_pattern.h"
#include "events/events.h"
#include "events/schedule.h"

namespace scones::events {

struct CompiledRule {
  Rule rule;
  std::optional<EventPattern> pattern;
  std::vector<Target> targets;
};

// A rule's schedule and when it fires next. It outlives a reload of the rules, so that a time that
// is due isn't lost by one.
struct PlannedSchedule {
  std::string expression;
  Timestamp since;
  Schedule schedule;
  std::optional<Timestamp> next;
};

struct Events::State : std::enable_shared_from_this<Events::State> {
  State(db::Database& store, io::Shards& threads, const Clock& time, Identity who, Options given)
      : database(store),
        shards(threads),
        clock(time),
        identity(std::move(who)),
        options(given),
        opened(time.Now()) {}

  // What one look at the clock and the tables found to do.
  struct Work {
    std::vector<StoredDelivery> due;
    std::optional<Timestamp> next;  // when to look again
    std::vector<std::pair<std::string, Timestamp>> fired;
  };

  // Brings the rules up to date where they may have changed.
  Result<void> Refresh(db::Connection& connection);
  Result<void> Accept(db::Connection& connection, const Event& event);
  Result<void> Enqueue(db::Connection& connection, const Delivery& delivery);
  Result<void> EnqueueTargets(db::Connection& connection, const CompiledRule& rule,
                              const Event& event, const json::object& envelope);
  Result<void> FireSchedules(db::Connection& connection, Timestamp now, Work& work);
  Result<Work> FindWork(db::Connection& connection, Timestamp now);

  // Runs `job`, which changes rules or targets.
  template <class Job>
  io::Task<std::invoke_result_t<Job&, db::Connection&>> ChangeRules(Job job);

  void Loop();
  // Does what is due; returns when to look again.
  std::optional<Timestamp> Tick();
  void Begin(std::vector<StoredDelivery> due);
  static io::Task<void> Deliver(std::shared_ptr<State> state, StoredDelivery delivery);
  io::Task<Result<void>> Settle(StoredDelivery delivery, Result<void> outcome);
  void Poke();

  db::Database& database;
  io::Shards& shards;
  const Clock& clock;
  const Identity identity;
  const Options options;
  const Timestamp opened;
  std::atomic<TargetRunner*> runner{nullptr};

  std::atomic<bool> stale{true};                     // `rules` must be read again
  std::vector<CompiledRule> rules;                   // of the writer
  std::map<std::string, PlannedSchedule> schedules;  // of the writer, by rule
  // Deliveries, changed by the writer alone; set right when the table is found empty, since a
  // transaction that fails leaves it wrong.
  std::atomic<std::int64_t> waiting{0};
  std::atomic<std::uint64_t> delivered{0}, retried{0}, given_up{0}, looks{0};

  std::mutex mutex;  // guards what follows
  std::condition_variable wake, idle;
  bool poked = false;
  std::atomic<bool> stopping{false};
  std::size_t active = 0;           // deliveries under way
  std::set<std::int64_t> running;   // those, and those that ended since the last look
  std::vector<std::int64_t> ended;  // which a look that began earlier may still see as due

  // Fires that a failed commit took back: of the thread.
  std::vector<std::pair<std::string, Timestamp>> unfired;
  std::thread thread;
};

template <class Job>
io::Task<std::invoke_result_t<Job&, db::Connection&>> Events::State::ChangeRules(Job job) {
  auto change = [state = shared_from_this(), job = std::move(job)](db::Connection& connection) {
    state->stale = true;
    return job(connection);
  };
  auto outcome = co_await database.Write(std::move(change));
  // Another job of the group may have read what was then not committed.
  stale = true;
  Poke();
  co_return outcome;
}

// 8-4-4-4-12 hexadecimal that depends on `text` alone.
std::string UuidOf(std::string_view text);

}  // namespace scones::events

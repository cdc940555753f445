#include "events/events.h"

#include "events/detail/state.h"

namespace scones::events {

Result<std::unique_ptr<Events>> Events::Open(db::Database& database, io::Shards& shards,
                                             const Clock& clock, Identity identity,
                                             Options options) {
  TRY_VOID(database.Migrate(Schema()));
  auto state = std::make_shared<State>(database, shards, clock, std::move(identity), options);
  const auto load = [&state](db::Connection& connection) -> Result<std::int64_t> {
    TRY_VOID(state->Refresh(connection));
    return CountDeliveries(connection);
  };
  TRY(const std::int64_t waiting, database.WriteAndWait(load));
  state->waiting = waiting;
  return std::unique_ptr<Events>(new Events(std::move(state)));
}

Events::Events(std::shared_ptr<State> state) : state_(std::move(state)) {}

Events::~Events() { Stop(); }

void Events::Start(TargetRunner& runner) {
  state_->runner = &runner;
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

void Events::Stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [this] { return state_->active == 0; });
}

Result<void> Events::CheckTarget(const std::string& arn) const {
  const TargetRunner* runner = state_->runner;
  if (runner == nullptr) return {};
  TRY_VOID(runner->CheckKind(arn));
  return runner->CheckExists(arn);
}

void Events::Wake() { state_->Poke(); }

Counters Events::counters() const {
  return {.delivered = state_->delivered,
          .retried = state_->retried,
          .given_up = state_->given_up,
          .looks = state_->looks,
          .waiting = static_cast<std::uint64_t>(std::max<std::int64_t>(0, state_->waiting))};
}

}  // namespace scones::events

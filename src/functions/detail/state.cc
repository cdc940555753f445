#include "functions/detail/state.h"

#include <sys/stat.h>

#include "base/log.h"
#include "functions/detail/plan.h"

namespace scones::functions {
namespace {

constexpr std::size_t kPoolThreads = 4;
constexpr std::size_t kPoolQueue = 10'000;
constexpr std::chrono::milliseconds kTick{25};

}  // namespace

ActiveGuard::ActiveGuard(std::shared_ptr<Functions::State> state) : state_(std::move(state)) {
  const std::lock_guard lock(state_->stop_mutex);
  ++state_->active;
}

ActiveGuard::~ActiveGuard() {
  const std::lock_guard lock(state_->stop_mutex);
  if (--state_->active == 0) state_->idle.notify_all();
}

Functions::State::State(Options given, Dependencies needed)
    : options(std::move(given)), dependencies(needed) {}

Result<void> Functions::State::Open() {
  TRY_VOID(io::MakeDirectories(options.data_dir));
  const io::Path runtime_directory = options.data_dir / "runtime";
  TRY_VOID(InstallRuntimes(runtime_directory));
  pool = std::make_unique<io::BlockingPool>("functions", kPoolThreads, kPoolQueue);
  auto later = [this](std::function<void()> job) {
    if (pool != nullptr) (void)pool->TryPost(std::move(job));
  };
  TRY(packages, PackageStore::Open(options.data_dir, PackageLimits(), std::move(later)));
  registry = std::make_unique<Registry>(dependencies.database, *packages, options.native,
                                        dependencies.clock, dependencies.identity);
  TRY_VOID(registry->Load());
  TRY_VOID(packages->Sweep(registry->UsedPackages()));
  CountReserved();

  environments =
      std::make_unique<EnvironmentPool>(Environment::Dependencies{.shards = dependencies.shards,
                                                                  .logs = dependencies.logs,
                                                                  .pool = *pool,
                                                                  .clock = dependencies.clock},
                                        options, dependencies.identity, runtime_directory);
  events = std::make_unique<AsyncQueue>(
      dependencies.database, dependencies.shards, dependencies.clock, options,
      [this](AsyncEvent event) { return RunAsync(std::move(event)); });
  TRY_VOID(events->Load());
  dependencies.shards.Spawn(Housekeep(shared_from_this()));
  return {};
}

void Functions::State::CountReserved() {
  std::int64_t total = 0;
  for (const FunctionPointer& function : registry->All()) {
    total += function->record.extras.reserved_concurrency.value_or(0);
  }
  reserved_total = total;
}

io::Task<void> Functions::State::Housekeep(std::shared_ptr<State> state) {
  const ActiveGuard active(state);
  while (!state->stopping) {
    co_await io::SleepFor(kTick);
    state->environments->Tick(std::chrono::steady_clock::now());
    state->events->Tick();
  }
}

void Functions::State::Stop() {
  if (stopping.exchange(true)) return;
  if (events != nullptr) events->Stop();
  if (packages != nullptr) packages->Close();
  if (environments != nullptr) environments->Stop();
  if (events != nullptr) events->Join();
  {
    std::unique_lock lock(stop_mutex);
    idle.wait(lock, [this] { return active == 0; });
  }
  // Environments that were starting meanwhile have been closed by the pool's threads.
  pool.reset();
}

}  // namespace scones::functions

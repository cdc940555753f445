#include "functions/detail/environment_pool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "functions/detail/plan.h"

namespace scones::functions {
namespace {

constexpr std::chrono::milliseconds kMemoryCheckInterval{100};

}  // namespace

EnvironmentPool::EnvironmentPool(Environment::Dependencies dependencies, const Options& options,
                                 Identity identity, io::Path runtime_directory)
    : dependencies_(dependencies),
      options_(options),
      identity_(std::move(identity)),
      runtime_directory_(std::move(runtime_directory)),
      own_users_(::geteuid() == 0 && OthersCanReach(runtime_directory_)),
      endpoint_url_(options.endpoint_url) {
  if (::geteuid() == 0 && !own_users_) {
    LogWarning("functions.run-as-root",
               "directory={} cause=\"other users can't reach it: make its parents 0711\"",
               LogValue(runtime_directory_.native()));
  }
}

void EnvironmentPool::SetEndpointUrl(std::string url) {
  const std::lock_guard lock(mutex_);
  endpoint_url_ = std::move(url);
}

io::Task<Result<std::shared_ptr<Environment>>> EnvironmentPool::Acquire(VersionPointer version) {
  {
    const std::lock_guard lock(mutex_);
    const auto warm = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) {
      return idle.version == version && !idle.environment->ended();
    });
    if (warm != idle_.rend()) {
      auto environment = warm->environment;
      idle_.erase(std::next(warm).base());
      co_return environment;
    }
  }
  CO_TRY_VOID(Reserve());
  auto start = [this, version] { return Start(version); };
  auto started = co_await dependencies_.pool.Run(std::move(start));
  if (!started) {
    const std::lock_guard lock(mutex_);
    --reserved_;
  }
  co_return started;
}

Result<void> EnvironmentPool::Reserve() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return Error(Code::kCancelled, "ServiceException", "The server is stopping");
  if (reserved_ >= options_.max_environments) {
    if (idle_.empty()) {
      return Error(Code::kExhausted, "TooManyRequestsException",
                   fmt::format("Rate Exceeded: {} environments are busy", reserved_));
    }
    CloseLater(std::move(idle_.front().environment));
    idle_.pop_front();
  }
  ++reserved_;
  return {};
}

Result<std::shared_ptr<Environment>> EnvironmentPool::Start(const VersionPointer& version) {
  EnvironmentPlan plan = MakePlan(*version);
  auto environment = Environment::Start(dependencies_, std::move(plan));
  if (!environment) {
    const Code code = environment.error().code();
    if (code == Code::kNotFound || code == Code::kDenied) {
      return Error(Code::kInvalid, "Runtime.InvalidEntrypoint", environment.error().message());
    }
    return Error(Code::kUnavailable, "ServiceException",
                 "The function's environment can't start: " + environment.error().message());
  }
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    CloseLater(std::move(*environment));
    return Error(Code::kCancelled, "ServiceException", "The server is stopping");
  }
  alive_.push_back(*environment);
  return environment;
}

EnvironmentPlan EnvironmentPool::MakePlan(const Version& version) const {
  std::string url;
  {
    const std::lock_guard lock(mutex_);
    url = endpoint_url_;
  }
  EnvironmentPlan plan =
      MakeEnvironmentPlan(version, {.identity = identity_,
                                    .runtime_directory = runtime_directory_,
                                    .endpoint_url = url,
                                    .access_key_id = options_.access_key_id,
                                    .secret_access_key = options_.secret_access_key,
                                    .run_as = own_users_ ? RunAs::kOtherUser : RunAs::kServersUser,
                                    .now = dependencies_.clock.Now()});
  plan.init_timeout = options_.init_timeout;
  plan.user_id = UserOf(version);
  return plan;
}

unsigned EnvironmentPool::UserOf(const Version& version) const {
  if (!own_users_) return 0;
  return options_.first_user_id +
         static_cast<unsigned>(version.function_id % std::max(1u, options_.user_ids));
}

void EnvironmentPool::Release(const VersionPointer& version,
                              std::shared_ptr<Environment> environment) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || version->retired || environment->ended()) {
    CloseLater(std::move(environment));
    return;
  }
  idle_.push_back({version, std::move(environment), std::chrono::steady_clock::now()});
}

// Called with mutex_ held or from Start. What the pool of threads has no room for is closed by
// Stop.
void EnvironmentPool::CloseLater(std::shared_ptr<Environment> environment) {
  auto close = [this, environment] {
    environment->Close();
    const std::lock_guard lock(mutex_);
    std::erase(alive_, environment);
    --reserved_;
  };
  if (!dependencies_.pool.TryPost(std::move(close))) {
    LogWarning("functions.close-delayed", "cause=\"queue full\"");
  }
}

void EnvironmentPool::Tick(SteadyTime now) {
  std::vector<std::shared_ptr<Environment>> alive;
  bool check_memory = false;
  {
    const std::lock_guard lock(mutex_);
    alive = alive_;
    check_memory = !alive.empty() && now >= next_memory_check_;
    if (check_memory) next_memory_check_ = now + kMemoryCheckInterval;
    const auto over = [&](Idle& idle) {
      const bool ends = idle.version->retired || idle.environment->ended() ||
                        now - idle.since >= options_.idle_timeout;
      if (ends) CloseLater(idle.environment);
      return ends;
    };
    std::erase_if(idle_, over);
  }
  for (const auto& environment : alive) environment->Tick(now);
  if (!check_memory) return;
  auto check = [alive = std::move(alive)] {
    for (const auto& environment : alive) environment->CheckMemory();
  };
  // Where the pool is full, the next one comes soon.
  (void)dependencies_.pool.TryPost(std::move(check));
}

void EnvironmentPool::Stop() {
  std::vector<std::shared_ptr<Environment>> alive;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    idle_.clear();
    alive = alive_;
  }
  for (const auto& environment : alive) environment->Close();
}

}  // namespace scones::functions

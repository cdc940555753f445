#include "programs/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "programs/interrupt.h"

namespace scones::programs {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr char kThresholdError[] = "THRESHOLD_CONFIDENCE_NOT_MET";
constexpr std::chrono::milliseconds kFirstPoll{2};
constexpr std::chrono::milliseconds kSlowestPoll{1000};
constexpr std::chrono::milliseconds kObserveInterval{200};
constexpr std::chrono::seconds kInterruptPatience{3};  // for executions under way at Ctrl-C

double Number(const json::object& object, const char* name) {
  const json::value* value = FindMember(object, name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

// Deals out pictures and start times to the workers, and gathers what they report.
class Simulation {
 public:
  Simulation(Aws& aws, const SimulationPlan& plan)
      : aws_(aws), plan_(plan), random_(plan.seed), start_(std::chrono::steady_clock::now()) {}

  Result<SimulationState> Run(const std::function<void(const SimulationState&)>& observe) {
    std::vector<std::thread> workers;
    running_ = plan_.concurrency;
    for (std::size_t i = 0; i < plan_.concurrency; ++i) workers.emplace_back([this] { Work(); });
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, kObserveInterval, [this] { return running_ == 0; })) {
      if (observe) observe(state_);
    }
    lock.unlock();
    for (std::thread& worker : workers) worker.join();
    if (!fault_ && fault_.error().code() != Code::kCancelled) return fault_.error();
    return std::move(state_);
  }

 private:
  struct Turn {
    std::string key;
    int label = 0;
    SteadyTime start;
  };

  // Nothing when the simulation is over.
  std::optional<Turn> NextTurn() {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!fault_ || Interrupted()) return std::nullopt;
    if (plan_.max_executions != 0 && state_.started >= plan_.max_executions) return std::nullopt;
    SteadyTime start = now;
    if (plan_.rate > 0) {
      const std::chrono::duration<double> offset(static_cast<double>(state_.started) / plan_.rate);
      start = start_ + std::chrono::duration_cast<SteadyTime::duration>(offset);
    }
    const bool timed = plan_.max_duration.count() != 0;
    if (timed && std::max(start, now) - start_ >= plan_.max_duration) return std::nullopt;
    if (order_.empty()) {
      order_ = plan_.pictures;
      std::shuffle(order_.begin(), order_.end(), random_);
    }
    Turn turn{.key = order_.back().first, .label = order_.back().second, .start = start};
    order_.pop_back();
    ++state_.started;
    return turn;
  }

  void Work() {
    while (const std::optional<Turn> turn = NextTurn()) {
      SleepUntil(turn->start);
      if (Interrupted()) {
        Forget();
        break;
      }
      Result<void> done = Execute(*turn);
      if (done) continue;
      const std::lock_guard lock(mutex_);
      if (fault_) fault_ = std::move(done);
      break;
    }
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) ended_.notify_all();
  }

  static void SleepUntil(SteadyTime time) {
    while (!Interrupted()) {
      const auto left = time - std::chrono::steady_clock::now();
      if (left <= std::chrono::nanoseconds(0)) return;
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, kObserveInterval));
    }
  }

  // A turn that was dealt out and never started.
  void Forget() {
    const std::lock_guard lock(mutex_);
    --state_.started;
  }

  Result<void> Execute(const Turn& turn) {
    const json::object input{{"image_data", ""}, {"s3_bucket", plan_.bucket}, {"s3_key", turn.key}};
    TRY(const json::object started,
        aws_.Call("states", "StartExecution",
                  {{"stateMachineArn", plan_.state_machine_arn}, {"input", ToJson(input)}}));
    const std::string arn = StringOr(started, "executionArn", "");
    auto interval = kFirstPoll;
    std::optional<SteadyTime> deadline;
    while (true) {
      TRY(const json::object execution,
          aws_.Call("states", "DescribeExecution", {{"executionArn", arn}}));
      if (StringOr(execution, "status", "") != "RUNNING") {
        Report(turn, execution);
        return {};
      }
      if (Interrupted()) {
        const SteadyTime now = std::chrono::steady_clock::now();
        if (!deadline) deadline = now + kInterruptPatience;
        if (now >= *deadline) return Error(Code::kCancelled, "interrupted");
      }
      std::this_thread::sleep_for(interval);
      interval = std::min(interval * 3 / 2, kSlowestPoll);
    }
  }

  void Report(const Turn& turn, const json::object& execution) {
    const std::string status = StringOr(execution, "status", "");
    const std::string cause = StringOr(execution, "cause", "");
    const std::lock_guard lock(mutex_);
    for (Outcomes* outcomes : {&state_.total, &state_.by_label[turn.label]}) {
      if (status == "SUCCEEDED") {
        ++outcomes->succeeded;
      } else if (status == "FAILED" && cause.find(kThresholdError) != std::string::npos) {
        ++outcomes->failed;
      } else {
        ++outcomes->errored;
      }
    }
    if (state_.total.errored == 1 && state_.first_error.empty()) {
      state_.first_error =
          fmt::format("{}: {} {}", status, StringOr(execution, "error", ""), cause);
    }
    const double seconds = Number(execution, "stopDate") - Number(execution, "startDate");
    state_.latencies_ms.push_back(seconds * 1000);
  }

  Aws& aws_;
  const SimulationPlan& plan_;
  std::mutex mutex_;
  std::condition_variable ended_;
  SimulationState state_;
  std::mt19937_64 random_;
  std::vector<std::pair<std::string, int>> order_;  // pictures of this round, still to take
  std::size_t running_ = 0;
  Result<void> fault_;
  SteadyTime start_;
};

}  // namespace

Result<SimulationState> Simulate(Aws& aws, const SimulationPlan& plan,
                                 const std::function<void(const SimulationState&)>& observe) {
  if (plan.pictures.empty()) return Error(Code::kNotFound, "there are no test pictures to send");
  return Simulation(aws, plan).Run(observe);
}

std::array<double, 3> Percentiles(std::vector<double> values) {
  if (values.empty()) return {0, 0, 0};
  std::sort(values.begin(), values.end());
  const auto at = [&values](double fraction) {
    const double rank = std::ceil(fraction * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  };
  return {at(0.50), at(0.95), at(0.99)};
}

}  // namespace scones::programs

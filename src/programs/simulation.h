// Sends test pictures through the state machine and watches the executions to their end.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "programs/aws.h"

namespace scones::programs {

struct Outcomes {
  std::size_t succeeded = 0;
  std::size_t failed = 0;   // below the threshold
  std::size_t errored = 0;  // anything else
  std::size_t ended() const { return succeeded + failed + errored; }
};

struct SimulationState {
  Outcomes total;
  std::map<int, Outcomes> by_label;
  std::size_t started = 0;
  std::vector<double> latencies_ms;  // start to stop, as Step Functions reports them
  std::string first_error;           // of the executions that errored
};

struct SimulationPlan {
  std::string state_machine_arn;
  std::string bucket;
  // Keys of pictures and their labels; each execution takes one, in a random order without end.
  std::vector<std::pair<std::string, int>> pictures;
  std::uint64_t seed = 1;
  std::size_t concurrency = 8;
  // Whichever comes first ends it, or Ctrl-C; 0 for none.
  std::size_t max_executions = 0;
  std::chrono::milliseconds max_duration{0};
  double rate = 0;  // starts per second; 0: as fast as they end
};

// `observe` is called now and then with the state so far. Executions under way when time is over
// are awaited, after Ctrl-C for a few seconds. Errors: the first that keeps an execution from
// starting.
Result<SimulationState> Simulate(Aws& aws, const SimulationPlan& plan,
                                 const std::function<void(const SimulationState&)>& observe);

// p50, p95 and p99 of `values` (nearest rank); zeros where there are none.
std::array<double, 3> Percentiles(std::vector<double> values);

}  // namespace scones::programs

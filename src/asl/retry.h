// Which errors a Retry or Catch entry matches, and how long a retry waits. Pure.
// Source: States Language specification, "Errors", "Retrying after error".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asl/program.h"

namespace scones::asl {

// What went wrong in a state, or in a branch or iteration of it.
struct Failure {
  std::optional<std::string> error;  // absent: a Fail state that names none
  std::optional<std::string> cause;
  bool task = false;   // came from a task: States.TaskFailed matches it
  bool child = false;  // came from a branch or iteration of the state
};

// States.ALL matches all but States.Runtime, which nothing matches; States.TaskFailed matches what
// a task failed with but a timeout; States.Timeout also matches a missed heartbeat.
bool Matches(const std::vector<std::string>& errors, const Failure& failure);

// The wait before attempt `retry` + 1 of this retrier, `retry` counting from 0 for its first.
// `random` is used with full jitter: uniform between 0 and the delay.
std::chrono::microseconds RetryDelay(const Retrier& retrier, int retry, std::uint64_t random);

}  // namespace scones::asl

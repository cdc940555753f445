// Test support: random state machines whose every value is an object {"n": integer, …}, so that any
// state can follow any other. The same seed gives the same machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/json.h"

namespace scones::workflows::testing {

class RandomMachine {
 public:
  // A calm machine ends the same way in whatever order its tasks answer: it has no timeouts, and
  // what fails is retried or caught where it fails.
  RandomMachine(std::uint64_t seed, bool calm) : random_(seed), calm_(calm) {}

  // The definition's JSON text.
  std::string Make();

 private:
  // Uniform in [0, below).
  int Pick(int below) { return static_cast<int>(random_() % static_cast<std::uint64_t>(below)); }
  bool Chance(int percent) { return Pick(100) < percent; }
  std::string NewName() { return "S" + std::to_string(states_++); }

  json::object Scope(int depth);
  // A state of random type without its Next.
  json::object State(int depth);
  json::object Task();
  json::object Choice(const std::string& next, const std::string& after);
  json::object Parallel(int depth);
  json::object Map(int depth);
  void AddRetry(json::object& state);

  std::mt19937_64 random_;
  bool calm_;
  int states_ = 0;
};

}  // namespace scones::workflows::testing

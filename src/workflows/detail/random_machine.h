// Test support: random state machines whose every value is an object {"n": integer, …}, so that any
// state can follow any other; in JSONPath or in JSONata. The same seed gives the same machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/json.h"

namespace scones::workflows::testing {

class RandomMachine {
 public:
  // A calm machine ends the same way in whatever order its tasks answer: it has no timeouts, and
  // what fails is retried or caught where it fails. It is started with {"n": …, "items": […]}.
  RandomMachine(std::uint64_t seed, bool calm)
      : random_(seed), calm_(calm), jsonata_(seed % 2 == 1) {}

  // The definition's JSON text.
  std::string Make();

 private:
  // What the states of a scope may be and see.
  struct Place {
    int depth = 0;
    bool variables = true;  // of the machine's own scope
    bool express = false;   // in the child of a distributed Map that runs as Express
  };

  // Uniform in [0, below).
  int Pick(int below) { return static_cast<int>(random_() % static_cast<std::uint64_t>(below)); }
  bool Chance(int percent) { return Pick(100) < percent; }
  std::string NewName() { return "S" + std::to_string(states_++); }

  json::object Scope(Place place);
  // A state of random type without its Next.
  json::object State(Place place);
  json::object Pass(Place place);
  json::object Task(Place place);
  json::object Choice(const std::string& next, const std::string& after);
  json::object Parallel(Place place);
  json::object Map(Place place);
  void AddRetry(json::object& state);
  json::array CatchAll(const std::string& next) const;
  // Sets `field`, or "field.$" of a template, to what `path` or `query` gives.
  void Put(json::object& object, std::string_view field, std::string_view path,
           std::string_view query) const;

  std::mt19937_64 random_;
  bool calm_;
  bool jsonata_;
  int states_ = 0;
};

}  // namespace scones::workflows::testing

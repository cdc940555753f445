// What TestState sees of one state: the engine notes it as it runs the state. Private to the
// module.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "asl/payload.h"
#include "asl/retry.h"
#include "base/json.h"

namespace scones::asl {

struct Inspection {
  // Given: stands for the context object ($$) where set.
  std::optional<json::value> context;

  // Noted until the state is left.
  bool left = false;
  json::object shown;  // "afterInputPath" and so on: JSON texts
  std::string output;
  int next = -1;  // index into Program::states; -1: the end of its scope
  std::optional<Failure> failure;
  std::optional<int> retrier;
  std::chrono::microseconds retry_delay{0};
  std::optional<int> catcher;
  // A Map or Parallel state waits for its children's results, which come as MapRunSucceeded or
  // MapRunFailed.
  std::uint64_t children_seq = 0;
  std::int64_t children = 0;

  void Show(std::string_view stage, const Payload& payload) {
    if (!left) shown.insert_or_assign(stage, payload.text());
  }
  void Show(std::string_view stage, json::value value) {
    if (!left) shown.insert_or_assign(stage, std::move(value));
  }
};

}  // namespace scones::asl

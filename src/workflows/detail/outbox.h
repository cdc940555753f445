// The commands of an execution that still await their answer. Stored with its state, so that they
// can be carried out again after a crash. Pure; belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "asl/execution_state.h"
#include "asl/step.h"
#include "base/result.h"

namespace scones::workflows {

struct PendingTask {
  asl::RunTask task;
  bool submitted = false;  // the service has accepted it (.sync, .waitForTaskToken), or
                           // a worker has it (activities)
};

// By seq.
struct Outbox {
  std::map<std::uint64_t, PendingTask> tasks;
  std::map<std::uint64_t, Timestamp> timers;

  std::optional<Timestamp> EarliestTimer() const;
};

// Follows from (state, outbox): what of an open execution is stored besides its history.
std::string EncodeOpen(const asl::ExecutionState& state, const Outbox& outbox);

struct OpenExecution {
  asl::ExecutionState state;
  Outbox outbox;
};
// Errors: kDataLoss.
Result<OpenExecution> DecodeOpen(const asl::Definition& definition, std::string_view bytes);

}  // namespace scones::workflows

// The port through which events reach their targets. Implemented by the composition root, which
// knows `workflows` and `functions`.
#pragma once

#include <string>

#include "base/result.h"
#include "events/types.h"
#include "io/task.h"

namespace scones::events {

class TargetRunner {
 public:
  virtual ~TargetRunner() = default;

  // Whether `arn` names a kind of thing that events can reach. Errors: kInvalid, saying why not.
  virtual Result<void> CheckKind(const std::string& arn) const = 0;
  // Whether it is there now. Errors: kNotFound.
  virtual Result<void> CheckExists(const std::string& arn) const = 0;

  // Starts the execution or queues the invocation; success means that the target's service has it
  // durably. Comes again, with the same name, after a crash or an error of kUnavailable,
  // kExhausted, kDeadline, kCancelled or kInternal; other errors end the delivery. Called on a
  // shard.
  virtual io::Task<Result<void>> Run(Delivery delivery) = 0;
};

}  // namespace scones::events

// What events reach in this process: state machines start, functions are invoked asynchronously.
// ARNs of any account and region mean the one of that name here. Safe from any thread.
#pragma once

#include "base/arn.h"
#include "events/target_runner.h"
#include "functions/functions.h"
#include "workflows/workflows.h"

namespace scones::programs {

class EventTargets final : public events::TargetRunner {
 public:
  // Both services outlive it.
  EventTargets(workflows::Workflows& workflows, functions::Functions& functions, Identity identity)
      : workflows_(workflows), functions_(functions), identity_(std::move(identity)) {}

  Result<void> CheckKind(const std::string& arn) const override;
  Result<void> CheckExists(const std::string& arn) const override;
  io::Task<Result<void>> Run(events::Delivery delivery) override;

 private:
  // The state machine's ARN as this installation writes it; "" for a function.
  Result<std::string> StateMachineOf(const std::string& arn) const;

  workflows::Workflows& workflows_;
  functions::Functions& functions_;
  const Identity identity_;
};

}  // namespace scones::programs

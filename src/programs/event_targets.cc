#include "programs/event_targets.h"

#include <fmt/format.h>

namespace scones::programs {
namespace {

constexpr std::string_view kStateMachine = "stateMachine:";

Error NotReachable(const std::string& arn) {
  return Error(Code::kInvalid,
               fmt::format("'{}' is no ARN of a state machine or a function, which are the targets "
                           "that this installation has",
                           arn.substr(0, 200)));
}

}  // namespace

Result<std::string> EventTargets::StateMachineOf(const std::string& arn) const {
  const Result<Arn> parsed = Arn::Parse(arn);
  if (!parsed) return NotReachable(arn);
  if (parsed->service == "lambda" && functions::FunctionRef::Parse(arn)) return std::string();
  if (parsed->service != "states" || !parsed->resource.starts_with(kStateMachine)) {
    return NotReachable(arn);
  }
  return identity_.MakeArn("states", parsed->resource).ToString();
}

Result<void> EventTargets::CheckKind(const std::string& arn) const {
  TRY_VOID(StateMachineOf(arn));
  return {};
}

Result<void> EventTargets::CheckExists(const std::string& arn) const {
  TRY(const std::string state_machine, StateMachineOf(arn));
  if (!state_machine.empty()) {
    TRY_VOID(workflows_.DescribeStateMachine(state_machine));
    return {};
  }
  TRY(const functions::FunctionRef function, functions::FunctionRef::Parse(arn));
  TRY_VOID(functions_.Get(function));
  return {};
}

io::Task<Result<void>> EventTargets::Run(events::Delivery delivery) {
  CO_TRY(std::string state_machine, StateMachineOf(delivery.target_arn));
  if (state_machine.empty()) {
    functions::InvokeRequest request{.payload = std::move(delivery.input),
                                     .type = functions::InvocationType::kEvent};
    CO_TRY(request.function, functions::FunctionRef::Parse(delivery.target_arn));
    const auto queued = co_await functions_.Invoke(std::move(request));
    if (!queued) co_return queued.error();
    co_return Result<void>();
  }
  workflows::StartExecutionRequest request{.state_machine_arn = std::move(state_machine),
                                           .name = std::move(delivery.name),
                                           .input = std::move(delivery.input),
                                           .trace_header = ""};
  const auto started = co_await workflows_.StartExecution(std::move(request));
  // An earlier try has started it, and it may even have ended since.
  if (started || started.error().reason() == "ExecutionAlreadyExists") co_return Result<void>();
  co_return started.error();
}

}  // namespace scones::programs

// Task states: scheduling, results, failures, timeouts and heartbeats.
#include <fmt/format.h>

#include "asl/engine.h"

namespace scones::asl {
namespace {

std::optional<std::string> NonEmpty(std::string text) {
  if (text.empty()) return std::nullopt;
  return AsCause(std::move(text));
}

// How AWS names the task when its result is too large.
const std::string& TaskName(const TaskResource& resource) {
  return resource.kind == TaskKind::kIntegration ? resource.service : resource.arn;
}

EventType SucceededType(TaskKind kind) {
  switch (kind) {
    case TaskKind::kFunction:
      return EventType::kLambdaFunctionSucceeded;
    case TaskKind::kIntegration:
      return EventType::kTaskSucceeded;
    case TaskKind::kActivity:
      return EventType::kActivitySucceeded;
  }
  return EventType::kTaskSucceeded;
}

EventType FailedType(TaskKind kind, bool timeout, bool not_scheduled) {
  if (not_scheduled && kind == TaskKind::kActivity) return EventType::kActivityScheduleFailed;
  if (not_scheduled && kind == TaskKind::kFunction) return EventType::kLambdaFunctionScheduleFailed;
  switch (kind) {
    case TaskKind::kFunction:
      return timeout ? EventType::kLambdaFunctionTimedOut : EventType::kLambdaFunctionFailed;
    case TaskKind::kIntegration:
      return timeout ? EventType::kTaskTimedOut : EventType::kTaskFailed;
    case TaskKind::kActivity:
      return timeout ? EventType::kActivityTimedOut : EventType::kActivityFailed;
  }
  return EventType::kTaskFailed;
}

std::string_view PatternSuffix(TaskPattern pattern) {
  switch (pattern) {
    case TaskPattern::kRequestResponse:
      return "";
    case TaskPattern::kSync:
      return ".sync";
    case TaskPattern::kSync2:
      return ".sync:2";
    case TaskPattern::kWaitForTaskToken:
      return ".waitForTaskToken";
  }
  return "";
}

}  // namespace

json::object Engine::TaskDetails(const TaskResource& resource) const {
  json::object details(details_storage_);
  details.reserve(6);
  if (resource.kind == TaskKind::kIntegration) {
    details["resourceType"] = resource.service;
    details["resource"] = resource.action + std::string(PatternSuffix(resource.pattern));
  }
  return details;
}

Result<std::optional<std::int64_t>> Engine::Seconds(const NumberField& field, std::string_view name,
                                                    const Frame& frame) {
  if (!field.expression) return field.literal;
  if (StateOf(frame).jsonata) {
    TRY(const std::int64_t seconds, QueryInteger(frame, *field.expression, 1));
    return std::optional(seconds);
  }
  auto value = field.expression->Evaluate(ScopeFor(frame, frame.input));
  if (!value || !value->is_int64() || value->get_int64() <= 0) {
    return Error(Code::kInvalid, "States.Runtime",
                 fmt::format("The {}Path parameter does not reference a positive integer: {}", name,
                             field.expression->text()));
  }
  return std::optional(value->get_int64());
}

void Engine::AttemptTask(Frame& frame, const State& state) {
  RunTask task;
  task.seq = NewSeq(&frame);
  frame.task_seq = task.seq;
  if (state.resource.pattern == TaskPattern::kWaitForTaskToken ||
      state.resource.kind == TaskKind::kActivity) {
    task.task_token = MakeTaskToken(context_.task_token_key, context_.execution_arn, task.seq);
    frame.task_token = task.task_token;
    context_frame_ = nullptr;
  }
  // Nothing was sent yet, so a failure here has nothing to cancel.
  const auto give_up = [&](const Error& error) {
    execution_.pending.erase(task.seq);
    frame.task_seq = 0;
    frame.task_token.clear();
    HandleError(frame, error);
  };
  auto input = EffectiveInput(frame);
  if (!input) return give_up(input.error());
  auto timeout = Seconds(state.timeout, "TimeoutSeconds", frame);
  if (!timeout) return give_up(timeout.error());
  auto heartbeat = Seconds(state.heartbeat, "HeartbeatSeconds", frame);
  if (!heartbeat) return give_up(heartbeat.error());
  std::string credentials;
  if (state.credentials) {
    auto value = ApplyTemplate(frame, state.credentials, frame.input);
    if (!value) return give_up(value.error());
    credentials = value->text();
  }
  task.input = input->text();
  if (task.input.size() > kMaxPayloadBytes) {
    return give_up(
        Error(Code::kInvalid, "States.DataLimitExceeded",
              fmt::format("The state/task '{}' was given an input with a size exceeding the "
                          "maximum number of bytes service limit.",
                          TaskName(state.resource))));
  }
  task.timeout_seconds = *timeout;
  task.heartbeat_seconds = *heartbeat;
  Schedule(frame, state, std::move(task), std::move(credentials));
}

void Engine::Schedule(Frame& frame, const State& state, RunTask task, std::string credentials) {
  const TaskResource& resource = state.resource;
  json::object details = TaskDetails(resource);
  if (task.timeout_seconds) details["timeoutInSeconds"] = *task.timeout_seconds;
  if (task.heartbeat_seconds) details["heartbeatInSeconds"] = *task.heartbeat_seconds;
  EventType scheduled = EventType::kTaskScheduled;
  if (resource.kind == TaskKind::kIntegration) {
    details["region"] = context_.region;
    details["parameters"] = task.input;
  } else {
    scheduled = resource.kind == TaskKind::kFunction ? EventType::kLambdaFunctionScheduled
                                                     : EventType::kActivityScheduled;
    details["resource"] = resource.arn;
    AddDocument(details, "input", task.input);
  }
  if (!credentials.empty()) {
    if (auto value = ParseJson(credentials); value && value->is_object()) {
      json::object shown;
      if (const json::value* role = FindMember(value->get_object(), "RoleArn"))
        shown["roleArn"] = *role;
      details["taskCredentials"] = std::move(shown);
    }
  }
  frame.last_event = Emit(scheduled, frame.last_event, std::move(details));
  if (resource.kind != TaskKind::kActivity) {
    const bool function = resource.kind == TaskKind::kFunction;
    frame.last_event = Emit(function ? EventType::kLambdaFunctionStarted : EventType::kTaskStarted,
                            frame.last_event, TaskDetails(resource));
  }
  frame.phase = Frame::Phase::kTask;
  task.state_name = state.name;
  task.kind = resource.kind;
  task.resource = resource.arn;
  task.service = resource.service;
  task.action = resource.action;
  task.pattern = resource.pattern;
  const auto timeout = task.timeout_seconds;
  const auto heartbeat = task.heartbeat_seconds;
  transition_.commands.emplace_back(std::move(task));
  if (timeout) StartTimerFor(frame, frame.timer_seq, now_ + std::chrono::seconds(*timeout));
  frame.heartbeat_seconds = heartbeat.value_or(0);
  // An activity's heartbeats count from when a worker has it.
  if (heartbeat && resource.kind != TaskKind::kActivity) {
    StartTimerFor(frame, frame.heartbeat_seq, now_ + std::chrono::seconds(*heartbeat));
  }
}

bool Engine::On(TaskSucceeded& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->task_seq != event.seq) return false;
  const State& state = StateOf(*frame);
  if (event.output.size() > kMaxPayloadBytes) {
    TaskFailure(
        *frame, "States.DataLimitExceeded",
        fmt::format("The state/task '{}' returned a result with a size exceeding the maximum "
                    "number of bytes service limit.",
                    TaskName(state.resource)));
    return true;
  }
  auto value = ParseJson(event.output);
  if (!value) {
    TaskFailure(*frame, "States.Runtime",
                fmt::format("The result of '{}' is not JSON: {}", TaskName(state.resource),
                            value.error().message()));
    return true;
  }
  execution_.pending.erase(frame->task_seq);
  frame->task_seq = 0;
  Cancel(*frame);
  json::object details = TaskDetails(state.resource);
  AddDocument(details, "output", event.output);
  frame->last_event =
      Emit(SucceededType(state.resource.kind), frame->last_event, std::move(details));
  Payload result = Payload::FromBoth(std::move(event.output), *std::move(value));
  if (inspection_ != nullptr) inspection_->Show("result", result);
  Complete(*frame, std::move(result));
  return true;
}

bool Engine::On(TaskFailed& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->task_seq != event.seq) return false;
  execution_.pending.erase(frame->task_seq);
  frame->task_seq = 0;
  TaskFailure(*frame, NonEmpty(std::move(event.error)), NonEmpty(std::move(event.cause)),
              event.not_scheduled);
  return true;
}

void Engine::TaskFailure(Frame& frame, std::optional<std::string> error,
                         std::optional<std::string> cause, bool not_scheduled) {
  Cancel(frame);
  const State& state = StateOf(frame);
  const bool timeout = error == "States.Timeout" || error == "States.HeartbeatTimeout";
  json::object details = TaskDetails(state.resource);
  if (error) details["error"] = *error;
  if (cause) details["cause"] = *cause;
  frame.last_event = Emit(FailedType(state.resource.kind, timeout, not_scheduled), frame.last_event,
                          std::move(details));
  HandleFailure(frame, {std::move(error), std::move(cause), true});
}

bool Engine::On(TaskSubmitted& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->task_seq != event.seq) return false;
  json::object details = TaskDetails(StateOf(*frame).resource);
  AddDocument(details, "output", event.output);
  frame->last_event = Emit(EventType::kTaskSubmitted, frame->last_event, std::move(details));
  return true;
}

bool Engine::On(TaskStarted& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->task_seq != event.seq) return false;
  json::object details;
  if (!event.worker_name.empty()) details["workerName"] = event.worker_name;
  frame->last_event = Emit(EventType::kActivityStarted, frame->last_event, std::move(details));
  TaskHeartbeat heartbeat{event.seq};
  (void)On(heartbeat);
  return true;
}

bool Engine::On(TaskHeartbeat& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->task_seq != event.seq || frame->heartbeat_seconds == 0)
    return false;
  if (frame->heartbeat_seq != 0) {
    execution_.pending.erase(frame->heartbeat_seq);
    transition_.commands.emplace_back(CancelTimer{frame->heartbeat_seq});
  }
  StartTimerFor(*frame, frame->heartbeat_seq,
                now_ + std::chrono::seconds(frame->heartbeat_seconds));
  return true;
}

}  // namespace scones::asl

// The way of data through a state, leaving it, and what happens when something fails.
#include <fmt/format.h>

#include "asl/engine.h"

namespace scones::asl {

EventType ExitedType(StateType type) {
  switch (type) {
    case StateType::kTask:
      return EventType::kTaskStateExited;
    case StateType::kPass:
      return EventType::kPassStateExited;
    case StateType::kChoice:
      return EventType::kChoiceStateExited;
    case StateType::kWait:
      return EventType::kWaitStateExited;
    case StateType::kSucceed:
    case StateType::kFail:  // never exits
      return EventType::kSucceedStateExited;
    case StateType::kParallel:
      return EventType::kParallelStateExited;
    case StateType::kMap:
      return EventType::kMapStateExited;
  }
  return EventType::kPassStateExited;
}

namespace {

json::value TextOrNull(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

bool HasRetries(StateType type) {
  return type == StateType::kTask || type == StateType::kParallel || type == StateType::kMap;
}

Error NestedTooDeeply() {
  return Error(Code::kInvalid, "States.Runtime", "The output is nested too deeply.");
}

Failure TooLarge(const State& state) {
  return {"States.DataLimitExceeded",
          fmt::format("The state/task '{}' returned a result with a size exceeding the maximum "
                      "number of bytes service limit.",
                      state.name)};
}

}  // namespace

void AddDocument(json::object& details, std::string_view member, const std::string& text) {
  const bool input = member == "input";
  details.emplace(input ? "input" : "output", text);
  json::object truncation(details.storage());
  truncation.emplace("truncated", false);
  details.emplace(input ? "inputDetails" : "outputDetails", std::move(truncation));
}

json::object Engine::StateDetails(const State& state, std::string_view member,
                                  const std::string& text) const {
  json::object details(details_storage_);
  details.reserve(3);
  details.emplace("name", state.name);
  AddDocument(details, member, text);
  return details;
}

// Made when a path first asks for it, for the frame at hand.
const json::value& Engine::ContextObject(const Frame& frame) {
  if (context_frame_ == &frame && context_object_) return *context_object_;
  if (inspection_ != nullptr && inspection_->context) {
    context_object_ = *inspection_->context;
    context_frame_ = &frame;
    return *context_object_;
  }
  const State& state = StateOf(frame);
  json::object about_state = {{"Name", state.name},
                              {"EnteredTime", FormatIso8601(frame.entered_time)}};
  if (HasRetries(state.type)) about_state["RetryCount"] = frame.retry_count;
  json::object execution = {{"Id", context_.execution_arn},
                            {"Input", Payload::FromText(context_.input).value()},
                            {"StartTime", FormatIso8601(context_.start_time)},
                            {"Name", context_.execution_name},
                            {"RoleArn", context_.role_arn},
                            {"RedriveCount", context_.redrive_count}};
  if (context_.redrive_time) execution["RedriveTime"] = FormatIso8601(*context_.redrive_time);
  json::object object = {
      {"Execution", std::move(execution)},
      {"StateMachine", {{"Id", context_.state_machine_arn}, {"Name", context_.state_machine_name}}},
      {"State", std::move(about_state)}};
  if (!frame.task_token.empty()) object["Task"] = {{"Token", frame.task_token}};
  for (const Frame* at = &frame; at != nullptr;
       at = at->parent < 0 ? nullptr
                           : execution_.frames[static_cast<std::size_t>(at->parent)].get()) {
    if (!at->item) continue;
    object["Map"] = {{"Item", {{"Index", at->index}, {"Value", at->item->value()}}}};
    break;
  }
  context_object_ = std::move(object);
  context_frame_ = &frame;
  return *context_object_;
}

Scope Engine::ScopeFor(const Frame& frame, const Payload& input) {
  copy_budget_ = Path::kMaxResultBytes;
  Scope scope{&input.value(),
              [this, at = &frame]() -> const json::value& { return ContextObject(*at); },
              [this] { return Random(); }, &copy_budget_,
              [this, at = &frame](std::string_view name) { return FindVariable(*at, name); }};
  scope.now = now_;
  scope.fault_location = &query_location_;
  scope.query_steps = &query_steps_;
  return scope;
}

std::string AsCause(std::string text) {
  static constexpr std::size_t kMaxCauseBytes = 32'768;
  if (text.size() <= kMaxCauseBytes) return text;
  std::size_t end = kMaxCauseBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

Error WrappedError(std::string_view state_name, std::int64_t entered_event, const Error& error) {
  const std::string reason = error.reason().empty() ? "States.Runtime" : error.reason();
  return Error(
      error.code(), reason,
      fmt::format("An error occurred while executing the state '{}' (entered at the event id "
                  "#{}). {}",
                  state_name, entered_event, error.message()));
}

Error Engine::Wrapped(const Frame& frame, const Error& error) const {
  return WrappedError(StateOf(frame).name, frame.entered_event, error);
}

Result<Payload> Engine::ApplyPath(const Frame& frame, const InputOutputPath& path,
                                  Payload payload) {
  if (path.discard) return Payload::FromText("{}");
  if (!path.expression) return payload;
  const Path& own = *path.expression->path();
  const auto missing = [&](const std::string& why) {
    return Error(Code::kInvalid, "States.Runtime",
                 fmt::format("Invalid path '{}' : {}", own.text(), why));
  };
  if (own.root() == Path::Root::kInput && own.definite()) {
    json::value whole = std::move(payload).TakeValue();
    std::string why;
    const json::value* node = own.Find(whole, &why);
    if (node == nullptr) return missing(why);
    // `whole` is ours, so its node may be moved out.
    json::value part = std::move(*const_cast<json::value*>(node));
    return Payload::FromValue(std::move(part));
  }
  auto value = path.expression->Evaluate(ScopeFor(frame, payload));
  if (!value) return missing(value.error().message());
  return Payload::FromValue(*std::move(value));
}

Result<Payload> Engine::ApplyTemplate(const Frame& frame, const std::optional<Template>& source,
                                      Payload payload) {
  if (!source) return payload;
  TRY(json::value value, source->Evaluate(ScopeFor(frame, payload)));
  return Payload::FromValue(std::move(value));
}

Result<Payload> Engine::EffectiveInput(const Frame& frame) {
  const State& state = StateOf(frame);
  TRY(Payload input, ApplyPath(frame, state.input_path, frame.input));
  if (inspection_ != nullptr && !state.jsonata) inspection_->Show("afterInputPath", input);
  // A Map's template is for its items.
  if (state.type == StateType::kMap) return input;
  TRY(input, ApplyTemplate(frame, state.parameters, std::move(input)));
  if (inspection_ != nullptr)
    inspection_->Show(state.jsonata ? "afterArguments" : "afterParameters", input);
  return input;
}

Result<Payload> Engine::MergeResult(const Frame& frame, const ResultPath& path, Payload result) {
  if (path.discard) return frame.input;
  if (!path.path) return result;
  json::value merged = frame.input.value();
  auto assigned = path.path->Assign(merged, std::move(result).TakeValue());
  if (!assigned) {
    return Error(Code::kInvalid, "States.ResultPathMatchFailure",
                 fmt::format("Unable to apply ReferencePath {} to input {}", path.path->text(),
                             frame.input.text()));
  }
  return Payload::FromValue(std::move(merged));
}

// The result of a Task, Pass, Parallel or Map on its way out.
void Engine::Complete(Frame& frame, Payload result) {
  const State& state = StateOf(frame);
  if (state.jsonata) {
    Scope scope = ScopeFor(frame, frame.input);
    scope.result = &result.value();
    return ExitQueries(frame, scope, state.assign, state.output, result, state.next);
  }
  auto selected = ApplyTemplate(frame, state.result_selector, std::move(result));
  if (!selected) return HandleError(frame, selected.error());
  if (inspection_ != nullptr) inspection_->Show("afterResultSelector", *selected);
  std::vector<Variable> assigned;
  if (state.assign) {
    auto values = EvaluateAssign(frame, state.assign, ScopeFor(frame, *selected));
    if (!values) return HandleError(frame, values.error());
    assigned = *std::move(values);
  }
  auto merged = MergeResult(frame, state.result_path, *std::move(selected));
  if (!merged) return HandleError(frame, merged.error());
  if (inspection_ != nullptr) inspection_->Show("afterResultPath", *merged);
  Exit(frame, *std::move(merged), state.next, std::move(assigned));
}

// Leaves a state that has no result: its input is its output where `output` makes no other.
void Engine::ExitUnchanged(Frame& frame, const std::optional<Template>& assign,
                           const std::optional<Template>& output, int next) {
  if (StateOf(frame).jsonata) {
    return ExitQueries(frame, ScopeFor(frame, frame.input), assign, output, frame.input, next);
  }
  auto input = EffectiveInput(frame);
  if (!input || !assign) return Exit(frame, std::move(input), next, {});
  auto assigned = EvaluateAssign(frame, assign, ScopeFor(frame, *input));
  if (!assigned) return HandleError(frame, assigned.error());
  Exit(frame, std::move(input), next, *std::move(assigned));
}

// Leaves the state with `output` before OutputPath; `next` is -1 at the end of the scope.
void Engine::Exit(Frame& frame, Result<Payload> output, int next, std::vector<Variable> assigned) {
  const State& state = StateOf(frame);
  if (output) output = ApplyPath(frame, state.output_path, *std::move(output));
  if (!output) return HandleError(frame, output.error());
  Payload payload = *std::move(output);
  if (payload.TooDeep()) return HandleError(frame, NestedTooDeeply());
  if (payload.text().size() > kMaxPayloadBytes) return HandleFailure(frame, TooLarge(state));
  if (inspection_ != nullptr && !inspection_->left) inspection_->next = next;
  Leave(frame, payload, std::move(assigned));
  if (next < 0) return FinishFrame(frame, std::move(payload));
  frame.state = next;
  frame.input = std::move(payload);
  frame.phase = Frame::Phase::kReady;
  frame.retry_count = 0;
  frame.retries.clear();
  ready_.push_back(frame.slot);
}

// A scope came to its end with `output`.
void Engine::FinishFrame(Frame& frame, Payload output) {
  if (frame.parent < 0) {
    json::object details(details_storage_);
    AddDocument(details, "output", output.text());
    Emit(EventType::kExecutionSucceeded, frame.last_event, std::move(details));
    return End({ExecutionStatus::kSucceeded, output.text(), std::nullopt, std::nullopt});
  }
  Frame& parent = *execution_.frames[static_cast<std::size_t>(frame.parent)];
  const std::int64_t last = frame.last_event;
  const bool map = StateOf(parent).type == StateType::kMap;
  parent.last_event = !map ? last
                           : Emit(EventType::kMapIterationSucceeded, last,
                                  {{"name", StateOf(parent).name}, {"index", frame.index}});
  parent.results[static_cast<std::size_t>(frame.index)] = std::move(output);
  ++parent.finished;
  FreeFrame(frame);
  if (map && !StartIterations(parent, last)) return;
  if (parent.finished == static_cast<std::int64_t>(parent.results.size())) FinishChildren(parent);
}

void Engine::HandleError(Frame& frame, const Error& error) {
  // AWS words this one without the state.
  const bool plain = error.reason() == "States.DataLimitExceeded";
  const Error whole = plain ? error : Wrapped(frame, error);
  const Error shown(whole.code(), whole.reason(), AsCause(whole.message()));
  if (shown.reason() == "States.QueryEvaluationError")
    NoteEvaluationFailure(frame, StateOf(frame), shown);
  HandleFailure(frame, {shown.reason(), shown.message()});
}

bool Engine::TryRetry(Frame& frame, const Failure& failure) {
  const State& state = StateOf(frame);
  for (std::size_t i = 0; i < state.retriers.size(); ++i) {
    const Retrier& retrier = state.retriers[i];
    if (!Matches(retrier.errors, failure)) continue;
    frame.retries.resize(state.retriers.size());
    if (frame.retries[i] >= retrier.max_attempts) return false;
    const std::uint64_t random = retrier.full_jitter ? Random() : 0;
    const auto delay = RetryDelay(retrier, frame.retries[i], random);
    ++frame.retries[i];
    ++frame.retry_count;
    ForgetChildren(frame);
    if (inspection_ != nullptr && !inspection_->left) {
      inspection_->retrier = static_cast<int>(i);
      inspection_->retry_delay = delay;
    }
    frame.phase = Frame::Phase::kRetrying;
    StartTimerFor(frame, frame.timer_seq, now_ + delay);
    return true;
  }
  return false;
}

// Retry, then Catch, then the scope fails. Precondition: no command of the frame or its children is
// outstanding.
void Engine::HandleFailure(Frame& frame, Failure failure) {
  const State& state = StateOf(frame);
  if (inspection_ != nullptr && !inspection_->left) inspection_->failure = failure;
  if (TryRetry(frame, failure)) return;
  // A fault of the state's own fields fails the execution without this event.
  if (failure.child || failure.error != "States.Runtime") {
    if (state.type == StateType::kMap) {
      frame.last_event = Emit(EventType::kMapStateFailed, frame.last_event, {});
    } else if (state.type == StateType::kParallel) {
      frame.last_event = Emit(EventType::kParallelStateFailed, frame.last_event, {});
    }
  }
  for (const Catcher& catcher : state.catchers) {
    if (!Matches(catcher.errors, failure)) continue;
    return Catch(frame, catcher, failure);
  }
  // What is too large once all have ended would be so again: a redrive runs all of it.
  if (frame.phase == Frame::Phase::kChildren && !failure.child &&
      failure.error == "States.DataLimitExceeded") {
    ForgetChildren(frame);
    frame.phase = Frame::Phase::kAgain;
  }
  FailFrame(frame, std::move(failure));
}

void Engine::Catch(Frame& frame, const Catcher& catcher, const Failure& failure) {
  const State& state = StateOf(frame);
  const auto fail = [&](const Error& error) {
    const Error wrapped = Wrapped(frame, error);
    if (wrapped.reason() == "States.QueryEvaluationError")
      NoteEvaluationFailure(frame, state, wrapped);
    FailFrame(frame, {wrapped.reason(), AsCause(wrapped.message())});
  };
  const Payload error = Payload::FromValue(
      {{"Error", TextOrNull(failure.error)}, {"Cause", TextOrNull(failure.cause)}});
  std::vector<Variable> assigned;
  Payload output = error;
  if (catcher.assign || catcher.output) {
    Scope scope = ScopeFor(frame, state.jsonata ? frame.input : error);
    scope.error_output = &error.value();
    auto values = EvaluateAssign(frame, catcher.assign, scope);
    if (!values) return fail(values.error());
    assigned = *std::move(values);
    if (catcher.output) {
      auto value = catcher.output->Evaluate(scope);
      if (!value) return fail(value.error());
      output = Payload::FromValue(*std::move(value));
    }
  }
  if (!state.jsonata) {
    auto merged = MergeResult(frame, catcher.result_path, std::move(output));
    if (!merged) return fail(merged.error());
    output = *std::move(merged);
  }
  if (output.TooDeep()) return fail(NestedTooDeeply());
  if (output.text().size() > kMaxPayloadBytes) return FailFrame(frame, TooLarge(state));
  if (inspection_ != nullptr && !inspection_->left) {
    if (!state.jsonata) inspection_->Show("afterResultPath", output);
    inspection_->catcher = static_cast<int>(&catcher - state.catchers.data());
    inspection_->next = catcher.next;
  }
  Leave(frame, output, std::move(assigned));
  frame.state = catcher.next;
  frame.input = std::move(output);
  frame.phase = Frame::Phase::kReady;
  frame.retry_count = 0;
  frame.retries.clear();
  ready_.push_back(frame.slot);
}

// The scope of `frame` ends with an error that its own state did not take. The frame stays, for a
// redrive, until a state above it takes the error.
void Engine::FailFrame(Frame& frame, Failure failure) {
  if (frame.parent < 0) return FailExecution(frame.last_event, failure);
  Frame& parent = *execution_.frames[static_cast<std::size_t>(frame.parent)];
  if (StateOf(parent).type == StateType::kMap) {
    Emit(EventType::kMapIterationFailed, frame.last_event,
         {{"name", StateOf(parent).name}, {"index", frame.index}});
  }
  if (failure.task) Emit(EventType::kTaskStateAborted, frame.last_event, {});
  parent.last_event = frame.last_event;
  AbortChildren(parent, &frame, frame.last_event);
  failure.task = false;
  failure.child = true;
  HandleFailure(parent, std::move(failure));
}

}  // namespace scones::asl

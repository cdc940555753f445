// Entering states, and what each type but Task does.
#include <fmt/format.h>

#include <algorithm>

#include "asl/engine.h"
#include "asl/query.h"

namespace scones::asl {
namespace {

// The Developer Guide's limit for inline Map states, also where MaxConcurrency says 0.
constexpr std::int64_t kMaxConcurrency = 40;
constexpr std::chrono::seconds kMaxWait{2'147'483'647};

EventType EnteredType(StateType type) {
  switch (type) {
    case StateType::kTask:
      return EventType::kTaskStateEntered;
    case StateType::kPass:
      return EventType::kPassStateEntered;
    case StateType::kChoice:
      return EventType::kChoiceStateEntered;
    case StateType::kWait:
      return EventType::kWaitStateEntered;
    case StateType::kSucceed:
      return EventType::kSucceedStateEntered;
    case StateType::kFail:
      return EventType::kFailStateEntered;
    case StateType::kParallel:
      return EventType::kParallelStateEntered;
    case StateType::kMap:
      return EventType::kMapStateEntered;
  }
  return EventType::kPassStateEntered;
}

Error RuntimeError(std::string message) {
  return Error(Code::kInvalid, "States.Runtime", std::move(message));
}

}  // namespace

void Engine::Enter(Frame& frame) {
  const State& state = StateOf(frame);
  frame.entered_time = now_;
  before_entering_ = frame.last_event;
  frame.last_event = Emit(EnteredType(state.type), frame.last_event,
                          StateDetails(state, "input", frame.input.text()));
  frame.entered_event = frame.last_event;
  frame.map_run = {};
  frame.phase = Frame::Phase::kAgain;
  entering_ = &frame;
  Attempt(frame);
  entering_ = nullptr;
}

void Engine::Attempt(Frame& frame) {
  const State& state = StateOf(frame);
  switch (state.type) {
    case StateType::kTask:
      return AttemptTask(frame, state);
    case StateType::kPass:
      return AttemptPass(frame, state);
    case StateType::kChoice:
      return AttemptChoice(frame, state);
    case StateType::kWait:
      return AttemptWait(frame, state);
    case StateType::kSucceed:
      return ExitUnchanged(frame, state.assign, state.output, -1);
    case StateType::kFail:
      return AttemptFail(frame, state);
    case StateType::kParallel:
      return AttemptParallel(frame, state);
    case StateType::kMap:
      return AttemptMap(frame, state);
  }
}

void Engine::AttemptPass(Frame& frame, const State& state) {
  if (state.jsonata) return ExitUnchanged(frame, state.assign, state.output, state.next);
  auto input = EffectiveInput(frame);
  if (!input) return HandleError(frame, input.error());
  Complete(frame, state.result ? Payload::FromValue(*state.result) : *std::move(input));
}

void Engine::AttemptChoice(Frame& frame, const State& state) {
  auto input = EffectiveInput(frame);
  if (!input) return HandleError(frame, input.error());
  auto chosen = ChooseBranch(state, ScopeFor(frame, *input));
  if (!chosen) return HandleError(frame, chosen.error());
  const ChoiceBranch* branch = *chosen;
  if (branch == nullptr && state.default_next < 0) {
    return HandleError(
        frame, Error(Code::kInvalid, "States.NoChoiceMatched",
                     "Failed to transition out of the state. The state does not point to a next "
                     "state."));
  }
  if (branch == nullptr)
    return ExitUnchanged(frame, state.assign, state.output, state.default_next);
  ExitUnchanged(frame, branch->assign, branch->output, branch->next);
}

// The first rule that holds; null where none does.
Result<const ChoiceBranch*> Engine::ChooseBranch(const State& state, const Scope& scope) {
  for (const ChoiceBranch& branch : state.choices) {
    auto holds =
        state.jsonata ? QueryCondition(*branch.condition, scope) : branch.rule.Holds(scope);
    if (!holds && state.jsonata) return holds.error();
    if (!holds) return RuntimeError(holds.error().message());
    if (*holds) return &branch;
  }
  return nullptr;
}

Result<Timestamp> Engine::WaitUntil(const Frame& frame, const State& state) {
  TRY(Payload input, EffectiveInput(frame));
  if (state.wait_seconds.literal) return now_ + std::chrono::seconds(*state.wait_seconds.literal);
  if (state.wait_seconds.expression && state.jsonata) {
    TRY(const std::int64_t wait, QueryInteger(frame, *state.wait_seconds.expression, 0));
    return now_ + std::chrono::seconds(std::min<std::int64_t>(wait, kMaxWait.count() + 1));
  }
  if (state.wait_seconds.expression) {
    auto value = state.wait_seconds.expression->Evaluate(ScopeFor(frame, input));
    const std::string& path = state.wait_seconds.expression->text();
    if (!value) {
      return RuntimeError(
          fmt::format("The SecondsPath parameter does not reference an input value: {}", path));
    }
    if (!value->is_int64() || value->get_int64() < 0) {
      return RuntimeError(
          fmt::format("The SecondsPath parameter does not reference a valid integer: {} == {}",
                      path, ToJson(*value)));
    }
    return now_ +
           std::chrono::seconds(std::min<std::int64_t>(value->get_int64(), kMaxWait.count() + 1));
  }
  if (state.wait_timestamp.literal) return ParseIso8601(*state.wait_timestamp.literal);
  if (state.jsonata) return QueryTimestamp(frame, *state.wait_timestamp.expression);
  const std::string& path = state.wait_timestamp.expression->text();
  auto value = state.wait_timestamp.expression->Evaluate(ScopeFor(frame, input));
  if (!value) {
    return RuntimeError(
        fmt::format("The TimestampPath parameter does not reference an input value: {}", path));
  }
  const json::string* text = value->if_string();
  auto time = text == nullptr ? Result<Timestamp>(Error(Code::kInvalid, "")) : ParseIso8601(*text);
  if (!time) {
    return RuntimeError(fmt::format(
        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
        "date-time format string: {} == {}",
        path, text == nullptr ? ToJson(*value) : std::string(*text)));
  }
  return time;
}

void Engine::AttemptWait(Frame& frame, const State& state) {
  auto due = WaitUntil(frame, state);
  if (!due) return HandleError(frame, due.error());
  if (*due - now_ > kMaxWait)
    return HandleError(frame, RuntimeError("Wait state delay is too long."));
  entering_ = nullptr;
  if (*due <= now_) return ExitUnchanged(frame, state.assign, state.output, state.next);
  frame.phase = Frame::Phase::kWaiting;
  StartTimerFor(frame, frame.timer_seq, *due);
}

void Engine::AttemptFail(Frame& frame, const State& state) {
  const auto evaluate = [&](const TextField& field) -> Result<std::optional<std::string>> {
    if (!field.expression) return field.literal;
    if (const Query* query = field.expression->query()) {
      TRY(json::value text, query->EvaluateAs("string", ScopeFor(frame, frame.input)));
      return std::optional(std::string(text.get_string()));
    }
    auto value = field.expression->Evaluate(ScopeFor(frame, frame.input));
    if (!value && value.error().code() == Code::kNotFound) {
      return RuntimeError(
          fmt::format("Invalid path '{}' : {}", field.expression->text(), value.error().message()));
    }
    if (!value) return value.error();
    if (!value->is_string()) {
      return RuntimeError(
          fmt::format("The path '{}' does not reference a string", field.expression->text()));
    }
    return std::optional(std::string(value->get_string()));
  };
  auto error = evaluate(state.error);
  if (!error) return HandleError(frame, error.error());
  auto cause = evaluate(state.cause);
  if (!cause) return HandleError(frame, cause.error());
  FailFrame(frame, {*std::move(error), *std::move(cause)});
}

void Engine::AttemptParallel(Frame& frame, const State& state) {
  auto input = EffectiveInput(frame);
  if (!input) return HandleError(frame, input.error());
  if (inspection_ != nullptr) {
    return AwaitGivenChildren(frame, static_cast<std::int64_t>(state.scopes.size()));
  }
  frame.last_event = Emit(EventType::kParallelStateStarted, frame.last_event, {});
  frame.phase = Frame::Phase::kChildren;
  frame.finished = 0;
  frame.started = static_cast<std::int64_t>(state.scopes.size());
  frame.results.assign(state.scopes.size(), Payload());
  for (std::size_t i = 0; i < state.scopes.size(); ++i) {
    Frame& branch = NewFrame(frame, static_cast<std::int64_t>(i), state.scopes[i], *input);
    branch.last_event = frame.last_event;
  }
}

void Engine::AttemptMap(Frame& frame, const State& state) {
  if (state.distributed != nullptr) return AttemptDistributedMap(frame, state);
  auto input = EffectiveInput(frame);
  if (!input) return HandleError(frame, input.error());
  json::value items;
  if (state.jsonata) {
    auto found = QueryItems(frame);
    if (!found) return HandleError(frame, found.error());
    items = *std::move(found);
  } else if (state.items_path) {
    auto found = state.items_path->Evaluate(ScopeFor(frame, *input));
    if (!found && found.error().code() == Code::kNotFound) {
      return HandleError(
          frame, RuntimeError(fmt::format("Invalid path '{}' : {}", state.items_path->text(),
                                          found.error().message())));
    }
    if (!found) return HandleError(frame, found.error());
    items = *std::move(found);
  } else {
    items = input->value();
  }
  if (!items.is_array()) {
    return HandleError(
        frame, RuntimeError(fmt::format("Reference path \"{}\" must point to array.",
                                        state.items_path ? state.items_path->text() : "$")));
  }
  frame.concurrency = kMaxConcurrency;
  std::int64_t wanted = state.max_concurrency.literal.value_or(0);
  if (state.max_concurrency.expression && state.jsonata) {
    auto number = QueryInteger(frame, *state.max_concurrency.expression, 0);
    if (!number) return HandleError(frame, number.error());
    wanted = *number;
  } else if (state.max_concurrency.expression) {
    auto number = state.max_concurrency.expression->Evaluate(ScopeFor(frame, *input));
    if (!number || !number->is_int64() || number->get_int64() < 0) {
      return HandleError(frame,
                         RuntimeError(fmt::format("The MaxConcurrencyPath parameter does not "
                                                  "reference a non-negative integer: {}",
                                                  state.max_concurrency.expression->text())));
    }
    wanted = number->get_int64();
  }
  if (inspection_ != nullptr) return InspectMap(frame, items.get_array(), wanted);
  if (wanted > 0) frame.concurrency = std::min(wanted, kMaxConcurrency);
  frame.items = std::move(items.get_array());
  const std::size_t length = frame.items.size();
  frame.last_event = Emit(EventType::kMapStateStarted, frame.last_event,
                          {{"length", static_cast<std::int64_t>(length)}});
  frame.phase = Frame::Phase::kChildren;
  frame.started = 0;
  frame.finished = 0;
  frame.results.assign(length, Payload());
  if (length == 0) return FinishChildren(frame);
  (void)StartIterations(frame, frame.last_event);  // a failure is dealt with
}

// As many more as MaxConcurrency allows. `previous`: what led to them. False when one could not
// start: then the state has failed, and `frame` may be gone.
bool Engine::StartIterations(Frame& frame, std::int64_t previous) {
  const State& state = StateOf(frame);
  const auto length = static_cast<std::int64_t>(frame.items.size());
  while (frame.started < length && frame.started - frame.finished < frame.concurrency) {
    const std::int64_t index = frame.started++;
    Payload item = Payload::FromValue(std::move(frame.items[static_cast<std::size_t>(index)]));
    Frame& iteration = NewFrame(frame, index, state.scopes[0], item);
    iteration.item = std::move(item);
    iteration.last_event =
        Emit(EventType::kMapIterationStarted, previous, {{"name", state.name}, {"index", index}});
    if (!state.parameters) continue;
    auto selected = SelectItem(frame, iteration);
    if (!selected) {
      // A redrive starts the iteration again.
      frame.started = index;
      frame.items[static_cast<std::size_t>(index)] = iteration.item->value();
      const Error error = Wrapped(frame, selected.error());
      if (error.reason() == "States.QueryEvaluationError")
        NoteEvaluationFailure(iteration, state, error);
      FailFrame(iteration, {error.reason(), error.message()});
      return false;
    }
    iteration.input = *std::move(selected);
  }
  return true;
}

// ItemSelector sees the Map's input as "$" and the iteration's item in "$$".
Result<Payload> Engine::SelectItem(const Frame& frame, const Frame& iteration) {
  TRY(Payload input, EffectiveInput(frame));
  Scope scope = ScopeFor(frame, input);
  scope.context = [this, &frame, item = &iteration]() -> const json::value& {
    context_frame_ = nullptr;
    (void)ContextObject(frame);
    context_frame_ = nullptr;
    json::object& object = context_object_->get_object();
    object["Map"] = {{"Item", {{"Index", item->index}, {"Value", item->item->value()}}}};
    return *context_object_;
  };
  TRY(json::value value, StateOf(frame).parameters->Evaluate(scope));
  return Payload::FromValue(std::move(value));
}

// All branches or iterations ended well.
void Engine::FinishChildren(Frame& frame) {
  const bool map = StateOf(frame).type == StateType::kMap;
  Emit(map ? EventType::kMapStateSucceeded : EventType::kParallelStateSucceeded, frame.last_event,
       {});
  Payload result = Payload::ArrayOf(frame.results);
  Complete(frame, std::move(result));
}

}  // namespace scones::asl

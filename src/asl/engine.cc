#include "asl/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace scones::asl {
namespace {

// A longer run of states without waiting is cut into steps of this many, so that a step stays
// short, or sooner when what it writes into the history is large.
constexpr int kMaxActivationsPerStep = 1000;
constexpr std::size_t kMaxDetailsBytesPerStep = std::size_t{4} << 20;
constexpr std::int64_t kExpressSeconds = 300;

std::optional<std::string> NonEmpty(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

json::object ErrorDetails(const std::optional<std::string>& error,
                          const std::optional<std::string>& cause) {
  json::object details;
  if (error) details["error"] = *error;
  if (cause) details["cause"] = *cause;
  return details;
}

}  // namespace

std::uint64_t MixedBits(std::uint64_t seed, std::uint64_t draw) {
  std::uint64_t bits = seed + 0x9E3779B97F4A7C15ULL * draw;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  return bits ^ (bits >> 31);
}

Transition Step(const Definition& definition, const ExecutionContext& context,
                ExecutionState& state, Event event, Timestamp now) {
  return Engine(definition, context, state, now).Run(std::move(event));
}

Transition Engine::Run(Event event) {
  constexpr std::size_t kUsualEvents = 8;
  if (!execution_.open() && !std::holds_alternative<Redrive>(event)) return {};
  transition_.events.reserve(kUsualEvents);
  transition_.changed = std::visit([this](auto& one) { return On(one); }, event);
  if (!transition_.changed) return {};
  if (execution_.open()) Drain();
  const bool too_large =
      execution_.open() && execution_.frames.size() > 1 && HeldBytes() > kMaxHeldBytes;
  if (execution_.open() && (history_full_ || too_large)) {
    // Nothing of this step's commands has left yet.
    transition_.commands.clear();
    const std::int64_t last = execution_.next_event_id - 1;
    const std::string cause =
        history_full_
            ? fmt::format("The execution reached the maximum number of history events ({}).",
                          kMaxHistoryEvents)
            : fmt::format(
                  "The branches and iterations of the execution hold more than {} bytes of "
                  "input and results.",
                  kMaxHeldBytes);
    FailExecution(last, {"States.Runtime", cause});
  }
  if (!execution_.open()) {
    const bool redrivable = execution_.status != ExecutionStatus::kSucceeded && !history_full_ &&
                            !too_large && definition_.type() == MachineType::kStandard;
    if (!redrivable) execution_.frames.clear();
    execution_.pending.clear();
  }
  return std::move(transition_);
}

void Engine::Drain() {
  int budget = kMaxActivationsPerStep;
  std::uint64_t queried = kQuerySteps - query_steps_;
  while (!ready_.empty() && execution_.open() && !history_full_) {
    if (budget-- == 0 || queried >= kQuerySteps || details_bytes_ > kMaxDetailsBytesPerStep) {
      execution_.resume_seq = NewSeq(nullptr);
      transition_.commands.emplace_back(StartTimer{execution_.resume_seq, now_});
      return;
    }
    const std::uint32_t slot = ready_.front();
    ready_.pop_front();
    if (slot >= execution_.frames.size() || execution_.frames[slot] == nullptr) continue;
    query_steps_ = kQuerySteps;
    Activate(*execution_.frames[slot]);
    queried += kQuerySteps - query_steps_;
  }
}

// Of the documents that the stored state consists of: a document that many frames share counts for
// each.
std::size_t Engine::HeldBytes() const {
  std::size_t bytes = 0;
  for (const auto& frame : execution_.frames) {
    if (frame == nullptr) continue;
    bytes += frame->input.text().size();
    if (frame->item) bytes += frame->item->text().size();
    for (const Payload& result : frame->results) bytes += result.text().size();
    for (const json::value& item : frame->items) bytes += WeightOf(item, kMaxHeldBytes);
    if (bytes > kMaxHeldBytes) break;
  }
  return bytes + StoredVariableBytes();
}

void Engine::Activate(Frame& frame) {
  context_frame_ = nullptr;
  if (frame.phase == Frame::Phase::kReady) {
    Enter(frame);
  } else if (frame.phase == Frame::Phase::kAgain) {
    Attempt(frame);
  } else if (frame.phase == Frame::Phase::kMapRunAgain) {
    AgainMapRun(frame);
  } else if (frame.phase == Frame::Phase::kChildren) {
    ResumeChildren(frame);
  }
}

std::int64_t Engine::Emit(EventType type, std::int64_t previous, json::object details) {
  const bool ends = type == EventType::kExecutionSucceeded || type == EventType::kExecutionFailed ||
                    type == EventType::kExecutionAborted || type == EventType::kExecutionTimedOut;
  const bool limited = machine_type() == MachineType::kStandard;
  if (limited && !ends && execution_.next_event_id >= kMaxHistoryEvents) {
    history_full_ = true;
    return previous;
  }
  for (const auto& member : details) {
    if (const json::string* text = member.value().if_string()) details_bytes_ += text->size();
  }
  const std::int64_t id = execution_.next_event_id++;
  transition_.events.push_back({id, previous, type, now_, std::move(details)});
  return id;
}

std::uint64_t Engine::NewSeq(const Frame* owner) {
  const std::uint64_t seq = execution_.next_seq++;
  if (owner != nullptr) execution_.pending[seq] = owner->slot;
  return seq;
}

void Engine::StartTimerFor(Frame& frame, std::uint64_t& seq, Timestamp due) {
  seq = NewSeq(&frame);
  transition_.commands.emplace_back(StartTimer{seq, due});
}

// Withdraws every outstanding command of the frame.
void Engine::Cancel(Frame& frame) {
  if (frame.task_seq != 0) {
    execution_.pending.erase(frame.task_seq);
    if (frame.phase == Frame::Phase::kMapRun) {
      transition_.commands.emplace_back(CancelMapRun{frame.task_seq});
    } else {
      transition_.commands.emplace_back(CancelTask{frame.task_seq});
    }
  }
  for (std::uint64_t* seq : {&frame.timer_seq, &frame.heartbeat_seq}) {
    if (*seq == 0) continue;
    execution_.pending.erase(*seq);
    transition_.commands.emplace_back(CancelTimer{*seq});
    *seq = 0;
  }
  frame.task_seq = 0;
  frame.task_token.clear();
}

Frame* Engine::FindPending(std::uint64_t seq) {
  const auto found = execution_.pending.find(seq);
  return found == execution_.pending.end() ? nullptr : execution_.frames[found->second].get();
}

Frame& Engine::NewFrame(const Frame& parent, std::int64_t index, int scope, Payload input) {
  auto& frames = execution_.frames;
  const auto free = std::find(frames.begin(), frames.end(), nullptr);
  const auto slot = static_cast<std::uint32_t>(free - frames.begin());
  auto frame = std::make_unique<Frame>();
  frame->slot = slot;
  frame->parent = static_cast<std::int32_t>(parent.slot);
  frame->index = index;
  frame->state = program_.scopes[static_cast<std::size_t>(scope)].start;
  frame->input = std::move(input);
  Frame& made = *frame;
  if (free == frames.end()) {
    frames.push_back(std::move(frame));
  } else {
    *free = std::move(frame);
  }
  ready_.push_back(slot);
  return made;
}

void Engine::FreeFrame(Frame& frame) {
  Cancel(frame);
  if (context_frame_ == &frame) context_frame_ = nullptr;
  execution_.frames[frame.slot].reset();
}

// Stops all children but `failed`, whose end is dealt with. They stay for a redrive, until
// something takes the failure. `previous`: the event that stops them.
void Engine::AbortChildren(const Frame& parent, const Frame* failed, std::int64_t previous) {
  for (std::size_t slot = 0; slot < execution_.frames.size(); ++slot) {
    Frame* child = execution_.frames[slot].get();
    if (child == nullptr || child == failed ||
        child->parent != static_cast<std::int32_t>(parent.slot)) {
      continue;
    }
    AbortChildren(*child, nullptr, previous);
    const StateType type = StateOf(*child).type;
    const bool entered = child->phase != Frame::Phase::kReady;
    if (entered && type == StateType::kTask) Emit(EventType::kTaskStateAborted, previous, {});
    if (entered && type == StateType::kWait) Emit(EventType::kWaitStateAborted, previous, {});
    if (entered && type == StateType::kParallel) {
      Emit(EventType::kParallelStateAborted, previous, {});
    }
    if (child->phase == Frame::Phase::kMapRun) Emit(EventType::kMapRunAborted, previous, {});
    if (entered && type == StateType::kMap) Emit(EventType::kMapStateAborted, previous, {});
    if (StateOf(parent).type == StateType::kMap) {
      Emit(EventType::kMapIterationAborted, previous,
           {{"name", StateOf(parent).name}, {"index", child->index}});
    }
    Cancel(*child);
  }
}

// The state of `parent` begins anew or is left: its branches or iterations are gone for good.
void Engine::ForgetChildren(Frame& parent) {
  parent.items.clear();
  parent.results.clear();
  if (parent.phase != Frame::Phase::kChildren) return;
  for (std::size_t slot = 0; slot < execution_.frames.size(); ++slot) {
    Frame* child = execution_.frames[slot].get();
    if (child == nullptr || child->parent != static_cast<std::int32_t>(parent.slot)) continue;
    ForgetChildren(*child);
    FreeFrame(*child);
  }
}

void Engine::End(Outcome outcome) {
  for (auto& frame : execution_.frames) {
    if (frame != nullptr) Cancel(*frame);
  }
  for (std::uint64_t* seq : {&execution_.execution_timer_seq, &execution_.resume_seq}) {
    if (*seq != 0) transition_.commands.emplace_back(CancelTimer{*seq});
    *seq = 0;
  }
  execution_.status = outcome.status;
  ready_.clear();
  transition_.outcome = std::move(outcome);
}

void Engine::FailExecution(std::int64_t previous, const Failure& failure) {
  Emit(EventType::kExecutionFailed, previous, ErrorDetails(failure.error, failure.cause));
  End({ExecutionStatus::kFailed, "", failure.error, failure.cause});
}

std::uint64_t Engine::Random() {
  return MixedBits(context_.random_seed, ++execution_.random_draws);
}

bool Engine::On(Start& start) {
  if (execution_.next_event_id != 1) return false;
  json::object details{{"input", context_.input},
                       {"inputDetails", {{"truncated", false}}},
                       {"roleArn", context_.role_arn}};
  if (!context_.state_machine_alias_arn.empty()) {
    details["stateMachineAliasArn"] = context_.state_machine_alias_arn;
  }
  if (!context_.state_machine_version_arn.empty()) {
    details["stateMachineVersionArn"] = context_.state_machine_version_arn;
  }
  Emit(EventType::kExecutionStarted, 0, std::move(details));
  StartExecutionTimer();
  auto root = std::make_unique<Frame>();
  root->state = program_.scopes[static_cast<std::size_t>(context_.scope)].start;
  root->input = Payload::FromText(context_.input);
  for (auto& variable : start.variables) {
    root->variables.push_back(
        {std::string(variable.key()), Payload::FromValue(std::move(variable.value()))});
  }
  execution_.frames.push_back(std::move(root));
  ready_.push_back(0);
  return true;
}

void Engine::StartExecutionTimer() {
  const bool whole = context_.scope == 0;
  std::optional<std::int64_t> limit = whole ? program_.timeout_seconds : std::nullopt;
  if (machine_type() == MachineType::kExpress) {
    limit = std::min(limit.value_or(kExpressSeconds), kExpressSeconds);
  }
  if (!limit) return;
  execution_.execution_timer_seq = NewSeq(nullptr);
  transition_.commands.emplace_back(
      StartTimer{execution_.execution_timer_seq, now_ + std::chrono::seconds(*limit)});
}

bool Engine::On(TimerFired& event) {
  if (event.seq != 0 && event.seq == execution_.execution_timer_seq) {
    execution_.execution_timer_seq = 0;
    Emit(EventType::kExecutionTimedOut, 0, {{"error", "States.Timeout"}});
    End({ExecutionStatus::kTimedOut, "", "States.Timeout", std::nullopt});
    return true;
  }
  if (event.seq != 0 && event.seq == execution_.resume_seq) {
    execution_.resume_seq = 0;
    for (const auto& frame : execution_.frames) {
      const bool waits = frame != nullptr && (frame->phase == Frame::Phase::kReady ||
                                              frame->phase == Frame::Phase::kAgain ||
                                              frame->phase == Frame::Phase::kMapRunAgain);
      if (waits) ready_.push_back(frame->slot);
    }
    return true;
  }
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || (event.seq != frame->timer_seq && event.seq != frame->heartbeat_seq))
    return false;
  execution_.pending.erase(event.seq);
  const bool heartbeat = event.seq == frame->heartbeat_seq;
  (heartbeat ? frame->heartbeat_seq : frame->timer_seq) = 0;
  switch (frame->phase) {
    case Frame::Phase::kTask:
      TaskFailure(*frame, heartbeat ? "States.HeartbeatTimeout" : "States.Timeout", std::nullopt);
      return true;
    case Frame::Phase::kWaiting:
      ExitUnchanged(*frame, StateOf(*frame).assign, StateOf(*frame).output, StateOf(*frame).next);
      return true;
    case Frame::Phase::kRetrying:
      frame->phase = Frame::Phase::kAgain;
      ready_.push_back(frame->slot);
      return true;
    case Frame::Phase::kReady:
    case Frame::Phase::kAgain:
    case Frame::Phase::kChildren:
    case Frame::Phase::kMapRun:
    case Frame::Phase::kMapRunAgain:
      break;
  }
  return false;
}

bool Engine::On(Stop& event) {
  const auto error = NonEmpty(std::move(event.error));
  const auto cause = NonEmpty(std::move(event.cause));
  Emit(EventType::kExecutionAborted, 0, ErrorDetails(error, cause));
  End({ExecutionStatus::kAborted, "", error, cause});
  return true;
}

}  // namespace scones::asl

// RedriveExecution: an execution that failed, timed out or was aborted goes on where it stopped.
// Source: AWS Step Functions Developer Guide, "Restarting state machine executions with redrive".
// A state that had been entered is not entered again: its next event follows the one of its entry.
#include <algorithm>

#include "asl/engine.h"

namespace scones::asl {

bool Engine::On(Redrive&) {
  if (execution_.open() || execution_.frames.empty()) return false;
  execution_.status = ExecutionStatus::kRunning;
  const std::int64_t redriven = Emit(EventType::kExecutionRedriven, execution_.next_event_id - 1,
                                     {{"redriveCount", context_.redrive_count}});
  StartExecutionTimer();
  std::vector<Frame*> resumed;
  for (auto& frame : execution_.frames) {
    if (frame != nullptr && NeverStarted(*frame)) frame.reset();
    if (frame != nullptr && Resumed(*frame, redriven)) resumed.push_back(frame.get());
  }
  // In the order in which their states were entered.
  std::stable_sort(resumed.begin(), resumed.end(),
                   [](const Frame* a, const Frame* b) { return a->last_event < b->last_event; });
  for (const Frame* frame : resumed) ready_.push_back(frame->slot);
  return true;
}

// An iteration whose input could not be made.
bool Engine::NeverStarted(const Frame& frame) const {
  if (frame.parent < 0) return false;
  return frame.index >= execution_.frames[static_cast<std::size_t>(frame.parent)]->started;
}

// Makes the frame ready for a new attempt at its state; false where its children go on instead.
bool Engine::Resumed(Frame& frame, std::int64_t redriven) {
  frame.retry_count = 0;
  frame.retries.clear();
  if (frame.phase == Frame::Phase::kReady) return true;
  if (frame.phase == Frame::Phase::kChildren) {
    const auto all = static_cast<std::int64_t>(frame.results.size());
    return frame.finished == all ||
           (frame.started < all && frame.started - frame.finished < frame.concurrency);
  }
  if (!frame.map_run.arn.empty()) {
    frame.phase = Frame::Phase::kMapRunAgain;
    frame.last_event = frame.map_run.started_event;
    return true;
  }
  frame.phase = Frame::Phase::kAgain;
  frame.last_event = StateOf(frame).type == StateType::kFail ? redriven : frame.entered_event;
  return true;
}

void Engine::ResumeChildren(Frame& frame) {
  // With all of them finished, it was leaving the state that had failed.
  if (frame.finished == static_cast<std::int64_t>(frame.results.size())) {
    return FinishChildren(frame);
  }
  (void)StartIterations(frame, frame.last_event);  // a failure is dealt with
}

}  // namespace scones::asl

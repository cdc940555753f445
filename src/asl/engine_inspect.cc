// Map and Parallel states under TestState: their children don't run, their results are given.
#include "asl/engine.h"

namespace scones::asl {
namespace {

// A list as the service shows it: its elements' texts, between them a comma and a space.
std::string Listed(const json::array& elements) {
  std::string text = "[";
  for (const json::value& element : elements) {
    if (text.size() > 1) text += ", ";
    text += ToJson(element);
  }
  return text + "]";
}

}  // namespace

void Engine::AwaitGivenChildren(Frame& frame, std::int64_t children) {
  frame.phase = Frame::Phase::kMapRun;
  frame.task_seq = NewSeq(&frame);
  inspection_->children_seq = frame.task_seq;
  inspection_->children = children;
}

void Engine::InspectMap(Frame& frame, const json::array& items, std::int64_t max_concurrency) {
  const State& state = StateOf(frame);
  inspection_->Show("afterItemsPath", json::value(Listed(items)));
  inspection_->Show("maxConcurrency", json::value(max_concurrency));
  if (state.parameters) {
    json::array selected;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Frame iteration;
      iteration.index = static_cast<std::int64_t>(i);
      iteration.item = Payload::FromValue(items[i]);
      auto input = SelectItem(frame, iteration);
      if (!input) return HandleError(frame, input.error());
      selected.push_back(std::move(*input).TakeValue());
    }
    inspection_->Show("afterItemSelector", json::value(Listed(selected)));
  }
  AwaitGivenChildren(frame, static_cast<std::int64_t>(items.size()));
}

}  // namespace scones::asl

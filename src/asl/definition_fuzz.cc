// Fuzzes the compiler with any bytes, and the engine with what it accepts: the first line of the
// input is the execution's input, the rest the definition; tasks echo or fail by turns.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asl/definition.h"
#include "asl/step.h"
#include "base/check.h"

using namespace scones::asl;  // NOLINT: a program of its own

namespace {

void Drive(const Definition& definition, std::string_view input) {
  if (!scones::ParseJson(input)) return;
  ExecutionContext context;
  context.input = std::string(input);
  ExecutionState state;
  Event event = Start{};
  std::int64_t now = 0;
  std::int64_t last_id = 0;
  std::vector<Command> open;
  for (int steps = 0; steps < 50; ++steps) {
    const scones::Timestamp time{std::chrono::seconds(now)};
    Transition transition = Step(definition, context, state, std::move(event), time);
    for (const HistoryEvent& one : transition.events) SCONES_CHECK(one.id == ++last_id);
    if (transition.outcome) return;
    auto restored = Decode(definition, Encode(state));
    SCONES_CHECK(restored.has_value());
    state = *std::move(restored);
    for (Command& command : transition.commands) open.push_back(std::move(command));
    if (open.empty()) return;
    Command next = std::move(open.back());
    open.pop_back();
    now += 1000;
    if (const auto* task = std::get_if<RunTask>(&next)) {
      event = steps % 3 == 2 ? Event(TaskFailed{task->seq, "Boom", "because"})
                             : Event(TaskSucceeded{task->seq, task->input});
    } else if (const auto* timer = std::get_if<StartTimer>(&next)) {
      event = TimerFired{timer->seq};
    } else {
      event = TimerFired{0};
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view input = line == std::string_view::npos ? "{}" : text.substr(0, line);
  const std::string_view source = line == std::string_view::npos ? text : text.substr(line + 1);
  const auto definition = Definition::Parse(source, MachineType::kStandard);
  if (!definition) {
    SCONES_CHECK(!definition.error().message().empty());
    return 0;
  }
  Drive(**definition, input);
  return 0;
}

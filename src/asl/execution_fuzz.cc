// Fuzzes executions: the input's bytes choose a state machine, whose text is then compiled, and the
// answers that its tasks, timers and map runs get: in any order, twice, late, or never. Two copies
// of the execution take every step: one stays in memory, the other is stored and read back before
// each. They must not differ.
#include <fmt/format.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "asl/definition.h"
#include "asl/fuzzed_machine.h"
#include "asl/step.h"
#include "base/check.h"

using namespace scones::asl;  // NOLINT: a program of its own

namespace {

constexpr int kMaxSteps = 30;
constexpr std::int64_t kMaxEvents = 500;
constexpr const char* kDocuments[] = {
    R"({"a":{"b":1},"items":[{"n":1},{"n":2},{"n":3}],"n":2,"b":true})",
    "{}",
    "[]",
    "null",
    R"("text")",
    "1e300",
    R"([[1],[2,[3]],{"b":null}])",
    R"({"Payload":{"a":1,"items":[1,2]},"StatusCode":200})",
    "{",
    ""};

std::string Describe(const Command& command) {
  return std::visit(
      [](const auto& one) {
        std::string text = fmt::format("{}", one.seq);
        if constexpr (requires { one.input; }) text += one.input + one.task_token;
        if constexpr (requires { one.due; })
          text += fmt::format("@{}", one.due.time_since_epoch().count());
        if constexpr (requires { one.spec; }) text += Encode(one.spec);
        return text;
      },
      command);
}

// All of a transition that a caller sees.
std::string Describe(const Transition& transition) {
  std::string text = transition.changed ? "changed" : "";
  for (const HistoryEvent& event : transition.events) {
    text += fmt::format("\n{} {} {} {}", event.id, event.previous_id, EventTypeName(event.type),
                        scones::ToJson(event.details));
  }
  for (const Command& command : transition.commands) {
    text += fmt::format("\n{} {}", command.index(), Describe(command));
  }
  if (transition.outcome) {
    text += fmt::format("\n{} {} {} {}", ExecutionStatusName(transition.outcome->status),
                        transition.outcome->output, transition.outcome->error.value_or("-"),
                        transition.outcome->cause.value_or("-"));
  }
  return text;
}

class Run {
 public:
  Run(const Definition& definition, FuzzedDataProvider& bytes)
      : definition_(definition), bytes_(bytes) {
    context_.execution_arn = "arn:aws:states:us-east-1:123456789012:execution:m:e";
    context_.state_machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    context_.region = "us-east-1";
    context_.task_token_key = "key";
    context_.input = kDocuments[bytes_.ConsumeIntegralInRange<std::size_t>(0, 7)];
  }

  void Go() {
    Take(Start{});
    for (int steps = 0; steps < kMaxSteps && last_id_ < kMaxEvents; ++steps) {
      if (!state_.open()) {
        if (!bytes_.ConsumeBool()) return;
        ++context_.redrive_count;
        Take(Redrive{});
        if (!state_.open()) return;
      }
      // Something must be awaited, or the execution would never end.
      SCONES_CHECK(!state_.pending.empty() || state_.resume_seq != 0);
      if (bytes_.remaining_bytes() == 0) return;
      Take(Next());
    }
  }

 private:
  std::string Text() { return bytes_.PickValueInArray(kDocuments); }

  Event Next() {
    now_ += bytes_.ConsumeIntegralInRange(0, 200);
    if (bytes_.ConsumeIntegralInRange(0, 40) == 0) return Stop{"Stopped", "by hand"};
    // Mostly the latest that is awaited, but also anything that ever was or never will be.
    std::uint64_t seq = bytes_.ConsumeIntegralInRange<std::uint64_t>(0, 12);
    if (seq < 8 && !commands_.empty()) {
      const std::size_t back = std::min<std::size_t>(seq, commands_.size() - 1);
      const Command& command = commands_[commands_.size() - 1 - back];
      seq = std::visit([](const auto& one) { return one.seq; }, command);
      if (std::holds_alternative<StartTimer>(command)) return TimerFired{seq};
      if (std::holds_alternative<StartMapRun>(command)) {
        if (bytes_.ConsumeBool()) return MapRunSucceeded{seq, "[1,2]"};
        return MapRunFailed{seq, "States.ItemReaderFailed", "gone"};
      }
      if (bytes_.ConsumeBool()) return TaskSucceeded{seq, Text()};
    }
    switch (bytes_.ConsumeIntegralInRange(0, 6)) {
      case 0:
        return TaskSucceeded{seq, Text()};
      case 1:
        return TaskFailed{seq, bytes_.PickValueInArray(testing::kErrors), "because"};
      case 2:
        return TaskFailed{seq, "Nobody", "there", true};
      case 3:
        return TaskSubmitted{seq, Text()};
      case 4:
        return TaskStarted{seq, "worker"};
      case 5:
        return TaskHeartbeat{seq};
      default:
        return TimerFired{seq};
    }
  }

  void Take(const Event& event) {
    const scones::Timestamp now{std::chrono::seconds(1'700'000'000 + now_)};
    const std::string before = Encode(state_);
    scones::Result<ExecutionState> restored =
        std::holds_alternative<Start>(event) ? ExecutionState() : Decode(definition_, before);
    SCONES_CHECK(restored.has_value());
    const Transition transition = Step(definition_, context_, state_, event, now);
    const Transition again = Step(definition_, context_, *restored, event, now);
    const std::string after = Encode(state_);
    SCONES_CHECK(Describe(transition) == Describe(again));
    SCONES_CHECK(after == Encode(*restored));
    if (!transition.changed) {
      SCONES_CHECK(before == after);
      SCONES_CHECK(transition.events.empty() && transition.commands.empty() && !transition.outcome);
      return;
    }
    Check(transition);
    for (const Command& command : transition.commands) {
      if (std::holds_alternative<CancelTask>(command) ||
          std::holds_alternative<CancelTimer>(command) ||
          std::holds_alternative<CancelMapRun>(command)) {
        continue;
      }
      // Each number is given once.
      SCONES_CHECK(
          seqs_.insert(std::visit([](const auto& one) { return one.seq; }, command)).second);
      commands_.push_back(command);
    }
  }

  void Check(const Transition& transition) {
    for (const HistoryEvent& event : transition.events) {
      SCONES_CHECK(event.id == ++last_id_);
      SCONES_CHECK(event.previous_id >= 0 && event.previous_id < event.id);
    }
    SCONES_CHECK(transition.outcome.has_value() == !state_.open());
    if (transition.outcome) {
      SCONES_CHECK(transition.outcome->status == state_.status);
      SCONES_CHECK(transition.outcome->output.size() <= kMaxPayloadBytes);
      SCONES_CHECK(state_.pending.empty());
      if (transition.outcome->status == ExecutionStatus::kSucceeded) {
        SCONES_CHECK(scones::ParseJson(transition.outcome->output).has_value());
      }
    }
  }

  const Definition& definition_;
  FuzzedDataProvider& bytes_;
  ExecutionContext context_;
  ExecutionState state_;
  std::vector<Command> commands_;
  std::set<std::uint64_t> seqs_;
  std::int64_t now_ = 0;
  std::int64_t last_id_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool kShow = std::getenv("SCONES_FUZZ_SHOW") != nullptr;
  FuzzedDataProvider bytes(data, size);
  const MachineType type =
      bytes.ConsumeIntegralInRange(0, 4) == 0 ? MachineType::kExpress : MachineType::kStandard;
  const std::string text = testing::FuzzedMachine(bytes, type).Make();
  const auto definition = Definition::Parse(text, type);
  if (kShow) {
    std::fprintf(stderr, "%s\n%s\n", text.c_str(),
                 definition ? "runs" : definition.error().message().c_str());
  }
  if (!definition) {
    SCONES_CHECK(!definition.error().message().empty());
    return 0;
  }
  Run(**definition, bytes).Go();
  return 0;
}

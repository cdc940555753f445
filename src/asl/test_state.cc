#include "asl/test_state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "asl/child_inputs.h"
#include "asl/distributed_map.h"
#include "asl/engine.h"
#include "asl/item_reader.h"
#include "asl/test_state_check.h"

namespace scones::asl {
namespace {

constexpr std::chrono::minutes kLongestTest{5};

Result<json::object> ReadObject(const std::string& text, std::string_view what) {
  Result<json::value> parsed = ParseJson(text);
  if (!parsed || !parsed->is_object()) {
    return TestStateRefusal(fmt::format("{} must be a valid JSON object", what));
  }
  return std::move(parsed->get_object());
}

// A list as the service shows it, of JSON texts.
std::string Listed(const std::vector<std::string>& elements) {
  return fmt::format("[{}]", fmt::join(elements, ", "));
}
std::string Listed(const json::array& elements) {
  std::vector<std::string> texts;
  for (const json::value& element : elements) texts.push_back(ToJson(element));
  return Listed(texts);
}

// The stages that a state of this kind has, of those that were noted.
json::object ShownStages(const State& state, const TestStateRequest& request,
                         const Inspection& seen) {
  json::object stages = seen.shown;
  stages["input"] = request.input;
  if (state.jsonata) {
    if (state.parameters && state.type != StateType::kMap) {
      if (const json::value* arguments = FindMember(stages, "afterParameters")) {
        stages["afterArguments"] = json::value(*arguments);
      }
    }
    for (const char* stage : {"afterInputPath", "afterParameters", "afterItemsPath"}) {
      stages.erase(stage);
    }
    return stages;
  }
  switch (state.type) {
    case StateType::kPass:
      if (!state.result) break;
      stages.erase("afterInputPath");
      stages.erase("afterParameters");
      stages["result"] = ToJson(*state.result);
      break;
    case StateType::kFail:
      stages["afterInputPath"] = request.input;
      break;
    case StateType::kChoice:
    case StateType::kWait:
    case StateType::kSucceed:
      stages.erase("afterParameters");
      break;
    case StateType::kTask:
    case StateType::kParallel:
    case StateType::kMap:
      break;
  }
  return stages;
}

}  // namespace

std::string_view TestStatusName(TestStatus status) {
  switch (status) {
    case TestStatus::kSucceeded:
      return "SUCCEEDED";
    case TestStatus::kFailed:
      return "FAILED";
    case TestStatus::kRetriable:
      return "RETRIABLE";
    case TestStatus::kCaughtError:
      return "CAUGHT_ERROR";
  }
  return "";
}

struct StateTest::Run {
  TestStateRequest request;
  Timestamp now;
  std::shared_ptr<const Definition> definition;
  ExecutionContext context;
  ExecutionState execution;
  Inspection inspection;
  std::optional<RunTask> task;
  std::optional<StartMapRun> map_run;
  std::optional<Failure> failure;  // that ends the test without the state's own doing

  const State& state() const {
    const Program& program = definition->program();
    return program.states[static_cast<std::size_t>(program.scopes[0].start)];
  }

  void Send(Event event) {
    Engine engine(*definition, context, execution, now);
    engine.InspectInto(inspection);
    Transition transition = engine.Run(std::move(event));
    if (inspection.left) return;
    if (transition.outcome) {
      inspection.failure = Failure{transition.outcome->error, transition.outcome->cause};
    }
    for (Command& command : transition.commands) {
      if (auto* run = std::get_if<RunTask>(&command)) task = std::move(*run);
      if (auto* run = std::get_if<StartMapRun>(&command)) map_run = std::move(*run);
      const auto* timer = std::get_if<StartTimer>(&command);
      if (timer != nullptr && state().type == StateType::kWait) return PassTime(*timer);
    }
  }

  // A Wait's time passes at once, unless it is longer than a test may take.
  void PassTime(StartTimer timer) {
    if (timer.due - now > kLongestTest) {
      failure = Failure{"States.Timeout", std::nullopt};
      return;
    }
    now = timer.due;
    Send(TimerFired{timer.seq});
  }

  Result<void> AnswerByMock();
  Result<void> AnswerChildren(std::uint64_t seq, std::int64_t children);
  Result<std::int64_t> MakeChildren(const MapRunSpec& spec);
  Result<std::vector<std::string>> ChildTexts(const MapRunSpec& spec,
                                              std::vector<std::int64_t>& counts);
  void ShowItems(const MapRunSpec& spec);
  bool ToleranceExceeded(std::int64_t children) const;
};

// The inputs of a distributed Map's children, shown; answers how many there are.
Result<std::int64_t> StateTest::Run::MakeChildren(const MapRunSpec& spec) {
  inspection.Show("maxConcurrency", json::value(spec.max_concurrency));
  if (spec.tolerated_failure_count) {
    inspection.Show("toleratedFailureCount", json::value(*spec.tolerated_failure_count));
  }
  if (spec.tolerated_failure_percentage) {
    inspection.Show("toleratedFailurePercentage", json::value(*spec.tolerated_failure_percentage));
  }
  ShowItems(spec);
  std::vector<std::int64_t> counts;
  MapRunSpec single = spec;
  single.batched = false;
  TRY(const std::vector<std::string> items, ChildTexts(single, counts));
  if (state().parameters) inspection.Show("afterItemSelector", json::value(Listed(items)));
  if (!spec.batched) return static_cast<std::int64_t>(items.size());
  counts.clear();
  TRY(const std::vector<std::string> batches, ChildTexts(spec, counts));
  // The service shows the items of a batch as texts.
  std::vector<std::string> shown;
  std::size_t next = 0;
  for (const std::int64_t count : counts) {
    json::object batch;
    if (!spec.batch_input.empty()) {
      batch["BatchInput"] = Payload::FromText(spec.batch_input).value();
    }
    json::array members;
    for (std::int64_t i = 0; i < count && next < items.size(); ++i) {
      members.emplace_back(items[next++]);
    }
    batch["Items"] = std::move(members);
    shown.push_back(ToJson(batch));
  }
  inspection.Show("afterItemBatcher", json::value(Listed(shown)));
  return static_cast<std::int64_t>(batches.size());
}

Result<std::vector<std::string>> StateTest::Run::ChildTexts(const MapRunSpec& spec,
                                                            std::vector<std::int64_t>& counts) {
  std::vector<std::string> texts;
  TRY(ChildInputs inputs,
      ChildInputs::Make(*definition, spec,
                        [&](std::string input, std::int64_t items) -> Result<void> {
                          texts.push_back(std::move(input));
                          counts.push_back(items);
                          return {};
                        }));
  if (!spec.reader) {
    TRY_VOID(inputs.AddStateItems());
  } else {
    // What is given stands for the object.
    ItemReaderSpec object = *spec.reader;
    object.source = ItemReaderSpec::Source::kObject;
    ItemReader reader(object, [&](MapItem item) { return inputs.Add(std::move(item)); });
    while (reader.Next()) TRY_VOID(reader.FeedObject(*request.map_item_reader_data));
  }
  TRY_VOID(inputs.Finish());
  return texts;
}

// The items as they are before ItemSelector.
void StateTest::Run::ShowItems(const MapRunSpec& spec) {
  if (!spec.reader) {
    const json::value items = Payload::FromText(spec.items).value();
    if (items.is_array()) inspection.Show("afterItemsPath", json::value(Listed(items.get_array())));
    return;
  }
  if (spec.reader->items_pointer.empty()) return;
  const Result<json::value> data = ParseJson(*request.map_item_reader_data);
  const json::value* found = data ? FindByPointer(*data, spec.reader->items_pointer) : nullptr;
  if (found != nullptr) inspection.Show("afterItemsPointer", json::value(ToJson(*found)));
}

// Without a tolerance in the state, a count of failures says nothing.
bool StateTest::Run::ToleranceExceeded(std::int64_t children) const {
  if (!map_run || !request.map_iteration_failure_count) return false;
  const auto failed = static_cast<double>(*request.map_iteration_failure_count);
  const MapRunSpec& spec = map_run->spec;
  if (spec.tolerated_failure_count && failed > static_cast<double>(*spec.tolerated_failure_count)) {
    return true;
  }
  return spec.tolerated_failure_percentage && children > 0 &&
         failed * 100 > *spec.tolerated_failure_percentage * static_cast<double>(children);
}

Result<void> StateTest::Run::AnswerChildren(std::uint64_t seq, std::int64_t children) {
  const TestStateRequest::Mock& mock = *request.mock;
  if (request.map_iteration_failure_count.value_or(0) > children) {
    return TestStateRefusal(
        "Map iteration failure count must be less than or equal to the number of Map iterations");
  }
  if (mock.error_output) {
    Send(MapRunFailed{seq, *mock.error_output->error, mock.error_output->cause.value_or("")});
    return {};
  }
  if (ToleranceExceeded(children)) {
    Send(MapRunFailed{seq, std::string(kThresholdError), std::string(kThresholdCause)});
    return {};
  }
  const json::value result = Payload::FromText(*mock.result).value();
  if (state().type == StateType::kMap && result.is_array() &&
      static_cast<std::int64_t>(result.get_array().size()) != children) {
    return TestStateRefusal("Input array does not equal the mocked result array's size");
  }
  Send(MapRunSucceeded{seq, *mock.result});
  return {};
}

Result<void> StateTest::Run::AnswerByMock() {
  const TestStateRequest::Mock& mock = *request.mock;
  if (map_run) {
    auto children = MakeChildren(map_run->spec);
    if (!children && children.error().reason() == "ValidationException") return children.error();
    if (!children) {
      Send(MapRunFailed{map_run->seq, children.error().reason(), children.error().message()});
      return {};
    }
    return AnswerChildren(map_run->seq, *children);
  }
  if (inspection.children_seq != 0) {
    return AnswerChildren(inspection.children_seq, inspection.children);
  }
  if (!task) return {};  // it failed before
  const std::uint64_t seq = std::exchange(task, std::nullopt)->seq;
  if (mock.result) {
    Send(TaskSucceeded{seq, *mock.result});
  } else {
    Send(TaskFailed{seq, *mock.error_output->error, mock.error_output->cause.value_or("")});
  }
  return {};
}

StateTest::StateTest(std::unique_ptr<Run> run) : run_(std::move(run)) {}
StateTest::StateTest(StateTest&&) noexcept = default;
StateTest::~StateTest() = default;

Result<StateTest> StateTest::Start(TestStateRequest request, const TestStateIdentity& identity,
                                   Timestamp now) {
  auto run = std::make_unique<Run>();
  TRY(const json::object machine, MachineOfOneState(request));
  TRY(run->definition, Definition::Parse(ToJson(machine), MachineType::kStandard));
  const State& state = run->state();
  TRY_VOID(CheckMock(request, state));
  Result<json::value> input = ParseJson(request.input);
  if (!input) {
    return Error(
        Code::kInvalid, "InvalidExecutionInput",
        fmt::format("Invalid State Machine Execution Input: '{}'", input.error().message()));
  }
  run->now = now;
  run->context.execution_arn = fmt::format("{}:express:{}:{}", identity.arn_prefix,
                                           identity.machine_id, identity.execution_id);
  run->context.state_machine_arn =
      fmt::format("{}:stateMachine:{}", identity.arn_prefix, identity.machine_id);
  run->context.region = identity.region;
  run->context.input = request.input;
  run->context.random_seed = identity.random_seed;
  run->context.task_token_key = identity.task_token_key;
  auto root = std::make_unique<Frame>();
  root->state = run->definition->program().scopes[0].start;
  root->input = Payload::FromText(request.input);
  root->retries.assign(
      state.retriers.size(),
      static_cast<int>(std::min<std::int64_t>(request.retrier_retry_count.value_or(0), 1'000'000)));
  if (request.variables) {
    TRY(json::object variables, ReadObject(*request.variables, "Variables"));
    for (auto& member : variables) {
      root->variables.push_back(
          {std::string(member.key()), Payload::FromValue(std::move(member.value()))});
    }
  }
  // As if the execution had just started: entering the state is event 2.
  run->execution.frames.push_back(std::move(root));
  run->execution.next_event_id = 2;
  run->execution.resume_seq = 1;
  run->execution.next_seq = 2;
  const bool waits =
      state.type == StateType::kTask && state.resource.pattern == TaskPattern::kWaitForTaskToken;
  const std::string token =
      waits ? MakeTaskToken(identity.task_token_key, run->context.execution_arn, 2) : "";
  if (request.context) {
    TRY(run->inspection.context, ReadTestContext(*request.context));
  } else {
    run->inspection.context = MakeTestContext(identity, state, request.input, token, now);
  }
  run->request = std::move(request);
  run->Send(TimerFired{1});
  if (run->request.mock) TRY_VOID(run->AnswerByMock());
  return StateTest(std::move(run));
}

const RunTask* StateTest::task() const { return run_->task ? &*run_->task : nullptr; }

void StateTest::TaskDone(Event answer) {
  run_->task.reset();
  run_->Send(std::move(answer));
}

TestStateResult StateTest::Finish() {
  Run& run = *run_;
  Inspection& seen = run.inspection;
  const State& state = run.state();
  TestStateResult result;
  if (run.failure) seen.failure = run.failure;
  const bool failed = seen.failure.has_value();
  if (failed) {
    result.error = seen.failure->error;
    result.cause = seen.failure->cause;
  }
  json::object error_details;
  if (seen.left) {
    result.status = seen.catcher ? TestStatus::kCaughtError : TestStatus::kSucceeded;
    result.output = seen.output;
    if (seen.catcher) error_details["catchIndex"] = *seen.catcher;
    const Program& program = run.definition->program();
    if (seen.next >= 0)
      result.next_state = program.states[static_cast<std::size_t>(seen.next)].name;
  } else if (seen.retrier) {
    result.status = TestStatus::kRetriable;
    error_details["retryIndex"] = *seen.retrier;
    error_details["retryBackoffIntervalSeconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(seen.retry_delay).count();
  } else {
    result.status = TestStatus::kFailed;
  }
  result.inspection = ShownStages(state, run.request, seen);
  if (!error_details.empty()) result.inspection["errorDetails"] = std::move(error_details);
  return result;
}

}  // namespace scones::asl

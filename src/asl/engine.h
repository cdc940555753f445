// One step of an execution: Step()'s machinery, made for one event and thrown away. Private.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "asl/distributed_map.h"
#include "asl/inspection.h"
#include "asl/program.h"
#include "asl/retry.h"
#include "asl/step.h"

namespace scones::asl {

// Adds a document to an event's details: {"output": text, "outputDetails": {"truncated": false}}.
// `member` is "input" or "output".
void AddDocument(json::object& details, std::string_view member, const std::string& text);
EventType ExitedType(StateType type);
// A cause as long as the API lets it be; what is longer is cut.
std::string AsCause(std::string text);

// A failed evaluation in the words of the execution's history.
Error WrappedError(std::string_view state_name, std::int64_t entered_event, const Error& error);
// The `draw`th number that follows from `seed`.
std::uint64_t MixedBits(std::uint64_t seed, std::uint64_t draw);

class Engine {
  static constexpr std::size_t kDetailsBytes = 4096;
  // Of JSONata in one attempt at a state, and in one step: about a second of work.
  static constexpr std::uint64_t kQuerySteps = 10'000'000;

 public:
  Engine(const Definition& definition, const ExecutionContext& context, ExecutionState& state,
         Timestamp now)
      : definition_(definition),
        program_(definition.program()),
        context_(context),
        execution_(state),
        now_(now) {}

  Transition Run(Event event);
  // Before Run: notes in `inspection`, which outlives it.
  void InspectInto(Inspection& inspection) { inspection_ = &inspection; }

 private:
  // engine.cc: events, frames and the life of the execution.
  bool On(Start& start);
  bool On(TaskSucceeded& event);
  bool On(TaskFailed& event);
  bool On(TaskSubmitted& event);
  bool On(TaskStarted& event);
  bool On(TaskHeartbeat& event);
  bool On(TimerFired& event);
  bool On(Stop& event);
  bool On(Redrive&);
  bool On(MapRunSucceeded& event);
  bool On(MapRunFailed& event);
  void Drain();
  std::size_t HeldBytes() const;
  void Activate(Frame& frame);
  std::int64_t Emit(EventType type, std::int64_t previous, json::object details);
  std::uint64_t NewSeq(const Frame* owner);
  void StartTimerFor(Frame& frame, std::uint64_t& seq, Timestamp due);
  void Cancel(Frame& frame);
  Frame* FindPending(std::uint64_t seq);
  Frame& NewFrame(const Frame& parent, std::int64_t index, int scope, Payload input);
  void FreeFrame(Frame& frame);
  void StartExecutionTimer();
  void AbortChildren(const Frame& parent, const Frame* failed, std::int64_t previous);
  void ForgetChildren(Frame& parent);
  void End(Outcome outcome);
  void FailExecution(std::int64_t previous, const Failure& failure);
  const State& StateOf(const Frame& frame) const {
    return program_.states[static_cast<std::size_t>(frame.state)];
  }
  std::uint64_t Random();
  MachineType machine_type() const { return context_.type.value_or(definition_.type()); }

  // engine_states.cc: what each state type does.
  void Enter(Frame& frame);
  void Attempt(Frame& frame);
  void AttemptPass(Frame& frame, const State& state);
  void AttemptChoice(Frame& frame, const State& state);
  Result<const ChoiceBranch*> ChooseBranch(const State& state, const Scope& scope);
  void AttemptWait(Frame& frame, const State& state);
  void AttemptFail(Frame& frame, const State& state);
  Result<Timestamp> WaitUntil(const Frame& frame, const State& state);
  void AttemptParallel(Frame& frame, const State& state);
  void AttemptMap(Frame& frame, const State& state);
  bool StartIterations(Frame& frame, std::int64_t previous);
  Result<Payload> SelectItem(const Frame& frame, const Frame& iteration);
  void FinishChildren(Frame& frame);

  // engine_inspect.cc: under TestState.
  void AwaitGivenChildren(Frame& frame, std::int64_t children);
  void InspectMap(Frame& frame, const json::array& items, std::int64_t max_concurrency);

  // engine_redrive.cc
  bool NeverStarted(const Frame& frame) const;
  bool Resumed(Frame& frame, std::int64_t redriven);
  void ResumeChildren(Frame& frame);

  // engine_map.cc
  void AttemptDistributedMap(Frame& frame, const State& state);
  void AgainMapRun(Frame& frame);
  Result<json::value> MapItems(const Frame& frame, const State& state, const Payload& input);
  Result<void> Specify(Frame& frame, const State& state, const Payload& input, MapRunSpec& spec);
  Result<void> SpecifyTolerance(const DistributedMap& map, const Scope& scope, MapRunSpec& spec);
  Result<void> SpecifyReader(const DistributedMap::Reader& reader, const Scope& scope,
                             MapRunSpec& spec);
  Result<void> SpecifyBatches(const DistributedMap::Batcher& batcher, const Scope& scope,
                              MapRunSpec& spec);
  Result<json::object> S3Arguments(const std::optional<Template>& arguments, std::string_view field,
                                   const Scope& scope,
                                   std::initializer_list<std::string_view> required);
  json::object VisibleVariables(const Frame& frame) const;
  Result<std::int64_t> Count(const NumberField& field, std::string_view name, const Scope& scope);

  // engine_task.cc
  void AttemptTask(Frame& frame, const State& state);
  void Schedule(Frame& frame, const State& state, RunTask task, std::string credentials);
  Result<std::optional<std::int64_t>> Seconds(const NumberField& field, std::string_view name,
                                              const Frame& frame);
  void TaskFailure(Frame& frame, std::optional<std::string> error, std::optional<std::string> cause,
                   bool not_scheduled = false);
  // {"name": …} and a document: the details of entering and leaving a state.
  json::object StateDetails(const State& state, std::string_view member,
                            const std::string& text) const;
  json::object TaskDetails(const TaskResource& resource) const;

  // engine_data.cc: the data flow through a state, and errors.
  const json::value& ContextObject(const Frame& frame);
  Scope ScopeFor(const Frame& frame, const Payload& input);
  Error Wrapped(const Frame& frame, const Error& error) const;
  Result<Payload> ApplyPath(const Frame& frame, const InputOutputPath& path, Payload payload);
  Result<Payload> EffectiveInput(const Frame& frame);
  Result<Payload> ApplyTemplate(const Frame& frame, const std::optional<Template>& source,
                                Payload payload);
  Result<Payload> MergeResult(const Frame& frame, const ResultPath& path, Payload result);
  void Complete(Frame& frame, Payload result);
  void Exit(Frame& frame, Result<Payload> output, int next, std::vector<Variable> assigned);
  void ExitUnchanged(Frame& frame, const std::optional<Template>& assign,
                     const std::optional<Template>& output, int next);
  void FinishFrame(Frame& frame, Payload output);
  void HandleError(Frame& frame, const Error& error);
  void HandleFailure(Frame& frame, Failure failure);
  bool TryRetry(Frame& frame, const Failure& failure);
  void Catch(Frame& frame, const Catcher& catcher, const Failure& failure);
  void FailFrame(Frame& frame, Failure failure);

  // engine_queries.cc: what is different in JSONata states.
  void ExitQueries(Frame& frame, const Scope& scope, const std::optional<Template>& assign,
                   const std::optional<Template>& output, Payload payload, int next);
  Result<std::int64_t> QueryInteger(const Frame& frame, const Expression& expression,
                                    std::int64_t least);
  static Result<std::int64_t> QueryInteger(const Query& query, std::int64_t least,
                                           const Scope& scope);
  Result<Timestamp> QueryTimestamp(const Frame& frame, const Expression& expression);
  Result<bool> QueryCondition(const Template& condition, const Scope& scope);
  Result<json::value> QueryItems(const Frame& frame);
  void NoteEvaluationFailure(Frame& frame, const State& state, const Error& shown);

  // engine_variables.cc
  const json::value* FindVariable(const Frame& frame, std::string_view name) const;
  Result<std::vector<Variable>> EvaluateAssign(const Frame& frame,
                                               const std::optional<Template>& assign,
                                               const Scope& scope);
  std::size_t StoredVariableBytes() const;
  void Leave(Frame& frame, const Payload& output, std::vector<Variable> assigned);

  const Definition& definition_;
  const Program& program_;
  const ExecutionContext& context_;
  ExecutionState& execution_;
  Timestamp now_;
  Transition transition_;
  // Where the details of this step's events are kept: made and freed as one.
  json::storage_ptr details_storage_ =
      json::make_shared_resource<json::monotonic_resource>(kDetailsBytes);
  std::deque<std::uint32_t> ready_;
  std::optional<json::value> context_object_;
  const Frame* context_frame_ = nullptr;
  std::size_t copy_budget_ = 0;
  bool history_full_ = false;
  // What the expressions of the attempt that is under way may still do.
  std::uint64_t query_steps_ = kQuerySteps;
  std::size_t details_bytes_ = 0;     // of this step's events, about
  Inspection* inspection_ = nullptr;  // TestState's
  // Where in its state a JSONata expression failed last.
  std::string query_location_;
  // The frame that is entering its state, and the event that led to it.
  const Frame* entering_ = nullptr;
  std::int64_t before_entering_ = 0;
};

}  // namespace scones::asl

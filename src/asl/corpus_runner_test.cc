// RunCorpusCase: a virtual clock, a queue of timers, and the corpus' functions by template name.
#include "asl/corpus_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "asl/child_inputs.h"
#include "asl/corpus_compare.h"
#include "asl/map_results.h"
#include "asl/step.h"
#include "base/time.h"

namespace scones::asl {
namespace {

// When the corpus' relative timestamps were laid out to be.
Timestamp StartOfTime() { return *ParseIso8601("2026-11-22T07:21:44Z"); }

struct FunctionAnswer {
  bool fails = false;
  std::string text;  // result, or cause
  std::string error;
  std::chrono::seconds after{0};
};

std::string PythonRepr(const json::value& value) {
  if (value.is_null()) return "None";
  if (const bool* flag = value.if_bool()) return *flag ? "True" : "False";
  if (const json::string* text = value.if_string()) return "'" + std::string(*text) + "'";
  std::string out;
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array)
      out += (out.empty() ? "" : ", ") + PythonRepr(element);
    return "[" + out + "]";
  }
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      out += fmt::format("{}'{}': {}", out.empty() ? "" : ", ", std::string_view(member.key()),
                         PythonRepr(member.value()));
    }
    return "{" + out + "}";
  }
  return ToJson(value);
}

// As Python's json.dumps writes a function's result: with a space after each comma and colon.
std::string PythonJson(const json::value& value) {
  std::string out;
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array)
      out += (out.empty() ? "" : ", ") + PythonJson(element);
    return "[" + out + "]";
  }
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", ToJsonString(member.key()),
                         PythonJson(member.value()));
    }
    return "{" + out + "}";
  }
  return ToJson(value);
}

std::string PythonString(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : PythonRepr(value);
}

// As Python's json.dumps writes an error: with spaces, which AWS passes on.
std::string ErrorJson(std::string_view message, std::string_view type, std::string_view trace) {
  return fmt::format(
      "{{\"errorMessage\": {}, \"errorType\": {}, \"requestId\": \"id\", \"stackTrace\": [{}]}}",
      ToJsonString(message), ToJsonString(type), ToJsonString(trace));
}

FunctionAnswer CallFunction(const std::string& name, const std::string& event) {
  const json::value input = *ParseJson(event);
  if (name == "id_function.py") return {false, PythonJson(input), "", {}};
  if (name == "echo_function.py") return {false, "{\"Return\":\"HelloWorld\"}", "", {}};
  if (name == "return_bytes_str.py") return {false, "\"HelloWorld!\"", "", {}};
  if (name == "return_decorated_input.py") {
    return {false, ToJsonString("input-event-" + PythonString(input)), "", {}};
  }
  if (name == "raise_exception.py") {
    return {
        true,
        ErrorJson("Some exception was raised.", "Exception",
                  "  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some "
                  "exception was raised.\")\n"),
        "Exception",
        {}};
  }
  if (name == "raise_custom_exception.py") {
    return {
        true,
        ErrorJson(
            "", "CustomException",
            "  File \"/var/task/handler.py\", line 6, in handler\n    raise CustomException()\n"),
        "CustomException",
        {}};
  }
  if (name == "large_output_string.py")
    return {false, ToJsonString(std::string(257 * 1024, 'a')), "", {}};
  if (name == "wait_60_seconds.py") return {false, event, "", std::chrono::seconds(60)};
  return {true, "no such template: " + name, "Test.Unknown", {}};
}

// What lambda:invoke answers: the function's result inside the service's response.
std::string InvokeResponse(const std::string& payload) {
  const std::string length = std::to_string(payload.size());
  return fmt::format(
      R"({{"ExecutedVersion":"$LATEST","Payload":{},"SdkHttpMetadata":{{"AllHttpHeaders":{{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"x-amzn-RequestId":["id"],"Content-Length":["{}"],"Date":["date"],"X-Amzn-Trace-Id":["trace"],"Content-Type":["application/json"]}},"HttpHeaders":{{"Connection":"keep-alive","Content-Length":"{}","Content-Type":"application/json","Date":"date","X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"id","X-Amzn-Trace-Id":"trace"}},"HttpStatusCode":200}},"SdkResponseMetadata":{{"RequestId":"id"}},"StatusCode":200}})",
      payload, length, length);
}

class Simulation {
 public:
  Simulation(const json::object& one, const Definition& definition)
      : case_(one), definition_(definition) {
    context_.region = "us-east-1";
    context_.execution_name = StringOr(one, "execution_name", "execution-1");
    context_.state_machine_name = "machine-1";
    context_.state_machine_arn = "arn:aws:states:us-east-1:111111111111:stateMachine:machine-1";
    context_.execution_arn =
        "arn:aws:states:us-east-1:111111111111:execution:machine-1:" + context_.execution_name;
    context_.role_arn = "arn:aws:iam::111111111111:role/sfn-role";
    context_.start_time = now_;
    context_.random_seed = 7;
    const json::value* text = FindMember(one, "input_text");
    context_.input = text != nullptr && text->is_string() ? std::string(text->get_string())
                                                          : ToJson(one.at("input"));
  }

  // A child of a distributed Map.
  Simulation(const Simulation& parent, const MapRunSpec& run, std::string input)
      : case_(parent.case_),
        definition_(parent.definition_),
        context_(parent.context_),
        now_(parent.now_) {
    context_.scope = run.scope;
    context_.type = run.child_type;
    context_.input = std::move(input);
    context_.start_time = now_;
  }

  // Until nothing is left to happen, or `stop_after_entry` and the first commands are out.
  void Run(bool stop) {
    Apply(Start{});
    if (stop) Apply(Stop{});
    for (int steps = 0; !agenda_.empty() && !outcome_ && steps < 10'000; ++steps) {
      const auto next = agenda_.begin();
      if (next->first - StartOfTime() > std::chrono::hours(24 * 365)) return;
      now_ = std::max(now_, next->first);
      Event event = std::move(next->second);
      agenda_.erase(next);
      Apply(std::move(event));
    }
  }

  const std::vector<HistoryEvent>& history() const { return history_; }
  const std::optional<Outcome>& outcome() const { return outcome_; }
  const std::string& fault() const { return fault_; }

 private:
  void Apply(Event event) {
    // Every step starts from what a shell would have stored.
    auto restored = Decode(definition_, Encode(state_));
    if (restored) {
      state_ = *std::move(restored);
    } else if (state_.next_event_id > 1) {
      fault_ = restored.error().message();
    }
    Transition transition = Step(definition_, context_, state_, std::move(event), now_);
    for (HistoryEvent& one : transition.events) history_.push_back(std::move(one));
    for (Command& command : transition.commands)
      std::visit([this](auto& one) { Carry(one); }, command);
    if (transition.outcome) outcome_ = std::move(transition.outcome);
  }

  void Carry(StartTimer& timer) { agenda_.emplace(timer.due, TimerFired{timer.seq}); }
  void Carry(CancelTask&) {}
  void Carry(CancelTimer&) {}
  void Carry(CancelMapRun&) {}
  void Carry(RedriveMapRun&) {}
  void Carry(StartMapRun& command) {
    auto spec = DecodeMapRunSpec(Encode(command.spec));
    if (!spec) {
      fault_ = spec.error().message();
      return;
    }
    auto output = RunMap(*spec);
    if (output) {
      agenda_.emplace(now_, MapRunSucceeded{command.seq, *std::move(output)});
    } else {
      agenda_.emplace(now_,
                      MapRunFailed{command.seq, output.error().reason(), output.error().message()});
    }
  }

  // One child after the other.
  Result<std::string> RunMap(const MapRunSpec& spec) {
    std::vector<std::pair<std::string, std::int64_t>> inputs;
    MapRunCounts items;
    TRY(ChildInputs children,
        ChildInputs::Make(definition_, spec, [&](std::string input, std::int64_t count) {
          inputs.emplace_back(std::move(input), count);
          items.total += count;
          return Result<void>();
        }));
    TRY_VOID(children.AddStateItems());
    TRY_VOID(children.Finish());
    MapRunCounts executions;
    executions.total = static_cast<std::int64_t>(inputs.size());
    MapRunProgress progress(
        {spec.max_concurrency, spec.tolerated_failure_count, spec.tolerated_failure_percentage},
        executions, items);
    MapResults results(spec, [](const std::string&, const std::string&) { return Result<void>(); });
    for (auto& [input, count] : inputs) {
      if (progress.Room() == 0) break;
      progress.Started(count);
      Simulation child(*this, spec, input);
      child.Run(false);
      if (!child.fault_.empty()) fault_ = child.fault_;
      if (!child.outcome_) return Error(Code::kInvalid, "Test.ChildHangs", input);
      progress.Ended(child.outcome_->status, count);
      ChildResult result{.status = child.outcome_->status, .input = input};
      result.output = child.outcome_->output;
      result.error = child.outcome_->error;
      result.cause = child.outcome_->cause;
      TRY_VOID(results.Add(result));
    }
    if (progress.Exceeded()) {
      return Error(Code::kInvalid, std::string(kThresholdError), std::string(kThresholdCause));
    }
    return results.Finish();
  }

  void Carry(RunTask& task) {
    std::string name;
    std::string event = task.input;
    if (task.kind == TaskKind::kFunction) {
      name = task.resource.substr(task.resource.rfind(':') + 1);
    } else {
      const json::value input = *ParseJson(task.input);
      name = StringOr(input.get_object(), "FunctionName", "");
      name = name.substr(name.rfind(':') + 1);
      const json::value* payload = FindMember(input.get_object(), "Payload");
      event = payload == nullptr || payload->is_null() ? "{}" : ToJson(*payload);
      // A payload given as text is the event's text.
      if (payload != nullptr && payload->is_string()) event = std::string(payload->get_string());
    }
    const json::object& functions = case_.at("lambdas").as_object();
    const json::object* function = FindObject(functions, name);
    if (function == nullptr) {
      const std::string text = fmt::format(
          "Function not found: arn:aws:lambda:us-east-1:111111111111:function:{}:$LATEST (Service: "
          "AWSLambda; "
          "Status Code: 404; Error Code: ResourceNotFoundException; Request ID: id; Proxy: null)",
          name);
      agenda_.emplace(now_, TaskFailed{task.seq, "Lambda.ResourceNotFoundException", text});
      return;
    }
    FunctionAnswer answer = CallFunction(StringOr(*function, "template", ""), event);
    if (answer.fails) {
      agenda_.emplace(now_ + answer.after, TaskFailed{task.seq, answer.error, answer.text});
      return;
    }
    const std::string result =
        task.kind == TaskKind::kFunction ? answer.text : InvokeResponse(answer.text);
    agenda_.emplace(now_ + answer.after, TaskSucceeded{task.seq, result});
  }

  const json::object& case_;
  const Definition& definition_;
  ExecutionContext context_;
  ExecutionState state_;
  Timestamp now_ = StartOfTime();
  std::multimap<Timestamp, Event> agenda_;
  std::vector<HistoryEvent> history_;
  std::optional<Outcome> outcome_;
  std::string fault_;
};

}  // namespace

std::string RunCorpusCase(const json::object& one) {
  const auto type = StringOr(one, "type", "STANDARD") == "EXPRESS" ? MachineType::kExpress
                                                                   : MachineType::kStandard;
  auto definition = Definition::Parse(ToJson(one.at("definition")), type);
  if (!definition) return definition.error().message();
  const json::object& expected = one.at("expected").as_object();
  const Replacements replacements(one);
  Simulation simulation(one, **definition);
  simulation.Run(StringOr(expected, "status", "") == "ABORTED");
  if (!simulation.fault().empty()) return simulation.fault();
  std::string problem = CompareOutcome(expected, simulation.outcome(), replacements);
  const json::array* history = FindArray(expected, "history");
  if (problem.empty() && history != nullptr)
    problem = CompareHistory(*history, simulation.history(), replacements);
  return problem;
}

}  // namespace scones::asl

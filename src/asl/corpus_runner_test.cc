// RunCorpusCase: a virtual clock, a queue of timers, and the corpus' functions by template name.
#include "asl/corpus_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

#include "asl/path.h"
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
  if (name == "id_function.py") return {false, ToJson(input), "", {}};
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
      event = payload == nullptr ? "{}" : ToJson(*payload);
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

// ---- Comparison ---------------------------------------------------------------------------------

// As the recorder did it: a string that starts with '{' is parsed one level deep.
json::value Unwrapped(const json::value& value) {
  if (const json::string* text = value.if_string()) {
    if (text->starts_with("{")) {
      auto parsed = ParseJson(*text);
      if (parsed) return *std::move(parsed);
    }
    return value;
  }
  if (const json::object* object = value.if_object()) {
    json::object out;
    for (const auto& member : *object) out.emplace(member.key(), Unwrapped(member.value()));
    return out;
  }
  if (const json::array* array = value.if_array()) {
    json::array out;
    for (const json::value& element : *array) out.push_back(Unwrapped(element));
    return out;
  }
  return value;
}

bool IsWildcard(std::string_view key, std::string_view expected) {
  static const std::regex kPlaceholder("<[^<>]*>");
  if (expected == "timestamp" || expected == "date" || expected == "datetime" ||
      expected == "start-time") {
    return true;
  }
  // Volatile headers whose placeholder is the name of their member.
  const bool volatile_header = key.ends_with("RequestId") || key.ends_with("Trace-Id");
  if (volatile_header && expected == key) return true;
  return key == "roleArn" || key == "RoleArn" ||
         std::regex_search(expected.begin(), expected.end(), kPlaceholder);
}

// The text with each placeholder standing for any run of characters.
bool MatchesText(std::string_view key, std::string_view expected, std::string_view actual) {
  if (expected == actual) return true;
  if (!IsWildcard(key, expected)) return false;
  if (expected.find('<') == std::string_view::npos) return true;
  std::vector<std::string> pieces(1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t end = expected[i] == '<' ? expected.find('>', i) : std::string_view::npos;
    if (end != std::string_view::npos) {
      pieces.emplace_back();
      i = end;
    } else {
      pieces.back().push_back(expected[i]);
    }
  }
  if (!actual.starts_with(pieces.front()) || !actual.ends_with(pieces.back())) return false;
  std::size_t at = 0;
  for (const std::string& piece : pieces) {
    const std::size_t found = actual.find(piece, at);
    if (found == std::string_view::npos) return false;
    at = found + piece.size();
  }
  return true;
}

// Empty when alike, else where they differ.
std::string Compare(const json::value& expected, const json::value& actual,
                    const std::string& place, std::string_view key) {
  const json::string* text = expected.if_string();
  if (text != nullptr) {
    if (actual.is_string() && MatchesText(key, *text, actual.get_string())) return "";
    if (!actual.is_string() && IsWildcard(key, *text)) return "";
  } else if (const json::object* object = expected.if_object();
             object != nullptr && actual.is_object()) {
    for (const auto& member : *object) {
      const json::value* other = actual.get_object().if_contains(member.key());
      if (other == nullptr)
        return fmt::format("{}/{} is missing", place, std::string_view(member.key()));
      std::string problem =
          Compare(member.value(), *other,
                  fmt::format("{}/{}", place, std::string_view(member.key())), member.key());
      if (!problem.empty()) return problem;
    }
    if (object->size() == actual.get_object().size()) return "";
  } else if (const json::array* array = expected.if_array();
             array != nullptr && actual.is_array()) {
    const json::array& others = actual.get_array();
    for (std::size_t i = 0; i < std::min(array->size(), others.size()); ++i) {
      std::string problem = Compare((*array)[i], others[i], fmt::format("{}[{}]", place, i), "");
      if (!problem.empty()) return problem;
    }
    if (array->size() == others.size()) return "";
  } else if (JsonEquals(expected, actual)) {
    return "";
  }
  const std::string wanted = ToJson(expected).substr(0, 300);
  return fmt::format("{}: expected {} but got {}", place, wanted, ToJson(actual).substr(0, 300));
}

// The recorder hid the order inside a Parallel state: it zeroed the ids of the events after a
// ParallelStateStarted, sorted them, and replaced the stretch up to the next end event by them
// (which drops a ParallelStateSucceeded before its ParallelStateExited). Done here in the same way.
void HideParallelOrder(std::vector<json::object>& events) {
  std::size_t start = 0;
  bool inside = false;
  bool seen = false;
  std::vector<json::object> stretch;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string type = StringOr(events[i], "type", "");
    if (type == "ParallelStateSucceeded" || type == "ParallelStateAborted" ||
        type == "ParallelStateExited" || type == "ParallelStateFailed") {
      if (seen) {
        const auto begin = events.begin() + static_cast<std::ptrdiff_t>(std::min(start, i));
        const auto at = events.erase(begin, events.begin() + static_cast<std::ptrdiff_t>(i));
        events.insert(at, stretch.begin(), stretch.end());
      }
      inside = false;
    } else if (type == "ParallelStateStarted") {
      inside = seen = true;
      stretch.clear();
      start = i + 1;
    } else if (inside) {
      events[i]["id"] = json::array{0};
      events[i]["previousEventId"] = 0;
      stretch.push_back(events[i]);
    }
  }
}

bool IsUnordered(const json::value& event) {
  return !event.at("id").is_int64() || event.at("id") == 0;
}

std::string CompareHistory(const json::array& expected, const std::vector<HistoryEvent>& history) {
  std::vector<json::object> actual;
  for (const HistoryEvent& event : history) {
    json::object one = {{"id", event.id},
                        {"previousEventId", event.previous_id},
                        {"timestamp", "timestamp"},
                        {"type", EventTypeName(event.type)}};
    if (!EventDetailsMember(event.type).empty()) {
      one[EventDetailsMember(event.type)] = Unwrapped(event.details);
    }
    actual.push_back(std::move(one));
  }
  if (std::any_of(expected.begin(), expected.end(), IsUnordered)) HideParallelOrder(actual);
  for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
    if (!IsUnordered(expected[i])) {
      std::string problem = Compare(expected[i], actual[i], fmt::format("history[{}]", i), "");
      if (!problem.empty()) return problem;
      continue;
    }
    // Any one of the actual stretch that is not taken yet.
    bool found = false;
    for (std::size_t j = i; j < actual.size() && !found && IsUnordered(actual[j]); ++j) {
      found = Compare(expected[i], actual[j], "", "").empty();
      if (found) std::swap(actual[i], actual[j]);
    }
    if (!found)
      return fmt::format("history[{}]: no match for {}", i, ToJson(expected[i]).substr(0, 300));
  }
  if (expected.size() == actual.size()) return "";
  std::string types;
  for (const json::object& one : actual) types += " " + StringOr(one, "type", "");
  return fmt::format("history has {} events instead of {}:{}", actual.size(), expected.size(),
                     types);
}

std::string CompareOutcome(const json::object& expected, const std::optional<Outcome>& outcome) {
  const std::string status(
      ExecutionStatusName(outcome ? outcome->status : ExecutionStatus::kRunning));
  if (status != StringOr(expected, "status", "")) {
    return fmt::format("status {} {} {}", status, outcome ? outcome->error.value_or("") : "",
                       outcome ? outcome->cause.value_or("") : "");
  }
  if (const json::value* output = FindMember(expected, "output")) {
    auto actual = ParseJson(outcome->output);
    if (!actual) return "output is not JSON";
    std::string problem = Compare(Unwrapped(*output), Unwrapped(*actual), "output", "");
    if (!problem.empty()) return problem;
  }
  for (const auto& [name, actual] : {std::pair{"error", outcome ? outcome->error : std::nullopt},
                                     std::pair{"cause", outcome ? outcome->cause : std::nullopt}}) {
    const json::value* wanted = FindMember(expected, name);
    if (wanted == nullptr) continue;
    const json::value got = actual ? Unwrapped(json::value(*actual)) : json::value();
    std::string problem = Compare(*wanted, got, name, "");
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace

std::string RunCorpusCase(const json::object& one) {
  const auto type = StringOr(one, "type", "STANDARD") == "EXPRESS" ? MachineType::kExpress
                                                                   : MachineType::kStandard;
  auto definition = Definition::Parse(ToJson(one.at("definition")), type);
  if (!definition) return definition.error().message();
  const json::object& expected = one.at("expected").as_object();
  Simulation simulation(one, **definition);
  simulation.Run(StringOr(expected, "status", "") == "ABORTED");
  if (!simulation.fault().empty()) return simulation.fault();
  std::string problem = CompareOutcome(expected, simulation.outcome());
  const json::array* history = FindArray(expected, "history");
  if (problem.empty() && history != nullptr)
    problem = CompareHistory(*history, simulation.history());
  return problem;
}

}  // namespace scones::asl

// The part of the compiler for scopes: the machine, branches and processors, and which fields a
// state may have.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "asl/compiler.h"
#include "asl/query.h"

namespace scones::asl {
namespace {

constexpr int kMaxScopeDepth = 20;
constexpr std::size_t kMaxNameLength = 80;
constexpr std::size_t kMaxStates = 10'000;
constexpr std::int64_t kMaxTimeoutSeconds = 99'999'999;

constexpr unsigned Bit(StateType type) { return 1U << static_cast<unsigned>(type); }
constexpr unsigned kAll = 0xFF;
constexpr unsigned kTask = Bit(StateType::kTask);
constexpr unsigned kPass = Bit(StateType::kPass);
constexpr unsigned kChoice = Bit(StateType::kChoice);
constexpr unsigned kWait = Bit(StateType::kWait);
constexpr unsigned kFail = Bit(StateType::kFail);
constexpr unsigned kParallel = Bit(StateType::kParallel);
constexpr unsigned kMap = Bit(StateType::kMap);
constexpr unsigned kFlowing = kTask | kPass | kWait | kParallel | kMap;
constexpr unsigned kGuarded = kTask | kParallel | kMap;

// Which state types have a field, under each query language.
struct FieldRule {
  std::string_view name;
  unsigned jsonpath;
  unsigned jsonata;
};
constexpr FieldRule kFields[] = {
    {"Type", kAll, kAll},
    {"Comment", kAll, kAll},
    {"QueryLanguage", kAll, kAll},
    {"Next", kFlowing, kFlowing},
    {"End", kFlowing, kFlowing},
    {"InputPath", kAll & ~kFail, 0},
    {"OutputPath", kAll & ~kFail, 0},
    {"Parameters", kTask | kPass | kParallel | kMap, 0},
    {"ResultSelector", kGuarded, 0},
    {"ResultPath", kGuarded | kPass, 0},
    {"Arguments", 0, kTask | kParallel},
    {"Output", 0, kAll & ~kFail},
    {"Assign", kFlowing | kChoice, kFlowing | kChoice},
    {"Retry", kGuarded, kGuarded},
    {"Catch", kGuarded, kGuarded},
    {"Result", kPass, 0},
    {"Resource", kTask, kTask},
    {"Credentials", kTask, kTask},
    {"TimeoutSeconds", kTask, kTask},
    {"TimeoutSecondsPath", kTask, 0},
    {"HeartbeatSeconds", kTask, kTask},
    {"HeartbeatSecondsPath", kTask, 0},
    {"Choices", kChoice, kChoice},
    {"Default", kChoice, kChoice},
    {"Seconds", kWait, kWait},
    {"SecondsPath", kWait, 0},
    {"Timestamp", kWait, kWait},
    {"TimestampPath", kWait, 0},
    {"Error", kFail, kFail},
    {"ErrorPath", kFail, 0},
    {"Cause", kFail, kFail},
    {"CausePath", kFail, 0},
    {"Branches", kParallel, kParallel},
    {"ItemProcessor", kMap, kMap},
    {"Iterator", kMap, kMap},
    {"ItemsPath", kMap, 0},
    {"Items", 0, kMap},
    {"ItemSelector", kMap, kMap},
    {"ItemReader", kMap, kMap},
    {"ItemBatcher", kMap, kMap},
    {"ResultWriter", kMap, kMap},
    {"MaxConcurrency", kMap, kMap},
    {"MaxConcurrencyPath", kMap, 0},
    {"ToleratedFailureCount", kMap, kMap},
    {"ToleratedFailureCountPath", kMap, 0},
    {"ToleratedFailurePercentage", kMap, kMap},
    {"ToleratedFailurePercentagePath", kMap, 0},
    {"Label", kMap, kMap},
};

std::optional<StateType> FindStateType(std::string_view name) {
  static constexpr std::pair<std::string_view, StateType> kTypes[] = {
      {"Task", StateType::kTask},         {"Pass", StateType::kPass},
      {"Choice", StateType::kChoice},     {"Wait", StateType::kWait},
      {"Succeed", StateType::kSucceed},   {"Fail", StateType::kFail},
      {"Parallel", StateType::kParallel}, {"Map", StateType::kMap}};
  for (const auto& [type_name, type] : kTypes) {
    if (name == type_name) return type;
  }
  return std::nullopt;
}

}  // namespace

void Compiler::Fault(std::string_view code, std::string location, std::string message) {
  if (diagnostics_.size() >= kMaxDiagnostics) return;
  diagnostics_.push_back(
      {Severity::kError, std::string(code), std::move(message), std::move(location), 0});
}
void Compiler::SchemaFault(std::string location, std::string message) {
  Fault("SCHEMA_VALIDATION_FAILED", std::move(location), std::move(message));
}
void Compiler::Unsupported(std::string location, std::string message) {
  if (unsupported_.size() >= kMaxDiagnostics) return;
  unsupported_.push_back(
      {Severity::kError, "NOT_SUPPORTED", std::move(message), std::move(location), 0});
}

void Compiler::CompileMachine(const json::value& document) {
  const json::object* machine = document.if_object();
  if (machine == nullptr) {
    SchemaFault("", "Definition must be a valid JSON object");
    return;
  }
  CheckUnknown(*machine, "/",
               {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage",
                "ProcessorConfig"});
  machine_jsonata_ = ReadLanguage(*machine, "", false);
  program_.timeout_seconds =
      CompileNumber(*machine, "TimeoutSeconds", "", 1, kMaxTimeoutSeconds).literal;
  CompileScope(*machine, "", machine_jsonata_, 0);
}

int Compiler::CompileScope(const json::object& source, const std::string& location, bool jsonata,
                           int depth) {
  const int scope = static_cast<int>(program_.scopes.size());
  program_.scopes.emplace_back();
  const std::string place = location.empty() ? "/" : location;
  if (depth > kMaxScopeDepth) {
    SchemaFault(place, "State machines are nested too deeply");
    return scope;
  }
  if (!CheckRequired(source, place, {"States", "StartAt"})) return scope;
  const json::object* states = FindObject(source, "States");
  if (states == nullptr || states->empty()) {
    SchemaFault(location + "/States", "Expected a non-empty object of states");
    return scope;
  }
  Names names;
  const std::string states_location = location + "/States";
  DeclareStates(*states, states_location, names);
  const int start = ResolveTarget(source, "StartAt", location, names);
  program_.scopes[static_cast<std::size_t>(scope)].start = start;
  const VariableNames outer = outer_variables_;
  outer_variables_.insert(own_variables_.begin(), own_variables_.end());
  const VariableNames around = std::exchange(own_variables_, AssignedNames(*states));
  const bool jsonata_around = jsonata_;
  const std::string state_around = state_location_;
  for (const auto& member : *states) {
    const auto found = names.find(std::string_view(member.key()));
    const json::object* state = member.value().if_object();
    if (found == names.end() || state == nullptr) continue;
    CompileState(*state, fmt::format("{}/{}", states_location, std::string_view(member.key())),
                 found->second, names, jsonata, depth);
  }
  outer_variables_ = outer;
  own_variables_ = around;
  jsonata_ = jsonata_around;
  state_location_ = state_around;
  CheckReachable(*states, states_location, start, names);
  return scope;
}

void Compiler::DeclareStates(const json::object& states, const std::string& location,
                             Names& names) {
  for (const auto& member : states) {
    const std::string name(member.key());
    const std::string place = fmt::format("{}/{}", location, name);
    if (name.empty() || name.size() > kMaxNameLength) {
      SchemaFault(place, fmt::format("State names have 1 to {} characters", kMaxNameLength));
    }
    if (!member.value().is_object()) {
      SchemaFault(place, "Expected value of type Object");
      continue;
    }
    if (!all_names_.insert(name).second) {
      Fault("DUPLICATE_STATE_NAME", place, fmt::format("Duplicate State name: {}", name));
    }
    if (program_.states.size() >= kMaxStates) {
      SchemaFault(place, fmt::format("More than {} states", kMaxStates));
      return;
    }
    names.emplace(name, static_cast<int>(program_.states.size()));
    program_.states.emplace_back().name = name;
  }
}

// States that nothing leads to, and scopes that never end.
void Compiler::CheckReachable(const json::object& states, const std::string& location, int start,
                              const Names& names) {
  if (start < 0 || !diagnostics_.empty()) return;
  std::set<int> reached;
  std::vector<int> open = {start};
  bool ends = false;
  while (!open.empty()) {
    const int index = open.back();
    open.pop_back();
    if (!reached.insert(index).second) continue;
    const State& state = program_.states[static_cast<std::size_t>(index)];
    const auto visit = [&](int next) {
      if (next >= 0) open.push_back(next);
    };
    visit(state.next);
    visit(state.default_next);
    for (const ChoiceBranch& branch : state.choices) visit(branch.next);
    for (const Catcher& catcher : state.catchers) visit(catcher.next);
    if (state.next < 0 && state.type != StateType::kChoice) ends = true;
  }
  for (const auto& member : states) {
    const auto found = names.find(std::string_view(member.key()));
    if (found != names.end() && !reached.contains(found->second)) {
      Fault("MISSING_TRANSITION_TARGET", fmt::format("{}/{}", location, found->first),
            fmt::format("State \"{}\" is not reachable.", found->first));
    }
  }
  if (!ends) Fault("MISSING_END_STATE", location, "No terminal state found");
}

int Compiler::ResolveTarget(const json::object& source, std::string_view field,
                            const std::string& location, const Names& names) {
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return -1;
  const std::string place = fmt::format("{}/{}", location, field);
  const json::string* name = value->if_string();
  if (name == nullptr) {
    SchemaFault(place, "Expected value of type String");
    return -1;
  }
  const auto found = names.find(std::string_view(*name));
  if (found != names.end()) return found->second;
  Fault("MISSING_TRANSITION_TARGET", place,
        fmt::format("Missing '{}' target: {}", field, std::string_view(*name)));
  return -1;
}

bool Compiler::CheckFields(const json::object& source, const std::string& location, StateType type,
                           bool jsonata) {
  const std::size_t before = diagnostics_.size();
  for (const auto& member : source) {
    const std::string_view key = member.key();
    const auto* rule = std::find_if(std::begin(kFields), std::end(kFields),
                                    [&](const FieldRule& field) { return field.name == key; });
    const bool known = rule != std::end(kFields);
    const unsigned own = !known ? 0 : jsonata ? rule->jsonata : rule->jsonpath;
    const unsigned other = !known ? 0 : jsonata ? rule->jsonpath : rule->jsonata;
    if ((own & Bit(type)) != 0) continue;
    if ((other & Bit(type)) != 0) {
      const std::string_view language = jsonata ? "JSONata" : "JSONPath";
      const std::string_view other_language = jsonata ? "JSONPath" : "JSONata";
      SchemaFault(location, fmt::format("The QueryLanguage is set to '{}', but field '{}' is only "
                                        "supported for the '{}' QueryLanguage",
                                        language, key, other_language));
    } else {
      SchemaFault(location, fmt::format("Field '{}' is not supported", key));
    }
  }
  return diagnostics_.size() == before;
}

void Compiler::CompileFlow(const json::object& source, const std::string& location, State& state,
                           const Names& names) {
  const bool has_next = source.contains("Next");
  const json::value* end = FindMember(source, "End");
  if (end != nullptr && !end->is_bool())
    SchemaFault(location + "/End", "Expected value of type Boolean");
  const bool ends = end != nullptr && end->is_bool() && end->get_bool();
  if (has_next == ends) {
    SchemaFault(location, has_next ? "Only one of the fields 'Next' and 'End' is allowed"
                                   : "These fields are required: [Next] or [End]");
  }
  state.next = ResolveTarget(source, "Next", location, names);
}

void Compiler::CompileState(const json::object& source, const std::string& location, int index,
                            const Names& names, bool jsonata, int depth) {
  if (!CheckRequired(source, location, {"Type"})) return;
  const json::string* type_name = FindString(source, "Type");
  const auto type = type_name == nullptr ? std::nullopt : FindStateType(*type_name);
  if (!type) {
    SchemaFault(location + "/Type",
                "Value is not one of: [Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map]");
    return;
  }
  jsonata = ReadLanguage(source, location, jsonata);
  if (!jsonata && machine_jsonata_ && depth == 0) {
    SchemaFault(
        location,
        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
    return;
  }
  if (!CheckFields(source, location, *type, jsonata)) return;
  jsonata_ = jsonata;
  state_location_ = location;
  // Built apart: compiling nested scopes makes the vector of states grow.
  State state;
  state.type = *type;
  state.name = program_.states[static_cast<std::size_t>(index)].name;
  state.jsonata = jsonata;
  if (jsonata) {
    CheckQueries(source, location);
    CompileQueryData(source, location, state);
  } else {
    CompileData(source, location, state);
  }
  const bool has_result = (Bit(*type) & kGuarded) != 0;
  state.assign = CompileAssign(source, location, has_result ? Query::kResult : 0);
  if ((Bit(*type) & kFlowing) != 0) CompileFlow(source, location, state, names);
  if ((Bit(*type) & kGuarded) != 0) {
    CompileRetry(source, location, state);
    CompileCatch(source, location, state, names, jsonata);
  }
  switch (*type) {
    case StateType::kTask:
      CompileTask(source, location, state);
      state.timeout = CompileNumber(source, "TimeoutSeconds", location, 1, kMaxTimeoutSeconds);
      state.heartbeat = CompileNumber(source, "HeartbeatSeconds", location, 1, kMaxTimeoutSeconds);
      break;
    case StateType::kPass:
      if (const json::value* result = FindMember(source, "Result")) state.result = *result;
      break;
    case StateType::kChoice:
      CompileChoice(source, location, state, names, jsonata);
      break;
    case StateType::kWait:
      CompileWait(source, location, state);
      break;
    case StateType::kSucceed:
      break;
    case StateType::kFail:
      CompileFail(source, location, state);
      break;
    case StateType::kParallel:
      CompileParallel(source, location, state, machine_jsonata_, depth);
      break;
    case StateType::kMap:
      CompileMap(source, location, state, jsonata, depth);
      break;
  }
  program_.states[static_cast<std::size_t>(index)] = std::move(state);
}

}  // namespace scones::asl

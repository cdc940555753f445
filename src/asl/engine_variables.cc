// Variables: what a state reads of them, and what its Assign field sets. A frame holds those of its
// own scope and reads those of the scopes around it.
#include <fmt/format.h>

#include <algorithm>

#include "asl/engine.h"

namespace scones::asl {
namespace {

constexpr std::size_t kMaxVariableBytes = 256 * 1024;
constexpr std::size_t kMaxAssignBytes = 256 * 1024;
constexpr std::size_t kMaxStoredBytes = 10 * 1024 * 1024;

Error LimitExceeded(std::string message) {
  return Error(Code::kInvalid, "States.DataLimitExceeded", std::move(message));
}

}  // namespace

const json::value* Engine::FindVariable(const Frame& frame, std::string_view name) const {
  for (const Frame* at = &frame; at != nullptr;
       at = at->parent < 0 ? nullptr
                           : execution_.frames[static_cast<std::size_t>(at->parent)].get()) {
    for (const Variable& variable : at->variables) {
      if (variable.name == name) return &variable.value.value();
    }
  }
  return nullptr;
}

// What `assign` sets once the state is left, by name. Evaluated with the variables as they are.
Result<std::vector<Variable>> Engine::EvaluateAssign(const Frame& frame,
                                                     const std::optional<Template>& assign,
                                                     const Scope& scope) {
  std::vector<Variable> assigned;
  if (!assign) return assigned;
  TRY(json::value values, assign->Evaluate(scope));
  json::object* members = values.if_object();
  if (members == nullptr) return assigned;
  std::size_t bytes = 0;
  assigned.reserve(members->size());
  for (auto& member : *members) {
    Payload value = Payload::FromValue(std::move(member.value()));
    if (value.TooDeep()) {
      return Error(
          Code::kInvalid, "States.Runtime",
          fmt::format("The variable '{}' is nested too deeply.", std::string_view(member.key())));
    }
    if (value.text().size() > kMaxVariableBytes) {
      return LimitExceeded(fmt::format(
          "The variable '{}' of the state '{}' has a size exceeding the maximum number of bytes "
          "service limit.",
          std::string_view(member.key()), StateOf(frame).name));
    }
    bytes += value.text().size();
    assigned.push_back({std::string(member.key()), std::move(value)});
  }
  if (bytes > kMaxAssignBytes || bytes + StoredVariableBytes() > kMaxStoredBytes) {
    return LimitExceeded(
        fmt::format("The state '{}' assigns variables with a size exceeding the maximum number of "
                    "bytes service limit.",
                    StateOf(frame).name));
  }
  std::sort(assigned.begin(), assigned.end(),
            [](const Variable& a, const Variable& b) { return a.name < b.name; });
  return assigned;
}

std::size_t Engine::StoredVariableBytes() const {
  std::size_t bytes = 0;
  for (const auto& frame : execution_.frames) {
    if (frame == nullptr) continue;
    for (const Variable& variable : frame->variables) bytes += variable.value.text().size();
  }
  return bytes;
}

// Emits the event of leaving the state with `output` and sets what was assigned.
void Engine::Leave(Frame& frame, const Payload& output, std::vector<Variable> assigned) {
  const State& state = StateOf(frame);
  if (inspection_ != nullptr && !inspection_->left) {
    inspection_->output = output.text();
    json::object variables;
    for (const Variable& one : frame.variables) variables[one.name] = one.value.value();
    for (const Variable& one : assigned) variables[one.name] = one.value.value();
    if (!variables.empty()) inspection_->Show("variables", json::value(ToJson(variables)));
    inspection_->left = true;
  }
  json::object details = StateDetails(state, "output", output.text());
  if (!assigned.empty()) {
    json::object shown;
    shown.reserve(assigned.size());
    for (const Variable& one : assigned) shown.emplace(one.name, one.value.text());
    details.emplace("assignedVariables", std::move(shown));
    details.emplace("assignedVariablesDetails", json::object({{"truncated", false}}));
  }
  frame.last_event = Emit(ExitedType(state.type), frame.last_event, std::move(details));
  ForgetChildren(frame);
  for (Variable& one : assigned) {
    const auto known =
        std::find_if(frame.variables.begin(), frame.variables.end(),
                     [&](const Variable& variable) { return variable.name == one.name; });
    if (known == frame.variables.end()) {
      frame.variables.push_back(std::move(one));
    } else {
      known->value = std::move(one.value);
    }
  }
}

}  // namespace scones::asl

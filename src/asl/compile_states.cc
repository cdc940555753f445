// The part of the compiler for what each state type has of its own.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "asl/compiler.h"
#include "asl/integrations.h"
#include "base/time.h"

namespace scones::asl {
namespace {

constexpr int kMaxRuleDepth = 20;
constexpr std::int64_t kMaxWaitSeconds = 99'999'999;
constexpr std::int64_t kMaxCount = 2'147'483'647;

// "${Name}" or {"Ref": …}, {"Fn::GetAtt": …}: left by a template for its deployment to fill in.
bool IsSubstitution(const json::value& value) {
  if (const json::string* text = value.if_string())
    return text->starts_with("${") && text->ends_with("}");
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() != 1) return false;
  const std::string_view key = object->begin()->key();
  return key == "Ref" || key.starts_with("Fn::");
}

}  // namespace

void Compiler::CompileTask(const json::object& source, const std::string& location, State& state) {
  if (!CheckRequired(source, location, {"Resource"})) return;
  const std::string place = location + "/Resource";
  const json::string* text = FindString(source, "Resource");
  if (IsSubstitution(source.at("Resource"))) {
    return Unsupported(place, "A substitution must be made before the definition is created");
  }
  if (text == nullptr) {
    SchemaFault(place, "Expected value of type String");
    return;
  }
  auto resource = ParseTaskResource(*text);
  if (!resource) {
    SchemaFault(place, resource.error().message());
    return;
  }
  state.resource = *std::move(resource);
  if (type_ == MachineType::kExpress && state.resource.kind == TaskKind::kActivity) {
    SchemaFault(place, "Express state machine does not support Activity ARN");
  }
  if (type_ == MachineType::kExpress && state.resource.pattern != TaskPattern::kRequestResponse) {
    SchemaFault(
        place,
        fmt::format("Express state machine does not support '{}' service integration",
                    state.resource.pattern == TaskPattern::kWaitForTaskToken ? ".waitForTaskToken"
                                                                             : ".sync"));
  }
  const std::string_view resource_text = *text;
  const bool known =
      std::any_of(task_resources_.begin(), task_resources_.end(),
                  [&](const auto& other) { return other.resource == resource_text; });
  if (!known) task_resources_.push_back({std::string(resource_text), place});
  CompileCredentials(source, location, state);
}

void Compiler::CompileCredentials(const json::object& source, const std::string& location,
                                  State& state) {
  const json::value* credentials = FindMember(source, "Credentials");
  if (credentials == nullptr) return;
  const std::string place = location + "/Credentials";
  const json::object* fields = credentials->if_object();
  if (fields == nullptr) {
    SchemaFault(place, "Expected value of type Object");
    return;
  }
  state.credentials = CompileTemplate(source, "Credentials", location);
  // Simple Workflow's tasks define credentials of their own.
  const bool foreign = state.resource.arn.find(":swf:") != std::string::npos;
  if (!foreign && !fields->contains("RoleArn") && !fields->contains("RoleArn.$")) {
    SchemaFault(place, "The field 'RoleArn' is required but was missing");
  }
}

void Compiler::CompileChoice(const json::object& source, const std::string& location, State& state,
                             const Names& names, bool jsonata) {
  if (!CheckRequired(source, location, {"Choices"})) return;
  const std::string place = location + "/Choices";
  const json::array* choices = FindArray(source, "Choices");
  if (choices == nullptr || choices->empty()) {
    SchemaFault(place, "Expected a non-empty array of choice rules");
    return;
  }
  for (std::size_t i = 0; i < choices->size(); ++i) {
    const std::string at = fmt::format("{}[{}]", place, i);
    const json::object* rule = (*choices)[i].if_object();
    ChoiceBranch branch;
    if (rule != nullptr) {
      CheckRequired(*rule, at, {"Next"});
      branch.next = ResolveTarget(*rule, "Next", at, names);
      branch.assign = CompileAssign(*rule, at, 0);
    }
    if (!jsonata) {
      branch.rule = CompileRule((*choices)[i], at, false, 0);
    } else if (rule != nullptr) {
      CheckRequired(*rule, at, {"Condition"});
      CheckUnknown(*rule, at, {"Condition", "Next", "Output", "Assign", "Comment"});
      branch.condition = CompileCondition(*rule, at);
      branch.output = CompileTemplate(*rule, "Output", at);
    }
    state.choices.push_back(std::move(branch));
  }
  state.default_next = ResolveTarget(source, "Default", location, names);
}

ChoiceRule Compiler::CompileRule(const json::value& source, const std::string& location,
                                 bool nested, int depth) {
  ChoiceRule compiled;
  const json::object* rule = source.if_object();
  if (rule == nullptr || depth > kMaxRuleDepth) {
    SchemaFault(location, rule == nullptr ? "Expected value of type Object" : "Nested too deeply");
    return compiled;
  }
  if (nested && rule->contains("Next")) {
    SchemaFault(location, "Field 'Next' is not supported in a nested choice rule");
  }
  const json::value* parts = nullptr;
  for (const auto& [name, kind] :
       {std::pair{"And", ChoiceRule::Kind::kAnd}, std::pair{"Or", ChoiceRule::Kind::kOr},
        std::pair{"Not", ChoiceRule::Kind::kNot}}) {
    const json::value* found = FindMember(*rule, name);
    if (found == nullptr) continue;
    if (parts != nullptr) SchemaFault(location, "Only one of 'And', 'Or' and 'Not' is allowed");
    parts = found;
    compiled.kind = kind;
    const std::string place = fmt::format("{}/{}", location, name);
    if (kind == ChoiceRule::Kind::kNot) {
      compiled.parts.push_back(CompileRule(*found, place, true, depth + 1));
    } else if (found->is_array() && !found->get_array().empty()) {
      for (std::size_t i = 0; i < found->get_array().size(); ++i) {
        compiled.parts.push_back(
            CompileRule(found->get_array()[i], fmt::format("{}[{}]", place, i), true, depth + 1));
      }
    } else {
      SchemaFault(place, "Expected a non-empty array of choice rules");
    }
  }
  if (parts == nullptr) return CompileTest(*rule, location);
  CheckUnknown(*rule, location, {"And", "Or", "Not", "Next", "Assign", "Comment"});
  return compiled;
}

ChoiceRule Compiler::CompileTest(const json::object& rule, const std::string& location) {
  ChoiceRule test;
  if (!CheckRequired(rule, location, {"Variable"})) return test;
  if (auto variable = CompileExpression(rule, "Variable", location, false)) {
    test.variable = *variable->path();
  }
  int operators = 0;
  for (const auto& member : rule) {
    const std::string_view key = member.key();
    if (key == "Variable" || key == "Next" || key == "Assign" || key == "Comment") continue;
    const auto op = FindChoiceOperator(key);
    if (!op) {
      SchemaFault(location, fmt::format("Field '{}' is not supported", key));
      continue;
    }
    ++operators;
    test.op = *op;
    CheckOperand(*op, key, member.value(), location, test);
  }
  if (operators != 1) SchemaFault(location, "A choice rule needs exactly one comparison operator");
  return test;
}

bool Compiler::CheckOperand(const ChoiceOperator& op, std::string_view name,
                            const json::value& operand, const std::string& location,
                            ChoiceRule& test) {
  const std::string place = fmt::format("{}/{}", location, name);
  const std::size_t before = diagnostics_.size();
  if (op.path) {
    const json::string* text = operand.if_string();
    auto path = text == nullptr ? Result<Path>(Error(Code::kInvalid, "")) : Path::Parse(*text);
    if (path) {
      test.path = *std::move(path);
    } else {
      SchemaFault(place, "Value is not a valid JSONPath");
    }
    return diagnostics_.size() == before;
  }
  test.operand = operand;
  switch (op.family) {
    case ChoiceFamily::kString:
      if (!operand.is_string()) SchemaFault(place, "Expected value of type String");
      break;
    case ChoiceFamily::kNumeric:
      if (!operand.is_number()) SchemaFault(place, "Expected value of type Number");
      break;
    case ChoiceFamily::kBoolean:
      if (!operand.is_bool()) SchemaFault(place, "Expected value of type Boolean");
      break;
    case ChoiceFamily::kTimestamp:
      if (!operand.is_string() || !ParseIso8601(operand.get_string())) {
        SchemaFault(place, "Value is not a valid Timestamp");
      }
      break;
  }
  return diagnostics_.size() == before;
}

void Compiler::CompileWait(const json::object& source, const std::string& location, State& state) {
  int given = 0;
  for (const char* field : {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}) {
    if (source.contains(field)) ++given;
  }
  if (given != 1) {
    SchemaFault(
        location,
        "Exactly one of the fields 'Seconds', 'SecondsPath', 'Timestamp' and 'TimestampPath' "
        "is required");
    return;
  }
  state.wait_seconds = CompileNumber(source, "Seconds", location, 0, kMaxWaitSeconds);
  state.wait_timestamp = CompileText(source, "Timestamp", location);
  const auto& timestamp = state.wait_timestamp.literal;
  if (timestamp && !ParseIso8601(*timestamp)) {
    SchemaFault(location + "/Timestamp", "Value is not a valid Timestamp");
  }
}

void Compiler::CompileFail(const json::object& source, const std::string& location, State& state) {
  state.error = CompileText(source, "Error", location);
  state.cause = CompileText(source, "Cause", location);
}

void Compiler::CompileParallel(const json::object& source, const std::string& location,
                               State& state, bool jsonata, int depth) {
  if (!CheckRequired(source, location, {"Branches"})) return;
  const std::string place = location + "/Branches";
  const json::array* branches = FindArray(source, "Branches");
  if (branches == nullptr || branches->empty()) {
    SchemaFault(place, "Expected a non-empty array of branches");
    return;
  }
  for (std::size_t i = 0; i < branches->size(); ++i) {
    const std::string at = fmt::format("{}[{}]", place, i);
    const json::object* branch = (*branches)[i].if_object();
    if (branch == nullptr) {
      SchemaFault(at, "Expected value of type Object");
      continue;
    }
    CheckUnknown(*branch, at, {"Comment", "StartAt", "States", "ProcessorConfig"});
    state.scopes.push_back(CompileScope(*branch, at, jsonata, depth + 1));
  }
}

void Compiler::CompileMap(const json::object& source, const std::string& location, State& state,
                          bool jsonata, int depth) {
  CheckExclusive(source, location, "ItemProcessor", "Iterator");
  CheckExclusive(source, location, "ItemSelector", "Parameters");
  const bool legacy = !source.contains("ItemProcessor");
  const std::string_view field = legacy ? "Iterator" : "ItemProcessor";
  if (legacy && !source.contains("Iterator")) {
    CheckRequired(source, location, {"ItemProcessor"});
    return;
  }
  const std::string place = fmt::format("{}/{}", location, field);
  const json::object* processor = FindObject(source, field);
  if (processor == nullptr) {
    SchemaFault(place, "Expected value of type Object");
    return;
  }
  CheckUnknown(*processor, place, {"Comment", "StartAt", "States", "ProcessorConfig"});
  bool distributed = false;
  MachineType child_type = type_;
  const json::object* config = FindObject(*processor, "ProcessorConfig");
  if (config != nullptr) {
    const std::string at = place + "/ProcessorConfig";
    CheckUnknown(*config, at, {"Mode", "ExecutionType", "Comment"});
    distributed = CompileChoiceOf(*config, "Mode", at, {"INLINE", "DISTRIBUTED"}) == 1;
    if (distributed) {
      const auto type = CompileChoiceOf(*config, "ExecutionType", at, {"STANDARD", "EXPRESS"});
      child_type = type == 1 ? MachineType::kExpress : MachineType::kStandard;
    }
    if (distributed && type_ == MachineType::kExpress) {
      SchemaFault(location, "Express state machine does not support Map in DISTRIBUTED mode");
    }
  }
  CheckMapLabel(source, location);
  if (distributed || config == nullptr) {
    // Without a ProcessorConfig, the fields of both modes are allowed, and those of this one
    // unused.
    CompileDistributedMap(source, location, state, child_type, jsonata);
    if (!distributed) state.distributed.reset();
  } else {
    CheckInlineMap(source, location);
  }
  if (jsonata) {
    state.items = CompileItems(source, location);
  } else {
    state.items_path = CompileExpression(source, "ItemsPath", location, true);
  }
  state.max_concurrency = CompileNumber(source, "MaxConcurrency", location, 0, kMaxCount);
  if (source.contains("ItemSelector")) {
    state.parameters = CompileTemplate(source, "ItemSelector", location);
  }
  // The children of a distributed Map are executions of their own: they see no variable of ours,
  // and what they may not do follows from what they are.
  VariableNames own;
  VariableNames outer;
  if (distributed) {
    own_variables_.swap(own);
    outer_variables_.swap(outer);
  }
  const MachineType around = std::exchange(type_, child_type);
  state.scopes.push_back(CompileScope(*processor, place, machine_jsonata_, depth + 1));
  type_ = around;
  if (distributed) {
    own_variables_.swap(own);
    outer_variables_.swap(outer);
  }
}

}  // namespace scones::asl

#include "asl/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "asl/jsonata_functions.h"

namespace scones::asl {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Behind "{%" stands one blank, or a line break with any indentation; before "%}" any blanks.
bool IsSpaced(std::string_view before, std::string_view behind) {
  const bool begins = before.size() == 1 || before.starts_with('\n') || before.starts_with("\r\n");
  return begins && !behind.empty();
}

// Which members of $states the expression may read: those that follow a "$states." in its text, and
// all of them where "$states" stands in any other way.
unsigned StatesIn(std::string_view text) {
  static constexpr std::string_view kName = "$states";
  static constexpr std::pair<std::string_view, unsigned> kMembers[] = {
      {"input", Query::kInput},
      {"context", Query::kContext},
      {"result", Query::kResult},
      {"errorOutput", Query::kErrorOutput}};
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  unsigned found = 0;
  for (std::size_t at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at)) {
    at += kName.size();
    if (at < text.size() && is_word(text[at])) continue;
    std::size_t begin = std::min(text.size(), text.find_first_not_of(kBlanks, at));
    unsigned member = 0;
    if (begin < text.size() && text[begin] == '.') {
      begin = std::min(text.size(), text.find_first_not_of(kBlanks, begin + 1));
      std::size_t end = begin;
      while (end < text.size() && is_word(text[end])) ++end;
      for (const auto& [name, bit] : kMembers) {
        if (text.substr(begin, end - begin) == name) member = bit;
      }
    }
    found |= member != 0 ? member
                         : Query::kInput | Query::kContext | Query::kResult | Query::kErrorOutput |
                               Query::kWhole;
  }
  return found;
}

// JSON has no such numbers: they are shown by their names.
void NameNonFinite(json::value& value) {
  if (const double* number = value.if_double()) {
    if (std::isnan(*number)) {
      value = "NaN";
    } else if (std::isinf(*number)) {
      value = *number > 0 ? "Infinity" : "-Infinity";
    }
  } else if (json::array* array = value.if_array()) {
    for (json::value& element : *array) NameNonFinite(element);
  } else if (json::object* object = value.if_object()) {
    for (auto& member : *object) NameNonFinite(member.value());
  }
}

// $states with at least the members `wanted`; made in the scope, for all expressions of a field.
const json::value* StatesOf(const Scope& scope, unsigned wanted) {
  if (!scope.states.is_object()) scope.states = json::object();
  json::object& states = scope.states.get_object();
  const auto add = [&](unsigned bit, const char* name, const json::value* value) {
    if ((wanted & bit) != 0 && value != nullptr && !states.contains(name))
      states.emplace(name, *value);
  };
  add(Query::kInput, "input", scope.input);
  if ((wanted & Query::kContext) != 0 && scope.context)
    add(Query::kContext, "context", &scope.context());
  add(Query::kResult, "result", scope.result);
  add(Query::kErrorOutput, "errorOutput", scope.error_output);
  return &scope.states;
}

std::string_view TypeName(const json::value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

}  // namespace

bool Query::IsMeant(std::string_view text) {
  return text.starts_with("{%") || text.ends_with("%}");
}

Query::Query(jsonata::Expression expression, std::string text, std::string location)
    : expression_(std::move(expression)),
      text_(std::move(text)),
      location_(std::move(location)),
      states_(StatesIn(text_)) {}

Result<Query> Query::Parse(std::string_view text, std::string location) {
  const Error bad(Code::kInvalid, "SCHEMA_VALIDATION_FAILED",
                  "A JSONata expression must be enclosed in '{% ' and ' %}'");
  if (text.size() < 4 || !text.starts_with("{%") || !text.ends_with("%}")) return bad;
  text.remove_prefix(2);
  text.remove_suffix(2);
  const std::size_t begin = std::min(text.size(), text.find_first_not_of(kBlanks));
  const std::size_t end = text.find_last_not_of(kBlanks) + 1;  // 0 where all are blank
  if (end != 0 && !IsSpaced(text.substr(0, begin), text.substr(end))) return bad;
  text = end == 0 ? "" : text.substr(begin, end - begin);
  auto expression = jsonata::Expression::Parse(text);
  if (!expression) {
    return Error(Code::kInvalid, "INVALID_JSONATA_EXPRESSION", expression.error().message());
  }
  return Query(*std::move(expression), std::string(text), std::move(location));
}

Error Query::Failure(std::string_view what, const Scope& scope) const {
  if (scope.fault_location != nullptr) *scope.fault_location = location_;
  return Error(Code::kInvalid, "States.QueryEvaluationError",
               fmt::format("The JSONata expression '{}' specified for the field '{}' {}", text_,
                           location_, what));
}

Error Query::UnexpectedType(std::string_view expected, const json::value& value,
                            const Scope& scope) const {
  return Failure(fmt::format("returned an unexpected result type. Expected '{}', but was '{}' for "
                             "value: {}",
                             expected, TypeName(value), ToJson(value)),
                 scope);
}

Result<json::value> Query::Evaluate(const Scope& scope) const {
  jsonata::Environment environment;
  environment.variable = [this, &scope](std::string_view name) -> const json::value* {
    if (name == "states") return StatesOf(scope, states_);
    return scope.variable ? scope.variable(name) : nullptr;
  };
  environment.functions = StatesFunctions();
  environment.now = scope.now;
  environment.random = scope.random;
  environment.steps_left = scope.query_steps;
  auto value = expression_.Evaluate(environment);
  if (!value) {
    const Error& error = value.error();
    const std::string shown = error.reason().empty()
                                  ? ": " + error.message()
                                  : fmt::format(". {}: {}", error.reason(), error.message());
    return Failure("threw an error during evaluation" + shown, scope);
  }
  if (!*value) return Failure("returned nothing (undefined).", scope);
  NameNonFinite(**value);
  return **std::move(value);
}

Result<json::value> Query::EvaluateAs(std::string_view expected, const Scope& scope) const {
  TRY(json::value value, Evaluate(scope));
  if (TypeName(value) != expected) return UnexpectedType(expected, value, scope);
  return value;
}

}  // namespace scones::asl

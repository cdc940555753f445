// The part of the compiler for JSONata states: their query language, and the fields that may hold
// "{% … %}" expressions.
#include <fmt/format.h>

#include "asl/compiler.h"
#include "asl/query.h"

namespace scones::asl {

// The query language of the machine or of a state: true for JSONata. As the service reads it, what
// is neither absent nor "JSONPath" is JSONata.
bool Compiler::ReadLanguage(const json::object& source, const std::string& location,
                            bool inherited) {
  const json::value* language = FindMember(source, "QueryLanguage");
  if (language == nullptr) return inherited;
  const json::string* name = language->if_string();
  if (name == nullptr) {
    SchemaFault(location + "/QueryLanguage", "Expected value of type [STRING]");
  } else if (*name == "JSONPath") {
    return false;
  } else if (*name != "JSONata") {
    SchemaFault(location + "/QueryLanguage",
                "Value should be one of the following: [JSONPath, JSONata]");
  }
  return true;
}

// Every string of a JSONata state that looks like an expression must be one.
void Compiler::CheckQueries(const json::value& source, const std::string& location) {
  if (const json::object* object = source.if_object()) {
    for (const auto& member : *object) {
      const std::string_view key = member.key();
      if (key == "Comment" || key == "ItemProcessor" || key == "Iterator" || key == "Branches")
        continue;
      CheckQueries(member.value(), fmt::format("{}/{}", location, key));
    }
  } else if (const json::array* array = source.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      CheckQueries((*array)[i], fmt::format("{}[{}]", location, i));
    }
  } else if (const json::string* text = source.if_string();
             text != nullptr && Query::IsMeant(*text)) {
    auto query = Query::Parse(*text, "");
    if (!query) return Fault(query.error().reason(), location, query.error().message());
    for (const std::string& name : query->context_references()) {
      Fault("UNSUPPORTED_JSONATA_EXPRESSION", location,
            name == "$$"
                ? std::string("Reference to '$$' is not supported.")
                : fmt::format("Reference to '{}' at the top level is not supported.", name));
    }
  }
}

// The fields that JSONata states of several types have.
void Compiler::CompileQueryData(const json::object& source, const std::string& location,
                                State& state) {
  const bool has_result = state.type == StateType::kTask || state.type == StateType::kParallel ||
                          state.type == StateType::kMap;
  state.parameters = CompileTemplate(source, "Arguments", location);
  state.output = CompileTemplate(source, "Output", location, has_result ? Query::kResult : 0);
}

Template Compiler::CompileQueryTemplate(const json::value& source, const std::string& place,
                                        unsigned states) {
  Template compiled = Template::CompileQueries(source, place.substr(state_location_.size() + 1));
  compiled.ForEachQuery([&](const Query& query) {
    CheckVariables(query);
    const unsigned missing = query.states() & ~(states | Query::kInput | Query::kContext);
    if ((query.states() & Query::kWhole) == 0 && missing != 0) {
      Fault("UNSUPPORTED_JSONATA_EXPRESSION",
            fmt::format("{}/{}", state_location_, query.location()),
            fmt::format("Field '$states.{}' does not exist.",
                        (missing & Query::kResult) != 0 ? "result" : "errorOutput"));
    }
  });
  return compiled;
}

// A field that must be an expression where it is a string. What is wrong with the expression itself
// is CheckQueries's to say.
std::optional<Expression> Compiler::CompileQuery(const json::value& source,
                                                 const std::string& place) {
  const json::string* text = source.if_string();
  if (text == nullptr || !Query::IsMeant(*text)) {
    SchemaFault(place, "Expected a JSONata expression");
    return std::nullopt;
  }
  auto expression = Expression::ParseQuery(*text, place.substr(state_location_.size() + 1));
  if (!expression) return std::nullopt;
  CheckVariables(*expression->query());
  return *std::move(expression);
}

std::optional<Template> Compiler::CompileCondition(const json::object& rule,
                                                   const std::string& location) {
  const json::value* condition = FindMember(rule, "Condition");
  if (condition == nullptr) return std::nullopt;
  const json::string* text = condition->if_string();
  if (!condition->is_bool() && (text == nullptr || !Query::IsMeant(*text))) {
    SchemaFault(location + "/Condition", "Expected a boolean or a JSONata expression");
    return std::nullopt;
  }
  return CompileTemplate(rule, "Condition", location);
}

std::optional<Template> Compiler::CompileItems(const json::object& source,
                                               const std::string& location) {
  const json::value* items = FindMember(source, "Items");
  if (items == nullptr) return std::nullopt;
  const json::string* text = items->if_string();
  if (!items->is_array() && !items->is_object() && (text == nullptr || !Query::IsMeant(*text))) {
    SchemaFault(location + "/Items", "Expected an array, an object or a JSONata expression");
    return std::nullopt;
  }
  return CompileTemplate(source, "Items", location);
}

}  // namespace scones::asl

// The part of the compiler for variables: which names a scope assigns, and whether it may.
#include <fmt/format.h>

#include <algorithm>

#include "asl/compiler.h"
#include "asl/jsonata_functions.h"
#include "asl/query.h"

namespace scones::asl {
namespace {

constexpr std::size_t kMaxNameLength = 80;

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// An identifier: letters, digits, "_", "-" and characters beyond ASCII, no digit or "-" first.
bool IsVariableName(std::string_view name) {
  if (name.empty() || CountCharacters(name) > kMaxNameLength) return false;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
  };
  if (!is_letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

// Calls `visit` with each Assign object of a state: its own, and those of its rules and catchers.
template <class Visit>
void ForEachAssign(const json::object& state, const Visit& visit) {
  const auto one = [&](const json::object& source) {
    if (const json::object* assign = FindObject(source, "Assign")) visit(*assign);
  };
  one(state);
  for (const char* list : {"Choices", "Catch"}) {
    const json::array* elements = FindArray(state, list);
    if (elements == nullptr) continue;
    for (const json::value& element : *elements) {
      if (const json::object* source = element.if_object()) one(*source);
    }
  }
}

std::string_view WithoutMark(std::string_view key) {
  return key.ends_with(".$") ? key.substr(0, key.size() - 2) : key;
}

}  // namespace

Compiler::VariableNames Compiler::AssignedNames(const json::object& states) {
  VariableNames names;
  for (const auto& member : states) {
    const json::object* state = member.value().if_object();
    if (state == nullptr) continue;
    ForEachAssign(*state, [&](const json::object& assign) {
      for (const auto& one : assign) names.emplace(WithoutMark(one.key()));
    });
  }
  return names;
}

std::optional<Template> Compiler::CompileAssign(const json::object& source,
                                                const std::string& location, unsigned states) {
  const json::value* value = FindMember(source, "Assign");
  if (value == nullptr) return std::nullopt;
  const std::string place = location + "/Assign";
  const json::object* assign = value->if_object();
  if (assign == nullptr) {
    SchemaFault(place, "Expected value of type Object");
    return std::nullopt;
  }
  for (const auto& member : *assign) {
    const std::string_view name =
        jsonata_ ? std::string_view(member.key()) : WithoutMark(member.key());
    const std::string at = fmt::format("{}/{}", place, std::string_view(member.key()));
    if (name == "states") {
      SchemaFault(at, "The variable name 'states' is reserved.");
    } else if (!IsVariableName(name)) {
      SchemaFault(at, fmt::format("The variable name '{}' is not valid: it must be an identifier "
                                  "of 1 to {} characters.",
                                  name, kMaxNameLength));
    } else if (outer_variables_.contains(name)) {
      Fault("DUPLICATE_VARIABLE_NAME", at,
            fmt::format("The variable name '{}' was already defined in a parent scope.", name));
    }
  }
  return CompileTemplate(source, "Assign", location, states);
}

// Whether a variable is set when it is read depends on the way that an execution takes; that no
// state ever assigns it is worth a warning.
void Compiler::CheckVariable(std::string_view name, const std::string& location) {
  if (own_variables_.contains(name) || outer_variables_.contains(name)) return;
  if (warnings_.size() >= kMaxDiagnostics) return;
  warnings_.push_back({Severity::kWarning, "POSSIBLY_UNDEFINED_VARIABLE",
                       fmt::format("Variable '{}' is possibly not defined.", name), location, 0});
}

void Compiler::CheckVariables(const Query& query) {
  const auto functions = StatesFunctions();
  for (const std::string& name : query.free_variables()) {
    const bool function =
        std::any_of(functions.begin(), functions.end(),
                    [&](const jsonata::NativeFunction& one) { return one.name == name; });
    if (name != "states" && !function)
      CheckVariable(name, fmt::format("{}/{}", state_location_, query.location()));
  }
}

}  // namespace scones::asl

#include "asl/variable_references.h"

#include <string_view>

namespace scones::asl {
namespace {

using References = std::map<std::string, std::set<std::string>>;

bool IsNested(std::string_view field) {
  return field == "ItemProcessor" || field == "Iterator" || field == "Branches";
}

// Calls `visit(name, state)` for every state, however deep.
template <class Visit>
void ForEachState(const json::object& scope, const Visit& visit) {
  const json::object* states = FindObject(scope, "States");
  if (states == nullptr) return;
  for (const auto& [name, value] : *states) {
    if (!value.is_object()) continue;
    const json::object& state = value.get_object();
    visit(std::string(name), state);
    for (const char* field : {"ItemProcessor", "Iterator"}) {
      if (const json::object* nested = FindObject(state, field)) ForEachState(*nested, visit);
    }
    if (const json::array* branches = FindArray(state, "Branches")) {
      for (const json::value& branch : *branches) {
        if (branch.is_object()) ForEachState(branch.get_object(), visit);
      }
    }
  }
}

void AddAssigned(const json::value& value, std::set<std::string>& names) {
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) AddAssigned(item, names);
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.get_object()) {
    if (IsNested(key)) continue;
    if (key != "Assign" || !member.is_object()) {
      AddAssigned(member, names);
      continue;
    }
    for (const auto& [target, source] : member.get_object()) {
      std::string_view name = target;
      if (name.ends_with(".$")) name.remove_suffix(2);
      names.emplace(name);
    }
  }
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (c & 0x80) != 0;
}

// The variables of `names` that a path, an intrinsic call or a JSONata expression mentions; what
// stands in quotes is text.
void AddMentioned(std::string_view text, const std::set<std::string>& names,
                  std::set<std::string>& found) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '$') {
      std::size_t end = i + 1;
      while (end < text.size() && IsWordCharacter(text[end])) ++end;
      const std::string name(text.substr(i + 1, end - i - 1));
      if (names.contains(name)) found.insert(name);
      i = end - 1;
    }
  }
}

bool HoldsPath(std::string_view field) {
  if (field == "ResultPath") return false;
  return field.ends_with(".$") || field.ends_with("Path") || field == "Variable";
}

void AddRead(std::string_view field, const json::value& value, const std::set<std::string>& names,
             std::set<std::string>& found) {
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    if (text.starts_with("{%") || HoldsPath(field)) AddMentioned(text, names, found);
  } else if (value.is_array()) {
    for (const json::value& item : value.get_array()) AddRead(field, item, names, found);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.get_object()) {
      if (!IsNested(key)) AddRead(key, member, names, found);
    }
  }
}

}  // namespace

References VariableReferences(const json::object& definition) {
  std::set<std::string> names;
  ForEachState(definition, [&](const std::string&, const json::object& state) {
    for (const auto& [key, member] : state) {
      if (!IsNested(key)) AddAssigned(json::object{{key, member}}, names);
    }
  });
  References references;
  if (names.empty()) return references;
  ForEachState(definition, [&](const std::string& name, const json::object& state) {
    std::set<std::string> found;
    for (const auto& [key, member] : state) {
      if (!IsNested(key)) AddRead(key, member, names, found);
    }
    if (!found.empty()) references[name] = std::move(found);
  });
  return references;
}

}  // namespace scones::asl

#include "events/input_transformer.h"

#include <fmt/format.h>

#include <charconv>
#include <variant>

namespace scones::events {
namespace {

constexpr std::size_t kMaxInput = 8192;
constexpr std::size_t kMaxPath = 256;
constexpr std::size_t kMaxVariables = 100;
constexpr std::size_t kMaxOutput = 256 * 1024;

Error NotValid(std::string_view what, std::string_view why) {
  return Error(Code::kInvalid, "ValidationException",
               fmt::format("Parameter {} is not valid. Reason: {}", what, why));
}

// A step of a path: a member's name, an index, or every element.
struct Every {};
using Step = std::variant<std::string, std::size_t, Every>;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '/' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

// "$", ".name", "['name']", "[0]", "[*]", ".*".
class PathReader {
 public:
  explicit PathReader(std::string_view text) : rest_(text) {}

  std::optional<std::vector<Step>> Read() {
    if (!Take("$")) return std::nullopt;
    std::vector<Step> steps;
    while (!rest_.empty()) {
      const std::optional<Step> step = ReadStep();
      if (!step) return std::nullopt;
      steps.push_back(*step);
    }
    return steps;
  }

 private:
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::optional<Step> ReadStep() {
    if (Take(".*") || Take("[*]")) return Step(Every());
    if (Take("['")) {
      const std::size_t end = rest_.find("']");
      if (end == rest_.npos) return std::nullopt;
      std::string name(rest_.substr(0, end));
      rest_.remove_prefix(end + 2);
      return Step(std::move(name));
    }
    if (Take("[")) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), index);
      if (error != std::errc()) return std::nullopt;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (!Take("]")) return std::nullopt;
      return Step(index);
    }
    if (!Take(".")) return std::nullopt;
    std::size_t size = 0;
    while (size < rest_.size() && IsNameCharacter(rest_[size])) ++size;
    if (size == 0) return std::nullopt;
    std::string name(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return Step(std::move(name));
  }

  std::string_view rest_;
};

void Collect(const json::value& value, std::span<const Step> steps,
             std::vector<const json::value*>& found) {
  if (steps.empty()) {
    found.push_back(&value);
    return;
  }
  const std::span<const Step> rest = steps.subspan(1);
  if (const std::string* name = std::get_if<std::string>(&steps[0])) {
    const json::value* member = value.is_object() ? FindMember(value.get_object(), *name) : nullptr;
    if (member != nullptr) Collect(*member, rest, found);
  } else if (const std::size_t* index = std::get_if<std::size_t>(&steps[0])) {
    if (value.is_array() && *index < value.get_array().size()) {
      Collect(value.get_array()[*index], rest, found);
    }
  } else if (const json::array* items = value.if_array()) {
    for (const json::value& item : *items) Collect(item, rest, found);
  } else if (const json::object* members = value.if_object()) {
    for (const auto& [name, member] : *members) Collect(member, rest, found);
  }
}

// Nothing where the path leads nowhere; an array where it has a wildcard.
std::optional<json::value> Evaluate(std::string_view path, const json::value& event) {
  const auto steps = PathReader(path).Read();
  if (!steps) return std::nullopt;
  std::vector<const json::value*> found;
  Collect(event, *steps, found);
  for (const Step& step : *steps) {
    if (!std::holds_alternative<Every>(step)) continue;
    json::array all;
    for (const json::value* one : found) all.push_back(*one);
    return all;
  }
  return found.empty() ? std::nullopt : std::optional(*found.front());
}

bool IsVariableCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// The name of the variable that starts at `text`'s '<'; nothing where that is a mere character.
std::optional<std::string_view> VariableAt(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && IsVariableCharacter(text[end])) ++end;
  if (end == 1 || end == text.size() || text[end] != '>') return std::nullopt;
  return text.substr(1, end - 1);
}

using Variables = std::map<std::string, json::value, std::less<>>;

Variables MakeVariables(const InputTransformer& transformer, const json::object& event,
                        const TransformContext& context) {
  Variables variables;
  json::object outline = event;
  outline.erase("detail");
  variables["aws.events.rule-arn"] = context.rule_arn;
  variables["aws.events.rule-name"] = context.rule_name;
  variables["aws.events.event.ingestion-time"] = FormatIso8601(context.ingested);
  variables["aws.events.event"] = std::move(outline);
  variables["aws.events.event.json"] = event;
  const json::value whole(event);
  for (const auto& [name, path] : transformer.paths) {
    if (auto value = Evaluate(path, whole)) variables[name] = *std::move(value);
  }
  return variables;
}

// Within quotes a string appears as its escaped characters and anything else as its escaped JSON;
// outside, as JSON. A variable that the event doesn't have leaves nothing within quotes and "" as a
// value, so that the rest stays JSON.
void AppendVariable(const Variables& variables, std::string_view name, bool quoted,
                    std::string& out) {
  const auto found = variables.find(name);
  if (!quoted) {
    out += found == variables.end() ? "\"\"" : ToJson(found->second);
    return;
  }
  if (found == variables.end()) return;
  const json::string* text = found->second.if_string();
  const std::string literal =
      ToJsonString(text != nullptr ? std::string(*text) : ToJson(found->second));
  out.append(literal, 1, literal.size() - 2);
}

std::string FillQuoted(std::string_view text, const Variables& variables, bool quoted) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      out.append(text.substr(i, 2));
      ++i;
    } else if (const auto name = c == '<' ? VariableAt(text.substr(i)) : std::nullopt) {
      AppendVariable(variables, *name, quoted, out);
      i += name->size() + 1;
    } else {
      if (c == '"') quoted = !quoted;
      out.push_back(c);
    }
  }
  return out;
}

// A template that is neither an object, an array nor a quoted text is a text without its quotes.
std::string FillText(std::string_view text, const Variables& variables) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto name = text[i] == '<' ? VariableAt(text.substr(i)) : std::nullopt;
    if (name) {
      AppendVariable(variables, *name, true, out);
      i += name->size() + 1;
    } else {
      const std::string literal = ToJsonString(text.substr(i, 1));
      if (static_cast<unsigned char>(text[i]) >= 0x80) {
        out.push_back(text[i]);
      } else {
        out.append(literal, 1, literal.size() - 2);
      }
    }
  }
  return out + "\"";
}

std::string Fill(std::string_view text, const Variables& variables) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (first == text.npos) return "\"\"";
  const std::string_view core = text.substr(first, last - first + 1);
  if (core.front() == '<') {
    // One variable alone is its value.
    const auto name = VariableAt(core);
    if (name && name->size() + 2 == core.size()) return FillQuoted(core, variables, false);
  }
  const bool is_json = core.front() == '{' || core.front() == '[' || core.front() == '"';
  return is_json ? FillQuoted(core, variables, false) : FillText(core, variables);
}

Result<void> CheckTransformer(const InputTransformer& transformer) {
  if (transformer.paths.size() > kMaxVariables) {
    return NotValid("InputPathsMap", "it holds more than 100 variables");
  }
  for (const auto& [name, path] : transformer.paths) {
    if (name.starts_with("AWS.") || name.starts_with("aws.")) {
      return NotValid("InputPathsMap", fmt::format("the name '{}' is reserved", name));
    }
    if (name.empty() || name.size() > 256 || VariableAt("<" + name + ">") != name) {
      return NotValid("InputPathsMap", fmt::format("'{}' is no name of a variable", name));
    }
    if (path.size() > kMaxPath || !PathReader(path).Read()) {
      return NotValid("InputPathsMap", fmt::format("'{}' is no path that is supported", path));
    }
  }
  const std::string& text = transformer.input_template;
  if (text.empty() || text.size() > kMaxInput) {
    return NotValid("InputTemplate", "it must have 1 to 8192 characters");
  }
  for (std::size_t i = text.find('<'); i != text.npos; i = text.find('<', i + 1)) {
    const auto name = VariableAt(std::string_view(text).substr(i));
    if (!name || name->starts_with("aws.events.")) continue;
    if (!transformer.paths.contains(std::string(*name))) {
      return NotValid("InputTemplate",
                      fmt::format("InputPathsMap has no variable '{}' of the template", *name));
    }
  }
  return {};
}

}  // namespace

Result<void> CheckInput(const Target& target) {
  const int given = target.input.has_value() + target.input_path.has_value() +
                    target.input_transformer.has_value();
  if (given > 1) {
    return NotValid(fmt::format("Target {}", target.id),
                    "only one of Input, InputPath, or InputTransformer must be provided");
  }
  if (target.input && (target.input->size() > kMaxInput || !ParseJson(*target.input))) {
    return NotValid("Input", "it must be JSON of at most 8192 characters");
  }
  if (target.input_path &&
      (target.input_path->size() > kMaxPath || !PathReader(*target.input_path).Read())) {
    return NotValid("InputPath", fmt::format("'{}' is no path that is supported",
                                             target.input_path->substr(0, kMaxPath)));
  }
  if (target.input_transformer) return CheckTransformer(*target.input_transformer);
  return {};
}

Result<std::string> MakeInput(const Target& target, const json::object& event,
                              const TransformContext& context) {
  if (target.input) return *target.input;
  if (target.input_path) {
    const auto part = Evaluate(*target.input_path, event);
    return part ? ToJson(*part) : std::string("{}");
  }
  if (!target.input_transformer) return ToJson(event);
  std::string filled = Fill(target.input_transformer->input_template,
                            MakeVariables(*target.input_transformer, event, context));
  if (filled.size() > kMaxOutput) {
    return Error(Code::kInvalid, "the filled template is larger than 262144 bytes");
  }
  const Result<json::value> parsed = ParseJson(filled);
  if (!parsed) return parsed.error().Within("the filled template isn't JSON");
  return filled;
}

}  // namespace scones::events

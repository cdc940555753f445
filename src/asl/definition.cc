#include "asl/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "asl/compiler.h"
#include "asl/program.h"
#include "base/json.h"

namespace scones::asl {
namespace {

constexpr std::size_t kMaxDepth = 100;

// "invalid JSON at line 1, column 4: …" taken apart again.
struct JsonFault {
  int line = 1;
  int column = 1;
  std::string what;
};

JsonFault ReadFault(const std::string& message) {
  JsonFault fault;
  int length = 0;
  if (std::sscanf(message.c_str(), "invalid JSON at line %d, column %d: %n", &fault.line,
                  &fault.column, &length) == 2 &&
      length > 0) {
    fault.what = message.substr(static_cast<std::size_t>(length));
  } else {
    fault.what = message;
  }
  return fault;
}

// A bare word at the fault, which the service's parser names: it reports the column after the word.
std::string WordAt(std::string_view text, JsonFault& fault) {
  std::size_t at = 0;
  for (int line = 1; line < fault.line && at < text.size(); ++at) {
    if (text[at] == '\n') ++line;
  }
  at = std::min(text.size(), at + static_cast<std::size_t>(std::max(0, fault.column - 1)));
  const auto is_word = [&](std::size_t i) {
    return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
  };
  std::size_t begin = at;
  while (begin > 0 && is_word(begin - 1)) --begin;
  std::size_t end = begin;
  while (is_word(end)) ++end;
  if (begin == end || std::isalpha(static_cast<unsigned char>(text[begin])) == 0) return "";
  fault.column += static_cast<int>(end) - static_cast<int>(at);
  return std::string(text.substr(begin, end - begin));
}

Diagnostic DescribeBadJson(std::string_view text, const std::string& message) {
  JsonFault fault = ReadFault(message);
  const std::string word = fault.what.starts_with("duplicate key") ? "" : WordAt(text, fault);
  const std::string shown(text.substr(0, 500));
  const std::string place = fmt::format("[Source: (String)\"{}\"; line: {}, column: {}]", shown,
                                        fault.line, fault.column);
  const std::string what = word.empty()
                               ? fault.what
                               : fmt::format(
                                     "Unrecognized token '{}': was expecting (JSON String, "
                                     "Number, Array, Object or token 'null', 'true' or 'false')",
                                     word);
  return {Severity::kError, "INVALID_JSON_DESCRIPTION", fmt::format("{}\n at {}", what, place),
          place, fault.line};
}

// Compiles `text`; the compiler holds what was found.
std::optional<Compiler> Compile(std::string_view text, MachineType type,
                                std::vector<Diagnostic>& diagnostics) {
  if (text.size() > kMaxDefinitionBytes) {
    diagnostics.push_back(
        {Severity::kError, "SCHEMA_VALIDATION_FAILED",
         fmt::format("The definition has more than {} bytes", kMaxDefinitionBytes), "", 0});
    return std::nullopt;
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    diagnostics.push_back({Severity::kError, "SCHEMA_VALIDATION_FAILED",
                           "Definition must be a valid JSON object", "", 0});
    return std::nullopt;
  }
  auto document = ParseJson(text, {.max_depth = kMaxDepth, .refuse_duplicate_keys = true});
  if (!document) {
    diagnostics.push_back(DescribeBadJson(text, document.error().message()));
    return std::nullopt;
  }
  std::optional<Compiler> compiler(std::in_place, type);
  compiler->CompileMachine(*document);
  diagnostics = std::move(compiler->diagnostics());
  diagnostics.insert(diagnostics.end(), compiler->warnings().begin(), compiler->warnings().end());
  LocateDiagnostics(text, diagnostics);
  return compiler;
}

}  // namespace

std::string Diagnostic::ToString() const {
  if (location.empty() || code == "INVALID_JSON_DESCRIPTION")
    return fmt::format("{}: {}", code, message);
  return fmt::format("{}: {} at {}", code, message, location);
}

std::vector<Diagnostic> Validate(std::string_view text, MachineType type) {
  std::vector<Diagnostic> diagnostics;
  (void)Compile(text, type, diagnostics);
  return diagnostics;
}

Error InvalidDefinition(const std::vector<Diagnostic>& diagnostics) {
  static constexpr std::size_t kMaxShown = 10;
  std::string all;
  std::size_t shown = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    if (++shown > kMaxShown) break;
    if (!all.empty()) all += ", ";
    all += diagnostic.ToString();
  }
  return Error(Code::kInvalid, "InvalidDefinition",
               fmt::format("Invalid State Machine Definition: '{}'", all));
}

Definition::Definition(MachineType type, std::unique_ptr<const Program> program,
                       std::vector<TaskResource> task_resources)
    : type_(type), program_(std::move(program)), task_resources_(std::move(task_resources)) {}
Definition::~Definition() = default;

Result<std::shared_ptr<const Definition>> Definition::Parse(std::string_view text,
                                                            MachineType type) {
  std::vector<Diagnostic> diagnostics;
  std::optional<Compiler> compiler = Compile(text, type, diagnostics);
  const bool refused = std::any_of(diagnostics.begin(), diagnostics.end(), [](const auto& one) {
    return one.severity == Severity::kError;
  });
  if (refused) return InvalidDefinition(diagnostics);
  if (!compiler->unsupported().empty()) return InvalidDefinition(compiler->unsupported());
  return std::shared_ptr<const Definition>(
      new Definition(type, std::make_unique<const Program>(std::move(compiler->program())),
                     std::move(compiler->task_resources())));
}

}  // namespace scones::asl

#include "asl/definition.h"

#include <fmt/format.h>

#include <algorithm>

#include "asl/compiler.h"
#include "asl/json_fault.h"
#include "asl/program.h"
#include "base/json.h"

namespace scones::asl {
namespace {

constexpr std::size_t kMaxDepth = 100;

// What `message` of ParseJson says of faults that are none of syntax: "invalid JSON at line 1,
// column 4: …" taken apart again.
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

Diagnostic DescribeBadJson(std::string_view text, const std::string& message) {
  JsonFault fault = FindJsonFault(text);
  if (fault.what.empty()) fault = ReadFault(message);
  const std::string place = fmt::format("[Source: (String)\"{}\"; line: {}, column: {}]",
                                        text.substr(0, 500), fault.line, fault.column);
  return {Severity::kError, "INVALID_JSON_DESCRIPTION",
          fmt::format("{}\n at {}", fault.what, place), place, fault.line};
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

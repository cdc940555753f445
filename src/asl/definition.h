// A parsed Amazon States Language document: validated once, compiled into an immutable form, then
// shared by every execution of it. Pure; a Definition is safe from any thread.
// Source: https://states-language.net/spec.html and the AWS Step Functions Developer Guide.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::asl {

inline constexpr std::size_t kMaxDefinitionBytes = 1024 * 1024;

enum class MachineType { kStandard, kExpress };

enum class Severity { kError, kWarning };

// One fault of a document, as ValidateStateMachineDefinition lists it.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;      // "SCHEMA_VALIDATION_FAILED", "INVALID_JSON_DESCRIPTION", …
  std::string message;   // "Missing 'Next' target: Nowhere"
  std::string location;  // "/States/A/Next"; empty where the text is no JSON at all
  int line = 0;          // of the place in the text, from 1; 0 when unknown

  // "SCHEMA_VALIDATION_FAILED: … at /States/A/Next"
  std::string ToString() const;
};

// Every fault of `text` as a document of the language, then the warnings; at most
// `kMaxDiagnostics` of each. Covers all of the language, also what Definition::Parse refuses as not
// runnable (Parquet).
inline constexpr std::size_t kMaxDiagnostics = 100;
std::vector<Diagnostic> Validate(std::string_view text, MachineType type);

// The error that CreateStateMachine answers for these diagnostics: kInvalid/InvalidDefinition with
// "Invalid State Machine Definition: 'A at /x, B at /y'". Precondition: holds at least one error.
Error InvalidDefinition(const std::vector<Diagnostic>& diagnostics);

struct Program;  // program.h: the compiled form, private to this module

class Definition {
 public:
  // Errors: kInvalid/InvalidDefinition (see InvalidDefinition()), also for what this version
  // cannot run, with a message that says so and where.
  static Result<std::shared_ptr<const Definition>> Parse(std::string_view text, MachineType type);

  ~Definition();
  Definition(const Definition&) = delete;
  Definition& operator=(const Definition&) = delete;

  MachineType type() const { return type_; }
  const Program& program() const { return *program_; }

  // Every Task's Resource as written, each once, in document order: what a caller checks for
  // integrations that it does not have.
  struct TaskResource {
    std::string resource;
    std::string location;  // "/States/A/Resource"
  };
  const std::vector<TaskResource>& task_resources() const { return task_resources_; }

 private:
  Definition(MachineType type, std::unique_ptr<const Program> program,
             std::vector<TaskResource> task_resources);

  MachineType type_;
  std::unique_ptr<const Program> program_;
  std::vector<TaskResource> task_resources_;
};

}  // namespace scones::asl

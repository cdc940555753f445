#include "functions/detail/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace scones::functions {
namespace {

constexpr std::size_t kMaxEnvironmentBytes = 4 * 1024;
constexpr std::array kReservedVariables = {"AWS_ACCESS_KEY",
                                           "AWS_ACCESS_KEY_ID",
                                           "AWS_DEFAULT_REGION",
                                           "AWS_EXECUTION_ENV",
                                           "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                           "AWS_LAMBDA_FUNCTION_NAME",
                                           "AWS_LAMBDA_FUNCTION_VERSION",
                                           "AWS_LAMBDA_INITIALIZATION_TYPE",
                                           "AWS_LAMBDA_LOG_GROUP_NAME",
                                           "AWS_LAMBDA_LOG_STREAM_NAME",
                                           "AWS_LAMBDA_RUNTIME_API",
                                           "AWS_REGION",
                                           "AWS_SECRET_ACCESS_KEY",
                                           "AWS_SECRET_KEY",
                                           "AWS_SECURITY_TOKEN",
                                           "AWS_SESSION_TOKEN",
                                           "LAMBDA_RUNTIME_DIR",
                                           "LAMBDA_TASK_ROOT",
                                           "SCONES_RUNTIME_KEY",
                                           "TZ",
                                           "_HANDLER",
                                           "_X_AMZN_TRACE_ID"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameCharacter(char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '_'; }

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "InvalidParameterValueException", std::move(message));
}

Error Constraint(std::string_view value, std::string_view field, std::string_view rule) {
  return Error(Code::kInvalid, "ValidationException",
               fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy "
                           "constraint: Member must {}",
                           value.substr(0, 200), field, rule));
}

bool IsKnownRuntime(const std::string& runtime) {
  constexpr std::string_view kPython = "python3.";
  if (runtime.starts_with("provided")) {
    return runtime == "provided" || runtime == "provided.al2" || runtime == "provided.al2023";
  }
  if (!runtime.starts_with(kPython)) return false;
  const std::string_view minor = std::string_view(runtime).substr(kPython.size());
  return !minor.empty() && minor.size() <= 2 && std::all_of(minor.begin(), minor.end(), IsDigit);
}

bool IsVariableName(const std::string& name) {
  return name.size() >= 2 && IsLetter(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
           return IsLetter(c) || IsDigit(c) || c == '_';
         });
}

Result<void> ValidateEnvironment(const std::map<std::string, std::string>& environment) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : environment) {
    bytes += name.size() + value.size();
    if (std::find(kReservedVariables.begin(), kReservedVariables.end(), name) !=
        kReservedVariables.end()) {
      return Invalid(
          "Lambda was unable to configure your environment variables because the environment "
          "variables you have provided contains reserved keys that are currently not supported for "
          "modification. Reserved keys used in this request: " +
          name);
    }
    if (!IsVariableName(name)) {
      return Constraint(name, "environment.variables",
                        "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+");
    }
    if (value.find('\0') != value.npos) {
      return Invalid("The environment variable " + name + " holds a NUL character");
    }
  }
  if (bytes > kMaxEnvironmentBytes) {
    return Invalid(
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit.");
  }
  return {};
}

}  // namespace

Result<void> ValidateName(const std::string& name) {
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return Constraint(name, "functionName",
                      "satisfy regular expression pattern: [a-zA-Z0-9-_]+, of 1 to 64 characters");
  }
  return {};
}

Result<void> ValidateSettings(const FunctionSettings& settings) {
  if (!IsKnownRuntime(settings.runtime)) {
    return Error(Code::kInvalid, "InvalidParameterValueException",
                 fmt::format("Value {} at 'runtime' failed to satisfy constraint: Member must "
                             "satisfy enum value set: [provided, provided.al2, provided.al2023, "
                             "python3.N] or be a valid ARN",
                             settings.runtime.substr(0, 100)));
  }
  if (settings.handler.empty() || settings.handler.size() > 128 ||
      settings.handler.find_first_of(" \t\r\n") != std::string::npos) {
    return Constraint(settings.handler, "handler",
                      "satisfy regular expression pattern: [^\\s]+, of 1 to 128 characters");
  }
  if (settings.timeout_s < 1 || settings.timeout_s > 900) {
    return Constraint(std::to_string(settings.timeout_s), "timeout",
                      "have value between 1 and 900");
  }
  if (settings.memory_mb < 128 || settings.memory_mb > 10'240) {
    return Constraint(std::to_string(settings.memory_mb), "memorySize",
                      "have value between 128 and 10240");
  }
  if (settings.description.size() > 256) {
    return Constraint(settings.description, "description", "have length less than or equal to 256");
  }
  if (settings.role.size() > 2048) {
    return Constraint(settings.role, "role", "have length less than or equal to 2048");
  }
  return ValidateEnvironment(settings.environment);
}

FunctionSettings Apply(const SettingsUpdate& update, FunctionSettings settings) {
  if (update.runtime) settings.runtime = *update.runtime;
  if (update.handler) settings.handler = *update.handler;
  if (update.role) settings.role = *update.role;
  if (update.description) settings.description = *update.description;
  if (update.timeout_s) settings.timeout_s = *update.timeout_s;
  if (update.memory_mb) settings.memory_mb = *update.memory_mb;
  if (update.environment) settings.environment = *update.environment;
  return settings;
}

}  // namespace scones::functions

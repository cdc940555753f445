// Structured log lines on standard error: time, level, event name, key=value fields.
// Event names are stable ("server.started"); values are quoted where needed. Never log a secret.
// Safe from any thread.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace scones {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
// `fields` is already in the form "key=value key=value".
void LogLine(LogLevel level, std::string_view event, std::string_view fields);

// Quotes a value that holds spaces, quotes or control characters.
std::string LogValue(std::string_view value);

template <class... Args>
void LogInfo(std::string_view event, fmt::format_string<Args...> fields, Args&&... args) {
  if (LogEnabled(LogLevel::kInfo)) {
    LogLine(LogLevel::kInfo, event, fmt::format(fields, std::forward<Args>(args)...));
  }
}
template <class... Args>
void LogWarning(std::string_view event, fmt::format_string<Args...> fields, Args&&... args) {
  if (LogEnabled(LogLevel::kWarning)) {
    LogLine(LogLevel::kWarning, event, fmt::format(fields, std::forward<Args>(args)...));
  }
}
template <class... Args>
void LogError(std::string_view event, fmt::format_string<Args...> fields, Args&&... args) {
  if (LogEnabled(LogLevel::kError)) {
    LogLine(LogLevel::kError, event, fmt::format(fields, std::forward<Args>(args)...));
  }
}

}  // namespace scones

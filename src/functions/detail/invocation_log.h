// The lines that Lambda writes around each invocation, and the tail of its log. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace scones::functions {

struct InvocationReport {
  std::chrono::microseconds duration{0};
  std::optional<std::chrono::microseconds> init_duration;  // of the environment's first invocation
  std::int64_t memory_mb = 0;
  std::int64_t max_memory_mb = 0;  // 0 where it isn't known
};

std::string StartLine(std::string_view request_id, std::string_view version);
std::string EndLine(std::string_view request_id);
std::string ReportLine(std::string_view request_id, const InvocationReport& report);

// {"errorMessage": "RequestId: ID Error: MESSAGE", "errorType": TYPE}: failures that the service
// reports for a function that could not do so itself.
std::string ServiceErrorPayload(std::string_view type, std::string_view request_id,
                                std::string_view message);
// The error in place of a response that exceeds kMaxSyncPayloadBytes.
std::string ResponseTooLargePayload();
// "Task timed out after 3.00 seconds"
std::string TimeoutMessage(std::chrono::seconds timeout);

// "/aws/lambda/NAME", and "2026/11/22/[VERSION]ID" with 32 random hexadecimal digits.
std::string LogGroupName(std::string_view function_name);
std::string LogStreamName(Timestamp now, std::string_view version);

// Keeps the last kLogTailBytes of the lines added.
class LogTail {
 public:
  void Add(std::string_view line);
  std::string Take();

 private:
  std::string text_;
};

}  // namespace scones::functions

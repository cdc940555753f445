#include "functions/detail/invocation_log.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"
#include "functions/types.h"

namespace scones::functions {

std::string StartLine(std::string_view request_id, std::string_view version) {
  return fmt::format("START RequestId: {} Version: {}", request_id, version);
}

std::string EndLine(std::string_view request_id) {
  return fmt::format("END RequestId: {}", request_id);
}

std::string ReportLine(std::string_view request_id, const InvocationReport& report) {
  const double duration_ms = static_cast<double>(report.duration.count()) / 1000;
  const auto billed_ms = (report.duration.count() + 999) / 1000;
  std::string line = fmt::format(
      "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB",
      request_id, duration_ms, billed_ms, report.memory_mb);
  if (report.max_memory_mb > 0)
    line += fmt::format("\tMax Memory Used: {} MB", report.max_memory_mb);
  if (report.init_duration) {
    line += fmt::format("\tInit Duration: {:.2f} ms",
                        static_cast<double>(report.init_duration->count()) / 1000);
  }
  return line;
}

std::string ServiceErrorPayload(std::string_view type, std::string_view request_id,
                                std::string_view message) {
  return ToJson(
      json::object{{"errorType", type},
                   {"errorMessage", fmt::format("RequestId: {} Error: {}", request_id, message)}});
}

std::string ResponseTooLargePayload() {
  return ToJson(json::object{
      {"errorType", "Function.ResponseSizeTooLarge"},
      {"errorMessage",
       fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).",
                   kMaxSyncPayloadBytes)}});
}

std::string TimeoutMessage(std::chrono::seconds timeout) {
  return fmt::format("Task timed out after {}.00 seconds", timeout.count());
}

std::string LogGroupName(std::string_view function_name) {
  return fmt::format("/aws/lambda/{}", function_name);
}

std::string LogStreamName(Timestamp now, std::string_view version) {
  const std::string day = FormatIso8601Seconds(now);
  return fmt::format("{}/{}/{}/[{}]{}", day.substr(0, 4), day.substr(5, 2), day.substr(8, 2),
                     version, HexEncode(RandomBytes(16)));
}

void LogTail::Add(std::string_view line) {
  text_.append(line.substr(line.size() > kLogTailBytes ? line.size() - kLogTailBytes : 0));
  text_.push_back('\n');
  if (text_.size() > 2 * kLogTailBytes) text_.erase(0, text_.size() - kLogTailBytes);
}

std::string LogTail::Take() {
  if (text_.size() > kLogTailBytes) text_.erase(0, text_.size() - kLogTailBytes);
  return std::move(text_);
}

}  // namespace scones::functions

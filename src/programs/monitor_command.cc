// `scones monitor`: charts of captured inferences.

#include <fmt/format.h>

#include <cstdio>

#include "base/log.h"
#include "programs/capture_report.h"
#include "programs/commands.h"
#include "programs/connection.h"
#include "programs/exit_status.h"

namespace scones::programs {
namespace {

Result<CaptureReport> Run(const MonitorFlags& flags) {
  TRY(const std::unique_ptr<Connection> connection, Connection::Open(flags.connect));
  CaptureReportOptions options{.capture = {.bucket = flags.bucket, .key = flags.prefix},
                               .endpoint = flags.endpoint,
                               .out = flags.out,
                               .threshold = flags.threshold,
                               .classes = {}};
  if (options.capture.bucket.empty()) {
    TRY(options.capture.bucket, DefaultBucket(connection->aws()));
  }
  return WriteCaptureReport(connection->aws(), options, Progress::DetectStyle());
}

}  // namespace

int RunMonitorCommand(const MonitorFlags& flags) {
  SetLogLevel(LogLevel::kError);
  const Result<CaptureReport> report = Run(flags);
  if (!report) return ReportFailure(report.error());
  if (flags.json) {
    fmt::print("{}\n", ToJson(json::object{{"inferences", report->inferences},
                                           {"above_threshold", report->above_threshold},
                                           {"report", report->page.string()}}));
  }
  return 0;
}

}  // namespace scones::programs

// The port through which services hand over the log lines of the programs that they run (training
// jobs, functions). Implemented by the `logs` module; read back through CloudWatch Logs' API.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace scones::io {

struct LogEvent {
  Timestamp time;
  std::string message;  // without the line's end
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Makes group and stream when they are new; keeps the order of calls. Returns at once: lines are
  // stored in batches. Safe from any thread.
  virtual void Append(std::string group, std::string stream, std::vector<LogEvent> events) = 0;
};

}  // namespace scones::io

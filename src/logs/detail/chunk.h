// Many log events as one blob: for each, microseconds since the epoch (8 bytes), the message's
// length (4 bytes), both little-endian, and the message. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/log_sink.h"

namespace scones::logs {

void AppendEvent(const io::LogEvent& event, std::string& chunk);
// Errors: kDataLoss.
Result<std::vector<io::LogEvent>> DecodeChunk(std::string_view chunk);

}  // namespace scones::logs

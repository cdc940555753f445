// Reads what an endpoint's data capture wrote: JSON lines, one inference each, in SageMaker's form.
// Pure; safe from any thread. Format: docs of SageMaker data capture, "eventVersion":"0".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace scones::monitoring {

struct Inference {
  Timestamp time;
  std::string event_id;
  std::string inference_id;  // the client's own, else empty
  std::string content_type;  // of the input, as the client sent it
  std::string input;         // decoded bytes; empty where only the output was captured
  std::vector<double> probabilities;
};

struct CaptureLimits {
  std::size_t max_line_bytes = 32u << 20;
  std::size_t max_classes = 10'000;
};

// One line. The output may be a JSON array of numbers, {"prediction":[...]}, or CSV, and encoded as
// JSON, CSV or BASE64.
// Errors: kInvalid, saying what is missing or wrong.
Result<Inference> ParseCaptureLine(std::string_view line, const CaptureLimits& limits = {});

struct CaptureText {
  std::vector<Inference> inferences;
  std::vector<std::string> problems;  // "NAME line 3: ...", for each line that could not be read
};

// All lines of a file; blank ones are skipped. A bad line costs itself only.
CaptureText ParseCapture(std::string_view text, std::string_view name,
                         const CaptureLimits& limits = {});

}  // namespace scones::monitoring

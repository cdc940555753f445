// The form of captured inferences: SageMaker's line of JSON, and the key under which a file of them
// is stored. Pure; safe from any thread. Source: Amazon SageMaker Developer Guide, "Capture data
// from a real-time endpoint".
#pragma once

#include <string>
#include <string_view>

#include "base/arn.h"
#include "base/time.h"
#include "endpoints/types.h"

namespace scones::endpoints {

struct CaptureRecord {
  std::string input;
  std::string input_content_type;
  std::string output;
  std::string output_content_type;
  std::string event_id;      // a UUID
  std::string inference_id;  // empty: the client gave none
  std::string custom_attributes;
  Timestamp inference_time;
};

// One line, ending in '\n', with the sides that `config` asks for. A body is text ("CSV", "JSON")
// where its content type is listed in `config` and it is valid UTF-8, else "BASE64".
std::string FormatCapture(const CaptureRecord& record, const DataCaptureConfig& config);

// A line of which all but the answer is written: most of the work, done before the answer is there.
struct CaptureFrame {
  std::string before;  // the answer
  std::string after;
  Timestamp time;  // of the inference
};

// Passes over the record's output.
CaptureFrame MakeCaptureFrame(const CaptureRecord& record, const DataCaptureConfig& config);
// Appends the whole line.
void AppendCapture(const CaptureFrame& frame, std::string_view output,
                   std::string_view output_content_type, const DataCaptureConfig& config,
                   std::string& lines);

// DESTINATION/ENDPOINT/VARIANT/yyyy/mm/dd/hh/MM-SS-mmm-UUID.jsonl for a file whose first record is
// of `first`.
S3Uri CaptureFileUri(const S3Uri& destination, std::string_view endpoint, std::string_view variant,
                     Timestamp first, std::string_view uuid);

}  // namespace scones::endpoints

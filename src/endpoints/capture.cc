#include "endpoints/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/encoding.h"
#include "base/json.h"

namespace scones::endpoints {
namespace {

enum class Encoding { kBase64, kCsv, kJson };

const char* EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kBase64:
      return "BASE64";
    case Encoding::kCsv:
      return "CSV";
    case Encoding::kJson:
      return "JSON";
  }
  return "";
}

// Without parameters: "application/json; charset=utf-8" is application/json.
std::string_view MediaType(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type;
}

bool Lists(const std::vector<std::string>& types, std::string_view content_type) {
  return std::find(types.begin(), types.end(), MediaType(content_type)) != types.end();
}

// A lead byte says how many continuation bytes follow; over-long forms and surrogates are refused.
bool IsUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80       ? 1
                               : lead >> 5 == 6  ? 2
                               : lead >> 4 == 14 ? 3
                               : lead >> 3 == 30 ? 4
                                                 : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
      point = point << 6 | (byte(i + k) & 0x3fu);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      return false;
    }
    i += length;
  }
  return true;
}

Encoding EncodingOf(std::string_view body, std::string_view content_type,
                    const DataCaptureConfig& config) {
  const bool csv = Lists(config.csv_content_types, content_type);
  if (!csv && !Lists(config.json_content_types, content_type)) return Encoding::kBase64;
  if (!IsUtf8(body)) return Encoding::kBase64;
  return csv ? Encoding::kCsv : Encoding::kJson;
}

void AppendSide(std::string_view name, std::string_view mode, std::string_view content_type,
                std::string_view body, const DataCaptureConfig& config, std::string& line) {
  const Encoding encoding = EncodingOf(body, content_type, config);
  fmt::format_to(std::back_inserter(line), R"("{}":{{"observedContentType":)", name);
  AppendJsonString(content_type, line);
  fmt::format_to(std::back_inserter(line), R"(,"mode":"{}","data":)", mode);
  if (encoding == Encoding::kBase64) {
    line += '"';
    AppendBase64(body, line);
    line += '"';
  } else {
    AppendJsonString(body, line);
  }
  fmt::format_to(std::back_inserter(line), R"(,"encoding":"{}"}})", EncodingName(encoding));
}

bool Captures(const DataCaptureConfig& config, CaptureMode mode) {
  return std::find(config.options.begin(), config.options.end(), mode) != config.options.end();
}

}  // namespace

CaptureFrame MakeCaptureFrame(const CaptureRecord& record, const DataCaptureConfig& config) {
  CaptureFrame frame{.before = R"({"captureData":{)", .after = {}, .time = record.inference_time};
  if (Captures(config, CaptureMode::kInput)) {
    frame.before.reserve(record.input.size() * 4 / 3 + 128);
    AppendSide("endpointInput", "INPUT", record.input_content_type, record.input, config,
               frame.before);
    if (Captures(config, CaptureMode::kOutput)) frame.before += ',';
  }
  std::string& after = frame.after;
  after = R"(},"eventMetadata":{"eventId":)";
  AppendJsonString(record.event_id, after);
  if (!record.custom_attributes.empty()) {
    after += R"(,"customAttributes":[)";
    AppendJsonString(record.custom_attributes, after);
    after += ']';
  }
  if (!record.inference_id.empty()) {
    after += R"(,"inferenceId":)";
    AppendJsonString(record.inference_id, after);
  }
  after += R"(,"inferenceTime":")" + FormatIso8601Seconds(record.inference_time);
  after += "\"},\"eventVersion\":\"0\"}\n";
  return frame;
}

void AppendCapture(const CaptureFrame& frame, std::string_view output,
                   std::string_view output_content_type, const DataCaptureConfig& config,
                   std::string& lines) {
  lines += frame.before;
  if (Captures(config, CaptureMode::kOutput)) {
    AppendSide("endpointOutput", "OUTPUT", output_content_type, output, config, lines);
  }
  lines += frame.after;
}

std::string FormatCapture(const CaptureRecord& record, const DataCaptureConfig& config) {
  std::string line;
  AppendCapture(MakeCaptureFrame(record, config), record.output, record.output_content_type, config,
                line);
  return line;
}

S3Uri CaptureFileUri(const S3Uri& destination, std::string_view endpoint, std::string_view variant,
                     Timestamp first, std::string_view uuid) {
  const auto day = std::chrono::floor<std::chrono::days>(first);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(first - day));
  std::string prefix = destination.key;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) prefix += '/';
  return {.bucket = destination.bucket,
          .key = fmt::format("{}{}/{}/{:04}/{:02}/{:02}/{:02}/{:02}-{:02}-{:03}-{}.jsonl", prefix,
                             endpoint, variant, static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             time.hours().count(), time.minutes().count(), time.seconds().count(),
                             time.subseconds().count(), uuid)};
}

}  // namespace scones::endpoints

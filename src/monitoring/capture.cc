#include "monitoring/capture.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "base/json.h"

namespace scones::monitoring {
namespace {

Error Bad(std::string message) { return Error(Code::kInvalid, std::move(message)); }

// The data of one side (endpointInput, endpointOutput), decoded.
Result<std::string> DecodeData(const json::object& side, std::string_view name) {
  const json::string* const data = FindString(side, "data");
  if (data == nullptr) return Bad(fmt::format("{} has no 'data'", name));
  const std::string_view text(data->data(), data->size());
  const std::string encoding = StringOr(side, "encoding", "");
  if (encoding == "BASE64") {
    Result<std::string> bytes = Base64Decode(text);
    if (!bytes) return bytes.error().Within(std::string(name));
    return bytes;
  }
  if (encoding == "JSON" || encoding == "CSV") return std::string(text);
  return Bad(
      fmt::format("{} has the encoding '{}'; known are BASE64, JSON and CSV", name, encoding));
}

Result<double> ToProbability(const json::value& value) {
  if (!value.is_number()) return Bad("a probability is no number");
  return value.to_number<double>();
}

Result<std::vector<double>> ParseJsonNumbers(std::string_view text) {
  TRY(const json::value value, ParseJson(text));
  const json::array* numbers = value.if_array();
  if (const json::object* object = value.if_object()) numbers = FindArray(*object, "prediction");
  if (numbers == nullptr) return Bad("the output is no list of probabilities");
  std::vector<double> probabilities;
  for (const json::value& number : *numbers) {
    TRY(const double probability, ToProbability(number));
    probabilities.push_back(probability);
  }
  return probabilities;
}

Result<std::vector<double>> ParseCsvNumbers(std::string_view text) {
  std::vector<double> probabilities;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view field = text.substr(0, comma);
    while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
    while (!field.empty() && field.back() <= ' ') field.remove_suffix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc() || end != field.data() + field.size()) {
      return Bad(fmt::format("the output's value '{}' is no number", field.substr(0, 40)));
    }
    probabilities.push_back(number);
    if (comma == std::string_view::npos) return probabilities;
    text.remove_prefix(comma + 1);
  }
}

Result<std::vector<double>> ParseProbabilities(std::string_view text, const CaptureLimits& limits) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return Bad("the output is empty");
  const bool is_json = text[start] == '[' || text[start] == '{';
  TRY(std::vector<double> probabilities, is_json ? ParseJsonNumbers(text) : ParseCsvNumbers(text));
  if (probabilities.empty() || probabilities.size() > limits.max_classes) {
    return Bad(fmt::format("the output has {} probabilities", probabilities.size()));
  }
  for (const double probability : probabilities) {
    if (!std::isfinite(probability) || probability < 0 || probability > 1.000001) {
      return Bad(fmt::format("the output's value {} is no probability", probability));
    }
  }
  return probabilities;
}

}  // namespace

Result<Inference> ParseCaptureLine(std::string_view line, const CaptureLimits& limits) {
  if (line.size() > limits.max_line_bytes) {
    return Bad(fmt::format("it has {} bytes, more than the limit of {}", line.size(),
                           limits.max_line_bytes));
  }
  TRY(const json::value value, ParseJson(line));
  const json::object* const root = value.if_object();
  const json::object* const capture = root != nullptr ? FindObject(*root, "captureData") : nullptr;
  const json::object* const event = root != nullptr ? FindObject(*root, "eventMetadata") : nullptr;
  if (capture == nullptr || event == nullptr) {
    return Bad("it is no captured inference: it lacks 'captureData' or 'eventMetadata'");
  }
  Inference inference;
  inference.event_id = StringOr(*event, "eventId", "");
  inference.inference_id = StringOr(*event, "inferenceId", "");
  TRY(inference.time, ParseIso8601(StringOr(*event, "inferenceTime", "")));
  const json::object* const output = FindObject(*capture, "endpointOutput");
  if (output == nullptr) return Bad("its output was not captured");
  TRY(const std::string output_text, DecodeData(*output, "endpointOutput"));
  TRY(inference.probabilities, ParseProbabilities(output_text, limits));
  if (const json::object* const input = FindObject(*capture, "endpointInput")) {
    inference.content_type = StringOr(*input, "observedContentType", "");
    TRY(inference.input, DecodeData(*input, "endpointInput"));
  }
  return inference;
}

CaptureText ParseCapture(std::string_view text, std::string_view name,
                         const CaptureLimits& limits) {
  CaptureText result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<Inference> inference = ParseCaptureLine(line, limits);
    if (inference) {
      result.inferences.push_back(std::move(*inference));
    } else {
      result.problems.push_back(
          fmt::format("{} line {}: {}", name, number, inference.error().message()));
    }
  }
  return result;
}

}  // namespace scones::monitoring

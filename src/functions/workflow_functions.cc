#include "functions/workflow_functions.h"

#include <charconv>

#include "base/encoding.h"
#include "base/json.h"

namespace scones::functions {
namespace {

constexpr double kDefaultThreshold = 0.93;
constexpr const char* kContentType = "image/png";

Error KeyError(std::string_view name) {
  return Error(Code::kInvalid, "KeyError", "'" + std::string(name) + "'");
}

Error ValueError(std::string message) {
  return Error(Code::kInvalid, "ValueError", std::move(message));
}

// The event's `body`, an object or its JSON text; the event itself where it has none.
Result<json::object> BodyOf(const std::string& event) {
  TRY(json::value value, ParseJson(event));
  if (!value.is_object()) return ValueError("the event must be a JSON object");
  json::object& object = value.get_object();
  json::value* body = object.if_contains("body");
  if (body == nullptr) return std::move(object);
  if (body->is_string()) {
    TRY(*body, ParseJson(body->get_string()));
  }
  if (!body->is_object()) return ValueError("the event's body must be an object or its JSON text");
  return std::move(body->get_object());
}

std::string Answer(json::object body) {
  return ToJson(json::object{{"statusCode", 200}, {"body", std::move(body)}});
}

Result<std::string> StringMember(const json::object& body, std::string_view name) {
  const json::string* text = FindString(body, name);
  if (text == nullptr) return KeyError(name);
  return std::string(*text);
}

Result<std::string> Variable(const InvokeContext& context, const std::string& name) {
  const auto found = context.environment.find(name);
  if (found == context.environment.end() || found->second.empty()) return KeyError(name);
  return found->second;
}

// The array of numbers that `value` is, or that its text holds.
Result<json::array> Probabilities(const json::value& value) {
  json::value parsed = value;
  if (value.is_string()) {
    TRY(parsed, ParseJson(value.get_string()));
  }
  const Error wrong = ValueError("the inferences must be an array of numbers that isn't empty");
  if (!parsed.is_array() || parsed.get_array().empty()) return wrong;
  for (const json::value& probability : parsed.get_array()) {
    if (!probability.is_number()) return wrong;
  }
  return std::move(parsed.get_array());
}

Result<double> Threshold(const InvokeContext& context) {
  const auto found = context.environment.find("THRESHOLD");
  if (found == context.environment.end() || found->second.empty()) return kDefaultThreshold;
  const std::string& text = found->second;
  double threshold = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threshold);
  if (error != std::errc() || end != text.data() + text.size()) {
    return ValueError("THRESHOLD is not a number: '" + text + "'");
  }
  return threshold;
}

io::Task<Result<std::string>> SerializeImageData(WorkflowPorts& ports, std::string event) {
  CO_TRY(const json::object body, BodyOf(event));
  CO_TRY(const std::string bucket, StringMember(body, "s3_bucket"));
  CO_TRY(const std::string key, StringMember(body, "s3_key"));
  CO_TRY(const std::string bytes, co_await ports.FetchObject(bucket, key));
  co_return Answer({{"image_data", Base64Encode(bytes)},
                    {"s3_bucket", bucket},
                    {"s3_key", key},
                    {"inferences", json::array()}});
}

io::Task<Result<std::string>> ClassifyImage(WorkflowPorts& ports, InvokeContext context,
                                            std::string event) {
  CO_TRY(json::object body, BodyOf(event));
  CO_TRY(const std::string text, StringMember(body, "image_data"));
  CO_TRY(std::string image, Base64Decode(text));
  CO_TRY(std::string endpoint, Variable(context, "ENDPOINT_NAME"));
  CO_TRY(const std::string answer,
         co_await ports.InvokeEndpoint(std::move(endpoint), kContentType, std::move(image)));
  CO_TRY(json::array inferences, Probabilities(json::value(answer)));
  body["inferences"] = std::move(inferences);
  co_return Answer(std::move(body));
}

io::Task<Result<std::string>> FilterConfidence(InvokeContext context, std::string event) {
  CO_TRY(json::object body, BodyOf(event));
  const json::value* inferences = FindMember(body, "inferences");
  if (inferences == nullptr) co_return KeyError("inferences");
  CO_TRY(const json::array probabilities, Probabilities(*inferences));
  CO_TRY(const double threshold, Threshold(context));
  double highest = 0;
  for (const json::value& probability : probabilities) {
    highest = std::max(highest, probability.to_number<double>());
  }
  if (highest < threshold) {
    co_return Error(Code::kPrecondition, "Exception", "THRESHOLD_CONFIDENCE_NOT_MET");
  }
  co_return Answer(std::move(body));
}

}  // namespace

std::map<std::string, NativeFunction> MakeWorkflowFunctions(WorkflowPorts& ports) {
  return {{"serialize_image_data",
           [&ports](InvokeContext, std::string event) {
             return SerializeImageData(ports, std::move(event));
           }},
          {"classify_image",
           [&ports](InvokeContext context, std::string event) {
             return ClassifyImage(ports, std::move(context), std::move(event));
           }},
          {"filter_confidence", [](InvokeContext context, std::string event) {
             return FilterConfidence(std::move(context), std::move(event));
           }}};
}

}  // namespace scones::functions

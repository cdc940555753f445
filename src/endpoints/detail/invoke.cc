// The path of one inference: route, variant, decode, model, text, capture.
#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>

#include "base/json.h"
#include "base/random.h"
#include "endpoints/detail/service.h"
#include "endpoints/model_fault.h"
#include "vision/image_codec.h"

namespace scones::endpoints::detail {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A picture of more pixels is decoded on the pool: it could hold its shard for over 100 us.
constexpr std::uint64_t kMaxInlinePixels = 96 * 96;

std::int64_t NanosecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count();
}

// In [0, 1). Which requests are sampled or routed where is nobody's secret.
double Chance() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>()(generator);
}

bool IsImageType(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  return content_type == "image/png" || content_type == "image/jpeg" ||
         content_type == "image/jpg" || content_type == "application/x-image";
}

enum class Form { kJson, kJsonLines };

std::optional<Form> ChooseForm(std::string_view accept) {
  const auto names = [&](std::string_view type) { return accept.find(type) != accept.npos; };
  if (names("jsonlines")) return Form::kJsonLines;
  if (accept.empty() || names("json") || names("*/*") || names("application/*")) return Form::kJson;
  return std::nullopt;
}

// [0.06500816345214844, 0.9349917769432068], as the container that SageMaker uses writes it.
std::string FormatProbabilities(const std::vector<float>& probabilities, Form form) {
  std::string text = form == Form::kJson ? "[" : "{\"prediction\": [";
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (i > 0) text += ", ";
    AppendJsonDouble(static_cast<double>(probabilities[i]), text);
  }
  text += form == Form::kJson ? "]" : "]}";
  return text;
}

Error Refused(int status, std::string message) {
  return ModelError({.status = status, .message = std::move(message)});
}

}  // namespace

Error Service::EndpointMissing(const std::string& name) const {
  return Error(Code::kNotFound, "ValidationError",
               fmt::format("Endpoint {} of account {} not found.", name.substr(0, 128),
                           options_.identity.account));
}

io::Task<Service::DeploymentPtr> Service::FindDeployment(std::string name) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = routes_.find(name);
    if (found == routes_.end()) co_return nullptr;
    if (found->second.deployment != nullptr) co_return found->second.deployment;
  }
  // It was in service when the former process ended, and its model is being loaded.
  auto start = [this, &name](io::Completion<bool> done) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = routes_.find(name);
      if (found != routes_.end() && found->second.deployment == nullptr &&
          std::cmp_less(found->second.waiting.size(), options_.max_queue)) {
        found->second.waiting.push_back(std::move(done));
        done = nullptr;
      }
    }
    if (done) done(true);
  };
  (void)co_await io::Await<bool>(std::move(start));  // whatever came of it, is looked up
  const std::lock_guard lock(mutex_);
  const auto found = routes_.find(name);
  co_return found == routes_.end() ? nullptr : found->second.deployment;
}

io::Task<Result<InvokeResponse>> Service::Invoke(InvokeRequest request) {
  const DeploymentPtr deployment = co_await FindDeployment(request.endpoint_name);
  if (deployment == nullptr) co_return EndpointMissing(request.endpoint_name);
  const LoadedVariant* variant = ChooseVariant(*deployment, request.target_variant, Chance());
  if (variant == nullptr) {
    co_return Error(Code::kInvalid, "ValidationError",
                    fmt::format("Variant {} of endpoint {} not found.",
                                request.target_variant.substr(0, 128), request.endpoint_name));
  }
  CO_TRY(InvokeResponse response, co_await RunModel(*variant, request));
  response.variant_name = variant->name;
  response.custom_attributes = request.custom_attributes;
  const bool captured = variant->capture != nullptr &&
                        Chance() * 100 < variant->capture->config.initial_sampling_percentage;
  if (captured) co_await Capture(*variant, std::move(request), response);
  co_return response;
}

io::Task<Result<InvokeResponse>> Service::RunModel(const LoadedVariant& variant,
                                                   const InvokeRequest& request) {
  if (!IsImageType(request.content_type)) {
    co_return Refused(415, fmt::format("Content type '{}' is not supported; send image/png, "
                                       "image/jpeg or application/x-image",
                                       request.content_type.substr(0, 128)));
  }
  const std::optional<Form> form = ChooseForm(request.accept);
  if (!form) {
    co_return Refused(406, fmt::format("Accept '{}' cannot be had; ask for application/json or "
                                       "application/jsonlines",
                                       request.accept.substr(0, 128)));
  }
  const auto decode_start = SteadyClock::now();
  const vision::TensorSpec& spec = variant.host->tensor();
  const auto header = vision::ReadImageHeader(request.body);
  if (!header) co_return Refused(400, "unable to evaluate payload: " + header.error().message());
  std::vector<float> tensor(spec.size());
  auto decode = [&request, &spec, &tensor] {
    return vision::DecodeToTensor(request.body, spec, tensor);
  };
  const auto pixels =
      static_cast<std::uint64_t>(header->width) * static_cast<std::uint64_t>(header->height);
  Result<void> decoded;
  if (pixels > kMaxInlinePixels || spec.size() > 3 * kMaxInlinePixels) {
    decoded = co_await disk_.Run(std::move(decode));
  } else {
    decoded = decode();
  }
  if (!decoded && decoded.error().code() == Code::kExhausted) {
    co_return Error(Code::kExhausted, "ThrottlingException",
                    "Too many pictures wait to be decoded. Try again later.");
  }
  if (!decoded) co_return Refused(400, "unable to evaluate payload: " + decoded.error().message());
  InvokeResponse response;
  response.timings.decode_ns = NanosecondsSince(decode_start);
  Result<Inference> inference = co_await variant.host->Run(std::move(tensor));
  if (!inference && inference.error().code() == Code::kInternal) {
    co_return Refused(500, inference.error().message());
  }
  if (!inference) co_return inference.error();
  response.timings.queue_ns = inference->queue_ns;
  response.timings.infer_ns = inference->infer_ns;
  const auto encode_start = SteadyClock::now();
  response.body = FormatProbabilities(inference->probabilities, *form);
  response.content_type = *form == Form::kJson ? "application/json" : "application/jsonlines";
  response.timings.encode_ns = NanosecondsSince(encode_start);
  co_return response;
}

io::Task<void> Service::Capture(const LoadedVariant& variant, InvokeRequest request,
                                const InvokeResponse& response) {
  CaptureRecord record{.input = std::move(request.body),
                       .input_content_type = std::move(request.content_type),
                       .output = response.body,
                       .output_content_type = response.content_type,
                       .event_id = RandomUuid(),
                       .inference_id = std::move(request.inference_id),
                       .custom_attributes = std::move(request.custom_attributes),
                       .inference_time = clock_.Now()};
  (void)co_await captures_->Append(std::move(record), variant.capture);  // it logs what it drops
}

}  // namespace scones::endpoints::detail

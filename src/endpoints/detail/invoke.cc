// The path of one inference: route, variant, decode, and what its answer will need. The rest is in
// model_host.h and answer.h.
#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>

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

Error Refused(int status, std::string message) {
  return ModelError({.status = status, .message = std::move(message)});
}

bool IsSmall(std::string_view picture, std::size_t tensor_size) {
  return vision::ClaimedPixels(picture) <= kMaxInlinePixels && tensor_size <= 3 * kMaxInlinePixels;
}

Error NotDecoded(const Error& error) {
  if (error.code() != Code::kExhausted) {
    return Refused(400, "unable to evaluate payload: " + error.message());
  }
  return Error(Code::kExhausted, "ThrottlingException",
               "Too many pictures wait to be decoded. Try again later.");
}

}  // namespace

Error Service::EndpointMissing(const std::string& name) const {
  return Error(Code::kNotFound, "ValidationError",
               fmt::format("Endpoint {} of account {} not found.", name.substr(0, 128),
                           options_.identity.account));
}

std::optional<Service::DeploymentPtr> Service::FindDeployment(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = routes_.find(name);
  if (found == routes_.end()) return DeploymentPtr();
  if (found->second.deployment == nullptr) return std::nullopt;
  return found->second.deployment;
}

io::Task<Result<Service::DeploymentPtr>> Service::AwaitDeployment(std::string name,
                                                                  SteadyTime deadline) {
  bool full = false;
  auto start = [this, &name, &full, deadline](io::Completion<bool> done) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = routes_.find(name);
      if (found != routes_.end() && found->second.deployment == nullptr) {
        full = std::cmp_greater_equal(found->second.waiting.size(), options_.max_queue);
        if (!full) {
          found->second.waiting.push_back({std::move(done), deadline});
          done = nullptr;
        }
      }
    }
    if (done) done(true);
  };
  const bool ready = co_await io::Await<bool>(std::move(start));
  if (!ready) co_return TooLate();
  if (full) co_return TooMany();
  co_return FindDeployment(name).value_or(nullptr);
}

io::Task<Result<InvokeResponse>> Service::Invoke(InvokeRequest request) {
  const SteadyTime deadline = SteadyClock::now() + options_.max_invocation_time;
  std::optional<DeploymentPtr> found = FindDeployment(request.endpoint_name);
  if (!found) {
    CO_TRY(found, co_await AwaitDeployment(request.endpoint_name, deadline));
  }
  const DeploymentPtr deployment = *std::move(found);
  if (deployment == nullptr) co_return EndpointMissing(request.endpoint_name);
  const LoadedVariant* variant = ChooseVariant(*deployment, request.target_variant, Chance());
  if (variant == nullptr) {
    co_return Error(Code::kInvalid, "ValidationError",
                    fmt::format("Variant {} of endpoint {} not found.",
                                request.target_variant.substr(0, 128), request.endpoint_name));
  }
  const std::string name = variant->name;
  std::string custom_attributes = request.custom_attributes;
  CO_TRY(InvokeResponse response, co_await RunModel(*variant, std::move(request), deadline));
  response.variant_name = name;
  response.custom_attributes = std::move(custom_attributes);
  co_return response;
}

// All of the record but the answer, where this inference is one of those to capture.
std::optional<CaptureFrame> Service::BeginCapture(const CaptureTarget* target,
                                                  InvokeRequest request) const {
  if (target == nullptr || Chance() * 100 >= target->config.initial_sampling_percentage) {
    return std::nullopt;
  }
  const CaptureRecord record{.input = std::move(request.body),
                             .input_content_type = std::move(request.content_type),
                             .output = {},
                             .output_content_type = {},
                             .event_id = RandomUuid(),
                             .inference_id = std::move(request.inference_id),
                             .custom_attributes = std::move(request.custom_attributes),
                             .inference_time = clock_.Now()};
  return MakeCaptureFrame(record, target->config);
}

io::Task<Result<InvokeResponse>> Service::RunModel(const LoadedVariant& variant,
                                                   InvokeRequest request, SteadyTime deadline) {
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
  ModelHost& host = *variant.host;
  Tensor tensor = host.queue().TakeTensor();
  auto decode = [&] { return vision::DecodeToTensor(request.body, host.tensor(), tensor); };
  Result<void> decoded;
  if (IsSmall(request.body, tensor.size())) {
    decoded = decode();
  } else {
    decoded = co_await disk_.Run(decode);
  }
  if (!decoded) {
    host.queue().ReturnTensor(std::move(tensor));
    co_return NotDecoded(decoded.error());
  }
  const std::int64_t decode_ns = NanosecondsSince(decode_start);
  Invocation invocation{.deadline = deadline,
                        .form = *form,
                        .capture = BeginCapture(host.answerer().target(), std::move(request)),
                        .done = {}};
  auto start = [&](io::Completion<Result<InvokeResponse>> done) {
    invocation.done = std::move(done);
    host.Submit(std::move(tensor), std::move(invocation));
  };
  Result<InvokeResponse> response = co_await io::Await<Result<InvokeResponse>>(std::move(start));
  if (!response && response.error().code() == Code::kInternal) {
    co_return Refused(500, response.error().message());
  }
  if (response) response->timings.decode_ns = decode_ns;
  co_return response;
}

}  // namespace scones::endpoints::detail

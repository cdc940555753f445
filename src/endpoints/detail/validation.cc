#include "endpoints/detail/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/arn.h"
#include "endpoints/precision_choice.h"

namespace scones::endpoints::detail {
namespace {

constexpr std::size_t kMaxNameLength = 63;
constexpr std::size_t kMaxVariants = 10;
constexpr std::size_t kMaxTags = 50;
constexpr std::size_t kMaxEnvironment = 100;
constexpr std::size_t kMaxText = 2048;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Result<void> ValidateVariant(const ProductionVariant& variant) {
  TRY_VOID(ValidateName("productionVariants.variantName", variant.name));
  TRY_VOID(ValidateName("productionVariants.modelName", variant.model_name));
  if (variant.initial_instance_count < 1) {
    return ValidationFailed("InitialInstanceCount must be at least 1");
  }
  if (!std::isfinite(variant.initial_variant_weight) || variant.initial_variant_weight < 0) {
    return ValidationFailed("InitialVariantWeight must be zero or more");
  }
  return {};
}

Result<void> ValidateCapture(const DataCaptureConfig& capture) {
  if (capture.initial_sampling_percentage < 0 || capture.initial_sampling_percentage > 100) {
    return ValidationFailed("InitialSamplingPercentage must be from 0 to 100");
  }
  const Result<S3Uri> destination = S3Uri::Parse(capture.destination_s3_uri);
  if (!destination || destination->bucket.empty() || capture.destination_s3_uri.size() > 512) {
    return ValidationFailed(fmt::format("DestinationS3Uri '{}' must be s3://bucket/prefix",
                                        capture.destination_s3_uri.substr(0, 512)));
  }
  if (capture.options.empty() || capture.options.size() > 2) {
    return ValidationFailed("CaptureOptions must name Input, Output or both");
  }
  for (const auto& types : {capture.csv_content_types, capture.json_content_types}) {
    if (types.size() > 10) return ValidationFailed("CaptureContentTypeHeader: at most 10 types");
  }
  return {};
}

}  // namespace

Error ValidationFailed(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}

Result<void> ValidateName(std::string_view member, std::string_view name) {
  const auto allowed = [](char c) { return IsAlphanumeric(c) || c == '-'; };
  const bool valid = !name.empty() && name.size() <= kMaxNameLength &&
                     IsAlphanumeric(name.front()) && IsAlphanumeric(name.back()) &&
                     std::all_of(name.begin(), name.end(), allowed);
  if (valid) return {};
  return ValidationFailed(fmt::format(
      "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must "
      "have length of 1 to 63 and satisfy regular expression pattern: "
      "^[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?",
      name.substr(0, 128), member));
}

Result<void> ValidateTags(const Tags& tags) {
  if (tags.size() > kMaxTags) return ValidationFailed("A resource has at most 50 tags");
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 128 || value.size() > 256) {
      return ValidationFailed("A tag's key has 1 to 128 characters and its value up to 256");
    }
  }
  return {};
}

Result<void> ValidateModel(const ModelSpec& spec) {
  TRY_VOID(ValidateName("modelName", spec.name));
  TRY_VOID(ValidateTags(spec.tags));
  const Container& container = spec.container;
  const Result<S3Uri> data = S3Uri::Parse(container.model_data_url);
  if (!data || data->bucket.empty() || data->key.empty()) {
    return ValidationFailed(
        fmt::format("ModelDataUrl '{}' must be s3://bucket/key of a model.tar.gz",
                    container.model_data_url.substr(0, 1024)));
  }
  if (container.mode != "SingleModel") return ValidationFailed("Mode must be SingleModel");
  if (container.environment.size() > kMaxEnvironment) {
    return ValidationFailed("Environment has at most 100 members");
  }
  if (const auto choice = ParsePrecisionChoice(container.environment); !choice) {
    return ValidationFailed(choice.error().message());
  }
  std::size_t bytes = container.model_data_url.size() + container.image.size();
  for (const auto& [key, value] : container.environment) bytes += key.size() + value.size();
  if (container.image.size() > kMaxText || container.container_hostname.size() > kMaxText ||
      spec.execution_role_arn.size() > kMaxText || bytes > 64 * 1024) {
    return ValidationFailed("The model's description is too long");
  }
  return {};
}

Result<void> ValidateEndpointConfig(const EndpointConfigSpec& spec) {
  TRY_VOID(ValidateName("endpointConfigName", spec.name));
  TRY_VOID(ValidateTags(spec.tags));
  if (spec.variants.empty() || spec.variants.size() > kMaxVariants) {
    return ValidationFailed("ProductionVariants must name 1 to 10 variants");
  }
  std::set<std::string_view> names;
  double weights = 0;
  for (const ProductionVariant& variant : spec.variants) {
    TRY_VOID(ValidateVariant(variant));
    weights += variant.initial_variant_weight;
    if (!names.insert(variant.name).second) {
      return ValidationFailed(fmt::format("Variant name \"{}\" comes twice", variant.name));
    }
  }
  if (!(weights > 0) || !std::isfinite(weights)) {
    return ValidationFailed("At least one variant must have a weight above zero");
  }
  return spec.data_capture ? ValidateCapture(*spec.data_capture) : Result<void>();
}

Result<void> ValidateQuery(const ListQuery& query) {
  if (query.max_results < 1 || query.max_results > 100) {
    return ValidationFailed("MaxResults must be from 1 to 100");
  }
  return {};
}

}  // namespace scones::endpoints::detail

#include "api/sagemaker_endpoints_input.h"

#include <fmt/format.h>

#include <cmath>

namespace scones::api {
namespace {

using endpoints::CaptureMode;
using endpoints::Container;
using endpoints::DataCaptureConfig;
using endpoints::EndpointConfigSpec;
using endpoints::ListQuery;
using endpoints::ModelSpec;
using endpoints::ProductionVariant;

constexpr std::size_t kMaxItems = 100;  // of any list in a request

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "ValidationException", std::move(message));
}
Error WrongType(std::string_view member, std::string_view type) {
  return Error(Code::kInvalid, "SerializationException",
               fmt::format("{} must be {}", member, type));
}
Error Missing(std::string_view member) {
  return Invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                  "constraint: Member must not be null",
                  member));
}

Result<std::vector<json::object>> ObjectList(const json::object& input, std::string_view member) {
  std::vector<json::object> objects;
  const json::value* value = FindMember(input, member);
  if (value == nullptr) return objects;
  if (!value->is_array()) return WrongType(member, "a list");
  if (value->get_array().size() > kMaxItems) {
    return Invalid(fmt::format("{} may have at most {} members", member, kMaxItems));
  }
  for (const json::value& item : value->get_array()) {
    if (!item.is_object()) return WrongType(member, "a list of objects");
    objects.push_back(item.get_object());
  }
  return objects;
}

Result<std::string> OptionalString(const json::object& input, std::string_view member) {
  const json::value* value = FindMember(input, member);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return WrongType(member, "a string");
  return std::string(value->get_string());
}

Result<Container> ParseContainer(const json::object& input) {
  Container container;
  TRY(container.image, OptionalString(input, "Image"));
  TRY(container.model_data_url, OptionalString(input, "ModelDataUrl"));
  TRY(container.container_hostname, OptionalString(input, "ContainerHostname"));
  container.mode = StringOr(input, "Mode", "SingleModel");
  if (container.model_data_url.empty()) {
    const json::object* source = FindObject(input, "ModelDataSource");
    const json::object* s3 = source == nullptr ? nullptr : FindObject(*source, "S3DataSource");
    if (s3 == nullptr) return Missing("primaryContainer.modelDataUrl");
    if (StringOr(*s3, "CompressionType", "Gzip") != "Gzip") {
      return Invalid("ModelDataSource: only CompressionType Gzip is supported");
    }
    TRY(container.model_data_url, RequiredString(*s3, "S3Uri"));
  }
  if (const json::object* environment = FindObject(input, "Environment")) {
    if (environment->size() > kMaxItems) return Invalid("Environment has too many members");
    for (const auto& member : *environment) {
      if (!member.value().is_string()) return WrongType("Environment", "a map of strings");
      container.environment[member.key()] = std::string(member.value().get_string());
    }
  }
  return container;
}

Result<ProductionVariant> ParseVariant(const json::object& input) {
  ProductionVariant variant;
  TRY(variant.name, RequiredString(input, "VariantName"));
  TRY(variant.model_name, RequiredString(input, "ModelName"));
  TRY(variant.instance_type, OptionalString(input, "InstanceType"));
  const std::int64_t count = FindInteger(input, "InitialInstanceCount").value_or(1);
  if (count < 1 || count > 10'000) return Invalid("InitialInstanceCount is out of range");
  variant.initial_instance_count = static_cast<int>(count);
  if (const json::value* weight = FindMember(input, "InitialVariantWeight")) {
    if (!weight->is_number()) return WrongType("InitialVariantWeight", "a number");
    variant.initial_variant_weight = weight->to_number<double>();
  }
  return variant;
}

Result<DataCaptureConfig> ParseCapture(const json::object& input) {
  DataCaptureConfig capture;
  capture.enable = FindBool(input, "EnableCapture").value_or(false);
  const auto percentage = FindInteger(input, "InitialSamplingPercentage");
  if (!percentage) return Missing("dataCaptureConfig.initialSamplingPercentage");
  if (*percentage < 0 || *percentage > 100) {
    return Invalid("InitialSamplingPercentage must be from 0 to 100");
  }
  capture.initial_sampling_percentage = static_cast<int>(*percentage);
  TRY(capture.destination_s3_uri, RequiredString(input, "DestinationS3Uri"));
  TRY(capture.kms_key_id, OptionalString(input, "KmsKeyId"));
  TRY(const auto options, ObjectList(input, "CaptureOptions"));
  for (const json::object& option : options) {
    const std::string mode = StringOr(option, "CaptureMode", "");
    const bool both = mode == "InputAndOutput";
    if (!both && mode != "Input" && mode != "Output") {
      return Invalid(fmt::format("CaptureMode '{}' is not Input or Output", mode.substr(0, 64)));
    }
    if (both || mode == "Input") capture.options.push_back(CaptureMode::kInput);
    if (both || mode == "Output") capture.options.push_back(CaptureMode::kOutput);
  }
  if (const json::object* header = FindObject(input, "CaptureContentTypeHeader")) {
    TRY(capture.csv_content_types, StringList(*header, "CsvContentTypes"));
    TRY(capture.json_content_types, StringList(*header, "JsonContentTypes"));
  }
  return capture;
}

Result<std::optional<Timestamp>> ParseTime(const json::object& input, std::string_view member) {
  const json::value* value = FindMember(input, member);
  if (value == nullptr) return std::optional<Timestamp>();
  const double seconds = value->is_number() ? value->to_number<double>() : NAN;
  if (!(std::abs(seconds) < 1e11)) return WrongType(member, "a time in seconds");
  return std::optional<Timestamp>(FromEpochMilliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

}  // namespace

Result<std::string> RequiredString(const json::object& input, std::string_view member) {
  TRY(std::string text, OptionalString(input, member));
  if (text.empty()) return Missing(member);
  return text;
}

Result<std::vector<std::string>> StringList(const json::object& input, std::string_view member) {
  std::vector<std::string> list;
  const json::value* value = FindMember(input, member);
  if (value == nullptr) return list;
  if (!value->is_array() || value->get_array().size() > kMaxItems) {
    return WrongType(member, fmt::format("a list of at most {} strings", kMaxItems));
  }
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) return WrongType(member, "a list of strings");
    list.emplace_back(item.get_string());
  }
  return list;
}

Result<endpoints::Tags> ParseTags(const json::object& input) {
  endpoints::Tags tags;
  TRY(const auto list, ObjectList(input, "Tags"));
  for (const json::object& tag : list) {
    TRY(const std::string key, RequiredString(tag, "Key"));
    tags[key] = StringOr(tag, "Value", "");
  }
  return tags;
}

Result<ModelSpec> ParseModelSpec(const json::object& input) {
  ModelSpec spec;
  TRY(spec.name, RequiredString(input, "ModelName"));
  TRY(spec.execution_role_arn, OptionalString(input, "ExecutionRoleArn"));
  spec.enable_network_isolation = FindBool(input, "EnableNetworkIsolation").value_or(false);
  TRY(spec.tags, ParseTags(input));
  if (const json::object* primary = FindObject(input, "PrimaryContainer")) {
    TRY(spec.container, ParseContainer(*primary));
    return spec;
  }
  TRY(const auto containers, ObjectList(input, "Containers"));
  if (containers.empty()) return Missing("primaryContainer");
  if (containers.size() > 1) {
    return Invalid("Containers: pipelines of more than one container are not supported");
  }
  TRY(spec.container, ParseContainer(containers[0]));
  return spec;
}

Result<EndpointConfigSpec> ParseEndpointConfigSpec(const json::object& input) {
  EndpointConfigSpec spec;
  TRY(spec.name, RequiredString(input, "EndpointConfigName"));
  TRY(spec.kms_key_id, OptionalString(input, "KmsKeyId"));
  TRY(spec.tags, ParseTags(input));
  for (const char* unsupported : {"ShadowProductionVariants", "AsyncInferenceConfig"}) {
    if (input.contains(unsupported)) {
      return Invalid(fmt::format("{} is not supported", unsupported));
    }
  }
  TRY(const auto variants, ObjectList(input, "ProductionVariants"));
  for (const json::object& item : variants) {
    TRY(ProductionVariant variant, ParseVariant(item));
    spec.variants.push_back(std::move(variant));
  }
  if (const json::object* capture = FindObject(input, "DataCaptureConfig")) {
    TRY(spec.data_capture, ParseCapture(*capture));
  }
  return spec;
}

Result<ListQuery> ParseListQuery(const json::object& input) {
  ListQuery query;
  TRY(query.name_contains, OptionalString(input, "NameContains"));
  TRY(query.next_token, OptionalString(input, "NextToken"));
  TRY(query.created_after, ParseTime(input, "CreationTimeAfter"));
  TRY(query.created_before, ParseTime(input, "CreationTimeBefore"));
  TRY(query.modified_after, ParseTime(input, "LastModifiedTimeAfter"));
  TRY(query.modified_before, ParseTime(input, "LastModifiedTimeBefore"));
  const std::int64_t page = FindInteger(input, "MaxResults").value_or(10);
  if (page < 1 || page > 100) return Invalid("MaxResults must be from 1 to 100");
  query.max_results = static_cast<int>(page);
  if (const std::string status = StringOr(input, "StatusEquals", ""); !status.empty()) {
    query.status = endpoints::ParseEndpointStatus(status);
    if (!query.status) {
      return Invalid(fmt::format("StatusEquals: '{}' is no status", status.substr(0, 64)));
    }
  }
  const std::string key = StringOr(input, "SortBy", "CreationTime");
  if (key == "Name") query.sort_key = endpoints::SortKey::kName;
  if (key == "Status") query.sort_key = endpoints::SortKey::kStatus;
  if (key != "Name" && key != "Status" && key != "CreationTime") {
    return Invalid("SortBy must be Name, CreationTime or Status");
  }
  const std::string order = StringOr(input, "SortOrder", "Descending");
  if (order == "Ascending") query.sort_order = endpoints::SortOrder::kAscending;
  if (order != "Ascending" && order != "Descending") {
    return Invalid("SortOrder must be Ascending or Descending");
  }
  return query;
}

}  // namespace scones::api

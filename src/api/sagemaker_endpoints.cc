#include "api/sagemaker_endpoints.h"

#include <utility>

#include "api/sagemaker_endpoints_input.h"

namespace scones::api {
namespace {

using endpoints::CaptureMode;
using endpoints::DataCaptureConfig;
using endpoints::EndpointConfigRecord;
using endpoints::EndpointRecord;
using endpoints::Endpoints;
using endpoints::ModelRecord;
using endpoints::Tags;

using Answer = Result<json::value>;

json::array Strings(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

json::array TagList(const Tags& tags) {
  json::array list;
  for (const auto& [key, value] : tags) list.push_back({{"Key", key}, {"Value", value}});
  return list;
}

json::object ModelToJson(const ModelRecord& record) {
  const endpoints::Container& source = record.spec.container;
  json::object container{
      {"Image", source.image}, {"Mode", source.mode}, {"ModelDataUrl", source.model_data_url}};
  if (!source.container_hostname.empty())
    container["ContainerHostname"] = source.container_hostname;
  json::object environment;
  for (const auto& [key, value] : source.environment) environment[key] = value;
  container["Environment"] = std::move(environment);
  return {{"ModelName", record.spec.name},
          {"PrimaryContainer", std::move(container)},
          {"ExecutionRoleArn", record.spec.execution_role_arn},
          {"CreationTime", EpochSeconds(record.creation_time)},
          {"ModelArn", record.arn},
          {"EnableNetworkIsolation", record.spec.enable_network_isolation}};
}

json::object CaptureToJson(const DataCaptureConfig& capture) {
  json::array options;
  for (const CaptureMode mode : capture.options) {
    options.push_back({{"CaptureMode", mode == CaptureMode::kInput ? "Input" : "Output"}});
  }
  json::object object{{"EnableCapture", capture.enable},
                      {"InitialSamplingPercentage", capture.initial_sampling_percentage},
                      {"DestinationS3Uri", capture.destination_s3_uri},
                      {"CaptureOptions", std::move(options)}};
  if (!capture.kms_key_id.empty()) object["KmsKeyId"] = capture.kms_key_id;
  json::object header;
  if (!capture.csv_content_types.empty()) {
    header["CsvContentTypes"] = Strings(capture.csv_content_types);
  }
  if (!capture.json_content_types.empty()) {
    header["JsonContentTypes"] = Strings(capture.json_content_types);
  }
  if (!header.empty()) object["CaptureContentTypeHeader"] = std::move(header);
  return object;
}

json::object ConfigToJson(const EndpointConfigRecord& record) {
  json::array variants;
  for (const endpoints::ProductionVariant& variant : record.spec.variants) {
    json::object object{{"VariantName", variant.name},
                        {"ModelName", variant.model_name},
                        {"InitialInstanceCount", variant.initial_instance_count},
                        {"InitialVariantWeight", variant.initial_variant_weight}};
    if (!variant.instance_type.empty()) object["InstanceType"] = variant.instance_type;
    variants.push_back(std::move(object));
  }
  json::object output{{"EndpointConfigName", record.spec.name},
                      {"EndpointConfigArn", record.arn},
                      {"ProductionVariants", std::move(variants)},
                      {"CreationTime", EpochSeconds(record.creation_time)}};
  if (record.spec.data_capture) {
    output["DataCaptureConfig"] = CaptureToJson(*record.spec.data_capture);
  }
  if (!record.spec.kms_key_id.empty()) output["KmsKeyId"] = record.spec.kms_key_id;
  return output;
}

json::object EndpointToJson(const EndpointRecord& record) {
  json::array variants;
  for (const endpoints::VariantSummary& variant : record.variants) {
    variants.push_back({{"VariantName", variant.name},
                        {"DeployedImages", json::array()},
                        {"CurrentWeight", variant.current_weight},
                        {"DesiredWeight", variant.desired_weight},
                        {"CurrentInstanceCount", variant.current_instance_count},
                        {"DesiredInstanceCount", variant.desired_instance_count}});
  }
  json::object output{{"EndpointName", record.name},
                      {"EndpointArn", record.arn},
                      {"EndpointConfigName", record.config_name},
                      {"ProductionVariants", std::move(variants)},
                      {"EndpointStatus", endpoints::EndpointStatusName(record.status)},
                      {"CreationTime", EpochSeconds(record.creation_time)},
                      {"LastModifiedTime", EpochSeconds(record.last_modified_time)}};
  if (!record.failure_reason.empty()) output["FailureReason"] = record.failure_reason;
  if (const auto& capture = record.data_capture) {
    const bool started = capture->enable && record.status == endpoints::EndpointStatus::kInService;
    output["DataCaptureConfig"] = {
        {"EnableCapture", capture->enable},
        {"CaptureStatus", started ? "Started" : "Stopped"},
        {"CurrentSamplingPercentage", capture->initial_sampling_percentage},
        {"DestinationS3Uri", capture->destination_s3_uri},
        {"KmsKeyId", capture->kms_key_id}};
  }
  return output;
}

// {member: [items], "NextToken": …}.
template <class T, class ToJson>
json::value PageToJson(const endpoints::Page<T>& page, std::string_view member, ToJson to_json) {
  json::array items;
  for (const T& item : page.items) items.push_back(to_json(item));
  json::object output{{member, std::move(items)}};
  if (!page.next_token.empty()) output["NextToken"] = page.next_token;
  return output;
}

io::Task<Answer> CreateModel(Endpoints& endpoints, json::object input) {
  CO_TRY(endpoints::ModelSpec spec, ParseModelSpec(input));
  CO_TRY(const ModelRecord record, co_await endpoints.CreateModel(std::move(spec)));
  co_return json::value{{"ModelArn", record.arn}};
}

Answer DescribeModel(Endpoints& endpoints, const json::object& input) {
  TRY(const std::string name, RequiredString(input, "ModelName"));
  TRY(const ModelRecord record, endpoints.DescribeModel(name));
  return ModelToJson(record);
}

Answer ListModels(Endpoints& endpoints, const json::object& input) {
  TRY(const endpoints::ListQuery query, ParseListQuery(input));
  TRY(const auto page, endpoints.ListModels(query));
  return PageToJson(page, "Models", [](const ModelRecord& record) {
    return json::object{{"ModelName", record.spec.name},
                        {"ModelArn", record.arn},
                        {"CreationTime", EpochSeconds(record.creation_time)}};
  });
}

io::Task<Answer> DeleteModel(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string name, RequiredString(input, "ModelName"));
  CO_TRY_VOID(co_await endpoints.DeleteModel(std::move(name)));
  co_return json::value();
}

io::Task<Answer> CreateEndpointConfig(Endpoints& endpoints, json::object input) {
  CO_TRY(endpoints::EndpointConfigSpec spec, ParseEndpointConfigSpec(input));
  CO_TRY(const EndpointConfigRecord record,
         co_await endpoints.CreateEndpointConfig(std::move(spec)));
  co_return json::value{{"EndpointConfigArn", record.arn}};
}

Answer DescribeEndpointConfig(Endpoints& endpoints, const json::object& input) {
  TRY(const std::string name, RequiredString(input, "EndpointConfigName"));
  TRY(const EndpointConfigRecord record, endpoints.DescribeEndpointConfig(name));
  return ConfigToJson(record);
}

Answer ListEndpointConfigs(Endpoints& endpoints, const json::object& input) {
  TRY(const endpoints::ListQuery query, ParseListQuery(input));
  TRY(const auto page, endpoints.ListEndpointConfigs(query));
  return PageToJson(page, "EndpointConfigs", [](const EndpointConfigRecord& record) {
    return json::object{{"EndpointConfigName", record.spec.name},
                        {"EndpointConfigArn", record.arn},
                        {"CreationTime", EpochSeconds(record.creation_time)}};
  });
}

io::Task<Answer> DeleteEndpointConfig(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string name, RequiredString(input, "EndpointConfigName"));
  CO_TRY_VOID(co_await endpoints.DeleteEndpointConfig(std::move(name)));
  co_return json::value();
}

io::Task<Answer> CreateEndpoint(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string name, RequiredString(input, "EndpointName"));
  CO_TRY(std::string config, RequiredString(input, "EndpointConfigName"));
  CO_TRY(Tags tags, ParseTags(input));
  CO_TRY(const EndpointRecord record,
         co_await endpoints.CreateEndpoint(std::move(name), std::move(config), std::move(tags)));
  co_return json::value{{"EndpointArn", record.arn}};
}

Answer DescribeEndpoint(Endpoints& endpoints, const json::object& input) {
  TRY(const std::string name, RequiredString(input, "EndpointName"));
  TRY(const EndpointRecord record, endpoints.DescribeEndpoint(name));
  return EndpointToJson(record);
}

Answer ListEndpoints(Endpoints& endpoints, const json::object& input) {
  TRY(const endpoints::ListQuery query, ParseListQuery(input));
  TRY(const auto page, endpoints.ListEndpoints(query));
  return PageToJson(page, "Endpoints", [](const EndpointRecord& record) {
    return json::object{{"EndpointName", record.name},
                        {"EndpointArn", record.arn},
                        {"CreationTime", EpochSeconds(record.creation_time)},
                        {"LastModifiedTime", EpochSeconds(record.last_modified_time)},
                        {"EndpointStatus", endpoints::EndpointStatusName(record.status)}};
  });
}

io::Task<Answer> UpdateEndpoint(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string name, RequiredString(input, "EndpointName"));
  CO_TRY(std::string config, RequiredString(input, "EndpointConfigName"));
  CO_TRY(const EndpointRecord record,
         co_await endpoints.UpdateEndpoint(std::move(name), std::move(config)));
  co_return json::value{{"EndpointArn", record.arn}};
}

io::Task<Answer> DeleteEndpoint(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string name, RequiredString(input, "EndpointName"));
  CO_TRY_VOID(co_await endpoints.DeleteEndpoint(std::move(name)));
  co_return json::value();
}

Answer ListTags(Endpoints& endpoints, const json::object& input) {
  TRY(const std::string arn, RequiredString(input, "ResourceArn"));
  TRY(const Tags tags, endpoints.ListTags(arn));
  return json::value{{"Tags", TagList(tags)}};
}

io::Task<Answer> AddTags(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string arn, RequiredString(input, "ResourceArn"));
  CO_TRY(Tags added, ParseTags(input));
  CO_TRY(const Tags tags, co_await endpoints.AddTags(std::move(arn), std::move(added)));
  co_return json::value{{"Tags", TagList(tags)}};
}

io::Task<Answer> DeleteTags(Endpoints& endpoints, json::object input) {
  CO_TRY(std::string arn, RequiredString(input, "ResourceArn"));
  CO_TRY(std::vector<std::string> keys, StringList(input, "TagKeys"));
  CO_TRY_VOID(co_await endpoints.DeleteTags(std::move(arn), std::move(keys)));
  co_return json::value(json::object());
}

io::Task<Answer> Ready(Answer answer) { co_return answer; }

// A row for a function that doesn't wait.
JsonOperation Immediate(Endpoints& endpoints, Answer (*function)(Endpoints&, const json::object&)) {
  return [&endpoints, function](Call, json::object input) {
    return Ready(function(endpoints, input));
  };
}

JsonOperation Waiting(Endpoints& endpoints,
                      io::Task<Answer> (*function)(Endpoints&, json::object)) {
  return [&endpoints, function](Call, json::object input) {
    return function(endpoints, std::move(input));
  };
}

}  // namespace

void AddEndpointOperations(JsonDialect& dialect, Endpoints& endpoints) {
  dialect.Add("CreateModel", Waiting(endpoints, CreateModel));
  dialect.Add("DescribeModel", Immediate(endpoints, DescribeModel));
  dialect.Add("ListModels", Immediate(endpoints, ListModels));
  dialect.Add("DeleteModel", Waiting(endpoints, DeleteModel));
  dialect.Add("CreateEndpointConfig", Waiting(endpoints, CreateEndpointConfig));
  dialect.Add("DescribeEndpointConfig", Immediate(endpoints, DescribeEndpointConfig));
  dialect.Add("ListEndpointConfigs", Immediate(endpoints, ListEndpointConfigs));
  dialect.Add("DeleteEndpointConfig", Waiting(endpoints, DeleteEndpointConfig));
  dialect.Add("CreateEndpoint", Waiting(endpoints, CreateEndpoint));
  dialect.Add("DescribeEndpoint", Immediate(endpoints, DescribeEndpoint));
  dialect.Add("ListEndpoints", Immediate(endpoints, ListEndpoints));
  dialect.Add("UpdateEndpoint", Waiting(endpoints, UpdateEndpoint));
  dialect.Add("DeleteEndpoint", Waiting(endpoints, DeleteEndpoint));
  dialect.Add("ListTags", Immediate(endpoints, ListTags));
  dialect.Add("AddTags", Waiting(endpoints, AddTags));
  dialect.Add("DeleteTags", Waiting(endpoints, DeleteTags));
}

}  // namespace scones::api

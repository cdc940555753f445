#include "endpoints/detail/records.h"

#include <utility>

namespace scones::endpoints::detail {
namespace {

Error Damaged() {
  return Error(Code::kDataLoss, "a stored endpoint, endpoint configuration or model is damaged");
}

std::int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp TimeOf(const json::object& object, std::string_view name) {
  return Timestamp(std::chrono::microseconds(FindInteger(object, name).value_or(0)));
}
std::string Text(const json::object& object, std::string_view name) {
  return StringOr(object, name, "");
}
int Integer(const json::object& object, std::string_view name, int fallback) {
  return static_cast<int>(FindInteger(object, name).value_or(fallback));
}

double Number(const json::object& object, std::string_view name, double fallback) {
  const json::value* value = FindMember(object, name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : fallback;
}

json::object MapToJson(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}
std::map<std::string, std::string> MapFromJson(const json::object& object, std::string_view name) {
  std::map<std::string, std::string> map;
  const json::object* members = FindObject(object, name);
  if (members == nullptr) return map;
  for (const auto& member : *members) {
    if (member.value().is_string()) map[member.key()] = std::string(member.value().get_string());
  }
  return map;
}

json::array ListToJson(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}
std::vector<std::string> ListFromJson(const json::object& object, std::string_view name) {
  std::vector<std::string> list;
  const json::array* items = FindArray(object, name);
  if (items == nullptr) return list;
  for (const json::value& item : *items) {
    if (item.is_string()) list.emplace_back(item.get_string());
  }
  return list;
}

json::object VariantToJson(const ProductionVariant& variant) {
  return {{"name", variant.name},
          {"model_name", variant.model_name},
          {"instance_type", variant.instance_type},
          {"instance_count", variant.initial_instance_count},
          {"weight", variant.initial_variant_weight}};
}
ProductionVariant VariantFromJson(const json::object& object) {
  return {.name = Text(object, "name"),
          .model_name = Text(object, "model_name"),
          .instance_type = Text(object, "instance_type"),
          .initial_instance_count = Integer(object, "instance_count", 1),
          .initial_variant_weight = Number(object, "weight", 1.0)};
}

void CaptureToJson(const std::optional<DataCaptureConfig>& capture, json::object& out) {
  if (!capture) return;
  json::array options;
  for (const CaptureMode mode : capture->options) options.push_back(static_cast<int>(mode));
  out["data_capture"] = {{"enable", capture->enable},
                         {"percentage", capture->initial_sampling_percentage},
                         {"destination", capture->destination_s3_uri},
                         {"kms_key_id", capture->kms_key_id},
                         {"options", std::move(options)},
                         {"csv", ListToJson(capture->csv_content_types)},
                         {"json", ListToJson(capture->json_content_types)}};
}
std::optional<DataCaptureConfig> CaptureFromJson(const json::object& object) {
  const json::object* stored = FindObject(object, "data_capture");
  if (stored == nullptr) return std::nullopt;
  DataCaptureConfig capture{.enable = FindBool(*stored, "enable").value_or(false),
                            .initial_sampling_percentage = Integer(*stored, "percentage", 0),
                            .destination_s3_uri = Text(*stored, "destination"),
                            .kms_key_id = Text(*stored, "kms_key_id"),
                            .options = {},
                            .csv_content_types = ListFromJson(*stored, "csv"),
                            .json_content_types = ListFromJson(*stored, "json")};
  if (const json::array* options = FindArray(*stored, "options")) {
    for (const json::value& option : *options) {
      capture.options.push_back(option == json::value(1) ? CaptureMode::kOutput
                                                         : CaptureMode::kInput);
    }
  }
  return capture;
}

json::value PlanToJson(const DeploymentPlan& plan) {
  json::array variants;
  for (const PlannedVariant& planned : plan.variants) {
    json::object variant = VariantToJson(planned.variant);
    variant["model_data_url"] = planned.model_data_url;
    variant["artifact_id"] = planned.artifact_id;
    variant["precision"] = planned.precision.precision;
    variant["max_accuracy_loss"] = planned.precision.max_accuracy_loss;
    variants.push_back(std::move(variant));
  }
  json::object object{{"config_name", plan.config_name}, {"variants", std::move(variants)}};
  CaptureToJson(plan.data_capture, object);
  return object;
}
std::optional<DeploymentPlan> PlanFromJson(const json::object& object, std::string_view name) {
  const json::object* stored = FindObject(object, name);
  if (stored == nullptr) return std::nullopt;
  DeploymentPlan plan{.config_name = Text(*stored, "config_name"),
                      .variants = {},
                      .data_capture = CaptureFromJson(*stored)};
  if (const json::array* variants = FindArray(*stored, "variants")) {
    for (const json::value& value : *variants) {
      const json::object* variant = value.if_object();
      if (variant == nullptr) continue;
      PrecisionChoice precision;  // of plans stored by a version without it: fp32
      precision.precision = StringOr(*variant, "precision", precision.precision);
      precision.max_accuracy_loss =
          Number(*variant, "max_accuracy_loss", precision.max_accuracy_loss);
      plan.variants.push_back({VariantFromJson(*variant), Text(*variant, "model_data_url"),
                               Text(*variant, "artifact_id"), std::move(precision)});
    }
  }
  return plan;
}

}  // namespace

json::value ToJsonValue(const ModelRecord& record) {
  const ModelSpec& spec = record.spec;
  return {{"name", spec.name},
          {"arn", record.arn},
          {"creation_time", Micros(record.creation_time)},
          {"image", spec.container.image},
          {"model_data_url", spec.container.model_data_url},
          {"container_hostname", spec.container.container_hostname},
          {"mode", spec.container.mode},
          {"environment", MapToJson(spec.container.environment)},
          {"execution_role_arn", spec.execution_role_arn},
          {"enable_network_isolation", spec.enable_network_isolation},
          {"tags", MapToJson(spec.tags)}};
}

Result<ModelRecord> ModelFromJson(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return Damaged();
  ModelRecord record;
  record.arn = Text(*object, "arn");
  record.creation_time = TimeOf(*object, "creation_time");
  record.spec = {
      .name = Text(*object, "name"),
      .container = {.image = Text(*object, "image"),
                    .model_data_url = Text(*object, "model_data_url"),
                    .container_hostname = Text(*object, "container_hostname"),
                    .mode = Text(*object, "mode"),
                    .environment = MapFromJson(*object, "environment")},
      .execution_role_arn = Text(*object, "execution_role_arn"),
      .enable_network_isolation = FindBool(*object, "enable_network_isolation").value_or(false),
      .tags = MapFromJson(*object, "tags")};
  return record;
}

json::value ToJsonValue(const EndpointConfigRecord& record) {
  const EndpointConfigSpec& spec = record.spec;
  json::array variants;
  for (const ProductionVariant& variant : spec.variants) variants.push_back(VariantToJson(variant));
  json::object object{{"name", spec.name},
                      {"arn", record.arn},
                      {"creation_time", Micros(record.creation_time)},
                      {"variants", std::move(variants)},
                      {"kms_key_id", spec.kms_key_id},
                      {"tags", MapToJson(spec.tags)}};
  CaptureToJson(spec.data_capture, object);
  return object;
}

Result<EndpointConfigRecord> EndpointConfigFromJson(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return Damaged();
  EndpointConfigRecord record;
  record.arn = Text(*object, "arn");
  record.creation_time = TimeOf(*object, "creation_time");
  record.spec = {.name = Text(*object, "name"),
                 .variants = {},
                 .data_capture = CaptureFromJson(*object),
                 .kms_key_id = Text(*object, "kms_key_id"),
                 .tags = MapFromJson(*object, "tags")};
  if (const json::array* variants = FindArray(*object, "variants")) {
    for (const json::value& variant : *variants) {
      if (!variant.is_object()) return Damaged();
      record.spec.variants.push_back(VariantFromJson(variant.get_object()));
    }
  }
  return record;
}

json::value ToJsonValue(const EndpointRow& row) {
  json::object object{{"name", row.name},
                      {"status", EndpointStatusName(row.status)},
                      {"failure_reason", row.failure_reason},
                      {"creation_time", Micros(row.creation_time)},
                      {"last_modified_time", Micros(row.last_modified_time)},
                      {"tags", MapToJson(row.tags)}};
  if (row.live) object["live"] = PlanToJson(*row.live);
  if (row.pending) object["pending"] = PlanToJson(*row.pending);
  return object;
}

Result<EndpointRow> EndpointFromJson(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return Damaged();
  const auto status = ParseEndpointStatus(Text(*object, "status"));
  if (!status) return Damaged();
  return EndpointRow{.name = Text(*object, "name"),
                     .status = *status,
                     .failure_reason = Text(*object, "failure_reason"),
                     .creation_time = TimeOf(*object, "creation_time"),
                     .last_modified_time = TimeOf(*object, "last_modified_time"),
                     .tags = MapFromJson(*object, "tags"),
                     .live = PlanFromJson(*object, "live"),
                     .pending = PlanFromJson(*object, "pending")};
}

}  // namespace scones::endpoints::detail

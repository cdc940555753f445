// What the endpoints service speaks of: models, endpoint configurations, endpoints, inferences.
// Plain values; the words are SageMaker's. No wire format here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace scones::endpoints {

using Tags = std::map<std::string, std::string>;

struct Container {
  std::string image;           // accepted and described; the engine is always ours
  std::string model_data_url;  // s3://bucket/key of a model.tar.gz
  std::string container_hostname;
  std::string mode = "SingleModel";
  std::map<std::string, std::string> environment;
};

struct ModelSpec {
  std::string name;
  Container container;
  std::string execution_role_arn;
  bool enable_network_isolation = false;
  Tags tags;
};

struct ModelRecord {
  ModelSpec spec;
  std::string arn;
  Timestamp creation_time;
};

struct ProductionVariant {
  std::string name;
  std::string model_name;
  std::string instance_type;
  int initial_instance_count = 1;
  double initial_variant_weight = 1.0;
};

enum class CaptureMode { kInput, kOutput };

struct DataCaptureConfig {
  bool enable = false;
  int initial_sampling_percentage = 20;  // 0 to 100
  std::string destination_s3_uri;
  std::string kms_key_id;
  std::vector<CaptureMode> options;
  // A body whose content type is listed is captured as text, any other as base64.
  std::vector<std::string> csv_content_types;
  std::vector<std::string> json_content_types;
};

struct EndpointConfigSpec {
  std::string name;
  std::vector<ProductionVariant> variants;
  std::optional<DataCaptureConfig> data_capture;
  std::string kms_key_id;
  Tags tags;
};

struct EndpointConfigRecord {
  EndpointConfigSpec spec;
  std::string arn;
  Timestamp creation_time;
};

enum class EndpointStatus { kCreating, kUpdating, kInService, kDeleting, kFailed };

struct VariantSummary {
  std::string name;
  double current_weight = 1.0;
  double desired_weight = 1.0;
  int current_instance_count = 1;
  int desired_instance_count = 1;
};

struct EndpointRecord {
  std::string name;
  std::string arn;
  std::string config_name;  // the one that serves; during an update still the former
  EndpointStatus status = EndpointStatus::kCreating;
  std::string failure_reason;  // with kFailed, or after an update that was rolled back
  Timestamp creation_time;
  Timestamp last_modified_time;
  std::vector<VariantSummary> variants;
  std::optional<DataCaptureConfig> data_capture;
  Tags tags;
};

enum class SortKey { kName, kCreationTime, kStatus };
enum class SortOrder { kAscending, kDescending };

// Filters and page of a List call; an absent filter passes everything.
struct ListQuery {
  std::string name_contains;
  std::optional<Timestamp> created_after;
  std::optional<Timestamp> created_before;
  std::optional<Timestamp> modified_after;
  std::optional<Timestamp> modified_before;
  std::optional<EndpointStatus> status;  // endpoints only
  SortKey sort_key = SortKey::kCreationTime;
  SortOrder sort_order = SortOrder::kDescending;
  int max_results = 10;    // 1 to 100
  std::string next_token;  // from the page before
};

template <class T>
struct Page {
  std::vector<T> items;
  std::string next_token;  // empty on the last page
};

struct InvokeRequest {
  std::string endpoint_name;
  std::string content_type;
  std::string accept;
  std::string target_variant;     // empty: chosen by weight
  std::string inference_id;       // empty: none given
  std::string custom_attributes;  // passed through and captured
  std::string body;               // PNG or JPEG bytes
};

// Nanoseconds that one inference spent in each stage.
struct InvokeTimings {
  std::int64_t decode_ns = 0;
  std::int64_t queue_ns = 0;
  std::int64_t infer_ns = 0;
  std::int64_t encode_ns = 0;
};

// What the model answered.
struct InvokeResponse {
  std::string body;
  std::string content_type;
  std::string variant_name;
  std::string custom_attributes;
  InvokeTimings timings;
};

const char* EndpointStatusName(EndpointStatus status);
std::optional<EndpointStatus> ParseEndpointStatus(std::string_view name);

}  // namespace scones::endpoints

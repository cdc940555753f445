// What the service keeps of each resource, and its form as JSON in the database. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "endpoints/precision_choice.h"
#include "endpoints/types.h"

namespace scones::endpoints::detail {

// One variant as it is deployed: everything that serving it after a restart needs, though its
// model's record may be gone by then.
struct PlannedVariant {
  ProductionVariant variant;
  std::string model_data_url;
  std::string artifact_id;  // file models/ID.tar.gz
  PrecisionChoice precision;
};

struct DeploymentPlan {
  std::string config_name;
  std::vector<PlannedVariant> variants;
  std::optional<DataCaptureConfig> data_capture;
};

struct EndpointRow {
  std::string name;
  EndpointStatus status = EndpointStatus::kCreating;
  std::string failure_reason;
  Timestamp creation_time;
  Timestamp last_modified_time;
  Tags tags;
  std::optional<DeploymentPlan> live;     // serves
  std::optional<DeploymentPlan> pending;  // is being loaded (kCreating, kUpdating)
};

json::value ToJsonValue(const ModelRecord& record);
json::value ToJsonValue(const EndpointConfigRecord& record);
json::value ToJsonValue(const EndpointRow& row);

// Errors: kDataLoss.
Result<ModelRecord> ModelFromJson(const json::value& value);
Result<EndpointConfigRecord> EndpointConfigFromJson(const json::value& value);
Result<EndpointRow> EndpointFromJson(const json::value& value);

}  // namespace scones::endpoints::detail

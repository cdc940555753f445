#include "endpoints/detail/deployment.h"

namespace scones::endpoints::detail {

const LoadedVariant* ChooseVariant(const Deployment& deployment, std::string_view target,
                                   double chance) {
  double total = 0;
  for (const LoadedVariant& variant : deployment.variants) {
    if (!target.empty() && variant.name == target) return &variant;
    total += variant.weight;
  }
  if (!target.empty()) return nullptr;
  double left = chance * total;
  const LoadedVariant* last = nullptr;
  for (const LoadedVariant& variant : deployment.variants) {
    if (variant.weight <= 0) continue;
    last = &variant;  // where rounding leaves a rest, the last one takes it
    left -= variant.weight;
    if (left < 0) break;
  }
  return last;
}

std::shared_ptr<const CaptureTarget> MakeCaptureTarget(const std::string& endpoint,
                                                       const std::string& variant,
                                                       const DeploymentPlan& plan) {
  if (!plan.data_capture || !plan.data_capture->enable) return nullptr;
  const Result<S3Uri> destination = S3Uri::Parse(plan.data_capture->destination_s3_uri);
  if (!destination) return nullptr;  // refused when the configuration was made
  return std::make_shared<const CaptureTarget>(
      CaptureTarget{endpoint, variant, *destination, *plan.data_capture});
}

}  // namespace scones::endpoints::detail

// Deployment: an endpoint's variants with their models loaded, as requests see it. Immutable; a
// request keeps the one that it began with, so an update or deletion never cuts it off.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "endpoints/detail/capture_log.h"
#include "endpoints/detail/model_host.h"
#include "endpoints/detail/records.h"

namespace scones::endpoints::detail {

struct LoadedVariant {
  std::string name;
  double weight = 1.0;
  std::shared_ptr<ModelHost> host;
};

struct Deployment {
  std::vector<LoadedVariant> variants;  // never empty
};

// The variant called `target`, or where that is empty the one that `chance` in [0, 1) falls on by
// weight. Null when there is no such variant.
const LoadedVariant* ChooseVariant(const Deployment& deployment, std::string_view target,
                                   double chance);

// The capture target of one variant; null when the plan captures nothing.
std::shared_ptr<const CaptureTarget> MakeCaptureTarget(const std::string& endpoint,
                                                       const std::string& variant,
                                                       const DeploymentPlan& plan);

}  // namespace scones::endpoints::detail

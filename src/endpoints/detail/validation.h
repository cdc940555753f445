// What names, models and endpoint configurations must be. Pure.
// Errors of all: kInvalid/ValidationException with AWS's wording.
#pragma once

#include <string_view>

#include "base/result.h"
#include "endpoints/types.h"

namespace scones::endpoints::detail {

// Letters, digits and inner hyphens, 1 to 63. `member` is the request's ("modelName").
Result<void> ValidateName(std::string_view member, std::string_view name);
Result<void> ValidateModel(const ModelSpec& spec);
Result<void> ValidateEndpointConfig(const EndpointConfigSpec& spec);
Result<void> ValidateTags(const Tags& tags);
Result<void> ValidateQuery(const ListQuery& query);

Error ValidationFailed(std::string message);

}  // namespace scones::endpoints::detail

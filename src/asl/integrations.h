// Which Task resources Step Functions knows: function and activity ARNs, the optimised integrations
// and AWS SDK ones. Pure. Source: AWS Step Functions Developer Guide, "Integrating services".
#pragma once

#include <string_view>

#include "asl/program.h"
#include "base/result.h"

namespace scones::asl {

// Errors: kInvalid with the recorded wording of CreateStateMachine.
Result<TaskResource> ParseTaskResource(std::string_view arn);

}  // namespace scones::asl

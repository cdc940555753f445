// Which Task resources Step Functions knows: function and activity ARNs, the optimised integrations
// and AWS SDK ones; and which of them run here. Pure. Source: AWS Step Functions Developer Guide,
// "Integrating services".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asl/definition.h"
#include "asl/program.h"
#include "base/result.h"

namespace scones::asl {

// Errors: kInvalid with the recorded wording of CreateStateMachine.
Result<TaskResource> ParseTaskResource(std::string_view arn);

// Refuses a definition whose tasks need a service that this product lacks, so that it fails when it
// is created and not when it runs. Errors: kInvalid/InvalidDefinition naming resource and place.
Result<void> CheckProvided(const Definition& definition);

// "getObject", "createTrainingJob.sync", …: what runs here of "aws-sdk:s3", "sagemaker", ….
std::vector<std::string> ProvidedActions(std::string_view service);

}  // namespace scones::asl

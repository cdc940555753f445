// Steps 5 and 6: the endpoint with full data capture, the functions and the state machine.
#pragma once

#include <string>

#include "programs/aws.h"
#include "programs/training_step.h"

namespace scones::programs {

// Makes model and endpoint configuration named after the training job (and the precision, where it
// is not fp32), and points kEndpointName at them; waits until it is in service. Skipped where it
// serves that model already. Errors: kInternal with the endpoint's FailureReason.
Result<void> DeployEndpoint(Aws& aws, const TrainedModel& model, const S3Uri& capture,
                            const std::string& precision, Progress::Style style);

// Makes or updates the three functions and the state machine; returns its ARN.
// `bootstrap` is the scones-functions program, packed into the functions' code.
Result<std::string> DeployStateMachine(Aws& aws, double threshold, const io::Path& bootstrap,
                                       Progress::Style style);

}  // namespace scones::programs

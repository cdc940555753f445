// Step Functions' operations: rows of its JSON 1.0 dialect ("AWSStepFunctions").
#pragma once

#include "api/json_dialect.h"
#include "workflows/workflows.h"

namespace scones::api {

// Adds the operations over state machines, executions, tags and task tokens. Both outlive the
// dialect.
void AddStatesOperations(JsonDialect& dialect, workflows::Workflows& service);

}  // namespace scones::api

// What the results of the services' calls look like, as far as mocked results are checked against
// it. Private to the module. Pure. Source: the services' API references.
#pragma once

#include "asl/program.h"
#include "asl/test_state.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

// Members that the call doesn't have are let through, and so is everything of a call that is not
// known here. Errors: ValidationException, "Mock result schema validation error: …".
Result<void> CheckMockSchema(const TaskResource& resource, const json::value& result,
                             FieldValidation validation);

}  // namespace scones::asl

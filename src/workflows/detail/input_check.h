// Whether a text can be an execution's input or a task's output, with the wording of AWS where it
// cannot. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace scones::workflows {

// Errors: kInvalid/InvalidExecutionInput.
Result<void> CheckInput(std::string_view text, std::size_t max_bytes);
// The same of a task's output. Errors: kInvalid/InvalidOutput.
Result<void> CheckOutput(std::string_view text, std::size_t max_bytes);

}  // namespace scones::workflows

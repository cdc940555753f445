// What a function may be called and configured as, with Lambda's messages. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "functions/types.h"

namespace scones::functions {

// Errors: kInvalid/InvalidParameterValueException or ValidationException, naming the field.
Result<void> ValidateName(const std::string& name);
Result<void> ValidateSettings(const FunctionSettings& settings);

// `settings` with what `update` gives.
FunctionSettings Apply(const SettingsUpdate& update, FunctionSettings settings);

}  // namespace scones::functions

// A model's own refusal of a request, as an Error whose reason is "ModelError" and whose message is
// worded as SageMaker words it. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace scones::endpoints {

struct ModelFault {
  int status = 0;  // 400: no picture that can be read; 415: content type; 406: Accept; 500: engine
  std::string message;  // what the model said
};

// kInvalid for a status below 500, else kInternal.
Error ModelError(const ModelFault& fault);
// What ModelError made `error` of; nothing for other errors.
std::optional<ModelFault> FindModelFault(const Error& error);

}  // namespace scones::endpoints

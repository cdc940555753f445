// The hyperparameters that `scones run` trains with: SageMaker's documented ones, and those of ours
// that docs/formats/hyperparameters.md lists.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace scones::programs {

// For these classes and `samples` training pictures of 3x32x32; `overrides` are "name=value".
// Errors: kInvalid for an override without '='.
Result<std::map<std::string, std::string>> MakeRecipe(const std::vector<std::string>& classes,
                                                      std::size_t samples, std::uint64_t seed,
                                                      const std::vector<std::string>& overrides);

}  // namespace scones::programs

// The hyperparameters that `scones run` trains with: SageMaker's documented ones, and those of ours
// that docs/formats/hyperparameters.md lists.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "programs/pictures_step.h"

namespace scones::programs {

// For these pictures; each of `overrides` is "name=value" (the command line makes sure of that).
std::map<std::string, std::string> MakeRecipe(const Pictures& pictures, std::uint64_t seed,
                                              const std::vector<std::string>& overrides);

}  // namespace scones::programs

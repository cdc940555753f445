// The hyperparameters that `scones run` trains with: SageMaker's documented ones, and those of ours
// that docs/formats/hyperparameters.md lists.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace scones::programs {

// For these classes and `samples` training pictures of 3x32x32; `overrides` are "name=value", each
// with a name.
std::map<std::string, std::string> MakeRecipe(const std::vector<std::string>& classes,
                                              std::size_t samples, std::uint64_t seed,
                                              const std::vector<std::string>& overrides);

}  // namespace scones::programs

#include "programs/recipe.h"

#include <fmt/format.h>

namespace scones::programs {

std::map<std::string, std::string> MakeRecipe(const std::vector<std::string>& classes,
                                              std::size_t samples, std::uint64_t seed,
                                              const std::vector<std::string>& overrides) {
  // The algorithm's own defaults for small pictures do the rest.
  std::map<std::string, std::string> recipe = {
      {"image_shape", "3,32,32"},
      {"num_classes", std::to_string(classes.size())},
      {"num_training_samples", std::to_string(samples)},
      {"class_names", fmt::format("{}", fmt::join(classes, ","))},
      {"seed", std::to_string(seed)}};
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    recipe[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return recipe;
}

}  // namespace scones::programs

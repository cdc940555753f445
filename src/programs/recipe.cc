#include "programs/recipe.h"

#include <fmt/format.h>

namespace scones::programs {

std::map<std::string, std::string> MakeRecipe(const Pictures& pictures, std::uint64_t seed,
                                              const std::vector<std::string>& overrides) {
  // The algorithm's own defaults for small pictures do the rest.
  std::map<std::string, std::string> recipe = {
      {"image_shape", fmt::format("3,{},{}", pictures.height, pictures.width)},
      {"num_classes", std::to_string(pictures.classes.size())},
      {"num_training_samples", std::to_string(pictures.train_count)},
      {"class_names", fmt::format("{}", fmt::join(pictures.classes, ","))},
      {"seed", std::to_string(seed)}};
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    recipe[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return recipe;
}

}  // namespace scones::programs

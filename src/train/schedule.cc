#include "train/schedule.h"

#include <algorithm>
#include <cmath>

namespace scones::train {

double LearningRateAt(const Hyperparameters& settings, double epoch) {
  double rate = settings.learning_rate;
  if (epoch < settings.warmup_epochs) return rate * epoch / settings.warmup_epochs;
  if (settings.lr_schedule == "cosine") {
    double span = std::max(settings.epochs - settings.warmup_epochs, 1e-9);
    double progress = std::min((epoch - settings.warmup_epochs) / span, 1.0);
    return rate * 0.5 * (1 + std::cos(3.14159265358979323846 * progress));
  }
  for (int step : settings.lr_scheduler_steps) {
    if (epoch >= step) rate *= settings.lr_scheduler_factor;
  }
  return rate;
}

ShownSize ShownSizeAt(const Hyperparameters& settings, double progress) {
  for (const auto& [until, size] : settings.progressive_sizes) {
    if (progress >= until) continue;
    double factor = static_cast<double>(size) / std::min(settings.height, settings.width);
    return {static_cast<int>(std::lround(settings.height * factor)),
            static_cast<int>(std::lround(settings.width * factor))};
  }
  return {settings.height, settings.width};
}

bool EarlyStopping::Observe(int epoch, double validation_accuracy) {
  if (best_ < 0 || validation_accuracy > best_ * (1 + settings_.early_stopping_tolerance)) {
    best_ = validation_accuracy;
    since_best_ = 0;
    return false;
  }
  ++since_best_;
  return epoch + 1 >= settings_.early_stopping_min_epochs &&
         since_best_ >= settings_.early_stopping_patience;
}

}  // namespace scones::train

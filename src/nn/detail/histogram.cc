#include "nn/detail/histogram.h"

#include <algorithm>
#include <cmath>

namespace scones::nn {

void Histogram::Add(std::span<const float> values) {
  for (const float value : values) {
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }
  const float largest = std::max(-low_, high_);
  if (largest == 0) return;
  if (limit_ == 0) limit_ = largest;
  while (limit_ < largest) {
    for (std::size_t i = 0; i < kBins / 2; ++i) counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
    std::fill(counts_.begin() + kBins / 2, counts_.end(), 0);
    limit_ *= 2;
  }
  for (const float value : values) {
    if (value == 0) continue;  // whatever the steps, nothing is lost
    const auto bin = static_cast<std::size_t>(kBins * (std::abs(value) / limit_));
    ++counts_[std::min(bin, kBins - 1)];
  }
}

// Mean square error, not divided by the count, when `bins` bins are kept: a uniform error within,
// the distance to the limit beyond.
double Histogram::Error(std::size_t bins, int steps) const {
  const double limit = static_cast<double>(bins);
  const double step = limit / steps;
  double error = 0;
  // Zeros and what the first step swallows lose at most their own square.
  for (std::size_t i = 0; i < kBins; ++i) {
    const double middle = static_cast<double>(i) + 0.5;
    double each = step * step / 12;
    if (i >= bins) each = (middle - limit) * (middle - limit);
    if (middle < step / 2) each = middle * middle;
    error += each * static_cast<double>(counts_[i]);
  }
  return error;
}

float Histogram::BestLimit(int steps) const {
  const float largest = std::max(-low_, high_);
  if (largest == 0) return 0;
  const auto used = static_cast<std::size_t>(std::ceil(kBins * largest / limit_));
  const std::size_t most = std::min(used, kBins);
  std::size_t best = most;
  double least = Error(most, steps);
  // Below an eighth of the largest value a picture's features would be lost, whatever the mean.
  const std::size_t stride = kBins / 128;
  for (std::size_t bins = most; bins > most / 8 + stride; bins -= stride) {
    if (const double error = Error(bins, steps); error < least) {
      least = error;
      best = bins;
    }
  }
  return std::min(largest, static_cast<float>(limit_ * static_cast<double>(best) / kBins));
}

}  // namespace scones::nn

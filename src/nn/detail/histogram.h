// Histogram: how often each magnitude occurs, and the range that loses least when it is cut into
// equal steps. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace scones::nn {

class Histogram {
 public:
  // Values are finite.
  void Add(std::span<const float> values);

  float low() const { return low_; }
  float high() const { return high_; }
  // The magnitude at which to clip so that the mean square of the error is least when 0 to it is
  // cut into `steps` steps.
  float BestLimit(int steps) const;

 private:
  static constexpr std::size_t kBins = 2048;
  double Error(std::size_t bins, int steps) const;

  // Of magnitudes from 0 to limit_, which doubles as larger ones come.
  std::array<std::int64_t, kBins> counts_{};
  double limit_ = 0;
  float low_ = 0;
  float high_ = 0;
};

}  // namespace scones::nn

#include "nn/detail/range_finder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace scones::nn {
namespace {

// A bin is a float's exponent and the first bits of its mantissa: 16 bins for each power of two,
// from 2^-40, below which everything is as good as zero, to 2^40. Limits lie between bins.
constexpr int kDropped = 23 - 4;
constexpr std::uint32_t kFirst = std::uint32_t{127 - 40} << 4;
constexpr std::size_t kBins = 80 << 4;

std::size_t BinOf(float magnitude) {
  const std::uint32_t bin = std::bit_cast<std::uint32_t>(magnitude) >> kDropped;
  return std::min<std::size_t>(bin < kFirst ? 0 : bin - kFirst, kBins - 1);
}
// Where a bin begins, and the one before it ends.
float Begin(std::size_t bin) {
  return std::bit_cast<float>((static_cast<std::uint32_t>(bin) + kFirst) << kDropped);
}

// Beyond this part of its squares (a third of its size) a picture is as good as lost.
constexpr double kLost = 0.1;

// Of the values in the bins before one: how many, their sum, that of their squares.
struct Moments {
  double count = 0;
  double sum = 0;
  double squares = 0;
};

}  // namespace

void RangeFinder::Add(std::span<const float> picture) {
  std::vector<Moments> before(kBins + 1);
  float largest = 0;
  for (const float value : picture) {
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
    const float magnitude = std::abs(value);
    largest = std::max(largest, magnitude);
    if (value == 0) continue;  // whatever the steps, nothing is lost
    Moments& bin = before[BinOf(magnitude) + 1];
    bin.count += 1;
    bin.sum += magnitude;
    bin.squares += double{magnitude} * magnitude;
  }
  if (largest == 0) return;
  largest_.push_back(largest);
  for (std::size_t i = 1; i <= kBins; ++i) {
    before[i].count += before[i - 1].count;
    before[i].sum += before[i - 1].sum;
    before[i].squares += before[i - 1].squares;
  }
  losses_.resize(kBins + 1);
  const Moments& all = before[kBins];
  for (std::size_t i = 0; i <= kBins; ++i) {
    const double limit = Begin(i);
    const double step = limit / steps_;
    const Moments& within = before[i];
    // What the first half step swallows; a uniform error up to the limit; the distance beyond it.
    const Moments& swallowed = before[BinOf(static_cast<float>(step / 2))];
    const double error = swallowed.squares + (within.count - swallowed.count) * step * step / 12 +
                         (all.squares - within.squares) - 2 * limit * (all.sum - within.sum) +
                         limit * limit * (all.count - within.count);
    const double part = std::max(error, 0.0) / all.squares;
    losses_[i] += part / (part + kLost);
  }
}

float RangeFinder::BestLimit() const {
  if (largest_.empty()) return 0;
  // Below an eighth of what is largest in a usual picture its features would be lost, whatever the
  // mean.
  std::vector<float> sorted = largest_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const float most = std::max(-low_, high_);
  std::size_t best = BinOf(most) + 1;
  for (std::size_t i = best; i > BinOf(*middle / 8); --i) {
    if (losses_[i] < losses_[best]) best = i;
  }
  return best == BinOf(most) + 1 ? most : Begin(best);
}

}  // namespace scones::nn

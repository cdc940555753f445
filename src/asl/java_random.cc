#include "asl/java_random.h"

#include <limits>

namespace scones::asl {
namespace {

constexpr std::uint64_t kMultiplier = 0x5DEECE66DULL;
constexpr std::uint64_t kMask = (1ULL << 48) - 1;

}  // namespace

JavaRandom::JavaRandom(std::int64_t seed)
    : state_((static_cast<std::uint64_t>(seed) ^ kMultiplier) & kMask) {}

std::int32_t JavaRandom::Next(int bits) {
  state_ = (state_ * kMultiplier + 0xB) & kMask;
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(state_ >> (48 - bits)));
}

double JavaRandom::NextDouble() {
  const std::int64_t high = Next(26);
  const std::int64_t low = Next(27);
  return static_cast<double>((high << 27) + low) * 0x1.0p-53;
}

std::int32_t JavaRandom::NextInt(std::int32_t bound) {
  std::int32_t bits = Next(31);
  if ((bound & (bound - 1)) == 0) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(bound) * bits) >> 31);
  }
  // Values of the last, incomplete run of `bound` would be too likely.
  while (std::int64_t{bits} - bits % bound + (bound - 1) >
         std::numeric_limits<std::int32_t>::max()) {
    bits = Next(31);
  }
  return bits % bound;
}

std::uint64_t JavaRandom::NextLong() {
  const auto high = static_cast<std::uint64_t>(static_cast<std::int64_t>(Next(32)));
  return (high << 32) + static_cast<std::uint64_t>(static_cast<std::int64_t>(Next(32)));
}

std::uint64_t JavaRandom::NextLong(std::uint64_t bound) {
  static constexpr std::uint64_t kSign = 1ULL << 63;
  if ((bound & (bound - 1)) == 0) return NextLong() & (bound - 1);
  std::uint64_t bits = NextLong();
  if (bound > kSign) {
    while (bits >= bound) bits = NextLong();
    return bits;
  }
  for (bits >>= 1; bits - bits % bound + (bound - 1) >= kSign;) bits = NextLong() >> 1;
  return bits % bound;
}

std::int64_t JavaRandom::Between(std::int64_t first, std::int64_t end) {
  const std::uint64_t count = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(first);
  const std::uint64_t offset =
      count <= std::numeric_limits<std::int32_t>::max()
          ? static_cast<std::uint64_t>(NextInt(static_cast<std::int32_t>(count)))
          : NextLong(count);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(first) + offset);
}

}  // namespace scones::asl

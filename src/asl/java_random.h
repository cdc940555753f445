// The generator of java.util.Random, which AWS's seeded random numbers come from: the same seed
// gives the same numbers. Not thread-safe. Source: the Java SE documentation of java.util.Random.
#pragma once

#include <cstdint>

namespace scones::asl {

class JavaRandom {
 public:
  explicit JavaRandom(std::int64_t seed);

  double NextDouble();  // from 0, below 1
  // From `first`, below `end`; `first` < `end`.
  std::int64_t Between(std::int64_t first, std::int64_t end);

 private:
  std::int32_t Next(int bits);
  std::int32_t NextInt(std::int32_t bound);
  std::uint64_t NextLong();
  std::uint64_t NextLong(std::uint64_t bound);

  std::uint64_t state_;  // 48 bits
};

}  // namespace scones::asl

// A small, fast, seeded generator whose numbers are the same on every machine and library version:
// what makes a training run repeatable. A stream belongs to one thread. C++17.
#pragma once

#include <cmath>
#include <cstdint>

namespace scones::train {

// SplitMix64 (Steele, Lea and Flood 2014). Streams with different (seed, a, b) are independent.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed, std::uint64_t a = 0, std::uint64_t b = 0)
      : state_(Mix(Mix(Mix(seed) + a) + b)) {}

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return Mix(state_);
  }

  // In [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // In [0, bound); bound > 0.
  int Below(int bound) {
    return static_cast<int>(static_cast<std::uint64_t>(Uniform() * static_cast<double>(bound)));
  }
  bool Coin() { return (Next() >> 63) != 0; }

  // Standard normal (Box and Muller).
  double Normal() {
    double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
    return radius * std::cos(2.0 * 3.14159265358979323846 * Uniform());
  }

  // Beta(alpha, alpha) for alpha in (0, 1], by Jöhnk's method; uniform for alpha = 1.
  double SymmetricBeta(double alpha) {
    if (alpha >= 1.0) return Uniform();
    for (int attempt = 0; attempt < 1000; ++attempt) {
      double x = std::pow(Uniform(), 1.0 / alpha);
      double y = std::pow(Uniform(), 1.0 / alpha);
      if (x + y > 0.0 && x + y <= 1.0) return x / (x + y);
    }
    return 0.5;
  }

 private:
  static std::uint64_t Mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace scones::train

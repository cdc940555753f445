// Draws the generated bicycles and motorcycles. Pure; one thread a call.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "vision/canvas.h"
#include "vision/generator.h"

namespace scones::vision::detail {

// SplitMix64: small, and the same everywhere. Source: Steele, Lea, Flood 2014 (OOPSLA).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
  }
  float Uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(Next() >> 40) * 0x1p-24f;
  }
  bool Chance(float probability) { return Uniform(0, 1) < probability; }
  int Below(int count) { return static_cast<int>(Next() % static_cast<std::uint64_t>(count)); }
  // About normal, within 3: three uniforms.
  float Bell() { return 2 * (Uniform(-0.5f, 0.5f) + Uniform(-0.5f, 0.5f) + Uniform(-0.5f, 0.5f)); }

 private:
  std::uint64_t state_;
};

// Places a vehicle in a picture. In its own coordinates the wheels' hubs are at (-0.5, 0) and
// (0.5, 0), x forward, y down.
class Placement {
 public:
  Placement(Canvas& canvas, Random& random);

  void Line(Point a, Point b, float width, Color color);
  void Path(std::span<const Point> points, float width, Color color);
  void Fill(std::span<const Point> corners, Color color);
  // Circles become ellipses where the vehicle is seen at an angle.
  void Disc(Point centre, float radius, Color color);
  void Ring(Point centre, float radius, float width, Color color);
  void Ellipse(Point centre, float radius_x, float radius_y, float angle, Color color);

 private:
  Point Map(Point p) const;

  Canvas& canvas_;
  float scale_;
  float squeeze_;  // of x, by turning away
  float tilt_;
  float mirror_;
  Point centre_;
};

void DrawBackground(Canvas& canvas, Random& random);
void DrawBicycle(Placement& place, Random& random);
void DrawMotorcycle(Placement& place, Random& random);
// The upper body and head of someone riding, above a seat.
void DrawRider(Placement& place, Random& random, Point seat, Point hands);

Color RandomColor(Random& random);
Color DarkColor(Random& random);

}  // namespace scones::vision::detail

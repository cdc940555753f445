// What bicycles and motorcycles have in common: placement, background, rider, colours.
#include <algorithm>
#include <vector>

#include "vision/detail/vehicle.h"

namespace scones::vision::detail {
namespace {

constexpr float kPi = 3.14159265f;

void DrawStudio(Canvas& canvas, Random& random) {
  const float top = random.Uniform(0.82f, 1);
  const float bottom = top - random.Uniform(0, 0.15f);
  const float tint = random.Uniform(-0.03f, 0.03f);
  canvas.FillGradient(0, static_cast<float>(canvas.height()), {top + tint, top, top - tint, 1},
                      {bottom + tint, bottom, bottom - tint, 1});
}

void DrawOutdoors(Canvas& canvas, Random& random) {
  const auto width = static_cast<float>(canvas.width());
  const auto height = static_cast<float>(canvas.height());
  const float horizon = height * random.Uniform(0.35f, 0.85f);
  canvas.FillGradient(0, horizon, RandomColor(random), RandomColor(random));
  const int shapes = random.Below(7);
  for (int i = 0; i < shapes; ++i) {
    Color color = RandomColor(random);
    color.a = random.Uniform(0.4f, 1);
    const float x = random.Uniform(-0.1f, 1) * width;
    if (random.Chance(0.5f)) {  // a house, a wall, a door
      const float top = random.Uniform(0, horizon);
      canvas.FillRect(x, top, random.Uniform(0.05f, 0.5f) * width, horizon - top, color);
    } else if (random.Chance(0.6f)) {  // a bush, a crown
      canvas.FillEllipse({x, random.Uniform(0.2f, 1.1f) * horizon},
                         random.Uniform(0.05f, 0.3f) * width, random.Uniform(0.05f, 0.3f) * height,
                         0, color);
    } else {  // a pole, a fence
      canvas.StrokeLine({x, 0}, {x + random.Uniform(-3, 3), horizon}, random.Uniform(0.5f, 4),
                        color);
    }
  }
  const Color near = RandomColor(random);
  const Color far = {near.r * 0.8f, near.g * 0.8f, near.b * 0.8f, 1};
  canvas.FillGradient(horizon, height, far, near);
}

}  // namespace

Color RandomColor(Random& random) {
  const float light = random.Uniform(0.1f, 0.95f);
  const float spread = random.Uniform(0, 0.35f);
  const auto channel = [&] {
    return std::clamp(light + random.Uniform(-spread, spread), 0.0f, 1.0f);
  };
  const float r = channel();
  const float g = channel();
  return {r, g, channel(), 1};
}

Color DarkColor(Random& random) {
  const float light = random.Uniform(0.02f, 0.3f);
  return {light, light, light + random.Uniform(-0.02f, 0.05f), 1};
}

Placement::Placement(Canvas& canvas, Random& random) : canvas_(canvas) {
  const auto size = static_cast<float>(canvas.width());
  scale_ = size * random.Uniform(0.38f, 0.68f);
  squeeze_ = random.Chance(0.35f) ? random.Uniform(0.55f, 0.9f) : random.Uniform(0.9f, 1.05f);
  tilt_ = random.Bell() * 0.08f;
  mirror_ = random.Chance(0.5f) ? -1.0f : 1.0f;
  centre_ = {size * (0.5f + random.Bell() * 0.05f), size * (0.66f + random.Bell() * 0.05f)};
}

Point Placement::Map(Point p) const {
  const float x = p.x * squeeze_ * mirror_ * scale_;
  const float y = p.y * scale_;
  const float c = std::cos(tilt_);
  const float s = std::sin(tilt_);
  return {centre_.x + x * c - y * s, centre_.y + x * s + y * c};
}

void Placement::Line(Point a, Point b, float width, Color color) {
  canvas_.StrokeLine(Map(a), Map(b), width * scale_, color);
}

void Placement::Path(std::span<const Point> points, float width, Color color) {
  std::vector<Point> mapped;
  for (const Point p : points) mapped.push_back(Map(p));
  canvas_.StrokePolyline(mapped, width * scale_, color);
}

void Placement::Fill(std::span<const Point> corners, Color color) {
  std::vector<Point> mapped;
  for (const Point p : corners) mapped.push_back(Map(p));
  canvas_.FillPolygon(mapped, color);
}

void Placement::Ellipse(Point centre, float radius_x, float radius_y, float angle, Color color) {
  canvas_.FillEllipse(Map(centre), radius_x * scale_ * squeeze_, radius_y * scale_,
                      mirror_ * angle + tilt_, color);
}

void Placement::Disc(Point centre, float radius, Color color) {
  Ellipse(centre, radius, radius, 0, color);
}

void Placement::Ring(Point centre, float radius, float width, Color color) {
  constexpr int kSteps = 28;
  std::vector<Point> points;
  for (int i = 0; i <= kSteps; ++i) {
    const float angle = 2 * kPi * static_cast<float>(i) / kSteps;
    points.push_back({centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
  }
  Path(points, width, color);
}

void DrawBackground(Canvas& canvas, Random& random) {
  if (random.Chance(0.4f)) {
    DrawStudio(canvas, random);
  } else {
    DrawOutdoors(canvas, random);
  }
}

void DrawRider(Placement& place, Random& random, Point seat, Point hands) {
  const Color clothes = RandomColor(random);
  const Color legs = RandomColor(random);
  const Color skin = {random.Uniform(0.35f, 0.95f), random.Uniform(0.3f, 0.75f),
                      random.Uniform(0.2f, 0.6f), 1};
  const Point shoulder = {seat.x + random.Uniform(0.08f, 0.28f),
                          seat.y - random.Uniform(0.38f, 0.5f)};
  const Point knee = {seat.x + random.Uniform(0.2f, 0.3f), seat.y + random.Uniform(0.05f, 0.2f)};
  const Point foot = {knee.x - random.Uniform(0, 0.12f), random.Uniform(0.05f, 0.2f)};
  place.Line(seat, shoulder, random.Uniform(0.14f, 0.22f), clothes);
  place.Line(shoulder, hands, 0.08f, clothes);
  const Point leg[] = {seat, knee, foot};
  place.Path(leg, 0.1f, legs);
  place.Disc({shoulder.x + 0.06f, shoulder.y - 0.17f}, random.Uniform(0.09f, 0.12f),
             random.Chance(0.5f) ? skin : RandomColor(random));
}

}  // namespace scones::vision::detail

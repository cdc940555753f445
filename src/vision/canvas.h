// A small antialiased painter: what draws charts and the generated data set.
// Coordinates are pixels, y down; a pixel's centre is at +0.5. One thread a canvas; no failures:
// what lies outside is clipped, and shapes with NaN or infinite coordinates are not drawn.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vision/image.h"

namespace scones::vision {

struct Point {
  float x = 0;
  float y = 0;
};

// Each in 0..1; `a` is opacity.
struct Color {
  float r = 0;
  float g = 0;
  float b = 0;
  float a = 1;
};

// 0xRRGGBB.
Color FromHex(std::uint32_t rgb, float opacity = 1);

class Canvas {
 public:
  // Requires width > 0 and height > 0.
  Canvas(int width, int height, Color background);

  int width() const { return width_; }
  int height() const { return height_; }

  void FillRect(float x, float y, float width, float height, Color color);
  // From `top` above to `bottom` below, the whole width, between two rows.
  void FillGradient(float from_y, float to_y, Color top, Color bottom);
  // Simple or not, by the even-odd rule. Meant for tens of corners.
  void FillPolygon(std::span<const Point> corners, Color color);
  // `angle` in radians.
  void FillEllipse(Point centre, float radius_x, float radius_y, float angle, Color color);
  void StrokeCircle(Point centre, float radius, float line_width, Color color);
  // Round ends and joints; a pixel that several parts touch is painted once.
  void StrokeLine(Point from, Point to, float line_width, Color color);
  void StrokePolyline(std::span<const Point> points, float line_width, Color color);
  // Each pixel of `image` becomes a square of `scale`, its corner at (x, y).
  void DrawImage(const Image& image, int x, int y, int scale);

  // Averages squares of `shrink` pixels: width and height are divided by it, rounded down.
  Image ToImage(int shrink = 1) const;

 private:
  template <class Distance>
  void Paint(float left, float top, float right, float bottom, Color color, Distance distance);
  void Blend(int x, int y, Color color, float coverage);

  int width_;
  int height_;
  std::vector<float> pixels_;  // RGB, 0..1
  std::vector<float> mask_;    // coverage of the polyline being stroked; all 0 between calls
};

}  // namespace scones::vision

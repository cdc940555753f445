#include "vision/canvas.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace scones::vision {
namespace {

bool Finite(std::span<const Point> points) {
  return std::all_of(points.begin(), points.end(),
                     [](Point p) { return std::isfinite(p.x) && std::isfinite(p.y); });
}

float SegmentDistance(Point p, Point a, Point b) {
  const float dx = b.x - a.x;
  const float dy = b.y - a.y;
  const float length = dx * dx + dy * dy;
  const float along =
      length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0f, 1.0f) : 0.0f;
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

// How much of a pixel lies inside an edge whose signed distance (inside below 0) is `distance`.
float Coverage(float distance) { return std::clamp(0.5f - distance, 0.0f, 1.0f); }

// The whole pixels from `low` to `high`, within 0..limit. Bounds may lie far outside.
struct Range {
  int from;
  int to;
};
Range Clip(float low, float high, int limit) {
  const auto edge = static_cast<float>(limit);
  return {static_cast<int>(std::clamp(std::floor(low), 0.0f, edge)),
          static_cast<int>(std::clamp(std::ceil(high), 0.0f, edge))};
}

}  // namespace

Color FromHex(std::uint32_t rgb, float opacity) {
  return {static_cast<float>(rgb >> 16 & 255) / 255.0f, static_cast<float>(rgb >> 8 & 255) / 255.0f,
          static_cast<float>(rgb & 255) / 255.0f, opacity};
}

Canvas::Canvas(int width, int height, Color background) : width_(width), height_(height) {
  SCONES_CHECK(width > 0 && height > 0);
  const std::size_t count = std::size_t{1} * width * height;
  pixels_.resize(3 * count);
  mask_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    pixels_[3 * i] = background.r;
    pixels_[3 * i + 1] = background.g;
    pixels_[3 * i + 2] = background.b;
  }
}

void Canvas::Blend(int x, int y, Color color, float coverage) {
  const float share = coverage * color.a;
  if (share <= 0) return;
  float* pixel = pixels_.data() + 3 * (std::size_t{1} * y * width_ + x);
  pixel[0] += (color.r - pixel[0]) * share;
  pixel[1] += (color.g - pixel[1]) * share;
  pixel[2] += (color.b - pixel[2]) * share;
}

template <class Distance>
void Canvas::Paint(float left, float top, float right, float bottom, Color color,
                   Distance distance) {
  const Range columns = Clip(left - 1, right + 1, width_);
  const Range rows = Clip(top - 1, bottom + 1, height_);
  for (int y = rows.from; y < rows.to; ++y) {
    for (int x = columns.from; x < columns.to; ++x) {
      const Point centre{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
      Blend(x, y, color, Coverage(distance(centre)));
    }
  }
}

void Canvas::FillRect(float x, float y, float width, float height, Color color) {
  const Point corners[] = {{x, y}, {x + width, y + height}};
  if (!Finite(corners) || width <= 0 || height <= 0) return;
  const Range columns = Clip(x, x + width, width_);
  const Range rows = Clip(y, y + height, height_);
  const auto overlap = [](int pixel, float low, float high) {
    const auto at = static_cast<float>(pixel);
    return std::max(0.0f, std::min(at + 1, high) - std::max(at, low));
  };
  for (int row = rows.from; row < rows.to; ++row) {
    const float share = overlap(row, y, y + height);
    for (int column = columns.from; column < columns.to; ++column) {
      Blend(column, row, color, share * overlap(column, x, x + width));
    }
  }
}

void Canvas::FillGradient(float from_y, float to_y, Color top, Color bottom) {
  const Range rows = Clip(from_y, to_y, height_);
  for (int y = rows.from; y < rows.to; ++y) {
    const float t = std::clamp((static_cast<float>(y) - from_y) / (to_y - from_y), 0.0f, 1.0f);
    const Color color{top.r + (bottom.r - top.r) * t, top.g + (bottom.g - top.g) * t,
                      top.b + (bottom.b - top.b) * t, top.a + (bottom.a - top.a) * t};
    for (int x = 0; x < width_; ++x) Blend(x, y, color, 1);
  }
}

void Canvas::FillPolygon(std::span<const Point> corners, Color color) {
  if (corners.size() < 3 || !Finite(corners)) return;
  const auto [left, right] = std::minmax_element(corners.begin(), corners.end(),
                                                 [](Point a, Point b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(corners.begin(), corners.end(),
                                                 [](Point a, Point b) { return a.y < b.y; });
  Paint(left->x, top->y, right->x, bottom->y, color, [corners](Point p) {
    float nearest = SegmentDistance(p, corners.back(), corners.front());
    bool inside = false;
    for (std::size_t i = 0, before = corners.size() - 1; i < corners.size(); before = i++) {
      const Point a = corners[before];
      const Point b = corners[i];
      nearest = std::min(nearest, SegmentDistance(p, a, b));
      const bool crosses = (a.y > p.y) != (b.y > p.y);
      if (crosses && p.x < a.x + (p.y - a.y) * (b.x - a.x) / (b.y - a.y)) inside = !inside;
    }
    return inside ? -nearest : nearest;
  });
}

void Canvas::FillEllipse(Point centre, float radius_x, float radius_y, float angle, Color color) {
  const Point checked[] = {centre, {radius_x, radius_y}, {angle, 0}};
  if (!Finite(checked) || radius_x <= 0 || radius_y <= 0) return;
  const float c = std::cos(angle);
  const float s = std::sin(angle);
  const float reach = std::max(radius_x, radius_y);
  Paint(centre.x - reach, centre.y - reach, centre.x + reach, centre.y + reach, color,
        [=](Point p) {
          const float x = ((p.x - centre.x) * c + (p.y - centre.y) * s) / radius_x;
          const float y = ((p.y - centre.y) * c - (p.x - centre.x) * s) / radius_y;
          const float length = std::hypot(x, y);
          // To first order: the level's value over the length of its gradient.
          const float slope = std::hypot(x / radius_x, y / radius_y);
          return slope > 0 ? (length - 1) * length / slope : -std::min(radius_x, radius_y);
        });
}

void Canvas::StrokeCircle(Point centre, float radius, float line_width, Color color) {
  const Point checked[] = {centre, {radius, line_width}};
  if (!Finite(checked)) return;
  const float reach = radius + line_width / 2;
  Paint(centre.x - reach, centre.y - reach, centre.x + reach, centre.y + reach, color,
        [=](Point p) {
          return std::abs(std::hypot(p.x - centre.x, p.y - centre.y) - radius) - line_width / 2;
        });
}

void Canvas::StrokeLine(Point from, Point to, float line_width, Color color) {
  const Point points[] = {from, to};
  StrokePolyline(points, line_width, color);
}

void Canvas::StrokePolyline(std::span<const Point> points, float line_width, Color color) {
  if (points.empty() || !Finite(points)) return;
  const float reach = line_width / 2 + 1;
  // The part of the mask that was touched, to composite and clear.
  Range all_columns{width_, 0};
  Range all_rows{height_, 0};
  for (std::size_t i = 0; i < std::max<std::size_t>(points.size() - 1, 1); ++i) {
    const Point a = points[i];
    const Point b = points[std::min(i + 1, points.size() - 1)];
    const Range columns = Clip(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach, width_);
    const Range rows = Clip(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, height_);
    for (int y = rows.from; y < rows.to; ++y) {
      for (int x = columns.from; x < columns.to; ++x) {
        const Point centre{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
        float& cell = mask_[std::size_t{1} * y * width_ + x];
        cell = std::max(cell, Coverage(SegmentDistance(centre, a, b) - line_width / 2));
      }
    }
    all_columns = {std::min(all_columns.from, columns.from), std::max(all_columns.to, columns.to)};
    all_rows = {std::min(all_rows.from, rows.from), std::max(all_rows.to, rows.to)};
  }
  for (int y = all_rows.from; y < all_rows.to; ++y) {
    for (int x = all_columns.from; x < all_columns.to; ++x) {
      float& cell = mask_[std::size_t{1} * y * width_ + x];
      Blend(x, y, color, cell);
      cell = 0;
    }
  }
}

void Canvas::DrawImage(const Image& image, int x, int y, int scale) {
  for (int row = 0; row < image.height * scale; ++row) {
    for (int column = 0; column < image.width * scale; ++column) {
      if (x + column < 0 || x + column >= width_ || y + row < 0 || y + row >= height_) continue;
      const std::uint8_t* from = image.At(column / scale, row / scale);
      const Color color{from[0] / 255.0f, from[1] / 255.0f, from[2] / 255.0f, 1};
      Blend(x + column, y + row, color, 1);
    }
  }
}

Image Canvas::ToImage(int shrink) const {
  Image image(std::max(width_ / shrink, 1), std::max(height_ / shrink, 1));
  const float scale = 255.0f / static_cast<float>(shrink * shrink);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        float sum = 0;
        for (int i = 0; i < shrink * shrink; ++i) {
          const int from_x = std::min(x * shrink + i % shrink, width_ - 1);
          const int from_y = std::min(y * shrink + i / shrink, height_ - 1);
          sum += pixels_[3 * (std::size_t{1} * from_y * width_ + from_x) + c];
        }
        image.At(x, y)[c] = static_cast<std::uint8_t>(std::clamp(sum * scale + 0.5f, 0.0f, 255.0f));
      }
    }
  }
  return image;
}

}  // namespace scones::vision

// A chart as a list of shapes, drawn by two backends: SVG for the page, PNG for files. Shapes name
// their colours, so that the page can follow the reader's light or dark mode. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "vision/canvas.h"
#include "vision/image.h"

namespace scones::monitoring::detail {

// Colours by meaning. Classes take kClass + index, repeating after kClassCount.
enum Paint : int {
  kPanel,
  kText,
  kMuted,
  kGrid,
  kThreshold,
  kMean,
  kAbove,
  kBelow,
  kClass,
};
constexpr int kClassCount = 8;
constexpr int kPaintCount = kClass + kClassCount;

struct PaintColors {
  const char* name;  // in the page's style sheet
  unsigned light;    // 0xRRGGBB
  unsigned dark;
};
const PaintColors& ColorsOf(int paint);
int ClassPaint(int class_index);

struct Rect {
  float x, y, width, height;
  int paint;
  float opacity = 1;
};
struct Line {
  std::vector<vision::Point> points;
  float width;
  int paint;
  bool dashed = false;
};
struct Dot {
  float x, y, radius;
  int paint;
  float opacity = 1;
};
enum class Anchor { kStart, kMiddle, kEnd };
struct Text {
  float x, y;  // of the baseline
  std::string text;
  float size = 12;
  Anchor anchor = Anchor::kStart;
  int paint = kText;
  bool bold = false;
};
// Drawn with square pixels in a square of `side`, its longer side filling it.
struct Picture {
  float x, y, side;
  vision::Image image;
};
using Shape = std::variant<Rect, Line, Dot, Text, Picture>;

struct Chart {
  std::string name;  // of the PNG file, without ending
  std::string title;
  std::string description;  // one or two sentences with the numbers that matter
  int width = 960;
  int height = 0;
  std::vector<Shape> shapes;
};

// An <svg> element with role, title and description; text is escaped.
std::string ToSvg(const Chart& chart);
// With the title on top, in the light colours, at twice the chart's size.
std::string ToPng(const Chart& chart);

// &, <, >, ", ' as entities; control characters other than newline and tab as U+FFFD.
std::string EscapeHtml(std::string_view text);

}  // namespace scones::monitoring::detail

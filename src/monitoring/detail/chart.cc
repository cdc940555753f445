#include "monitoring/detail/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/encoding.h"
#include "monitoring/detail/stroke_font.h"
#include "vision/image_codec.h"

namespace scones::monitoring::detail {
namespace {

using vision::Canvas;
using vision::Color;
using vision::Point;

constexpr PaintColors kPaints[kPaintCount] = {
    {"panel", 0xffffff, 0x171a1f}, {"text", 0x1c2026, 0xe8eaed},      {"muted", 0x5a6472, 0xa3acb8},
    {"grid", 0xdfe3e8, 0x333a44},  {"threshold", 0xb42318, 0xff8a7a}, {"mean", 0x1c2026, 0xf4f5f7},
    {"above", 0x2a7f62, 0x5cc79f}, {"below", 0xd9622b, 0xff9a62},     {"c0", 0x2563ae, 0x74aef5},
    {"c1", 0xc2571a, 0xffa566},    {"c2", 0x2a7f62, 0x5cc79f},        {"c3", 0x7a4bc2, 0xbb9af7},
    {"c4", 0xb02a6f, 0xf48fbf},    {"c5", 0x0e7490, 0x67d1e8},        {"c6", 0x8a6410, 0xe0bd5a},
    {"c7", 0x4b5563, 0xaab4c2},
};
constexpr float kDash = 7;
constexpr float kScale = 2;         // of PNG files
constexpr float kTitleHeight = 44;  // above the chart, in PNG files

const char* AnchorName(Anchor anchor) {
  switch (anchor) {
    case Anchor::kStart:
      return "start";
    case Anchor::kMiddle:
      return "middle";
    case Anchor::kEnd:
      return "end";
  }
  return "";
}

struct SvgWriter {
  std::string& out;

  void operator()(const Rect& rect) const {
    out += fmt::format(
        "<rect class=\"f-{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\" opacity=\"{:.2f}\"/>",
        ColorsOf(rect.paint).name, rect.x, rect.y, rect.width, rect.height, rect.opacity);
  }
  void operator()(const Line& line) const {
    out += fmt::format("<polyline class=\"s-{}\" stroke-width=\"{:.1f}\"{} points=\"",
                       ColorsOf(line.paint).name, line.width,
                       line.dashed ? " stroke-dasharray=\"7 7\"" : "");
    for (const Point& p : line.points) out += fmt::format("{:.1f},{:.1f} ", p.x, p.y);
    out += "\"/>";
  }
  void operator()(const Dot& dot) const {
    out += fmt::format(
        "<circle class=\"f-{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" opacity=\"{:.2f}\"/>",
        ColorsOf(dot.paint).name, dot.x, dot.y, dot.radius, dot.opacity);
  }
  void operator()(const Text& text) const {
    out += fmt::format(
        "<text class=\"f-{}\" x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.0f}\" "
        "text-anchor=\"{}\"{}>{}</text>",
        ColorsOf(text.paint).name, text.x, text.y, text.size, AnchorName(text.anchor),
        text.bold ? " font-weight=\"600\"" : "", EscapeHtml(text.text));
  }
  void operator()(const Picture& picture) const {
    out += fmt::format(
        "<image x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{2:.1f}\" "
        "href=\"data:image/png;base64,{3}\"/>",
        picture.x, picture.y, picture.side, Base64Encode(vision::EncodePng(picture.image)));
  }
};

struct CanvasWriter {
  Canvas& canvas;
  Point origin;

  Point Map(float x, float y) const { return {(x + origin.x) * kScale, (y + origin.y) * kScale}; }
  static Color ColorFor(int paint, float opacity) {
    return vision::FromHex(ColorsOf(paint).light, opacity);
  }

  void operator()(const Rect& rect) const {
    const Point corner = Map(rect.x, rect.y);
    canvas.FillRect(corner.x, corner.y, rect.width * kScale, rect.height * kScale,
                    ColorFor(rect.paint, rect.opacity));
  }
  void operator()(const Line& line) const {
    std::vector<Point> points;
    for (const Point& p : line.points) points.push_back(Map(p.x, p.y));
    const Color color = ColorFor(line.paint, 1);
    if (!line.dashed) return canvas.StrokePolyline(points, line.width * kScale, color);
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      const Point a = points[i];
      const Point b = points[i + 1];
      const float length = std::hypot(b.x - a.x, b.y - a.y);
      const auto at = [&](float d) {
        const float t = length > 0 ? std::min(d / length, 1.0f) : 0;
        return Point{a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
      };
      for (float d = 0; d < length; d += 2 * kDash * kScale) {
        canvas.StrokeLine(at(d), at(d + kDash * kScale), line.width * kScale, color);
      }
    }
  }
  void operator()(const Dot& dot) const {
    canvas.FillEllipse(Map(dot.x, dot.y), dot.radius * kScale, dot.radius * kScale, 0,
                       ColorFor(dot.paint, dot.opacity));
  }
  void operator()(const Text& text) const {
    Point start = Map(text.x, text.y);
    const float width = TextWidth(text.text, text.size * kScale);
    if (text.anchor == Anchor::kMiddle) start.x -= width / 2;
    if (text.anchor == Anchor::kEnd) start.x -= width;
    DrawText(canvas, start, text.text, text.size * kScale,
             text.bold ? Weight::kBold : Weight::kNormal, ColorFor(text.paint, 1));
  }
  void operator()(const Picture& picture) const {
    const vision::Image& image = picture.image;
    const auto side = static_cast<int>(picture.side * kScale);
    const int longer = std::max(image.width, image.height);
    const Point corner = Map(picture.x, picture.y);
    const auto x = static_cast<int>(corner.x);
    const auto y = static_cast<int>(corner.y);
    if (longer <= side) {
      const int scale = side / longer;
      canvas.DrawImage(image, x + (side - image.width * scale) / 2,
                       y + (side - image.height * scale) / 2, scale);
      return;
    }
    const vision::Image small = vision::Resize(image, std::max(1, image.width * side / longer),
                                               std::max(1, image.height * side / longer));
    canvas.DrawImage(small, x + (side - small.width) / 2, y + (side - small.height) / 2, 1);
  }
};

}  // namespace

const PaintColors& ColorsOf(int paint) { return kPaints[paint]; }

int ClassPaint(int class_index) { return kClass + class_index % kClassCount; }

std::string ToSvg(const Chart& chart) {
  std::string out = fmt::format(
      "<svg role=\"img\" aria-labelledby=\"{0}-t {0}-d\" viewBox=\"0 0 {1} {2}\">"
      "<title id=\"{0}-t\">{3}</title><desc id=\"{0}-d\">{4}</desc>",
      chart.name, chart.width, chart.height, EscapeHtml(chart.title),
      EscapeHtml(chart.description));
  for (const Shape& shape : chart.shapes) std::visit(SvgWriter{out}, shape);
  return out + "</svg>";
}

std::string ToPng(const Chart& chart) {
  constexpr float kMargin = 12;
  Canvas canvas(
      static_cast<int>((static_cast<float>(chart.width) + 2 * kMargin) * kScale),
      static_cast<int>((static_cast<float>(chart.height) + kTitleHeight + kMargin) * kScale),
      vision::FromHex(ColorsOf(kPanel).light));
  const CanvasWriter writer{canvas, {kMargin, kTitleHeight}};
  writer(Text{.x = 4, .y = 26 - kTitleHeight, .text = chart.title, .size = 17, .bold = true});
  for (const Shape& shape : chart.shapes) std::visit(writer, shape);
  return vision::EncodePng(canvas.ToImage());
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "\xef\xbf\xbd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

}  // namespace scones::monitoring::detail

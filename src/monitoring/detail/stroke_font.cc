#include "monitoring/detail/stroke_font.h"

#include <cstdint>
#include <vector>

namespace scones::monitoring::detail {
namespace {

using vision::Point;

// One glyph: its width, then strokes. A stroke is pairs of hexadecimal digits x y: y 0 is the top
// of capitals, 4 the top of small letters, c the baseline, f the lowest. Plain: straight lines.
// '~': a quadratic B-spline from the first to the last point. '@': a closed one, which touches the
// middles of its control polygon's sides.
struct Glyph {
  int width;
  const char* strokes;
};

constexpr Glyph kGlyphs[] = {
    {4, ""},                                  // space
    {0, "0008 0c0c"},                         // !
    {3, "0003 3033"},                         // "
    {7, "211c 615c 0474 0979"},               // #
    {8, "~82800006868c0c0a 404e"},            // $
    {9, "@30000434 @98686c9c 801c"},          // %
    {8, "~8c23206063070c5c87"},               // &
    {0, "0003"},                              // '
    {3, "~30020b3e"},                         // (
    {3, "~00323b0e"},                         // )
    {6, "3137 0266 6206"},                    // *
    {6, "0868 353b"},                         // +
    {1, "1b0e"},                              // ,
    {5, "0858"},                              // -
    {0, "0c0c"},                              // .
    {5, "500d"},                              // /
    {7, "@70000c7c"},                         // 0
    {5, "13404c"},                            // 1
    {7, "~030070750c 0c7c"},                  // 2
    {7, "~0200707636 ~36767c0c0a"},           // 3
    {7, "5c500878"},                          // 4
    {7, "601005 ~05747c0c0a"},                // 5
    {7, "@75050c7c ~600208"},                 // 6
    {7, "00702c"},                            // 7
    {7, "@60101666 @76060c7c"},               // 8
    {7, "@70000777 ~747a1c"},                 // 9
    {0, "0505 0c0c"},                         // :
    {1, "1515 1b0e"},                         // ;
    {6, "64086c"},                            // <
    {6, "0666 0a6a"},                         // =
    {6, "04680c"},                            // >
    {6, "~0300606636 3638 3c3c"},             // ?
    {10, "@a0000cac @73333979 737a"},         // @
    {8, "0c408c 2868"},                       // A
    {8, "000c ~004070764606 ~0646868c4c0c"},  // B
    {8, "~8280000c8c8a"},                     // C
    {8, "000c ~0040808c4c0c"},                // D
    {7, "70000c7c 0666"},                     // E
    {7, "70000c 0666"},                       // F
    {8, "~8280000c8c87 8757"},                // G
    {8, "000c 808c 0686"},                    // H
    {0, "000c"},                              // I
    {6, "~60666c0c09"},                       // J
    {8, "000c 8007 358c"},                    // K
    {7, "000c7c"},                            // L
    {10, "0c0059a0ac"},                       // M
    {8, "0c008c80"},                          // N
    {9, "@90000c9c"},                         // O
    {8, "0c00 ~004080874707"},                // P
    {9, "@90000c9c 599d"},                    // Q
    {8, "0c00 ~004080874707 478c"},           // R
    {8, "~82800006868c0c0a"},                 // S
    {8, "0080 404c"},                         // T
    {8, "~00050c8c8580"},                     // U
    {8, "004c80"},                            // V
    {12, "003c629cc0"},                       // W
    {8, "008c 800c"},                         // X
    {8, "004680 464c"},                       // Y
    {8, "00800c8c"},                          // Z
    {3, "30000e3e"},                          // [
    {5, "005d"},                              // backslash
    {3, "00303e0e"},                          // ]
    {6, "033063"},                            // ^
    {7, "0e7e"},                              // _
    {2, "0022"},                              // `
    {6, "@64040c6c 646c"},                    // a
    {6, "@64040c6c 000c"},                    // b
    {6, "~6664040c6c6a"},                     // c
    {6, "@64040c6c 606c"},                    // d
    {6, "0868 ~6864040c6c6a"},                // e
    {4, "~5020242c 0444"},                    // f
    {6, "@64040c6c ~646a6f1f0e"},             // g
    {6, "000c ~080464696c"},                  // h
    {0, "040c 0101"},                         // i
    {2, "~242a2f0f 2121"},                    // j
    {6, "000c 5409 276c"},                    // k
    {0, "000c"},                              // l
    {10, "040c ~080454595c ~5854a4a9ac"},     // m
    {6, "040c ~080464696c"},                  // n
    {6, "@64040c6c"},                         // o
    {6, "@64040c6c 040f"},                    // p
    {6, "@64040c6c 646f"},                    // q
    {4, "040c ~080444"},                      // r
    {6, "~65640408686c0c0b"},                 // s
    {5, "~21282c5c 0454"},                    // t
    {6, "~04080c6c68 646c"},                  // u
    {6, "043c64"},                            // v
    {10, "042c558ca4"},                       // w
    {6, "046c 640c"},                         // x
    {6, "043c 641f"},                         // y
    {6, "04640c6c"},                          // z
    {4, "40202607282e4e"},                    // {
    {0, "000e"},                              // |
    {4, "00202647282e0e"},                    // }
    {7, "~08154b78"},                         // ~
};
constexpr Glyph kBox = {7, "00707c0c00"};

constexpr float kUnit = 0.06f;  // of the size: 12 units are a capital's height
constexpr float kGap = 3.1f;    // units between glyphs
constexpr float kBaseline = 12;

// Takes the next code point's glyph off `text`.
const Glyph& NextGlyph(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  text.remove_prefix(1);
  if (lead >= 0x20 && lead < 0x7f) return kGlyphs[lead - 0x20];
  while (!text.empty() && (static_cast<std::uint8_t>(text.front()) & 0xc0) == 0x80) {
    text.remove_prefix(1);
  }
  return kBox;
}

float Digit(char c) { return static_cast<float>(c <= '9' ? c - '0' : c - 'a' + 10); }

Point Middle(Point a, Point b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

void AppendArc(Point from, Point control, Point to, std::vector<Point>& out) {
  constexpr int kSteps = 6;
  for (int i = 0; i <= kSteps; ++i) {
    const float t = static_cast<float>(i) / kSteps;
    const float a = (1 - t) * (1 - t);
    const float b = 2 * t * (1 - t);
    const float c = t * t;
    out.push_back({a * from.x + b * control.x + c * to.x, a * from.y + b * control.y + c * to.y});
  }
}

std::vector<Point> Smooth(const std::vector<Point>& control, bool closed) {
  std::vector<Point> out;
  const std::size_t count = control.size();
  if (closed) {
    for (std::size_t i = 0; i < count; ++i) {
      const Point at = control[i];
      AppendArc(Middle(control[(i + count - 1) % count], at), at,
                Middle(at, control[(i + 1) % count]), out);
    }
    return out;
  }
  for (std::size_t i = 1; i + 1 < count; ++i) {
    const Point from = i == 1 ? control[0] : Middle(control[i - 1], control[i]);
    const Point to = i + 2 == count ? control[i + 1] : Middle(control[i], control[i + 1]);
    AppendArc(from, control[i], to, out);
  }
  return out;
}

void DrawGlyph(vision::Canvas& canvas, Point origin, const Glyph& glyph, float unit, float line,
               vision::Color color) {
  std::string_view strokes = glyph.strokes;
  while (!strokes.empty()) {
    const std::size_t end = strokes.find(' ');
    std::string_view stroke = strokes.substr(0, end);
    strokes.remove_prefix(end == std::string_view::npos ? strokes.size() : end + 1);
    const char form = stroke.front() == '~' || stroke.front() == '@' ? stroke.front() : '\0';
    if (form != '\0') stroke.remove_prefix(1);
    std::vector<Point> points;
    for (std::size_t i = 0; i + 1 < stroke.size(); i += 2) {
      points.push_back({origin.x + Digit(stroke[i]) * unit,
                        origin.y + (Digit(stroke[i + 1]) - kBaseline) * unit});
    }
    if (form != '\0') points = Smooth(points, form == '@');
    canvas.StrokePolyline(points, line, color);
  }
}

}  // namespace

float TextWidth(std::string_view text, float size) {
  float units = 0;
  while (!text.empty()) units += static_cast<float>(NextGlyph(text).width) + kGap;
  return units * kUnit * size;
}

void DrawText(vision::Canvas& canvas, Point origin, std::string_view text, float size,
              Weight weight, vision::Color color) {
  const float unit = kUnit * size;
  const float line = size * (weight == Weight::kBold ? 0.13f : 0.09f);
  float x = origin.x + unit * kGap / 2;
  while (!text.empty()) {
    const Glyph& glyph = NextGlyph(text);
    DrawGlyph(canvas, {x, origin.y}, glyph, unit, line, color);
    x += (static_cast<float>(glyph.width) + kGap) * unit;
  }
}

}  // namespace scones::monitoring::detail

// A stroke font of our own for text in PNG charts: each glyph is a few lines and curves, drawn by
// the antialiased canvas, so one table serves every size. Covers printable ASCII; anything else is
// shown as a box, one for each code point. Pure.
#pragma once

#include <string_view>

#include "vision/canvas.h"

namespace scones::monitoring::detail {

enum class Weight { kNormal, kBold };

// In pixels, for a font of `size` pixels (capitals are 0.72 of that).
float TextWidth(std::string_view text, float size);

// Draws with the left end of the baseline at `origin`.
void DrawText(vision::Canvas& canvas, vision::Point origin, std::string_view text, float size,
              Weight weight, vision::Color color);

}  // namespace scones::monitoring::detail

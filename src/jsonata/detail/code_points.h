// A text as its code points, for pictures whose every character means something. Pure; safe from
// any thread.
#pragma once

#include <string>
#include <string_view>

namespace scones::jsonata {

std::u32string ToCodePoints(std::string_view utf8);
std::string FromCodePoints(std::u32string_view code_points);

// What JavaScript's \s matches: white space and line ends.
bool IsJsSpace(char32_t code_point);

}  // namespace scones::jsonata

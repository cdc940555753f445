// Sets of UTF-16 code units for regular expressions: \d, \w, [a-z] as ranges, and how PCRE2 reads
// them. Part of regex.h. Pure; safe from any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace scones::jsonata {

using UnitRange = std::pair<char16_t, char16_t>;  // both ends belong to it
using UnitSet = std::vector<UnitRange>;

// The set that \d, \D, \s, \S, \w or \W stands for; false: `letter` is none of these.
bool AppendClassEscape(char16_t letter, UnitSet& set);

// PCRE2's text for one code unit of `set`, or with `negated` for one outside it.
std::u16string ClassText(const UnitSet& set, bool negated, bool ignore_case);
std::u16string UnitText(char16_t unit, bool ignore_case);

}  // namespace scones::jsonata

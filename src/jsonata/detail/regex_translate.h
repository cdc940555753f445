// A JavaScript regular expression as one that means the same to PCRE2's 16-bit library. Part of
// regex.h. Pure; safe from any thread. Source: ECMAScript 2023 §22.2 with its annex B.1.2.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace scones::jsonata {

struct RegexFlags {
  bool ignore_case = false;
  bool multiline = false;
};

// To be compiled with PCRE2_ALLOW_EMPTY_CLASS off or on alike, PCRE2_MATCH_UNSET_BACKREF, and where
// case is ignored PCRE2_CASELESS and PCRE2_UCP. Errors: kInvalid, the bare complaint
// ("Nothing to repeat").
Result<std::u16string> TranslateRegex(std::u16string_view pattern, const RegexFlags& flags);

}  // namespace scones::jsonata

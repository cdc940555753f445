// What an event pattern may ask of one value: equality, prefix, suffix, anything-but, numeric,
// exists, equals-ignore-case, wildcard, cidr. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace scones::events {

// A test of a string's characters.
struct TextMatch {
  enum class Kind { kEquals, kPrefix, kSuffix, kWildcard } kind = Kind::kEquals;
  bool ignore_case = false;
  std::string text;  // in lower case where case doesn't count
};

struct ExactMatch {
  json::value value;  // null, boolean, number or string
};

struct NumericMatch {
  enum class Operator { kLess, kLessOrEqual, kEqual, kGreaterOrEqual, kGreater };
  std::vector<std::pair<Operator, double>> bounds;  // one or two, which all must hold
};

struct ExistsMatch {
  bool wanted = true;
};

struct CidrMatch {
  std::array<unsigned char, 16> address{};
  int family = 0;  // AF_INET or AF_INET6
  unsigned bits = 0;
};

// None of them matches.
struct AnythingBut {
  std::vector<std::variant<ExactMatch, TextMatch>> excluded;
};

using Matcher =
    std::variant<ExactMatch, TextMatch, NumericMatch, ExistsMatch, CidrMatch, AnythingBut>;

Error InvalidPattern(std::string_view reason);

bool IsMatcherName(std::string_view name);

// One item of a leaf's array; `field` is for messages. Errors: InvalidEventPatternException.
Result<Matcher> ParseMatcher(std::string_view field, const json::value& item);

// Of {"exists": …}: what it wants.
std::optional<bool> WantsExistence(const Matcher& matcher);

// `value` is a leaf of an event: null, boolean, number or string.
bool MatchesValue(const Matcher& matcher, const json::value& value);

}  // namespace scones::events

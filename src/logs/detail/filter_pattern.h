// CloudWatch's filter patterns for unstructured text: terms that must all occur, "quoted phrases",
// -terms that must not, ?terms of which one must. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::logs {

class FilterPattern {
 public:
  // Errors: kInvalid/InvalidParameterException for the pattern languages of JSON and of fields, and
  // for a quote that isn't closed.
  static Result<FilterPattern> Parse(std::string_view text);
  bool Matches(std::string_view message) const;

 private:
  std::vector<std::string> all_, any_, none_;
};

}  // namespace scones::logs

// Choice rules of JSONPath states: all comparison operators, And, Or, Not. Compiled once. Pure.
// Source: States Language specification, "Choice State".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asl/expression.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

enum class ChoiceFamily { kString, kNumeric, kBoolean, kTimestamp };
enum class ChoiceTest {
  kEquals,
  kLessThan,
  kGreaterThan,
  kLessThanEquals,
  kGreaterThanEquals,
  kStringMatches,
  kIsNull,
  kIsPresent,
  kIsNumeric,
  kIsString,
  kIsBoolean,
  kIsTimestamp,
};

struct ChoiceOperator {
  ChoiceTest test = ChoiceTest::kEquals;
  ChoiceFamily family = ChoiceFamily::kString;  // of the five orderings and kStringMatches
  bool path = false;                            // the operand is a path: NumericEqualsPath
};
// "NumericLessThanPath" and so on; nothing for another name.
std::optional<ChoiceOperator> FindChoiceOperator(std::string_view name);

struct ChoiceRule {
  enum class Kind { kAnd, kOr, kNot, kTest };
  Kind kind = Kind::kTest;
  std::vector<ChoiceRule> parts;
  // kTest only.
  Path variable;
  ChoiceOperator op;
  json::value operand;       // of the operator's type
  std::optional<Path> path;  // instead, when op.path

  // Errors: kNotFound when the variable or the operand's path names nothing (but not for
  // IsPresent).
  Result<bool> Holds(const Scope& scope) const;
};

// `pattern` with '*' for any characters; "\*" and "\\" stand for themselves.
bool MatchesPattern(std::string_view text, std::string_view pattern);

}  // namespace scones::asl

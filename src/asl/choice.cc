#include "asl/choice.h"

#include <fmt/format.h>

#include <utility>

#include "base/time.h"

namespace scones::asl {
namespace {

constexpr std::pair<std::string_view, ChoiceTest> kTypeTests[] = {
    {"IsNull", ChoiceTest::kIsNull},       {"IsPresent", ChoiceTest::kIsPresent},
    {"IsNumeric", ChoiceTest::kIsNumeric}, {"IsString", ChoiceTest::kIsString},
    {"IsBoolean", ChoiceTest::kIsBoolean}, {"IsTimestamp", ChoiceTest::kIsTimestamp}};
constexpr std::pair<std::string_view, ChoiceFamily> kFamilies[] = {
    {"String", ChoiceFamily::kString},
    {"Numeric", ChoiceFamily::kNumeric},
    {"Boolean", ChoiceFamily::kBoolean},
    {"Timestamp", ChoiceFamily::kTimestamp}};
constexpr std::pair<std::string_view, ChoiceTest> kOrderings[] = {
    {"Equals", ChoiceTest::kEquals},
    {"LessThan", ChoiceTest::kLessThan},
    {"GreaterThan", ChoiceTest::kGreaterThan},
    {"LessThanEquals", ChoiceTest::kLessThanEquals},
    {"GreaterThanEquals", ChoiceTest::kGreaterThanEquals}};

std::optional<Timestamp> AsTimestamp(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return std::nullopt;
  auto time = ParseIso8601(*text);
  if (!time) return std::nullopt;
  return *time;
}

template <class T>
std::optional<int> Order(const T& a, const T& b) {
  if (a < b) return -1;
  return b < a ? 1 : 0;
}

// Nothing where either value is not of the family's type: then no test of the family holds.
std::optional<int> Compare(ChoiceFamily family, const json::value& a, const json::value& b) {
  switch (family) {
    case ChoiceFamily::kString:
      if (!a.is_string() || !b.is_string()) return std::nullopt;
      return a.get_string().compare(b.get_string());
    case ChoiceFamily::kNumeric:
      if (!a.is_number() || !b.is_number()) return std::nullopt;
      if (a.is_int64() && b.is_int64()) return Order(a.get_int64(), b.get_int64());
      return Order(a.to_number<double>(), b.to_number<double>());
    case ChoiceFamily::kBoolean:
      if (!a.is_bool() || !b.is_bool()) return std::nullopt;
      return Order(a.get_bool(), b.get_bool());
    case ChoiceFamily::kTimestamp: {
      const auto left = AsTimestamp(a);
      const auto right = AsTimestamp(b);
      if (!left || !right) return std::nullopt;
      return Order(*left, *right);
    }
  }
  return std::nullopt;
}

bool Passes(ChoiceTest test, std::optional<int> order) {
  if (!order) return false;
  switch (test) {
    case ChoiceTest::kEquals:
      return *order == 0;
    case ChoiceTest::kLessThan:
      return *order < 0;
    case ChoiceTest::kGreaterThan:
      return *order > 0;
    case ChoiceTest::kLessThanEquals:
      return *order <= 0;
    case ChoiceTest::kGreaterThanEquals:
      return *order >= 0;
    case ChoiceTest::kStringMatches:
    case ChoiceTest::kIsNull:
    case ChoiceTest::kIsPresent:
    case ChoiceTest::kIsNumeric:
    case ChoiceTest::kIsString:
    case ChoiceTest::kIsBoolean:
    case ChoiceTest::kIsTimestamp:
      break;
  }
  return false;
}

bool HasType(ChoiceTest test, const json::value& value) {
  switch (test) {
    case ChoiceTest::kIsNull:
      return value.is_null();
    case ChoiceTest::kIsNumeric:
      return value.is_number();
    case ChoiceTest::kIsString:
      return value.is_string();
    case ChoiceTest::kIsBoolean:
      return value.is_bool();
    case ChoiceTest::kIsTimestamp:
      return AsTimestamp(value).has_value();
    default:
      return true;
  }
}

bool IsTypeTest(ChoiceTest test) { return test >= ChoiceTest::kIsNull; }

Error InvalidPath(const Path& path) {
  return Error(Code::kNotFound,
               fmt::format("Invalid path '{}': The choice state's condition path references an "
                           "invalid value.",
                           path.text()));
}

// A definite path's node in place; otherwise the nodes gathered in `gathered`.
Result<const json::value*> Lookup(const Path& path, const Scope& scope, json::value& gathered) {
  auto root = RootOf(path, scope);
  if (!root) return InvalidPath(path);
  if (path.definite()) {
    const json::value* node = path.Find(**root);
    if (node == nullptr) return InvalidPath(path);
    return node;
  }
  TRY(gathered, path.Evaluate(**root));
  return &gathered;
}

}  // namespace

std::optional<ChoiceOperator> FindChoiceOperator(std::string_view name) {
  if (name == "StringMatches") {
    return ChoiceOperator{ChoiceTest::kStringMatches, ChoiceFamily::kString, false};
  }
  for (const auto& [test_name, test] : kTypeTests) {
    if (name == test_name) return ChoiceOperator{test, ChoiceFamily::kBoolean, false};
  }
  for (const auto& [family_name, family] : kFamilies) {
    if (!name.starts_with(family_name)) continue;
    std::string_view rest = name.substr(family_name.size());
    const bool path = rest.ends_with("Path");
    if (path) rest.remove_suffix(4);
    for (const auto& [ordering_name, test] : kOrderings) {
      const bool ordered = family != ChoiceFamily::kBoolean || test == ChoiceTest::kEquals;
      if (rest == ordering_name && ordered) return ChoiceOperator{test, family, path};
    }
  }
  return std::nullopt;
}

bool MatchesPattern(std::string_view text, std::string_view pattern) {
  // Greedy with one point of return: the last '*' and how much it has taken.
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
      continue;
    }
    const bool escape = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t literal = escape ? p + 1 : p;
    if (t < text.size() && literal < pattern.size() && pattern[literal] == text[t]) {
      p = literal + 1;
      ++t;
      continue;
    }
    if (star == std::string_view::npos || taken >= text.size()) return false;
    p = star + 1;
    t = ++taken;
  }
  return true;
}

Result<bool> ChoiceRule::Holds(const Scope& scope) const {
  switch (kind) {
    case Kind::kAnd:
    case Kind::kOr: {
      for (const ChoiceRule& part : parts) {
        TRY(const bool holds, part.Holds(scope));
        if (holds == (kind == Kind::kOr)) return holds;
      }
      return kind == Kind::kAnd;
    }
    case Kind::kNot: {
      TRY(const bool holds, parts[0].Holds(scope));
      return !holds;
    }
    case Kind::kTest:
      break;
  }
  json::value gathered;
  auto found = Lookup(variable, scope, gathered);
  if (op.test == ChoiceTest::kIsPresent) {
    const bool present =
        found.has_value() && (variable.definite() || !gathered.get_array().empty());
    return present == operand.get_bool();
  }
  if (!found) return found.error();
  if (IsTypeTest(op.test)) return HasType(op.test, **found) == operand.get_bool();
  if (op.test == ChoiceTest::kStringMatches) {
    const json::string* text = (*found)->if_string();
    return text != nullptr && MatchesPattern(*text, operand.get_string());
  }
  json::value other;
  const json::value* right = &operand;
  if (path) {
    TRY(right, Lookup(*path, scope, other));
  }
  return Passes(op.test, Compare(op.family, **found, *right));
}

}  // namespace scones::asl

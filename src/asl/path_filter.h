// The condition of a JSONPath filter, [?(@.price < 10 && @.isbn)]. Part of path.h. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "asl/path.h"
#include "base/json.h"

namespace scones::asl {

struct PathFilter {
  enum class Kind { kAnd, kOr, kNot, kExists, kCompare };
  enum class Operator {
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIn,
    kNotIn
  };
  struct Operand {
    bool is_path = false;
    bool relative = false;  // "@…", else "$…"
    Path path;
    json::value literal;
  };

  Kind kind = Kind::kExists;
  std::vector<PathFilter> parts;  // kAnd, kOr, kNot
  Operator op = Operator::kEqual;
  Operand left;  // kExists, kCompare
  Operand right;

  // Whether `node` passes; `root` is what "$" means inside the filter.
  bool Matches(const json::value& node, const json::value& root) const;
};

}  // namespace scones::asl

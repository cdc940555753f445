#include "asl/path_filter.h"

#include <algorithm>
#include <optional>

namespace scones::asl {
namespace {

std::optional<json::value> Resolve(const PathFilter::Operand& operand, const json::value& node,
                                   const json::value& root) {
  if (!operand.is_path) return operand.literal;
  auto value = operand.path.Evaluate(operand.relative ? node : root);
  if (!value) return std::nullopt;
  return *std::move(value);
}

// Negative, zero or positive; nothing where the two have no order.
std::optional<int> Compare(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    const double left = a.to_number<double>();
    const double right = b.to_number<double>();
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (a.is_string() && b.is_string()) return a.get_string().compare(b.get_string());
  return std::nullopt;
}

bool Contains(const json::value& list, const json::value& wanted) {
  const json::array* array = list.if_array();
  return array != nullptr && std::any_of(array->begin(), array->end(), [&](const json::value& one) {
           return JsonEquals(one, wanted);
         });
}

bool Holds(PathFilter::Operator op, const std::optional<json::value>& left,
           const std::optional<json::value>& right) {
  using Operator = PathFilter::Operator;
  if (!left || !right) return op == Operator::kNotEqual || op == Operator::kNotIn;
  switch (op) {
    case Operator::kEqual:
      return JsonEquals(*left, *right);
    case Operator::kNotEqual:
      return !JsonEquals(*left, *right);
    case Operator::kIn:
      return Contains(*right, *left);
    case Operator::kNotIn:
      return !Contains(*right, *left);
    case Operator::kLess:
    case Operator::kLessOrEqual:
    case Operator::kGreater:
    case Operator::kGreaterOrEqual:
      break;
  }
  const std::optional<int> order = Compare(*left, *right);
  if (!order) return false;
  if (op == Operator::kLess) return *order < 0;
  if (op == Operator::kLessOrEqual) return *order <= 0;
  if (op == Operator::kGreater) return *order > 0;
  return *order >= 0;
}

}  // namespace

bool PathFilter::Matches(const json::value& node, const json::value& root) const {
  const auto matches = [&](const PathFilter& part) { return part.Matches(node, root); };
  switch (kind) {
    case Kind::kAnd:
      return std::all_of(parts.begin(), parts.end(), matches);
    case Kind::kOr:
      return std::any_of(parts.begin(), parts.end(), matches);
    case Kind::kNot:
      return !matches(parts[0]);
    case Kind::kExists: {
      const auto value = Resolve(left, node, root);
      if (!value) return false;
      return left.path.definite() || !value->get_array().empty();
    }
    case Kind::kCompare:
      return Holds(op, Resolve(left, node, root), Resolve(right, node, root));
  }
  return false;
}

}  // namespace scones::asl

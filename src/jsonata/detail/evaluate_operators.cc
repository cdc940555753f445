// Operators on values, constructors of arrays and objects, and grouping.

#include <cmath>
#include <unordered_map>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

std::string_view OperatorText(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kModulo:
      return "%";
    case Op::kEqual:
      return "=";
    case Op::kNotEqual:
      return "!=";
    case Op::kLess:
      return "<";
    case Op::kLessEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterEqual:
      return ">=";
    case Op::kConcatenate:
      return "&";
    case Op::kAnd:
      return "and";
    case Op::kOr:
      return "or";
    case Op::kIn:
      return "in";
    default:
      return "..";
  }
}

bool IsInteger(const Value& value) {
  return value.is_number() && std::isfinite(value.number()) &&
         value.number() == std::floor(value.number());
}

bool Holds(Op op, int order) {
  switch (op) {
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

Value Evaluator::Binary(const Node& node, const Value& input, Frame* frame) {
  const Value left = Evaluate(*node.lhs, input, frame);
  if (node.op == Op::kAnd && !IsTrue(left)) return Value::Bool(false);
  if (node.op == Op::kOr && IsTrue(left)) return Value::Bool(true);
  const Value right = Evaluate(*node.rhs, input, frame);
  try {
    switch (node.op) {
      case Op::kAnd:
      case Op::kOr:
        return Value::Bool(IsTrue(right));
      case Op::kEqual:
      case Op::kNotEqual:
        if (left.is_undefined() || right.is_undefined()) return Value::Bool(false);
        return Value::Bool(Equal(left, right) == (node.op == Op::kEqual));
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return Compare(node.op, left, right);
      case Op::kConcatenate:
        return ConcatenateText(left, right);
      case Op::kIn:
        return Value::Bool(Includes(left, right));
      case Op::kRange:
        return Range(left, right);
      default:
        return Arithmetic(node.op, left, right);
    }
  } catch (Failure& failure) {
    if (!failure.token) failure.token = OperatorText(node.op);
    throw;
  }
}

bool Evaluator::IsNumeric(const Value& value) const {
  if (!value.is_number() || std::isnan(value.number())) return false;
  if (std::isinf(value.number())) throw ValueFailure("D1001", "null");
  return true;
}

Value Evaluator::Arithmetic(Op op, const Value& left, const Value& right) {
  if (!left.is_undefined() && !IsNumeric(left)) throw ValueFailure("T2001", Shown(left));
  if (!right.is_undefined() && !IsNumeric(right)) throw ValueFailure("T2002", Shown(right));
  if (left.is_undefined() || right.is_undefined()) return Value();
  const double a = left.number();
  const double b = right.number();
  switch (op) {
    case Op::kAdd:
      return Value::Number(a + b);
    case Op::kSubtract:
      return Value::Number(a - b);
    case Op::kMultiply:
      return Value::Number(a * b);
    case Op::kDivide:
      return Value::Number(a / b);
    default:
      return Value::Number(std::fmod(a, b));
  }
}

Value Evaluator::Compare(Op op, const Value& left, const Value& right) {
  const auto comparable = [](const Value& value) {
    return value.is_undefined() || value.is_number() || value.is_string();
  };
  if (!comparable(left) || !comparable(right))
    throw ValueFailure("T2010", Shown(left.is_number() || left.is_string() ? right : left));
  if (left.is_undefined() || right.is_undefined()) return Value();
  if (left.kind() != right.kind()) {
    Failure failure = ValueFailure("T2009", Shown(left));
    failure.value2 = Shown(right);
    throw failure;
  }
  if (left.is_string()) return Value::Bool(Holds(op, CompareText(left.text(), right.text())));
  const double a = left.number();
  const double b = right.number();
  if (std::isnan(a) || std::isnan(b)) return Value::Bool(false);
  return Value::Bool(Holds(op, a < b ? -1 : a > b ? 1 : 0));
}

bool Evaluator::Includes(const Value& item, const Value& list) {
  if (item.is_undefined() || list.is_undefined()) return false;
  Value storage;
  const std::span<const Value> items = AsItems(list, storage);
  Charge(items.size() / 8);
  const bool is_container = item.is_array() || item.is_object();
  for (const Value& other : items) {
    if (!is_container && Equal(item, other)) return true;
  }
  return false;
}

Value Evaluator::ConcatenateText(const Value& left, const Value& right) {
  const auto text_of = [this](const Value& value, std::string& storage) -> std::string_view {
    if (value.is_undefined()) return {};
    if (value.is_string()) return value.text();
    storage = Text(value);
    return storage;
  };
  std::string left_storage;
  std::string right_storage;
  const std::string_view a = text_of(left, left_storage);
  const std::string_view b = text_of(right, right_storage);
  char* joined = static_cast<char*>(arena_.Allocate(a.size() + b.size()));
  std::copy(a.begin(), a.end(), joined);
  std::copy(b.begin(), b.end(), joined + a.size());
  return Value::String({joined, a.size() + b.size()});
}

Value Evaluator::Range(const Value& from, const Value& to) {
  if (!from.is_undefined() && !IsInteger(from)) throw ValueFailure("T2003", Shown(from));
  if (!to.is_undefined() && !IsInteger(to)) throw ValueFailure("T2004", Shown(to));
  if (from.is_undefined() || to.is_undefined() || from.number() > to.number()) return Value();
  const double size = to.number() - from.number() + 1;
  if (size > static_cast<double>(environment_.limits.max_range))
    throw ValueFailure("D2014", NumberText(size));
  Charge(static_cast<std::uint64_t>(size) / 16);
  Array* range = make_.NewSequence(static_cast<std::size_t>(size));
  for (double i = 0; i < size; ++i) make_.Append(*range, Value::Number(from.number() + i));
  return Value::Of(range);
}

Value Evaluator::Negate(const Node& node, const Value& input, Frame* frame) {
  const Value value = Evaluate(*node.lhs, input, frame);
  if (value.is_undefined()) return value;
  if (IsNumeric(value)) return Value::Number(-value.number());
  Failure failure = ValueFailure("D1002", Shown(value));
  failure.token = "-";
  throw failure;
}

Value Evaluator::ArrayConstructor(const Node& node, const Value& input, Frame* frame) {
  Array* array = make_.NewArray(node.items.size());
  array->constructed = node.array_constructor;
  for (const NodePtr& item : node.items) {
    const Value value = Evaluate(*item, input, frame);
    if (value.is_undefined()) continue;
    if (value.is_array() && item->type != NodeType::kArray) {
      make_.AppendAll(*array, Items(value).all());
    } else {
      make_.Append(*array, value);
    }
  }
  return Value::Of(array);
}

// Items whose key expression has the same text make one group, whose value expression is evaluated
// with all of them as the context.
Value Evaluator::GroupBy(const Pairs& pairs, const Value& input, Frame* frame) {
  struct Group {
    std::string_view key;
    std::size_t pair;
    Value data;
    Array* many = nullptr;
  };
  std::vector<Group> groups;
  std::unordered_map<std::string_view, std::size_t> by_key;
  Value storage;
  const bool tuples = input.is_array() && Items(input).tuple_stream;
  std::span<const Value> items = AsItems(input, storage);
  static const Value kNothing{};
  if (items.empty()) items = {&kNothing, 1};
  for (const Value& item : items) {
    const bool is_tuple = item.kind() == Value::Kind::kTuple;
    Frame* inner = is_tuple ? NewFrame(frame, item.tuple().bindings) : frame;
    for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
      const Value key = Evaluate(*pairs[pair].first, is_tuple ? item.tuple().value : item, inner);
      if (key.is_undefined()) continue;
      if (!key.is_string()) throw ValueFailure("T1003", Shown(key));
      const auto [found, added] = by_key.try_emplace(key.text(), groups.size());
      if (added) {
        groups.push_back({key.text(), pair, item});
        continue;
      }
      Group& group = groups[found->second];
      if (group.pair != pair) throw ValueFailure("D1009", Shown(key));
      if (group.many == nullptr) {
        group.many = make_.NewArray(4);
        group.many->tuple_stream = tuples;
        Value first;
        make_.AppendAll(*group.many, AsItems(group.data, first));
      }
      Value next;
      make_.AppendAll(*group.many, AsItems(item, next));
    }
  }
  Object* object = make_.NewObject();
  for (const Group& group : groups) {
    Value context = group.many != nullptr ? Value::Of(group.many) : group.data;
    Frame* inner = frame;
    if (tuples) {
      const Tuple tuple = group.many != nullptr                      ? ReduceTuples(*group.many)
                          : group.data.kind() == Value::Kind::kTuple ? group.data.tuple()
                                                                     : Tuple{group.data};
      context = tuple.value;
      inner = NewFrame(frame, tuple.bindings);
    }
    const Value value = Evaluate(*pairs[group.pair].second, context, inner);
    if (!value.is_undefined()) make_.Set(*object, group.key, value);
  }
  return Value::Of(object);
}

// One tuple of many: the values together, and so for each variable.
Tuple Evaluator::ReduceTuples(const Array& tuples) {
  struct Joined {
    NameId name;
    Array* values;
  };
  std::vector<Joined> joined;
  const auto add = [&](NameId name, const Value& value) {
    auto found = std::ranges::find(joined, name, &Joined::name);
    if (found == joined.end()) {
      joined.push_back({name, make_.NewArray(tuples.size)});
      found = joined.end() - 1;
    }
    Value storage;
    make_.AppendAll(*found->values, AsItems(value, storage));
  };
  for (const Value& item : tuples.all()) {
    add(kNoName, item.tuple().value);
    std::vector<NameId> seen;
    for (const Binding* b = item.tuple().bindings; b != nullptr; b = b->next) {
      if (std::ranges::find(seen, b->name) != seen.end()) continue;
      seen.push_back(b->name);
      add(b->name, b->value);
    }
  }
  Tuple tuple;
  for (const Joined& one : joined) {
    const Value value = one.values->size == 1 ? one.values->items[0] : Value::Of(one.values);
    if (one.name == kNoName) {
      tuple.value = value;
    } else {
      tuple.bindings = arena_.Make<Binding>(one.name, value, tuple.bindings);
    }
  }
  return tuple;
}

}  // namespace scones::jsonata::detail

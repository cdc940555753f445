// Array functions.

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

Value Append(Evaluator& evaluator, const Call& call) {
  return evaluator.Concatenate(call[0], call[1]);
}

// A new array of the same kind as `like`, with its items.
Array* Copy(Evaluator& evaluator, const Array& like) {
  Array* copy = evaluator.make().NewArray(like.size);
  evaluator.make().AppendAll(*copy, like.all());
  evaluator.Charge(like.size / 16);
  return copy;
}

Value Reverse(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined() || evaluator.Items(call[0]).size <= 1) return call[0];
  Array* reversed = Copy(evaluator, evaluator.Items(call[0]));
  std::reverse(reversed->items, reversed->items + reversed->size);
  return Value::Of(reversed);
}

Value Shuffle(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined() || evaluator.Items(call[0]).size <= 1) return call[0];
  Array* shuffled = Copy(evaluator, evaluator.Items(call[0]));
  const auto& random = evaluator.environment().random;
  for (std::size_t i = shuffled->size - 1; random && i > 0; --i)
    std::swap(shuffled->items[i], shuffled->items[random() % (i + 1)]);
  return Value::Of(shuffled);
}

// Equal values have equal hashes.
std::uint64_t Hash(Evaluator& evaluator, const Value& value, int depth) {
  if (depth > kMaxValueDepth) throw LimitFailure("A value is nested too deeply");
  evaluator.Charge(1);
  const std::hash<std::string_view> hash_text;
  const auto kind = static_cast<std::uint64_t>(value.kind());
  switch (value.kind()) {
    case Value::Kind::kBool:
      return kind * 31 + (value.boolean() ? 1 : 0);
    case Value::Kind::kNumber:
      return std::hash<double>()(value.number() == 0 ? 0.0 : value.number());
    case Value::Kind::kString:
      return hash_text(value.text());
    case Value::Kind::kArray: {
      std::uint64_t hash = kind;
      for (const Value& item : evaluator.Items(value).all())
        hash = std::rotl(hash, 7) * 31 + Hash(evaluator, item, depth + 1);
      return hash;
    }
    case Value::Kind::kObject: {
      std::uint64_t hash = kind;
      evaluator.EachMember(value, [&](std::string_view key, const Value& member) {
        hash += (hash_text(key) | 1) * (Hash(evaluator, member, depth + 1) | 1);
      });
      return hash;
    }
    default:
      return kind;
  }
}

Value Distinct(Evaluator& evaluator, const Call& call) {
  if (!call[0].is_array() || evaluator.Items(call[0]).size <= 1) return call[0];
  const Array& items = evaluator.Items(call[0]);
  Array* distinct = evaluator.make().NewArray();
  distinct->sequence = items.sequence;
  std::unordered_multimap<std::uint64_t, Value> seen;
  for (const Value& item : items.all()) {
    const std::uint64_t hash = Hash(evaluator, item, 0);
    const auto [first, last] = seen.equal_range(hash);
    const bool known = std::any_of(
        first, last, [&](const auto& entry) { return evaluator.Equal(entry.second, item); });
    if (known) continue;
    seen.emplace(hash, item);
    evaluator.make().Append(*distinct, item);
  }
  return Value::Of(distinct);
}

// Arrays of the first items, of the second ones, and so on, as far as the shortest argument goes.
Value Zip(Evaluator& evaluator, const Call& call) {
  Maker& make = evaluator.make();
  Array* zipped = make.NewArray();
  std::size_t length = call.arguments.empty() ? 0 : SIZE_MAX;
  for (const Value& argument : call.arguments)
    length = std::min(length, argument.is_array() ? evaluator.Items(argument).size : 0);
  for (std::size_t i = 0; i < length; ++i) {
    Array* row = make.NewArray(call.arguments.size());
    for (const Value& argument : call.arguments)
      make.Append(*row, evaluator.Items(argument).items[i]);
    make.Append(*zipped, Value::Of(row));
    evaluator.Charge(1);
  }
  return Value::Of(zipped);
}

bool AllAre(const Array& array, Value::Kind kind) {
  return std::ranges::all_of(array.all(),
                             [kind](const Value& item) { return item.kind() == kind; });
}

Value Sort(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const Array& items = evaluator.Items(call[0]);
  if (items.size <= 1) return call[0];
  const Value comparator = call[1];
  Array* sorted = Copy(evaluator, items);
  const std::span<Value> range(sorted->items, sorted->size);
  if (comparator.is_function()) {
    evaluator.Sort(range, [&](const Value& left, const Value& right) {
      const Value arguments[] = {left, right};
      return evaluator.IsTrue(evaluator.Apply(comparator.function(), arguments, Value::Null()));
    });
    return Value::Of(sorted);
  }
  if (AllAre(items, Value::Kind::kNumber)) {
    evaluator.Sort(range, [](const Value& left, const Value& right) {
      return left.number() > right.number();
    });
  } else if (AllAre(items, Value::Kind::kString)) {
    evaluator.Sort(range, [](const Value& left, const Value& right) {
      return CompareText(left.text(), right.text()) > 0;
    });
  } else {
    throw MakeFailure("D3070");
  }
  return Value::Of(sorted);
}

constexpr LibraryFunction kFunctions[] = {
    {"append", "<xx:a>", 2, Append},  {"reverse", "<a:a>", 1, Reverse},
    {"shuffle", "<a:a>", 1, Shuffle}, {"distinct", "<x:x>", 1, Distinct},
    {"zip", "<a+>", 0, Zip},          {"sort", "<af?:a>", 2, Sort},
};

}  // namespace

std::span<const LibraryFunction> ArrayFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail

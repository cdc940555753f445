// Functions that call functions.

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"

namespace scones::jsonata::detail {
namespace {

// Calls a function with an item, its position and all items, or with as many of the three as it
// takes; with the item in any case.
class Caller {
 public:
  Caller(Evaluator& evaluator, const Value& function, const Value& all)
      : evaluator_(evaluator),
        function_(function.function()),
        count_(std::clamp<std::size_t>(evaluator.Arity(function_), 1, 3)),
        all_(all) {}

  Value operator()(const Value& item, const Value& position) const {
    const Value arguments[] = {item, position, all_};
    return evaluator_.Apply(function_, std::span<const Value>(arguments).first(count_),
                            Value::Null());
  }

 private:
  Evaluator& evaluator_;
  const Function& function_;
  std::size_t count_;
  Value all_;
};

Value Position(std::size_t index) { return Value::Number(static_cast<double>(index)); }

Value Map(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const Array& items = evaluator.Items(call[0]);
  Array* results = evaluator.make().NewSequence(items.size);
  const Caller apply(evaluator, call[1], call[0]);
  for (std::size_t i = 0; i < items.size; ++i) {
    const Value result = apply(items.items[i], Position(i));
    if (!result.is_undefined()) evaluator.make().Append(*results, result);
  }
  return Value::Of(results);
}

Value Filter(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const Array& items = evaluator.Items(call[0]);
  Array* results = evaluator.make().NewSequence();
  const Caller apply(evaluator, call[1], call[0]);
  for (std::size_t i = 0; i < items.size; ++i) {
    if (evaluator.IsTrue(apply(items.items[i], Position(i))))
      evaluator.make().Append(*results, items.items[i]);
  }
  return Value::Of(results);
}

Value Single(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const Array& items = evaluator.Items(call[0]);
  const Value* single = nullptr;
  for (std::size_t i = 0; i < items.size; ++i) {
    if (call[1].is_function() &&
        !evaluator.IsTrue(Caller(evaluator, call[1], call[0])(items.items[i], Position(i))))
      continue;
    if (single != nullptr) throw MakeFailure("D3138");
    single = &items.items[i];
  }
  if (single == nullptr) throw MakeFailure("D3139");
  return *single;
}

Value Reduce(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const Array& items = evaluator.Items(call[0]);
  const Function& function = call[1].function();
  const std::size_t arity = evaluator.Arity(function);
  if (arity < 2) throw MakeFailure("D3050");
  Value result = call[2];
  std::size_t next = 0;
  if (result.is_undefined() && items.size > 0) result = items.items[next++];
  for (; next < items.size; ++next) {
    const Value arguments[] = {result, items.items[next], Position(next), call[0]};
    result = evaluator.Apply(
        function, std::span<const Value>(arguments).first(std::min<std::size_t>(arity, 4)),
        Value::Null());
  }
  return result;
}

Value Each(Evaluator& evaluator, const Call& call) {
  if (!call[0].is_object()) return Value();
  Array* results = evaluator.make().NewSequence();
  const Caller apply(evaluator, call[1], call[0]);
  evaluator.EachMember(call[0], [&](std::string_view key, const Value& value) {
    const Value result = apply(value, Value::String(key));
    if (!result.is_undefined()) evaluator.make().Append(*results, result);
  });
  return Value::Of(results);
}

// Undefined where nothing is left.
Value Sift(Evaluator& evaluator, const Call& call) {
  if (!call[0].is_object() || !call[1].is_function()) return Value();
  Object* kept = evaluator.make().NewObject();
  const Caller apply(evaluator, call[1], call[0]);
  evaluator.EachMember(call[0], [&](std::string_view key, const Value& value) {
    if (evaluator.IsTrue(apply(value, Value::String(key)))) evaluator.make().Set(*kept, key, value);
  });
  return kept->size > 0 ? Value::Of(kept) : Value();
}

constexpr LibraryFunction kFunctions[] = {
    {"map", "<af>", 2, Map},        {"filter", "<af>", 2, Filter},
    {"single", "<af?>", 2, Single}, {"reduce", "<afj?:j>", 3, Reduce},
    {"each", "<o-f:a>", 2, Each},   {"sift", "<o-f?:o>", 2, Sift},
};

}  // namespace

std::span<const LibraryFunction> HigherOrderFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail

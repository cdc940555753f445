// Location paths: steps over sequences, predicates, order-by, and tuple streams, which carry what
// "@", "#" and "%" bind along with each selected value.

#include <cmath>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"

namespace scones::jsonata::detail {
namespace {

// Whether a step is only a name, so that it can be looked up without more ado.
bool IsPlainName(const Node& step) {
  return step.type == NodeType::kName && step.predicates.empty() && !step.grouped &&
         !step.keep_array;
}

}  // namespace

Value Evaluator::Path(const Node& node, const Value& input, Frame* frame) {
  const Array* items = nullptr;
  if (input.is_array() && node.items[0]->type != NodeType::kVariable) {
    items = &Items(input);
  } else {
    Array* single = make_.NewSequence(1);
    make_.Append(*single, input);
    items = single;
  }
  const Array* selected = nullptr;
  const Array* tuples = nullptr;
  bool tuple_stream = false;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& step = *node.items[i];
    tuple_stream = tuple_stream || step.tuple;
    if (i == 0 && step.array_constructor) {
      Value storage;
      const Value made = Evaluate(step, Value::Of(items), frame);
      if (made.is_array()) {
        selected = &Items(made);
      } else {
        Array* sequence = make_.NewSequence();
        make_.AppendAll(*sequence, AsItems(made, storage));
        selected = sequence;
      }
    } else if (tuple_stream) {
      tuples = TupleStep(step, *items, tuples, frame);
    } else {
      selected = Step(step, *items, frame, i + 1 == node.items.size());
    }
    if (!tuple_stream && selected->size == 0) break;
    if (step.focus == kNoName && selected != nullptr) items = selected;
  }
  return FinishPath(node, selected, tuple_stream ? tuples : nullptr, frame);
}

Value Evaluator::FinishPath(const Node& node, const Array* selected, const Array* tuples,
                            Frame* frame) {
  if (tuples != nullptr) {
    if (node.tuple) {
      selected = tuples;
    } else {
      Array* values = make_.NewSequence(tuples->size);
      for (const Value& tuple : tuples->all()) make_.Append(*values, tuple.tuple().value);
      selected = values;
    }
  }
  if (node.keep_singleton_array && !(selected->sequence && selected->keep_singleton)) {
    Array* kept = nullptr;
    if (selected->constructed && !selected->sequence) {
      kept = make_.NewSequence(1);
      make_.Append(*kept, Value::Of(selected));
    } else {
      kept = arena_.Make<Array>(*selected);
      kept->capacity = kept->size;
    }
    kept->keep_singleton = true;
    selected = kept;
  }
  if (node.grouped)
    return GroupBy(node.pairs, Value::Of(tuples != nullptr ? tuples : selected), frame);
  return Value::Of(selected);
}

Value Evaluator::StepOnItem(const Node& step, const Value& item, Frame* frame) {
  Value result;
  if (IsPlainName(step)) {
    Charge(1);
    result = Lookup(item, step.text);
    if (const Array* array = result.is_array() ? result.own_array() : nullptr;
        array != nullptr && array->sequence)
      result = Finish(step, result);
  } else {
    result = Evaluate(step, item, frame);
  }
  for (const Stage& stage : step.stages) {
    if (stage.filter) result = Filter(*stage.filter, result, frame);
  }
  return result;
}

const Array* Evaluator::Step(const Node& step, const Array& input, Frame* frame, bool last) {
  if (step.type == NodeType::kSort) {
    const Array* sorted = SortStep(step, input, frame);
    return step.stages.empty() ? sorted : Stages(step, sorted, frame);
  }
  if (input.size == 1) {
    const Value result = StepOnItem(step, input.items[0], frame);
    if (result.is_array()) {
      const Array& array = Items(result);
      if (last && !array.sequence) return &array;
      if (!array.constructed) {
        Array* sequence = arena_.Make<Array>(array);
        *sequence = Array{array.items, array.size, array.size, true};
        return sequence;
      }
    }
    Array* sequence = make_.NewSequence(1);
    if (!result.is_undefined()) make_.Append(*sequence, result);
    return sequence;
  }
  // Only what is not undefined is a result; a single array that is no sequence stays as it is.
  Array* sequence = make_.NewSequence(input.size);
  const Array* only = nullptr;
  std::size_t results = 0;
  for (const Value& item : input.all()) {
    const Value result = StepOnItem(step, item, frame);
    if (result.is_undefined()) continue;
    ++results;
    if (result.is_array()) {
      const Array& array = Items(result);
      if (!array.sequence) only = &array;
      if (!array.constructed) {
        make_.AppendAll(*sequence, array.all());
        continue;
      }
    }
    make_.Append(*sequence, result);
  }
  return last && results == 1 && only != nullptr ? only : sequence;
}

void Evaluator::AddTuples(const Node& step, const Tuple& from, const Value& result, Array& out) {
  if (result.is_undefined()) return;
  Value storage;
  const std::span<const Value> items = AsItems(result, storage);
  for (std::size_t i = 0; i < items.size(); ++i) {
    Tuple tuple{items[i], from.bindings};
    const auto bind = [&](NameId name, Value value) {
      if (name != kNoName) tuple.bindings = arena_.Make<Binding>(name, value, tuple.bindings);
    };
    if (items[i].kind() == Value::Kind::kTuple) {
      const Tuple& inner = items[i].tuple();
      tuple.value = inner.value;
      std::vector<const Binding*> own;
      for (const Binding* b = inner.bindings; b != nullptr; b = b->next) own.push_back(b);
      for (auto b = own.rbegin(); b != own.rend(); ++b) bind((*b)->name, (*b)->value);
    } else {
      if (step.focus != kNoName) {
        bind(step.focus, items[i]);
        tuple.value = from.value;
      }
      bind(step.index, Value::Number(static_cast<double>(i)));
      if (step.ancestor) bind(step.ancestor->label, from.value);
    }
    make_.Append(out, Value::Of(arena_.Make<Tuple>(tuple)));
  }
}

const Array* Evaluator::TupleStep(const Node& step, const Array& input, const Array* tuples,
                                  Frame* frame) {
  Array* result = make_.NewSequence();
  result->tuple_stream = true;
  if (step.type == NodeType::kSort) {
    const Array* sorted = SortStep(step, tuples != nullptr ? *tuples : input, frame);
    for (std::size_t i = 0; i < sorted->size; ++i) {
      Tuple tuple = tuples != nullptr ? sorted->items[i].tuple() : Tuple{sorted->items[i]};
      if (step.index != kNoName) {
        tuple.bindings =
            arena_.Make<Binding>(step.index, Value::Number(static_cast<double>(i)), tuple.bindings);
      }
      make_.Append(*result, Value::Of(arena_.Make<Tuple>(tuple)));
    }
  } else if (tuples != nullptr) {
    for (const Value& item : tuples->all()) {
      const Tuple& tuple = item.tuple();
      AddTuples(step, tuple, Evaluate(step, tuple.value, NewFrame(frame, tuple.bindings)), *result);
    }
  } else {
    for (const Value& item : input.all())
      AddTuples(step, Tuple{item}, Evaluate(step, item, NewFrame(frame)), *result);
  }
  return step.stages.empty() ? result : Stages(step, result, frame);
}

const Array* Evaluator::Stages(const Node& step, const Array* input, Frame* frame) {
  for (const Stage& stage : step.stages) {
    if (stage.filter) {
      input = &Items(Filter(*stage.filter, Value::Of(input), frame));
      continue;
    }
    Array* numbered = make_.NewSequence(input->size);
    numbered->tuple_stream = true;
    for (std::size_t i = 0; i < input->size; ++i) {
      const Value& item = input->items[i];
      Tuple tuple = item.kind() == Value::Kind::kTuple ? item.tuple() : Tuple{item};
      tuple.bindings =
          arena_.Make<Binding>(stage.index, Value::Number(static_cast<double>(i)), tuple.bindings);
      make_.Append(*numbered, Value::Of(arena_.Make<Tuple>(tuple)));
    }
    input = numbered;
  }
  return input;
}

Value Evaluator::Filter(const Node& predicate, const Value& input, Frame* frame) {
  const Array* items = nullptr;
  if (input.is_array()) {
    items = &Items(input);
  } else {
    Array* single = make_.NewSequence(1);
    make_.Append(*single, input);
    items = single;
  }
  Array* results = make_.NewSequence();
  results->tuple_stream = items->tuple_stream;
  if (predicate.type != NodeType::kNumber) {
    FilterByExpression(predicate, *items, frame, *results);
    return Value::Of(results);
  }
  double index = std::floor(predicate.number);
  if (index < 0) index += static_cast<double>(items->size);
  if (index >= 0 && index < static_cast<double>(items->size)) {
    const Value item = items->items[static_cast<std::size_t>(index)];
    if (item.is_array()) return item;
    if (!item.is_undefined()) make_.Append(*results, item);
  }
  return Value::Of(results);
}

// Numbers select the items at those positions; anything else keeps the items for which it is true.
void Evaluator::FilterByExpression(const Node& predicate, const Array& input, Frame* frame,
                                   Array& out) {
  const auto size = static_cast<double>(input.size);
  for (std::size_t i = 0; i < input.size; ++i) {
    const Value item = input.items[i];
    Value context = item;
    Frame* inner = frame;
    if (item.kind() == Value::Kind::kTuple) {
      context = item.tuple().value;
      inner = NewFrame(frame, item.tuple().bindings);
    }
    const Value result = Evaluate(predicate, context, inner);
    Value storage;
    const std::span<const Value> indexes = AsItems(result, storage);
    const bool by_index =
        (result.is_array() || result.is_number()) &&
        std::ranges::all_of(indexes, [&](const Value& index) { return IsNumeric(index); });
    if (!by_index) {
      if (IsTrue(result)) make_.Append(out, item);
      continue;
    }
    Charge(indexes.size());
    for (const Value& index : indexes) {
      double position = std::floor(index.number());
      if (position < 0) position += size;
      if (position == static_cast<double>(i)) make_.Append(out, item);
    }
  }
}

// Whether the item with the keys `left` belongs after the one with the keys `right`.
bool Evaluator::ComesAfter(const Node& step, const Value* left, const Value* right) {
  for (std::size_t i = 0; i < step.terms.size(); ++i) {
    const Value& a = left[i];
    const Value& b = right[i];
    // What has no key comes last, in either direction.
    if (a.is_undefined() && b.is_undefined()) continue;
    if (a.is_undefined()) return true;
    if (b.is_undefined()) return false;
    const bool a_fits = a.is_number() || a.is_string();
    if (!a_fits || !(b.is_number() || b.is_string()))
      throw ValueFailure("T2008", Shown(a_fits ? b : a));
    if (a.kind() != b.kind()) {
      Failure failure = ValueFailure("T2007", Shown(a));
      failure.value2 = Shown(b);
      throw failure;
    }
    if (Equal(a, b)) continue;
    const bool less = IsTrue(Compare(Op::kLess, a, b));
    return step.terms[i].descending ? less : !less;
  }
  return false;
}

const Array* Evaluator::SortStep(const Node& step, const Array& input, Frame* frame) {
  if (input.size <= 1) return &input;
  struct Keyed {
    Value item;
    const Value* keys;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(input.size);
  for (const Value& item : input.all()) {
    const bool is_tuple = item.kind() == Value::Kind::kTuple;
    Frame* inner = is_tuple ? NewFrame(frame, item.tuple().bindings) : frame;
    const Value context = is_tuple ? item.tuple().value : item;
    auto* keys = static_cast<Value*>(arena_.Allocate(step.terms.size() * sizeof(Value)));
    for (std::size_t i = 0; i < step.terms.size(); ++i)
      new (&keys[i]) Value(Evaluate(*step.terms[i].expression, context, inner));
    keyed.push_back({item, keys});
  }
  Sort(std::span<Keyed>(keyed), [&](const Keyed& left, const Keyed& right) {
    return ComesAfter(step, left.keys, right.keys);
  });
  Array* sorted = make_.NewArray(input.size);
  sorted->tuple_stream = input.tuple_stream;
  for (const Keyed& entry : keyed) make_.Append(*sorted, entry.item);
  return sorted;
}

Value Evaluator::Wildcard(const Value& input) {
  const Value from = Unwrapped(input);
  Array* results = make_.NewSequence();
  const auto flatten = [&](const auto& self, const Value& value, int depth) -> void {
    if (depth > kMaxValueDepth) throw LimitFailure("A value is nested too deeply");
    Charge(1);
    if (!value.is_array()) {
      make_.Append(*results, value);
      return;
    }
    // Joined with the items of an array, it is an array and no sequence any more.
    results->sequence = false;
    for (const Value& item : Items(value).all()) self(self, item, depth + 1);
  };
  if (from.is_array()) {
    for (const Value& item : Items(from).all()) flatten(flatten, item, 0);
  } else if (from.is_object()) {
    EachMember(from, [&](std::string_view, const Value& value) { flatten(flatten, value, 0); });
  }
  return Value::Of(results);
}

Value Evaluator::Descendants(const Value& input) {
  if (input.is_undefined()) return Value();
  Array* results = make_.NewSequence();
  AddDescendants(input, *results, 0);
  return results->size == 1 ? results->items[0] : Value::Of(results);
}

void Evaluator::AddDescendants(const Value& value, Array& out, int depth) {
  if (depth > kMaxValueDepth) throw LimitFailure("A value is nested too deeply");
  Charge(1);
  if (value.is_array()) {
    for (const Value& item : Items(value).all()) AddDescendants(item, out, depth + 1);
    return;
  }
  make_.Append(out, value);
  if (value.is_object()) {
    EachMember(value, [&](std::string_view, const Value& member) {
      AddDescendants(member, out, depth + 1);
    });
  }
}

}  // namespace scones::jsonata::detail

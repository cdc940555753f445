// Object functions, and those that say what a value is or end the evaluation.

#include <algorithm>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"

namespace scones::jsonata::detail {
namespace {

// Of an array: of all objects in it, at any depth of arrays.
void AddKeys(Evaluator& evaluator, const Value& value, Object& keys, int depth) {
  if (depth > kMaxValueDepth) throw LimitFailure("A value is nested too deeply");
  if (value.is_array()) {
    for (const Value& item : evaluator.Items(value).all())
      AddKeys(evaluator, item, keys, depth + 1);
  } else if (value.is_object()) {
    evaluator.EachMember(value, [&](std::string_view key, const Value&) {
      evaluator.Charge(1);
      evaluator.make().Set(keys, key, Value::Null());
    });
  }
}

Value Keys(Evaluator& evaluator, const Call& call) {
  Object* keys = evaluator.make().NewObject();
  AddKeys(evaluator, call[0], *keys, 0);
  Array* names = evaluator.make().NewSequence(keys->size);
  for (const Member& member : keys->all())
    evaluator.make().Append(*names, Value::String(member.key));
  return Value::Of(names);
}

Value Lookup(Evaluator& evaluator, const Call& call) {
  return call[1].is_string() ? evaluator.Lookup(call[0], call[1].text()) : Value();
}

void AddSpread(Evaluator& evaluator, const Value& value, Array& out, int depth) {
  if (depth > kMaxValueDepth) throw LimitFailure("A value is nested too deeply");
  Maker& make = evaluator.make();
  if (value.is_array()) {
    for (const Value& item : evaluator.Items(value).all())
      AddSpread(evaluator, item, out, depth + 1);
  } else if (value.is_object()) {
    evaluator.EachMember(value, [&](std::string_view key, const Value& member) {
      Object* single = make.NewObject();
      make.Set(*single, key, member);
      make.Append(out, Value::Of(single));
    });
  } else if (!value.is_undefined()) {
    make.Append(out, value);
  }
}

// An object becomes one object for each of its members.
Value Spread(Evaluator& evaluator, const Call& call) {
  if (!call[0].is_array() && !call[0].is_object()) return call[0];
  Array* spread = evaluator.make().NewSequence();
  AddSpread(evaluator, call[0], *spread, 0);
  // What the items of an array become is joined to an array, which one item doesn't stand for.
  if (call[0].is_array() && spread->size > 0) spread->sequence = false;
  return Value::Of(spread);
}

Value Merge(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  Object* merged = evaluator.make().NewObject();
  for (const Value& item : evaluator.Items(call[0]).all()) {
    evaluator.EachMember(item, [&](std::string_view key, const Value& member) {
      evaluator.Charge(1);
      evaluator.make().Set(*merged, key, member);
    });
  }
  return Value::Of(merged);
}

Value Type(Evaluator& evaluator, const Call& call) {
  evaluator.IsNumeric(call[0]);  // fails for an infinite number
  return call[0].is_undefined() ? Value() : Value::String(TypeName(call[0]));
}

Value Clone(Evaluator& evaluator, const Call& call) {
  return call[0].is_undefined() ? Value() : evaluator.Clone(call[0]);
}

[[noreturn]] void Fail(std::string_view code, const Value& message) {
  Failure failure = MakeFailure(code);
  if (message.is_string()) failure.message = message.text();
  throw failure;
}

Value Error(Evaluator&, const Call& call) { Fail("D3137", call[0]); }

Value Assert(Evaluator&, const Call& call) {
  if (!call[0].is_bool() || !call[0].boolean()) Fail("D3141", call[1]);
  return Value();
}

constexpr LibraryFunction kFunctions[] = {
    {"keys", "<x-:a<s>>", 1, Keys},     {"lookup", "<x-s:x>", 2, Lookup},
    {"spread", "<x-:a<o>>", 1, Spread}, {"merge", "<a<o>:o>", 1, Merge},
    {"type", "<x:s>", 1, Type},         {"clone", "<(oa)-:o>", 1, Clone},
    {"error", "<s?:x>", 1, Error},      {"assert", "<bs?:x>", 2, Assert},
};

}  // namespace

std::span<const LibraryFunction> ObjectFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail

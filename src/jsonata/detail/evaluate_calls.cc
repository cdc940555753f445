// Functions: calling them, checking their arguments, partial application, chaining, transforms.

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

// What a message calls the function that `node` evaluates to.
std::string_view ProcedureName(const Node& node) {
  return node.type == NodeType::kPath ? node.items[0]->text : node.text;
}

char TypeSymbol(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return 'l';
    case Value::Kind::kBool:
      return 'b';
    case Value::Kind::kNumber:
      return 'n';
    case Value::Kind::kString:
      return 's';
    case Value::Kind::kArray:
      return 'a';
    case Value::Kind::kObject:
      return 'o';
    case Value::Kind::kFunction:
      return 'f';
    default:
      return 'm';
  }
}

std::string_view PluralOf(std::string_view subtype) {
  if (subtype == "a") return "arrays";
  if (subtype == "b") return "booleans";
  if (subtype == "f") return "functions";
  if (subtype == "n") return "numbers";
  if (subtype == "o") return "objects";
  if (subtype == "s") return "strings";
  return subtype;
}

}  // namespace

// `first`: an argument before those written, from "~>".
Value Evaluator::CallFunction(const Node& node, const Value& input, Frame* frame,
                              const Value* first) {
  const Value procedure = Evaluate(*node.lhs, input, frame);
  const std::string_view name = ProcedureName(*node.lhs);
  if (procedure.is_undefined() && node.lhs->type == NodeType::kPath &&
      !Named(name, frame).is_undefined())
    throw TokenFailure("T1005", name);
  const std::size_t extra = first != nullptr ? 1 : 0;
  const std::size_t count = node.items.size() + extra;
  auto* arguments = static_cast<Value*>(arena_.Allocate(count * sizeof(Value)));
  if (first != nullptr) new (&arguments[0]) Value(*first);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    new (&arguments[i + extra]) Value(Evaluate(*node.items[i], input, frame));
  if (!procedure.is_function()) throw TokenFailure("T1006", name);
  try {
    return Apply(procedure.function(), {arguments, count}, input);
  } catch (Failure& failure) {
    if (!failure.token) failure.token = name;
    throw;
  }
}

Value Evaluator::Partial(const Node& node, const Value& input, Frame* frame) {
  const std::size_t count = node.items.size();
  auto* arguments = static_cast<Value*>(arena_.Allocate(count * sizeof(Value)));
  auto* given = static_cast<bool*>(arena_.Allocate(count * sizeof(bool)));
  for (std::size_t i = 0; i < count; ++i) {
    given[i] = node.items[i]->type != NodeType::kPlaceholder;
    new (&arguments[i]) Value(given[i] ? Evaluate(*node.items[i], input, frame) : Value());
  }
  const Value procedure = Evaluate(*node.lhs, input, frame);
  const std::string_view name = ProcedureName(*node.lhs);
  if (!procedure.is_function()) {
    const bool forgot_dollar = procedure.is_undefined() && node.lhs->type == NodeType::kPath &&
                               !Named(name, frame).is_undefined();
    throw TokenFailure(forgot_dollar ? "T1007" : "T1008", name);
  }
  Function function;
  function.kind = Function::Kind::kPartial;
  function.first = &procedure.function();
  function.arguments = {arguments, count};
  function.given = {given, count};
  return MakeFunction(function);
}

Value Evaluator::ApplyOperator(const Node& node, const Value& input, Frame* frame) {
  const Value left = Evaluate(*node.lhs, input, frame);
  if (node.rhs->type == NodeType::kFunction) return CallFunction(*node.rhs, input, frame, &left);
  const Value right = Evaluate(*node.rhs, input, frame);
  if (!right.is_function()) throw ValueFailure("T2006", Shown(right));
  if (!left.is_function()) {
    try {
      return Apply(right.function(), {&left, 1}, Value::Null());
    } catch (Failure& failure) {
      if (!failure.token) failure.token = ProcedureName(*node.rhs);
      throw;
    }
  }
  Function chain;
  chain.kind = Function::Kind::kChain;
  chain.first = &left.function();
  chain.second = &right.function();
  return MakeFunction(chain);
}

// A transform is a function, too.
Value Evaluator::Lambda(const Node& node, const Value& input, Frame* frame) {
  static const Signature kTransform = Signature::Parse("<(oa):o>");
  Function function;
  function.node = &node;
  function.frame = frame;
  function.input = input;
  function.thunk = node.thunk;
  function.signature = node.signature.get();
  if (node.type == NodeType::kTransform) {
    function.kind = Function::Kind::kTransform;
    function.signature = &kTransform;
  }
  return MakeFunction(function);
}

std::size_t Evaluator::Arity(const Function& function) const {
  switch (function.kind) {
    case Function::Kind::kLambda:
      return function.node->items.size();
    case Function::Kind::kLibrary:
      return static_cast<std::size_t>(function.builtin->arity);
    case Function::Kind::kHost:
      return function.signature != nullptr ? function.signature->parameters().size() : 1;
    case Function::Kind::kPartial:
      return static_cast<std::size_t>(std::ranges::count(function.given, false));
    case Function::Kind::kNextMatch:
      return 0;
    default:
      return 1;
  }
}

Value Evaluator::ApplyOnce(const Function& function, std::span<const Value> arguments,
                           const Value& context) {
  if (function.signature != nullptr) arguments = Validate(*function.signature, arguments, context);
  const Value first = arguments.empty() ? Value() : arguments[0];
  switch (function.kind) {
    case Function::Kind::kLambda:
      return ApplyLambda(function, arguments);
    case Function::Kind::kLibrary:
      Charge(1);
      return function.builtin->run(*this, Call{arguments, context});
    case Function::Kind::kHost:
      return ApplyHost(function, arguments);
    case Function::Kind::kRegex:
      if (!first.is_string()) return Value();
      return ApplyRegex(function, first);
    case Function::Kind::kNextMatch:
      return ApplyRegex(function, function.input);
    case Function::Kind::kPartial:
      return ApplyPartial(function, arguments);
    case Function::Kind::kTransform:
      return ApplyTransform(function, first);
    case Function::Kind::kChain: {
      const Value middle = Apply(*function.first, {&first, 1}, Value::Null());
      return Apply(*function.second, {&middle, 1}, Value::Null());
    }
  }
  return Value();
}

Value Evaluator::ApplyLambda(const Function& function, std::span<const Value> arguments) {
  Frame* frame = NewFrame(function.frame);
  const std::vector<NodePtr>& parameters = function.node->items;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    Bind(*frame, parameters[i]->name, i < arguments.size() ? arguments[i] : Value());
  return Evaluate(*function.node->rhs, function.input, frame);
}

Value Evaluator::ApplyHost(const Function& function, std::span<const Value> arguments) {
  std::vector<std::optional<json::value>> given;
  given.reserve(arguments.size());
  for (const Value& argument : arguments) {
    given.emplace_back(argument.is_undefined() ? std::nullopt
                                               : std::optional<json::value>(ToJson(argument)));
  }
  Result<std::optional<json::value>> result = function.host->call(given, environment_);
  if (!result) throw FromError(result.error());
  return *result ? Keep(**result) : Value();
}

Value Evaluator::ApplyPartial(const Function& function, std::span<const Value> arguments) {
  const std::size_t count = function.arguments.size();
  auto* all = static_cast<Value*>(arena_.Allocate(count * sizeof(Value)));
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Value value = function.arguments[i];
    if (!function.given[i]) {
      if (next < arguments.size()) value = arguments[next];
      ++next;
    }
    new (&all[i]) Value(value);
  }
  return Apply(*function.first, {all, count}, Value::Null());
}

// The pattern selects objects within a copy of the argument; they are changed where they are.
Value Evaluator::ApplyTransform(const Function& function, const Value& argument) {
  if (argument.is_undefined()) return Value();
  const Node& node = *function.node;
  const Value clone = Named("clone", function.frame);
  if (!clone.is_function()) throw MakeFailure("T2013");
  const Value copy = Apply(clone.function(), {&argument, 1}, Value::Null());
  const Value matches = Evaluate(*node.lhs, copy, function.frame);
  Value storage;
  for (const Value& match : AsItems(matches, storage)) {
    auto* object = match.is_object() ? const_cast<Object*>(match.own_object()) : nullptr;
    const Value update = Evaluate(*node.rhs, match, function.frame);
    if (!update.is_undefined()) {
      if (!update.is_object()) throw ValueFailure("T2011", Shown(update));
      EachMember(update, [&](std::string_view key, const Value& value) {
        if (!match.is_object()) {
          Failure failure = MakeFailure("T2011");
          failure.message =
              "The pattern of the transform expression must select objects: " + Shown(match);
          throw failure;
        }
        if (object != nullptr) make_.Set(*object, key, value);
      });
    }
    if (!node.other) continue;
    const Value deletions = Evaluate(*node.other, match, function.frame);
    Value one;
    const std::span<const Value> keys = AsItems(deletions, one);
    if (!std::ranges::all_of(keys, &Value::is_string))
      throw ValueFailure("T2012", Shown(deletions));
    for (const Value& key : keys) {
      if (object != nullptr) make_.Remove(*object, key.text());
    }
  }
  return copy;
}

// The match object {match, start, end, groups, next}; undefined where there is none.
Value Evaluator::ApplyRegex(const Function& function, const Value& subject) {
  const bool again = function.kind == Function::Kind::kNextMatch;
  std::u16string_view text = function.units;
  if (!again) {
    const std::u16string units = ToUtf16(subject.text());
    auto* copy = static_cast<char16_t*>(arena_.Allocate(units.size() * sizeof(char16_t)));
    std::ranges::copy(units, copy);
    text = {copy, units.size()};
    Charge(text.size() / 64);
  }
  if (again && function.from >= text.size()) return Value();
  std::uint64_t steps = 0;
  Result<std::optional<Regex::Match>> found = function.regex->Find(text, function.from, &steps);
  if (!found) throw FromError(found.error());
  Charge(steps / 4);
  if (!*found) return Value();
  const Regex::Match& match = **found;
  if (again && match.match.empty()) throw MakeFailure("D1004");
  Object* object = make_.NewObject();
  make_.Set(*object, "match", make_.Text(match.match));
  make_.Set(*object, "start", Value::Number(static_cast<double>(match.start)));
  make_.Set(*object, "end", Value::Number(static_cast<double>(match.end)));
  Array* groups = make_.NewArray();
  for (const std::optional<std::string>& group : match.groups)
    make_.Append(*groups, group ? make_.Text(*group) : Value());
  make_.Set(*object, "groups", Value::Of(groups));
  Function next = function;
  next.kind = Function::Kind::kNextMatch;
  next.input = subject;
  next.units = text;
  next.from = match.end;
  make_.Set(*object, "next", MakeFunction(next));
  return Value::Of(object);
}

std::span<const Value> Evaluator::Validate(const Signature& signature,
                                           std::span<const Value> arguments, const Value& context) {
  std::string symbols;
  for (const Value& argument : arguments) symbols += TypeSymbol(argument);
  std::vector<int> counts;
  int first_bad = 0;
  if (!signature.Match(symbols, counts, first_bad)) {
    Failure failure = MakeFailure("T0410");
    failure.index = first_bad;
    throw failure;
  }
  const std::vector<Signature::Parameter>& parameters = signature.parameters();
  auto* fitted =
      static_cast<Value*>(arena_.Allocate((arguments.size() + parameters.size()) * sizeof(Value)));
  std::size_t count = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Signature::Parameter& parameter = parameters[i];
    if (counts[i] == 0) {
      if (parameter.from_context &&
          parameter.accepts.find(TypeSymbol(Unwrapped(context))) == std::string::npos) {
        Failure failure = MakeFailure("T0411");
        failure.index = static_cast<int>(next) + 1;
        throw failure;
      }
      new (&fitted[count++]) Value(parameter.from_context ? Unwrapped(context) : Value());
      continue;
    }
    for (int taken = 0; taken < counts[i]; ++taken, ++next) {
      const Value& argument = arguments[next];
      new (&fitted[count++])
          Value(parameter.type == 'a' ? FitArray(parameter, argument, symbols[next], counts[i] == 1,
                                                 static_cast<int>(next) + 1)
                                      : argument);
    }
  }
  return {fitted, count};
}

// What stands where an array should: an array of it.
Value Evaluator::FitArray(const Signature::Parameter& parameter, const Value& argument, char symbol,
                          bool alone, int index) {
  if (symbol == 'm') return Value();
  bool fits = true;
  if (!parameter.subtype.empty()) {
    if (symbol == 'a') {
      const Array& items = Items(argument);
      fits = std::ranges::all_of(
          items.all(), [&](const Value& item) { return TypeSymbol(item) == parameter.subtype[0]; });
    } else {
      fits = alone && parameter.subtype == std::string_view(&symbol, 1);
    }
  }
  if (!fits) {
    Failure failure = ValueFailure("T0412", Shown(argument));
    failure.index = index;
    failure.type = PluralOf(parameter.subtype);
    throw failure;
  }
  if (symbol == 'a') return argument;
  Array* array = make_.NewArray(1);
  make_.Append(*array, argument);
  return Value::Of(array);
}

}  // namespace scones::jsonata::detail

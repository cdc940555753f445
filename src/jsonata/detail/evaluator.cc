#include "jsonata/detail/evaluator.h"

#include <cmath>

#include "jsonata/detail/failure.h"

namespace scones::jsonata::detail {
namespace {

constexpr int kMaxDepth = 1000;
constexpr std::string_view kStackOverflow =
    "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as "
    "tail-recursive.";

class DepthGuard {
 public:
  DepthGuard(int& depth, int limit) : depth_(depth) {
    if (++depth_ > limit) {
      --depth_;
      throw LimitFailure(kStackOverflow);
    }
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

const Binding* FindBinding(const Binding* binding, NameId name) {
  while (binding != nullptr && binding->name != name) binding = binding->next;
  return binding;
}

}  // namespace

Evaluator::Evaluator(const Tree& tree, const Environment& environment)
    : arena_(std::min(environment.limits.max_bytes, kMaxBytes)),
      make_(arena_),
      tree_(tree),
      environment_(environment),
      max_steps_(environment.steps_left == nullptr
                     ? environment.limits.max_steps
                     : std::min(environment.limits.max_steps, *environment.steps_left)),
      max_depth_(std::min(environment.limits.max_depth, kMaxDepth)),
      outside_(tree.names.size()),
      outside_known_(tree.names.size()) {
  if (environment.input != nullptr) root_ = Value::View(*environment.input);
}

Evaluator::~Evaluator() {
  if (environment_.steps_left == nullptr) return;
  *environment_.steps_left -= std::min(steps_, *environment_.steps_left);
}

// An input that is an array is one input, not many: it gets a sequence around it.
Value Evaluator::Run() {
  Value input = root_;
  if (input.is_array()) {
    Array* wrapper = make_.NewSequence(1);
    make_.Append(*wrapper, input);
    wrapper->outer_wrapper = true;
    input = Value::Of(wrapper);
  }
  return Evaluate(*tree_.root, input, NewFrame(nullptr));
}

void Evaluator::TooManySteps() const {
  throw LimitFailure("Expression evaluation timeout: Check for infinite loop");
}

Value Evaluator::Evaluate(const Node& node, Value input, Frame* frame) {
  Charge(1);
  const DepthGuard guard(depth_, max_depth_);
  Value result = Dispatch(node, input, frame);
  for (const Stage& predicate : node.predicates) result = Filter(*predicate.filter, result, frame);
  if (node.grouped && node.type != NodeType::kPath) result = GroupBy(node.pairs, result, frame);
  return Finish(node, result);
}

// A sequence of one is its item, and one of none is undefined.
Value Evaluator::Finish(const Node& node, const Value& result) {
  if (!result.is_array()) return result;
  const Array* array = result.own_array();
  if (array == nullptr || !array->sequence || array->tuple_stream) return result;
  if (array->size == 0) return Value();
  const bool keep = array->keep_singleton || node.keep_array;
  if (array->size == 1 && !keep) return array->items[0];
  if (keep == array->keep_singleton) return result;
  Array* kept = arena_.Make<Array>(*array);
  kept->capacity = kept->size;
  kept->keep_singleton = true;
  return Value::Of(kept);
}

Value Evaluator::Dispatch(const Node& node, const Value& input, Frame* frame) {
  switch (node.type) {
    case NodeType::kPath:
      return Path(node, input, frame);
    case NodeType::kName:
      return Lookup(input, node.text);
    case NodeType::kString:
      return Value::String(node.text);
    case NodeType::kNumber:
      return Value::Number(node.number);
    case NodeType::kTrue:
      return Value::Bool(true);
    case NodeType::kFalse:
      return Value::Bool(false);
    case NodeType::kNull:
      return Value::Null();
    case NodeType::kVariable:
      if (!node.text.empty()) return Variable(node.name, frame);
      return Unwrapped(input);
    case NodeType::kRegex: {
      Function function;
      function.kind = Function::Kind::kRegex;
      function.node = &node;
      function.regex = node.regex.get();
      return MakeFunction(function);
    }
    case NodeType::kWildcard:
      return Wildcard(input);
    case NodeType::kDescendant:
      return Descendants(input);
    case NodeType::kParent:
      return Variable(node.slot->label, frame);
    case NodeType::kBinary:
      return Binary(node, input, frame);
    case NodeType::kNegate:
      return Negate(node, input, frame);
    case NodeType::kArray:
      return ArrayConstructor(node, input, frame);
    case NodeType::kObject:
      return GroupBy(node.pairs, input, frame);
    case NodeType::kBlock:
      return Block(node, input, frame);
    case NodeType::kCondition:
      if (IsTrue(Evaluate(*node.lhs, input, frame))) return Evaluate(*node.rhs, input, frame);
      return node.other ? Evaluate(*node.other, input, frame) : Value();
    case NodeType::kFunction:
      return CallFunction(node, input, frame, nullptr);
    case NodeType::kPartial:
      return Partial(node, input, frame);
    case NodeType::kLambda:
    case NodeType::kTransform:
      return Lambda(node, input, frame);
    case NodeType::kBind: {
      const Value value = Evaluate(*node.rhs, input, frame);
      Bind(*frame, node.name, value);
      return value;
    }
    case NodeType::kApply:
      return ApplyOperator(node, input, frame);
    case NodeType::kSort:
    case NodeType::kPlaceholder:
    case NodeType::kEnd:
      break;
  }
  return Value();
}

Value Evaluator::Block(const Node& node, const Value& input, Frame* frame) {
  Frame* inner = NewFrame(frame);
  Value result;
  for (const NodePtr& item : node.items) result = Evaluate(*item, input, inner);
  return result;
}

Frame* Evaluator::NewFrame(Frame* parent, Binding* bindings) {
  return arena_.Make<Frame>(parent, bindings);
}

void Evaluator::Bind(Frame& frame, NameId name, Value value) {
  frame.bindings = arena_.Make<Binding>(name, value, frame.bindings);
}

Value Evaluator::Variable(NameId name, Frame* frame) {
  for (; frame != nullptr; frame = frame->parent) {
    if (const Binding* found = FindBinding(frame->bindings, name)) return found->value;
  }
  return Outside(name);
}

Value Evaluator::Outside(NameId id) {
  const auto at = static_cast<std::size_t>(id);
  if (!outside_known_[at]) {
    const std::string& name = tree_.names[at];
    if (name == "$") {
      outside_[at] = root_;
    } else {
      const json::value* value = environment_.variable ? environment_.variable(name) : nullptr;
      if (value != nullptr) {
        outside_[at] = Value::View(*value);
      } else if (const Function* function = HostFunction(name)) {
        outside_[at] = Value::Of(function);
      }
    }
    outside_known_[at] = true;
  }
  return outside_[at];
}

Value Evaluator::Named(std::string_view name, Frame* frame) {
  const auto found = std::ranges::find(tree_.names, name);
  if (found != tree_.names.end())
    return Variable(static_cast<NameId>(found - tree_.names.begin()), frame);
  const json::value* value = environment_.variable ? environment_.variable(name) : nullptr;
  if (value != nullptr) return Value::View(*value);
  const Function* function = HostFunction(name);
  return function != nullptr ? Value::Of(function) : Value();
}

const Function* Evaluator::HostFunction(std::string_view name) {
  Function function;
  const auto host = std::ranges::find(environment_.functions, name, &NativeFunction::name);
  if (host != environment_.functions.end()) {
    function.kind = Function::Kind::kHost;
    function.host = &*host;
    if (!host->signature.empty()) {
      host_signatures_.push_back(Signature::Parse(host->signature));
      function.signature = &host_signatures_.back();
    }
  } else {
    function.kind = Function::Kind::kLibrary;
    function.builtin = FindLibraryFunction(name, &function.signature);
    if (function.builtin == nullptr) return nullptr;
  }
  return arena_.Make<Function>(function);
}

Value Evaluator::MakeFunction(const Function& function) {
  return Value::Of(arena_.Make<Function>(function));
}

Value Evaluator::Apply(const Function& function, std::span<const Value> arguments, Value context) {
  const DepthGuard guard(calls_, kMaxDepth);
  Value result = ApplyOnce(function, arguments, context);
  // A call in tail position comes back as a thunk, and runs here, in this frame.
  while (result.is_function() && result.function().thunk) {
    Charge(1);
    const Function& thunk = result.function();
    const Node& call = *thunk.node->rhs;
    const Value next = Evaluate(*call.lhs, thunk.input, thunk.frame);
    if (!next.is_function()) throw TokenFailure("T1006", call.lhs->text);
    auto* evaluated = static_cast<Value*>(arena_.Allocate(call.items.size() * sizeof(Value)));
    for (std::size_t i = 0; i < call.items.size(); ++i)
      new (&evaluated[i]) Value(Evaluate(*call.items[i], thunk.input, thunk.frame));
    try {
      result = ApplyOnce(next.function(), {evaluated, call.items.size()}, context);
    } catch (Failure& failure) {
      if (!failure.token) failure.token = call.lhs->text;
      throw;
    }
  }
  return result;
}

}  // namespace scones::jsonata::detail

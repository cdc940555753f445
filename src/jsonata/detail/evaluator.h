// Evaluates a tree on JSON values. One Evaluator is one evaluation, on one thread. Errors are
// thrown as Failure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jsonata/detail/ast.h"
#include "jsonata/detail/library.h"
#include "jsonata/detail/value.h"
#include "jsonata/jsonata.h"

namespace scones::jsonata::detail {

// Values may nest this deep.
constexpr int kMaxValueDepth = 400;

// An evaluation may use this much memory, so that the length of a text fits in 32 bits.
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

// Anything that can be called.
struct Function {
  enum class Kind : std::uint8_t {
    kLambda,
    kLibrary,
    kHost,
    kRegex,
    kNextMatch,
    kPartial,
    kTransform,
    kChain
  };
  Kind kind = Kind::kLambda;
  bool thunk = false;
  const Node* node = nullptr;                // kLambda, kRegex, kTransform
  Frame* frame = nullptr;                    // of kLambda and kTransform: where it was made
  Value input;                               // likewise; of kNextMatch: the subject
  const LibraryFunction* builtin = nullptr;  // kLibrary
  const NativeFunction* host = nullptr;
  const Signature* signature = nullptr;  // null: any arguments
  const Regex* regex = nullptr;          // kRegex, kNextMatch
  std::u16string_view units;             // kNextMatch: the subject as UTF-16
  std::size_t from = 0;                  // kNextMatch: where to go on in it
  std::span<const Value> arguments;      // kPartial: given ones, undefined for the others
  std::span<const bool> given;           // kPartial
  const Function* first = nullptr;       // kPartial: of what; kChain: applied before `second`
  const Function* second = nullptr;
};

class Evaluator {
 public:
  Evaluator(const Tree& tree, const Environment& environment);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  Value Run();

  // `frame` may get bindings.
  Value Evaluate(const Node& node, Value input, Frame* frame);
  // Calls `function`. `context` stands in for an argument that is missing and may be.
  Value Apply(const Function& function, std::span<const Value> arguments, Value context);
  // How many arguments a higher-order function passes to `function` at most.
  std::size_t Arity(const Function& function) const;

  Maker& make() { return make_; }
  const Environment& environment() const { return environment_; }
  // Counts work that the number of evaluated nodes doesn't show. Fails where it is too much.
  void Charge(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ > max_steps_) TooManySteps();
  }

  // Fails where a text would be longer than all memory that the evaluation may use.
  void CheckSize(std::size_t bytes) const;

  // The items of an array; those of one of the input's are made ready once.
  const Array& Items(const Value& array);
  // The value itself as the only item where it is no array; none where it is undefined.
  std::span<const Value> AsItems(const Value& value, Value& storage);
  // A member of an object; undefined where there is none, or `value` is no object.
  Value Member(const Value& value, std::string_view key);
  // Calls `visit(key, value)` for each member.
  template <class Visit>
  void EachMember(const Value& object, const Visit& visit) {
    if (const json::value* viewed = object.viewed()) {
      for (const auto& [key, value] : viewed->get_object())
        visit(std::string_view(key.data(), key.size()), Value::View(value));
    } else {
      for (const auto& member : object.own_object()->all()) visit(member.key, member.value);
    }
  }
  // What a path step "key" selects from `value`: from an array, of each of its items.
  Value Lookup(const Value& value, std::string_view key, int depth = 0);
  // Items of `left`, then of `right`.
  Value Concatenate(const Value& left, const Value& right);
  // JSONata's boolean of a value; undefined stays so.
  std::optional<bool> Boolean(const Value& value, int depth = 0);
  bool IsTrue(const Value& value) { return Boolean(value).value_or(false); }
  // A number and not NaN. Fails for an infinite one (D1001).
  bool IsNumeric(const Value& value) const;
  bool Equal(const Value& left, const Value& right, int depth = 0);
  // A stable sort. `after(a, b)`: a comes after b.
  template <class T, class After>
  void Sort(std::span<T> items, const After& after);

  // As $string has it; `pretty` with two spaces of indentation. Undefined must not come here.
  std::string Text(const Value& value, bool pretty = false);
  // For a message: JSON text, "undefined" for undefined.
  std::string Shown(const Value& value);
  json::value ToJson(const Value& value, int depth = 0);
  // A value that lives as long as the evaluation.
  Value Keep(const json::value& value);
  // A new function value.
  Value MakeFunction(const Function& function);
  // A copy that shares nothing with what it is of but texts.
  Value Clone(const Value& value, int depth = 0);

 private:
  [[noreturn]] void TooManySteps() const;
  Value Dispatch(const Node& node, const Value& input, Frame* frame);
  Value Variable(NameId name, Frame* frame);
  Value Outside(NameId name);
  // What the variable of that name is where `frame` is; for names that are no node's.
  Value Named(std::string_view name, Frame* frame);
  const Function* HostFunction(std::string_view name);
  void Bind(Frame& frame, NameId name, Value value);
  Frame* NewFrame(Frame* parent, Binding* bindings = nullptr);
  Value Finish(const Node& node, const Value& result);

  // evaluate_path.cc
  Value Path(const Node& node, const Value& input, Frame* frame);
  Value FinishPath(const Node& node, const Array* selected, const Array* tuples, Frame* frame);
  const Array* Step(const Node& step, const Array& input, Frame* frame, bool last);
  Value StepOnItem(const Node& step, const Value& item, Frame* frame);
  const Array* TupleStep(const Node& step, const Array& input, const Array* tuples, Frame* frame);
  void AddTuples(const Node& step, const Tuple& from, const Value& result, Array& out);
  const Array* Stages(const Node& step, const Array* input, Frame* frame);
  Value Filter(const Node& predicate, const Value& input, Frame* frame);
  void FilterByExpression(const Node& predicate, const Array& input, Frame* frame, Array& out);
  const Array* SortStep(const Node& step, const Array& input, Frame* frame);
  bool ComesAfter(const Node& step, const Value* left, const Value* right);
  Value Wildcard(const Value& input);
  Value Descendants(const Value& input);
  void AddDescendants(const Value& value, Array& out, int depth);

  // evaluate_operators.cc
  Value Binary(const Node& node, const Value& input, Frame* frame);
  Value Arithmetic(Op op, const Value& left, const Value& right);
  Value Compare(Op op, const Value& left, const Value& right);
  bool Includes(const Value& item, const Value& list);
  Value ConcatenateText(const Value& left, const Value& right);
  Value Range(const Value& from, const Value& to);
  Value Negate(const Node& node, const Value& input, Frame* frame);
  Value ArrayConstructor(const Node& node, const Value& input, Frame* frame);
  Value GroupBy(const Pairs& pairs, const Value& input, Frame* frame);
  Value Block(const Node& node, const Value& input, Frame* frame);
  Tuple ReduceTuples(const Array& tuples);

  // evaluate_calls.cc
  Value CallFunction(const Node& node, const Value& input, Frame* frame, const Value* first);
  Value Partial(const Node& node, const Value& input, Frame* frame);
  Value ApplyOperator(const Node& node, const Value& input, Frame* frame);
  Value Lambda(const Node& node, const Value& input, Frame* frame);
  Value ApplyOnce(const Function& function, std::span<const Value> arguments, const Value& context);
  Value ApplyLambda(const Function& function, std::span<const Value> arguments);
  Value ApplyHost(const Function& function, std::span<const Value> arguments);
  // The next match of a regular expression, as the object that its function returns.
  Value ApplyRegex(const Function& function, const Value& subject);
  Value ApplyPartial(const Function& function, std::span<const Value> arguments);
  Value ApplyTransform(const Function& function, const Value& argument);
  std::span<const Value> Validate(const Signature& signature, std::span<const Value> arguments,
                                  const Value& context);
  Value FitArray(const Signature::Parameter& parameter, const Value& argument, char symbol,
                 bool alone, int index);

  Arena arena_;
  Maker make_;
  const Tree& tree_;
  const Environment& environment_;
  std::uint64_t steps_ = 0;
  const std::uint64_t max_steps_;
  int depth_ = 0;
  int calls_ = 0;
  int max_depth_;
  Value root_;
  std::vector<Value> outside_;  // by NameId: what Outside() found
  std::vector<bool> outside_known_;
  std::unordered_map<const json::value*, const Array*> viewed_arrays_;
  std::deque<Signature> host_signatures_;
  std::deque<json::value> host_results_;
};

template <class T, class After>
void Evaluator::Sort(std::span<T> items, const After& after) {
  if (items.size() < 2) return;
  const std::size_t half = items.size() / 2;
  Sort(items.first(half), after);
  Sort(items.subspan(half), after);
  std::vector<T> merged;
  merged.reserve(items.size());
  std::size_t left = 0;
  std::size_t right = half;
  while (left < half && right < items.size()) {
    Charge(1);
    merged.push_back(after(items[left], items[right]) ? items[right++] : items[left++]);
  }
  while (left < half) merged.push_back(items[left++]);
  while (right < items.size()) merged.push_back(items[right++]);
  std::copy(merged.begin(), merged.end(), items.begin());
}

}  // namespace scones::jsonata::detail

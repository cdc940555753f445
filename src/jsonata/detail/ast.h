// The tree of an expression, as the parser builds it and the evaluator walks it. Immutable once
// parsed; then safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jsonata/detail/regex.h"
#include "jsonata/detail/signature.h"

namespace scones::jsonata::detail {

enum class NodeType : std::uint8_t {
  kEnd,
  kName,    // text
  kString,  // text
  kNumber,  // number
  kTrue,
  kFalse,
  kNull,
  kVariable,  // text, name
  kRegex,     // regex
  kWildcard,
  kDescendant,
  kParent,       // slot
  kPlaceholder,  // "?" among a partial application's arguments
  kBinary,       // op, lhs, rhs
  kNegate,       // lhs
  kArray,        // items
  kObject,       // pairs
  kBlock,        // items
  kCondition,    // lhs ? rhs : other
  kFunction,     // lhs(items)
  kPartial,      // lhs(items), some of them placeholders
  kLambda,       // items are parameters, rhs is the body; signature; thunk
  kTransform,    // |lhs|rhs, other|
  kBind,         // lhs := rhs
  kApply,        // lhs ~> rhs
  kPath,         // items are steps
  kSort,         // terms; a step of a path
};

enum class Op : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kConcatenate,
  kAnd,
  kOr,
  kIn,
  kRange,
  // Only before the tree is completed:
  kDot,
  kFilter,
  kGroup,
  kOrderBy,
  kFocus,
  kIndex,
  kBind,
  kApply,
};

// Identifies a variable's name within one expression; an ancestor's label is one, too.
using NameId = int;
constexpr NameId kNoName = -1;

struct Node;
using NodePtr = std::unique_ptr<Node>;

// Where a step's parent is kept: bound to `label` by the step that is `level` steps up.
struct Slot {
  NameId label = kNoName;
  int level = 1;
};
using SlotPtr = std::shared_ptr<Slot>;

// What a step does with its results: keeps some, or numbers them.
struct Stage {
  NodePtr filter;  // null: an index binding
  NameId index = kNoName;
};

struct SortTerm {
  NodePtr expression;
  bool descending = false;
};

using Pairs = std::vector<std::pair<NodePtr, NodePtr>>;

struct Node {
  NodeType type = NodeType::kEnd;
  Op op = Op::kAdd;
  bool keep_array = false;            // "[]" behind a step
  bool keep_singleton_array = false;  // of a path: a step of it has keep_array
  bool array_constructor = false;     // its array is one item to the path that it stands in
  bool tuple = false;                 // binds a focus, an index or an ancestor
  bool thunk = false;                 // of a lambda: a call in tail position
  bool grouped = false;               // `pairs` is a grouping of this node's results
  int height = 1;
  double number = 0;
  std::string text;
  NameId name = kNoName;
  NameId focus = kNoName;
  NameId index = kNoName;
  NodePtr lhs;
  NodePtr rhs;
  NodePtr other;
  std::vector<NodePtr> items;
  Pairs pairs;
  std::vector<SortTerm> terms;
  std::vector<Stage> predicates;  // of the whole result
  std::vector<Stage> stages;      // of one step's result, within a path
  SlotPtr slot;
  SlotPtr ancestor;
  std::vector<SlotPtr> seeking_parent;
  std::shared_ptr<const Signature> signature;
  std::shared_ptr<const Regex> regex;
};

struct Tree {
  NodePtr root;
  std::vector<std::string> names;  // by NameId
};

}  // namespace scones::jsonata::detail

// From an expression's text to its tree. Two passes: operator precedence parsing (parser.cc), then
// completion (complete.cc, ancestry.cc), which flattens paths, attaches predicates and groupings to
// their steps, finds what "%" refers to, and marks tail calls. Errors are thrown as Failure.
#pragma once

#include <string_view>

#include "jsonata/detail/ast.h"

namespace scones::jsonata::detail {

// A tree may be this high. The parser, the passes over the tree and the evaluator recurse.
constexpr int kMaxHeight = 500;

Tree ParseTree(std::string_view text);

// The tree of the first pass to the one that is evaluated. `names` gets the labels of ancestors.
NodePtr Complete(NodePtr node, std::vector<std::string>& names);

// Of a path whose last step wants a parent: finds the steps that must remember theirs.
void ResolveAncestry(Node& path);
// Looks for the parent that `slot` wants in `node`, and above it where a level is left.
void SeekParent(Node& node, const SlotPtr& slot);
// What `part` seeks, `whole` seeks.
void PassOnSeeking(Node& whole, const Node& part);

}  // namespace scones::jsonata::detail

// What the parent operator refers to: "%" asks for the context in which its own context was
// selected. The step that selected it is found while parsing, and made to remember.

#include <algorithm>

#include "jsonata/detail/failure.h"
#include "jsonata/detail/parser.h"

namespace scones::jsonata::detail {
namespace {

std::string_view TypeName(NodeType type) {
  switch (type) {
    case NodeType::kFunction:
      return "function";
    case NodeType::kVariable:
      return "variable";
    case NodeType::kBinary:
      return "binary";
    case NodeType::kArray:
    case NodeType::kObject:
    case NodeType::kNegate:
      return "unary";
    case NodeType::kCondition:
      return "condition";
    case NodeType::kDescendant:
      return "descendant";
    case NodeType::kSort:
      return "sort";
    case NodeType::kString:
      return "string";
    case NodeType::kNumber:
      return "number";
    case NodeType::kParent:
      return "parent";
    default:
      return "expression";
  }
}

void SeekInPath(Node& path, const SlotPtr& slot) {
  path.tuple = true;
  std::size_t step = path.items.size();
  do {
    SeekParent(*path.items[--step], slot);
  } while (slot->level > 0 && step > 0);
}

}  // namespace

void SeekParent(Node& node, const SlotPtr& slot) {
  switch (node.type) {
    case NodeType::kName:
    case NodeType::kWildcard:
      if (--slot->level == 0) {
        if (node.ancestor) slot->label = node.ancestor->label;
        node.ancestor = slot;
        node.tuple = true;
      }
      return;
    case NodeType::kParent:
      ++slot->level;
      return;
    case NodeType::kBlock:
      if (!node.items.empty()) {
        node.tuple = true;
        SeekParent(*node.items.back(), slot);
      }
      return;
    case NodeType::kPath:
      SeekInPath(node, slot);
      return;
    default:
      throw TokenFailure("S0217", TypeName(node.type));
  }
}

void PassOnSeeking(Node& whole, const Node& part) {
  whole.seeking_parent.insert(whole.seeking_parent.end(), part.seeking_parent.begin(),
                              part.seeking_parent.end());
  if (part.type == NodeType::kParent) whole.seeking_parent.push_back(part.slot);
}

void ResolveAncestry(Node& path) {
  const Node& last = *path.items.back();
  std::vector<SlotPtr> slots = last.seeking_parent;
  if (last.type == NodeType::kParent) slots.push_back(last.slot);
  for (const SlotPtr& slot : slots) {
    auto step = static_cast<std::ptrdiff_t>(path.items.size()) - 2;
    while (slot->level > 0) {
      if (step < 0) {
        path.seeking_parent.push_back(slot);
        break;
      }
      Node* candidate = path.items[step--].get();
      // Of steps in a row that bind a focus, the first is where the context comes from.
      while (step >= 0 && candidate->focus != kNoName && path.items[step]->focus != kNoName)
        candidate = path.items[step--].get();
      SeekParent(*candidate, slot);
    }
  }
}

}  // namespace scones::jsonata::detail

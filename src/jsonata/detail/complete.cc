// The second pass: from the binary nodes of the grammar to what the evaluator walks.

#include "jsonata/detail/failure.h"
#include "jsonata/detail/parser.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

NodePtr MakePath(NodePtr step) {
  auto path = std::make_unique<Node>();
  path->type = NodeType::kPath;
  path->items.push_back(std::move(step));
  return path;
}

bool IsLiteralStep(const Node& node) {
  return node.type == NodeType::kNumber || node.type == NodeType::kTrue ||
         node.type == NodeType::kFalse || node.type == NodeType::kNull;
}

// A call that is the last thing that a function does is put off, so that the caller's frame is gone
// before it runs.
NodePtr MarkTailCalls(NodePtr node) {
  switch (node->type) {
    case NodeType::kFunction:
      if (node->predicates.empty() && !node->grouped && !node->keep_array) {
        auto thunk = std::make_unique<Node>();
        thunk->type = NodeType::kLambda;
        thunk->thunk = true;
        thunk->rhs = std::move(node);
        return thunk;
      }
      return node;
    case NodeType::kCondition:
      node->rhs = MarkTailCalls(std::move(node->rhs));
      if (node->other) node->other = MarkTailCalls(std::move(node->other));
      return node;
    case NodeType::kBlock:
      if (!node->items.empty()) node->items.back() = MarkTailCalls(std::move(node->items.back()));
      return node;
    default:
      return node;
  }
}

class Completer {
 public:
  explicit Completer(std::vector<std::string>& names) : names_(names) {}

  NodePtr Run(NodePtr node) {
    const bool keep_array = node->keep_array;
    NodePtr result = Dispatch(std::move(node));
    if (keep_array) result->keep_array = true;
    return result;
  }

 private:
  NodePtr Dispatch(NodePtr node) {
    switch (node->type) {
      case NodeType::kBinary:
        return Binary(std::move(node));
      case NodeType::kName:
        return Name(std::move(node));
      case NodeType::kParent:
        node->slot = std::make_shared<Slot>();
        names_.push_back("%" + std::to_string(names_.size()));
        node->slot->label = static_cast<NameId>(names_.size()) - 1;
        return node;
      case NodeType::kNegate:
        return Negate(std::move(node));
      case NodeType::kArray:
        RunItems(*node);
        return node;
      case NodeType::kObject:
        RunPairs(*node, /*pass_on=*/true);
        return node;
      case NodeType::kFunction:
      case NodeType::kPartial:
        RunItems(*node);
        node->lhs = Run(std::move(node->lhs));
        return node;
      case NodeType::kLambda:
        node->rhs = MarkTailCalls(Run(std::move(node->rhs)));
        return node;
      case NodeType::kCondition:
        return Condition(std::move(node));
      case NodeType::kTransform:
        node->lhs = Run(std::move(node->lhs));
        node->rhs = Run(std::move(node->rhs));
        if (node->other) node->other = Run(std::move(node->other));
        return node;
      case NodeType::kBlock:
        return Block(std::move(node));
      case NodeType::kEnd:
        throw MakeFailure("S0207");
      default:
        return node;
    }
  }

  void RunItems(Node& node) {
    for (NodePtr& item : node.items) {
      item = Run(std::move(item));
      PassOnSeeking(node, *item);
    }
  }

  void RunPairs(Node& node, bool pass_on) {
    for (auto& [key, value] : node.pairs) {
      key = Run(std::move(key));
      value = Run(std::move(value));
      if (!pass_on) continue;
      PassOnSeeking(node, *key);
      PassOnSeeking(node, *value);
    }
  }

  NodePtr Name(NodePtr node) {
    const bool keep_array = node->keep_array;
    NodePtr path = MakePath(std::move(node));
    path->keep_singleton_array = keep_array;
    return path;
  }

  NodePtr Negate(NodePtr node) {
    node->lhs = Run(std::move(node->lhs));
    if (node->lhs->type == NodeType::kNumber) {
      node->lhs->number = -node->lhs->number;
      return std::move(node->lhs);
    }
    PassOnSeeking(*node, *node->lhs);
    return node;
  }

  NodePtr Condition(NodePtr node) {
    for (NodePtr* part : {&node->lhs, &node->rhs, &node->other}) {
      if (!*part) continue;
      *part = Run(std::move(*part));
      PassOnSeeking(*node, **part);
    }
    return node;
  }

  NodePtr Block(NodePtr node) {
    RunItems(*node);
    for (const NodePtr& item : node->items) {
      if (item->array_constructor ||
          (item->type == NodeType::kPath && item->items[0]->array_constructor))
        node->array_constructor = true;
    }
    return node;
  }

  NodePtr Binary(NodePtr node) {
    switch (node->op) {
      case Op::kDot:
        return Dot(std::move(node));
      case Op::kFilter:
        return Filter(std::move(node));
      case Op::kGroup:
        return Group(std::move(node));
      case Op::kOrderBy:
        return OrderBy(std::move(node));
      case Op::kFocus:
        return Focus(std::move(node));
      case Op::kIndex:
        return Index(std::move(node));
      case Op::kBind:
        node->type = NodeType::kBind;
        node->name = node->lhs->name;
        node->rhs = Run(std::move(node->rhs));
        PassOnSeeking(*node, *node->rhs);
        return node;
      case Op::kApply:
        node->type = NodeType::kApply;
        node->lhs = Run(std::move(node->lhs));
        node->rhs = Run(std::move(node->rhs));
        if (node->lhs->keep_array || node->rhs->keep_array) node->keep_array = true;
        return node;
      default:
        node->lhs = Run(std::move(node->lhs));
        node->rhs = Run(std::move(node->rhs));
        PassOnSeeking(*node, *node->lhs);
        PassOnSeeking(*node, *node->rhs);
        return node;
    }
  }

  NodePtr Dot(NodePtr node) {
    NodePtr path = Run(std::move(node->lhs));
    if (path->type != NodeType::kPath) {
      const SlotPtr slot = path->type == NodeType::kParent ? path->slot : nullptr;
      path = MakePath(std::move(path));
      if (slot) path->seeking_parent.push_back(slot);
    }
    NodePtr rest = Run(std::move(node->rhs));
    if (rest->type == NodeType::kPath) {
      for (NodePtr& step : rest->items) path->items.push_back(std::move(step));
    } else {
      rest->stages = std::move(rest->predicates);
      rest->predicates.clear();
      path->items.push_back(std::move(rest));
    }
    for (const NodePtr& step : path->items) {
      if (IsLiteralStep(*step)) {
        throw ValueFailure("S0213",
                           step->type == NodeType::kNumber ? NumberText(step->number) : step->text);
      }
      if (step->type == NodeType::kString) step->type = NodeType::kName;
      if (step->keep_array) path->keep_singleton_array = true;
    }
    for (Node* end : {path->items.front().get(), path->items.back().get()}) {
      if (end->type == NodeType::kArray) end->array_constructor = true;
    }
    ResolveAncestry(*path);
    return path;
  }

  NodePtr Filter(NodePtr node) {
    NodePtr result = Run(std::move(node->lhs));
    const bool in_path = result->type == NodeType::kPath;
    Node& step = in_path ? *result->items.back() : *result;
    if (step.grouped) throw MakeFailure("S0209");
    NodePtr filter = Run(std::move(node->rhs));
    if (!filter->seeking_parent.empty()) {
      for (const SlotPtr& slot : filter->seeking_parent) {
        if (slot->level == 1) {
          SeekParent(step, slot);
        } else {
          --slot->level;
        }
      }
      PassOnSeeking(step, *filter);
    }
    (in_path ? step.stages : step.predicates).push_back({std::move(filter), kNoName});
    return result;
  }

  NodePtr Group(NodePtr node) {
    NodePtr result = Run(std::move(node->lhs));
    if (result->grouped) throw MakeFailure("S0210");
    RunPairs(*node, /*pass_on=*/false);
    if (result->type == NodeType::kObject) {
      // Its own pairs are taken: the grouping gets a node around it.
      auto block = std::make_unique<Node>();
      block->type = NodeType::kBlock;
      block->items.push_back(std::move(result));
      result = std::move(block);
    }
    result->grouped = true;
    result->pairs = std::move(node->pairs);
    return result;
  }

  NodePtr OrderBy(NodePtr node) {
    NodePtr path = Run(std::move(node->lhs));
    if (path->type != NodeType::kPath) path = MakePath(std::move(path));
    auto sort = std::make_unique<Node>();
    sort->type = NodeType::kSort;
    sort->terms = std::move(node->terms);
    for (SortTerm& term : sort->terms) {
      term.expression = Run(std::move(term.expression));
      PassOnSeeking(*sort, *term.expression);
    }
    path->items.push_back(std::move(sort));
    ResolveAncestry(*path);
    return path;
  }

  NodePtr Focus(NodePtr node) {
    NodePtr result = Run(std::move(node->lhs));
    Node& step = result->type == NodeType::kPath ? *result->items.back() : *result;
    if (!step.stages.empty() || !step.predicates.empty()) throw MakeFailure("S0215");
    if (step.type == NodeType::kSort) throw MakeFailure("S0216");
    if (node->keep_array) step.keep_array = true;
    step.focus = node->rhs->name;
    step.tuple = true;
    return result;
  }

  NodePtr Index(NodePtr node) {
    NodePtr result = Run(std::move(node->lhs));
    if (result->type != NodeType::kPath) {
      result->stages = std::move(result->predicates);
      result->predicates.clear();
      result = MakePath(std::move(result));
    }
    Node& step = *result->items.back();
    if (step.stages.empty()) {
      step.index = node->rhs->name;
    } else {
      step.stages.push_back({nullptr, node->rhs->name});
    }
    step.tuple = true;
    return result;
  }

  std::vector<std::string>& names_;
};

}  // namespace

NodePtr Complete(NodePtr node, std::vector<std::string>& names) {
  NodePtr root = Completer(names).Run(std::move(node));
  if (root->type == NodeType::kParent || !root->seeking_parent.empty())
    throw TokenFailure("S0217", root->type == NodeType::kPath ? "path" : "parent");
  return root;
}

}  // namespace scones::jsonata::detail

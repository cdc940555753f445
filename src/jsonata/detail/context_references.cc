#include "jsonata/detail/context_references.h"

#include <algorithm>

namespace scones::jsonata::detail {
namespace {

// Walks what is evaluated in the outermost context: of a path only its first step, and none of what
// a step does with its own results (predicates, stages, orders, groups).
class Walker {
 public:
  explicit Walker(const Tree& tree) : tree_(tree) {}

  std::vector<std::string> Run() {
    Walk(*tree_.root);
    return std::move(found_);
  }

 private:
  void Add(std::string name) {
    if (std::find(found_.begin(), found_.end(), name) == found_.end())
      found_.push_back(std::move(name));
  }

  void WalkIf(const NodePtr& node) {
    if (node != nullptr) Walk(*node);
  }

  void WalkAll(const std::vector<NodePtr>& nodes) {
    for (const NodePtr& node : nodes) WalkIf(node);
  }

  void Walk(const Node& node) {
    switch (node.type) {
      case NodeType::kName:
        return Add(node.text);
      case NodeType::kVariable: {
        // "$" has the empty name, "$$" the name "$".
        const std::string& name = tree_.names[static_cast<std::size_t>(node.name)];
        if (name.empty() || name == "$") Add("$" + name);
        return;
      }
      case NodeType::kPath:
        if (!node.items.empty()) WalkIf(node.items.front());
        return;
      case NodeType::kLambda:
      case NodeType::kBind:
        return WalkIf(node.rhs);
      case NodeType::kObject:
        if (node.grouped) return;
        for (const auto& [key, value] : node.pairs) {
          WalkIf(key);
          WalkIf(value);
        }
        return;
      case NodeType::kTransform:
      case NodeType::kSort:
        return;
      default:
        WalkIf(node.lhs);
        WalkAll(node.items);
        WalkIf(node.rhs);
        WalkIf(node.other);
        return;
    }
  }

  const Tree& tree_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> ContextReferences(const Tree& tree) { return Walker(tree).Run(); }

}  // namespace scones::jsonata::detail

#include "jsonata/detail/free_variables.h"

#include <algorithm>
#include <set>

#include "jsonata/detail/library.h"

namespace scones::jsonata::detail {
namespace {

struct Scope {
  std::vector<NameId> bound;  // so far
  std::vector<NameId> ever;   // anywhere in it
  bool function_body = false;
};

// The names that `node` binds in the scope that it stands in.
void CollectBindings(const Node& node, std::vector<NameId>& names) {
  if (node.type == NodeType::kBlock || node.type == NodeType::kLambda) return;
  if (node.type == NodeType::kBind) names.push_back(node.name);
  for (const Node* child : {node.lhs.get(), node.rhs.get(), node.other.get()}) {
    if (child != nullptr) CollectBindings(*child, names);
  }
  for (const NodePtr& item : node.items) CollectBindings(*item, names);
  for (const auto& [key, value] : node.pairs) {
    CollectBindings(*key, names);
    CollectBindings(*value, names);
  }
}

bool Contains(const std::vector<NameId>& names, NameId name) {
  return std::ranges::find(names, name) != names.end();
}

class Walker {
 public:
  explicit Walker(const Tree& tree) : tree_(tree) {}

  std::vector<std::string> Run() {
    Scope scope;
    CollectBindings(*tree_.root, scope.ever);
    scopes_.push_back(std::move(scope));
    Walk(*tree_.root);
    return {free_.begin(), free_.end()};
  }

 private:
  bool IsBound(NameId name) const {
    bool later = false;
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (Contains(scope->bound, name) || (later && Contains(scope->ever, name))) return true;
      later = later || scope->function_body;
    }
    return false;
  }

  void Walk(const Node& node) {
    if (node.type == NodeType::kVariable) {
      const std::string& name = tree_.names[static_cast<std::size_t>(node.name)];
      if (!name.empty() && name != "$" && !IsBound(node.name) && !IsLibraryFunction(name))
        free_.insert(name);
    }
    const bool scoped = node.type == NodeType::kBlock || node.type == NodeType::kLambda ||
                        node.type == NodeType::kPath;
    if (scoped) Open(node);
    WalkChildren(node);
    if (node.type == NodeType::kBind) scopes_.back().bound.push_back(node.name);
    if (!node.pairs.empty()) WalkPairs(node);
    if (scoped) Close(node);
  }

  void Open(const Node& node) {
    Scope scope;
    scope.function_body = node.type == NodeType::kLambda;
    if (node.type == NodeType::kLambda) {
      for (const NodePtr& parameter : node.items) scope.bound.push_back(parameter->name);
      CollectBindings(*node.rhs, scope.ever);
    } else {
      for (const NodePtr& item : node.items) CollectBindings(*item, scope.ever);
    }
    scopes_.push_back(std::move(scope));
  }

  // A path has a scope only for what its steps bind with "@" and "#"; ":=" in it binds outside.
  void Close(const Node& node) {
    Scope scope = std::move(scopes_.back());
    scopes_.pop_back();
    if (node.type != NodeType::kPath) return;
    for (const NameId name : scope.ever) {
      if (Contains(scope.bound, name)) scopes_.back().bound.push_back(name);
    }
  }

  void WalkChildren(const Node& node) {
    for (const Node* child : {node.lhs.get(), node.rhs.get(), node.other.get()}) {
      if (child != nullptr && !(node.type == NodeType::kBind && child == node.lhs.get()))
        Walk(*child);
    }
    if (node.type != NodeType::kLambda) {
      for (const NodePtr& item : node.items) Walk(*item);
    }
    for (const SortTerm& term : node.terms) Walk(*term.expression);
    for (const NameId name : {node.focus, node.index}) {
      if (name != kNoName) scopes_.back().bound.push_back(name);
    }
    for (const auto* stages : {&node.predicates, &node.stages}) {
      for (const Stage& stage : *stages) {
        if (stage.filter) Walk(*stage.filter);
        if (stage.index != kNoName) scopes_.back().bound.push_back(stage.index);
      }
    }
  }

  void WalkPairs(const Node& node) {
    for (const auto& [key, value] : node.pairs) {
      Walk(*key);
      Walk(*value);
    }
  }

  const Tree& tree_;
  std::vector<Scope> scopes_;
  std::set<std::string> free_;
};

}  // namespace

std::vector<std::string> FreeVariables(const Tree& tree) { return Walker(tree).Run(); }

}  // namespace scones::jsonata::detail

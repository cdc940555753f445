// The first pass: operator precedence parsing after Vaughan Pratt. A token stands at the head of an
// expression (ParseHead) or continues one (ParseTail); its binding power says how far it reaches.

#include "jsonata/detail/parser.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/json.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/tokenizer.h"

namespace scones::jsonata::detail {
namespace {

struct Operator {
  std::string_view text;
  int power;  // as a tail; 0: never one
  Op op;      // where it makes a plain binary node
};

constexpr std::array kOperators = {
    Operator{".", 75, Op::kDot},         Operator{"[", 80, Op::kFilter},
    Operator{"{", 70, Op::kGroup},       Operator{"(", 80, Op::kAdd},
    Operator{"@", 80, Op::kFocus},       Operator{"#", 80, Op::kIndex},
    Operator{"?", 20, Op::kAdd},         Operator{"+", 50, Op::kAdd},
    Operator{"-", 50, Op::kSubtract},    Operator{"*", 60, Op::kMultiply},
    Operator{"/", 60, Op::kDivide},      Operator{"%", 60, Op::kModulo},
    Operator{"=", 40, Op::kEqual},       Operator{"<", 40, Op::kLess},
    Operator{">", 40, Op::kGreater},     Operator{"!=", 40, Op::kNotEqual},
    Operator{"<=", 40, Op::kLessEqual},  Operator{">=", 40, Op::kGreaterEqual},
    Operator{"^", 40, Op::kOrderBy},     Operator{":=", 10, Op::kBind},
    Operator{"~>", 40, Op::kApply},      Operator{"and", 30, Op::kAnd},
    Operator{"or", 25, Op::kOr},         Operator{"in", 40, Op::kIn},
    Operator{"&", 50, Op::kConcatenate}, Operator{"]", 0, Op::kAdd},
    Operator{"}", 0, Op::kAdd},          Operator{")", 0, Op::kAdd},
    Operator{",", 0, Op::kAdd},          Operator{";", 0, Op::kAdd},
    Operator{":", 0, Op::kAdd},          Operator{"|", 0, Op::kAdd},
    Operator{"**", 0, Op::kAdd},         Operator{"..", 0, Op::kRange},
};
constexpr int kUnaryPower = 70;

const Operator* FindOperator(std::string_view text) {
  const auto found = std::ranges::find(kOperators, text, &Operator::text);
  return found == kOperators.end() ? nullptr : &*found;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : tokenizer_(text) {}

  Tree Parse() {
    Advance();
    NodePtr root = Expression(0);
    if (token_.type != TokenType::kEnd) throw TokenFailure("S0201", token_.text);
    tree_.root = Complete(std::move(root), tree_.names);
    return std::move(tree_);
  }

 private:
  bool Is(std::string_view op) const {
    return token_.type == TokenType::kOperator && token_.text == op;
  }
  int TailPower() const {
    if (token_.type != TokenType::kOperator) return 0;
    return FindOperator(token_.text)->power;
  }

  void Advance(bool after_operand = false) {
    token_ = tokenizer_.Next(after_operand);
    if (token_.type == TokenType::kOperator && FindOperator(token_.text) == nullptr)
      throw TokenFailure("S0204", token_.text);
  }

  void Expect(std::string_view op, bool after_operand = false) {
    if (!Is(op)) {
      Failure failure =
          TokenFailure(token_.type == TokenType::kEnd ? "S0203" : "S0202", token_.text);
      failure.value = ToJsonString(op);
      throw failure;
    }
    Advance(after_operand);
  }

  NodePtr Make(NodeType type, NodePtr lhs = nullptr, NodePtr rhs = nullptr) {
    auto node = std::make_unique<Node>();
    node->type = type;
    if (lhs) Grow(*node, *lhs);
    if (rhs) Grow(*node, *rhs);
    node->lhs = std::move(lhs);
    node->rhs = std::move(rhs);
    return node;
  }
  void Grow(Node& node, const Node& child) {
    node.height = std::max(node.height, child.height + 1);
    if (node.height > kMaxHeight) throw LimitFailure("The expression is nested too deeply");
  }
  void Add(Node& node, NodePtr item) {
    Grow(node, *item);
    node.items.push_back(std::move(item));
  }
  NameId Name(const std::string& name) {
    const auto [found, added] = names_.try_emplace(name, static_cast<NameId>(tree_.names.size()));
    if (added) tree_.names.push_back(name);
    return found->second;
  }

  NodePtr Expression(int power) {
    if (++depth_ > kMaxHeight) throw LimitFailure("The expression is nested too deeply");
    Token head = token_;
    Advance(/*after_operand=*/true);
    NodePtr left = ParseHead(head);
    while (power < TailPower()) {
      const Operator& op = *FindOperator(token_.text);
      Advance();
      left = ParseTail(op, std::move(left));
    }
    --depth_;
    return left;
  }

  NodePtr ParseHead(const Token& head) {
    NodePtr node = Make(NodeType::kEnd);
    node->text = head.text;
    switch (head.type) {
      case TokenType::kEnd:
        break;
      case TokenType::kName:
        node->type = NodeType::kName;
        break;
      case TokenType::kString:
        node->type = NodeType::kString;
        break;
      case TokenType::kTrue:
        node->type = NodeType::kTrue;
        break;
      case TokenType::kFalse:
        node->type = NodeType::kFalse;
        break;
      case TokenType::kNull:
        node->type = NodeType::kNull;
        break;
      case TokenType::kNumber:
        node->type = NodeType::kNumber;
        node->number = head.number;
        break;
      case TokenType::kVariable:
        node->type = NodeType::kVariable;
        node->name = Name(head.text);
        break;
      case TokenType::kRegex:
        return Regex(head);
      case TokenType::kOperator:
        return PrefixOperator(head, std::move(node));
    }
    return node;
  }

  NodePtr Regex(const Token& head) {
    NodePtr node = Make(NodeType::kRegex);
    node->text = head.text;
    Result<jsonata::Regex> regex = jsonata::Regex::Compile(head.text, head.flags);
    if (!regex) {
      Failure failure = MakeFailure("S0303");
      failure.message = regex.error().message();
      throw failure;
    }
    node->regex = std::make_shared<const jsonata::Regex>(*std::move(regex));
    return node;
  }

  NodePtr PrefixOperator(const Token& head, NodePtr node) {
    const std::string& op = head.text;
    if (op == "and" || op == "or" || op == "in") {
      node->type = NodeType::kName;
    } else if (op == "-") {
      node = Make(NodeType::kNegate, Expression(kUnaryPower));
    } else if (op == "*") {
      node->type = NodeType::kWildcard;
    } else if (op == "**") {
      node->type = NodeType::kDescendant;
    } else if (op == "%") {
      node->type = NodeType::kParent;
    } else if (op == "(") {
      node = Block();
    } else if (op == "[") {
      node = ArrayConstructor();
    } else if (op == "{") {
      node = Make(NodeType::kObject);
      ObjectPairs(*node);
    } else if (op == "|") {
      node = Transform();
    } else {
      throw TokenFailure("S0211", op);
    }
    return node;
  }

  NodePtr Block() {
    NodePtr node = Make(NodeType::kBlock);
    while (!Is(")")) {
      Add(*node, Expression(0));
      if (!Is(";")) break;
      Advance();
    }
    Expect(")", true);
    return node;
  }

  NodePtr ArrayConstructor() {
    NodePtr node = Make(NodeType::kArray);
    for (bool more = !Is("]"); more;) {
      NodePtr item = Expression(0);
      if (Is("..")) {
        Advance();
        item = Make(NodeType::kBinary, std::move(item), Expression(0));
        item->op = Op::kRange;
      }
      Add(*node, std::move(item));
      more = Is(",");
      if (more) Advance();
    }
    Expect("]", true);
    return node;
  }

  void ObjectPairs(Node& node) {
    for (bool more = !Is("}"); more;) {
      NodePtr key = Expression(0);
      Expect(":");
      NodePtr value = Expression(0);
      Grow(node, *key);
      Grow(node, *value);
      node.pairs.emplace_back(std::move(key), std::move(value));
      more = Is(",");
      if (more) Advance();
    }
    Expect("}", true);
  }

  NodePtr Transform() {
    NodePtr pattern = Expression(0);
    Expect("|");
    NodePtr update = Expression(0);
    NodePtr node = Make(NodeType::kTransform, std::move(pattern), std::move(update));
    if (Is(",")) {
      Advance();
      node->other = Expression(0);
      Grow(*node, *node->other);
    }
    Expect("|");
    return node;
  }

  NodePtr ParseTail(const Operator& op, NodePtr left) {
    if (op.text == "(") return Call(std::move(left));
    if (op.text == "[") return Filter(std::move(left));
    if (op.text == "{") {
      NodePtr node = Binary(Op::kGroup, std::move(left), nullptr);
      ObjectPairs(*node);
      return node;
    }
    if (op.text == "^") return OrderBy(std::move(left));
    if (op.text == "?") return Condition(std::move(left));
    if (op.text == ":=") {
      if (left->type != NodeType::kVariable) throw MakeFailure("S0212");
      return Binary(op.op, std::move(left), Expression(op.power - 1));
    }
    NodePtr node = Binary(op.op, std::move(left), Expression(op.power));
    if ((op.text == "@" || op.text == "#") && node->rhs->type != NodeType::kVariable)
      throw TokenFailure("S0214", op.text);
    return node;
  }

  NodePtr Binary(Op op, NodePtr left, NodePtr right) {
    NodePtr node = Make(NodeType::kBinary, std::move(left), std::move(right));
    node->op = op;
    return node;
  }

  NodePtr Call(NodePtr procedure) {
    NodePtr node = Make(NodeType::kFunction, std::move(procedure));
    for (bool more = !Is(")"); more;) {
      if (Is("?")) {
        node->type = NodeType::kPartial;
        Add(*node, Make(NodeType::kPlaceholder));
        Advance();
      } else {
        Add(*node, Expression(0));
      }
      more = Is(",");
      if (more) Advance();
    }
    Expect(")", true);
    const Node& name = *node->lhs;
    if (name.type == NodeType::kName && (name.text == "function" || name.text == "\u03BB"))
      Lambda(*node);
    return node;
  }

  void Lambda(Node& node) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (node.items[i]->type != NodeType::kVariable)
        throw ValueFailure("S0208", std::to_string(i + 1));
    }
    node.type = NodeType::kLambda;
    node.lhs = nullptr;
    if (Is("<")) {
      node.signature =
          std::make_shared<const detail::Signature>(detail::Signature::Parse(SignatureText()));
    }
    Expect("{");
    node.rhs = Expression(0);
    Grow(node, *node.rhs);
    Expect("}");
  }

  std::string SignatureText() {
    std::string text = "<";
    int depth = 1;
    while (depth > 0 && !Is("{") && token_.type != TokenType::kEnd) {
      Advance();
      if (Is(">")) --depth;
      if (Is("<")) ++depth;
      text += token_.text;
    }
    Expect(">");
    return text;
  }

  // An empty predicate asks for an array even of a single result.
  NodePtr Filter(NodePtr left) {
    if (Is("]")) {
      Node* step = left.get();
      while (step->type == NodeType::kBinary && step->op == Op::kFilter) step = step->lhs.get();
      step->keep_array = true;
      Advance();
      return left;
    }
    NodePtr node = Binary(Op::kFilter, std::move(left), Expression(0));
    Expect("]", true);
    return node;
  }

  NodePtr OrderBy(NodePtr left) {
    Expect("(");
    NodePtr node = Binary(Op::kOrderBy, std::move(left), nullptr);
    while (true) {
      SortTerm term;
      if (Is("<") || Is(">")) {
        term.descending = Is(">");
        Advance();
      }
      term.expression = Expression(0);
      Grow(*node, *term.expression);
      node->terms.push_back(std::move(term));
      if (!Is(",")) break;
      Advance();
    }
    Expect(")");
    return node;
  }

  NodePtr Condition(NodePtr left) {
    NodePtr node = Make(NodeType::kCondition, std::move(left), Expression(0));
    if (Is(":")) {
      Advance();
      node->other = Expression(0);
      Grow(*node, *node->other);
    }
    return node;
  }

  Tokenizer tokenizer_;
  Token token_;
  int depth_ = 0;
  Tree tree_;
  std::unordered_map<std::string, NameId> names_;
};

}  // namespace

Tree ParseTree(std::string_view text) { return Parser(text).Parse(); }

}  // namespace scones::jsonata::detail

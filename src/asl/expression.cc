#include "asl/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "asl/intrinsic.h"
#include "asl/payload.h"
#include "asl/query.h"

namespace scones::asl {
namespace {

constexpr int kMaxTemplateDepth = 100;

Error PathFailure(const Expression& expression, const std::string& key, const Scope& scope) {
  return Error(Code::kInvalid, "States.Runtime",
               fmt::format("The JSONPath '{}' specified for the field '{}.$' could not be found in "
                           "the input '{}'",
                           expression.text(), key, ToJson(*scope.input)));
}

}  // namespace

Result<Expression> Expression::ParsePath(std::string_view text) {
  Expression expression;
  expression.text_ = std::string(text);
  TRY(expression.form_, Path::Parse(text));
  return expression;
}

Result<Expression> Expression::Parse(std::string_view text) {
  if (text.starts_with('$')) return ParsePath(text);
  Expression expression;
  expression.text_ = std::string(text);
  TRY(IntrinsicCall call, ParseIntrinsic(text));
  expression.form_ = std::make_shared<const IntrinsicCall>(std::move(call));
  return expression;
}

Result<Expression> Expression::ParseQuery(std::string_view text, std::string location) {
  Expression expression;
  expression.text_ = std::string(text);
  TRY(Query query, Query::Parse(text, std::move(location)));
  expression.form_ = std::make_shared<const Query>(std::move(query));
  return expression;
}

Result<const json::value*> RootOf(const Path& path, const Scope& scope) {
  switch (path.root()) {
    case Path::Root::kInput:
      return scope.input;
    case Path::Root::kContext:
      return &scope.context();
    case Path::Root::kVariable:
      break;
  }
  const json::value* value = scope.variable ? scope.variable(path.variable()) : nullptr;
  if (value != nullptr) return value;
  return Error(Code::kNotFound, fmt::format("The variable '${}' has no value", path.variable()));
}

Result<json::value> EvaluatePath(const Path& path, const Scope& scope) {
  TRY(const json::value* root, RootOf(path, scope));
  const std::size_t limit = scope.budget != nullptr ? *scope.budget : Path::kMaxResultBytes;
  auto value = path.Evaluate(*root, limit);
  if (!value && value.error().code() == Code::kExhausted) {
    return Error(Code::kInvalid, "States.DataLimitExceeded", value.error().message());
  }
  if (value && scope.budget != nullptr) *scope.budget -= std::min(limit, WeightOf(*value, limit));
  return value;
}

Result<json::value> Expression::Evaluate(const Scope& scope) const {
  if (const Path* own = path()) return EvaluatePath(*own, scope);
  if (const Query* own = query()) return own->Evaluate(scope);
  return CallIntrinsic(*std::get<1>(form_), scope);
}

Template Template::Compile(const json::value& source, const std::string& location,
                           std::vector<Fault>& faults) {
  Template compiled;
  compiled.root_ = CompileNode(source, location, 0, faults);
  return compiled;
}

Template::Node Template::CompileNode(const json::value& source, const std::string& location,
                                     int depth, std::vector<Fault>& faults) {
  Node node;
  node.constant = source;
  if (depth > kMaxTemplateDepth) {
    faults.push_back({location, "The template is nested too deeply"});
    return node;
  }
  if (const json::array* array = source.if_array()) {
    node.kind = Node::Kind::kArray;
    for (std::size_t i = 0; i < array->size(); ++i) {
      node.children.push_back(
          CompileNode((*array)[i], fmt::format("{}[{}]", location, i), depth + 1, faults));
    }
  } else if (const json::object* object = source.if_object()) {
    node.kind = Node::Kind::kObject;
    for (const auto& member : *object) {
      const std::string_view key = member.key();
      Node child;
      if (key.ends_with(".$")) {
        child.kind = Node::Kind::kExpression;
        const std::string_view name = key.substr(0, key.size() - 2);
        const json::string* text = member.value().if_string();
        auto expression = text == nullptr ? Result<Expression>(Error(Code::kInvalid, "no string"))
                                          : Expression::Parse(*text);
        if (!expression) {
          faults.push_back({location, fmt::format("The value for the field '{}' must be a valid "
                                                  "JSONPath or a valid intrinsic function call",
                                                  key)});
          continue;
        }
        if (object->contains(name)) {
          faults.push_back(
              {location, fmt::format("The field '{}' is duplicated by '{}'", name, key)});
        }
        child.expression = std::make_unique<Expression>(*std::move(expression));
        child.key = std::string(name);
      } else {
        child = CompileNode(member.value(), fmt::format("{}/{}", location, key), depth + 1, faults);
        child.key = std::string(key);
      }
      node.children.push_back(std::move(child));
    }
  }
  Fold(node);
  return node;
}

// A node without expressions is the constant that it was made of.
void Template::Fold(Node& node) {
  if (node.kind == Node::Kind::kExpression) return;
  const bool constant =
      std::all_of(node.children.begin(), node.children.end(),
                  [](const Node& child) { return child.kind == Node::Kind::kConstant; });
  if (constant) {
    node.kind = Node::Kind::kConstant;
    node.children.clear();
  } else {
    node.constant = nullptr;
  }
}

Template Template::CompileQueries(const json::value& source, const std::string& location) {
  Template compiled;
  compiled.root_ = CompileQueryNode(source, location, 0);
  return compiled;
}

Template::Node Template::CompileQueryNode(const json::value& source, const std::string& location,
                                          int depth) {
  Node node;
  node.constant = source;
  if (depth > kMaxTemplateDepth) return node;
  if (const json::string* text = source.if_string(); text != nullptr && Query::IsMeant(*text)) {
    auto expression = Expression::ParseQuery(*text, location);
    if (!expression) return node;
    node.kind = Node::Kind::kExpression;
    node.constant = nullptr;
    node.expression = std::make_unique<Expression>(*std::move(expression));
    return node;
  }
  if (const json::array* array = source.if_array()) {
    node.kind = Node::Kind::kArray;
    for (std::size_t i = 0; i < array->size(); ++i) {
      node.children.push_back(
          CompileQueryNode((*array)[i], fmt::format("{}[{}]", location, i), depth + 1));
    }
  } else if (const json::object* object = source.if_object()) {
    node.kind = Node::Kind::kObject;
    for (const auto& member : *object) {
      const std::string_view key = member.key();
      Node child = CompileQueryNode(member.value(), fmt::format("{}/{}", location, key), depth + 1);
      child.key = std::string(key);
      node.children.push_back(std::move(child));
    }
  }
  Fold(node);
  return node;
}

void Template::Visit(const Node& node, const std::function<void(const Query&)>& visit) {
  if (node.expression != nullptr && node.expression->query() != nullptr)
    visit(*node.expression->query());
  for (const Node& child : node.children) Visit(child, visit);
}

Result<json::value> Template::EvaluateNode(const Node& node, const Scope& scope) {
  switch (node.kind) {
    case Node::Kind::kConstant:
      return node.constant;
    case Node::Kind::kExpression: {
      auto value = node.expression->Evaluate(scope);
      if (!value && value.error().code() == Code::kNotFound) {
        return PathFailure(*node.expression, node.key, scope);
      }
      return value;
    }
    case Node::Kind::kArray: {
      json::array array;
      array.reserve(node.children.size());
      for (const Node& child : node.children) {
        TRY(json::value value, EvaluateNode(child, scope));
        array.push_back(std::move(value));
      }
      return json::value(std::move(array));
    }
    case Node::Kind::kObject: {
      json::object object;
      object.reserve(node.children.size());
      for (const Node& child : node.children) {
        TRY(json::value value, EvaluateNode(child, scope));
        object.emplace(child.key, std::move(value));
      }
      return json::value(std::move(object));
    }
  }
  return json::value();
}

Result<json::value> Template::Evaluate(const Scope& scope) const {
  return EvaluateNode(root_, scope);
}

}  // namespace scones::asl

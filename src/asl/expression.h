// What a definition evaluates: a JSONPath, an intrinsic function call (States.Format(…)) or a
// JSONata expression ("{% … %}"), and payload templates built of them. Compiled once, then
// immutable. Pure: randomness comes from the scope. Source: States Language specification, "Payload
// Template" and "Intrinsic Functions".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asl/path.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::asl {

// What the names in an expression stand for. Borrowed for the length of one evaluation.
struct Scope {
  const json::value* input = nullptr;           // "$"
  std::function<const json::value&()> context;  // "$$", made on demand
  std::function<std::uint64_t()> random;        // the next 64 random bits
  // Bytes that paths may still copy; shared by all expressions of one field.
  std::size_t* budget = nullptr;
  // What the variable `name` (without "$") holds, or null where there is none.
  std::function<const json::value*(std::string_view name)> variable;
  // What JSONata expressions may still do; shared by all of one state's attempt.
  std::uint64_t* query_steps = nullptr;
  Timestamp now;  // $now(), $millis()
  // $states.result and $states.errorOutput, where the field has them.
  const json::value* result = nullptr;
  const json::value* error_output = nullptr;
  // Where in the state a JSONata expression failed: "Arguments/FunctionName".
  std::string* fault_location = nullptr;
  // $states, made as the expressions ask for its members.
  mutable json::value states = nullptr;
};

// An evaluation's error carries the language's error name as its reason and a cause as its message:
// States.Runtime, States.IntrinsicFailure, States.QueryEvaluationError.

struct IntrinsicCall;
class Query;

class Expression {
 public:
  // Errors: kInvalid. ParsePath takes a path only.
  static Result<Expression> Parse(std::string_view text);
  static Result<Expression> ParsePath(std::string_view text);
  // A JSONata expression with its delimiters, as Query::Parse.
  static Result<Expression> ParseQuery(std::string_view text, std::string location);

  const std::string& text() const { return text_; }
  // Null for any other form.
  const Path* path() const { return std::get_if<Path>(&form_); }
  const Query* query() const {
    const auto* query = std::get_if<std::shared_ptr<const Query>>(&form_);
    return query == nullptr ? nullptr : query->get();
  }
  // "$" alone: the input as it is.
  bool is_input() const {
    return path() != nullptr && path()->is_root() && path()->root() == Path::Root::kInput;
  }

  // A path that finds nothing is kNotFound with Path::Find's message and no reason: what that means
  // depends on the field. Intrinsic failures have their reason.
  Result<json::value> Evaluate(const Scope& scope) const;

 private:
  std::string text_;
  std::variant<Path, std::shared_ptr<const IntrinsicCall>, std::shared_ptr<const Query>> form_;
};

// Errors: Path::Evaluate's; kInvalid/States.DataLimitExceeded when the scope's budget is spent.
Result<json::value> EvaluatePath(const Path& path, const Scope& scope);

// The node that `path` starts from. Errors: kNotFound where a variable has no value.
Result<const json::value*> RootOf(const Path& path, const Scope& scope);

// Parameters, ResultSelector, ItemSelector: JSON in which members named "x.$" hold expressions. In
// a JSONata state Arguments, Output, …: any JSON in which strings "{% … %}" are expressions.
class Template {
 public:
  struct Fault {
    std::string location;  // of the object that holds it, "/Parameters/a"
    std::string message;
  };
  // Never fails; what is wrong is added to `faults` with `location` in front.
  static Template Compile(const json::value& source, const std::string& location,
                          std::vector<Fault>& faults);

  // `location` is the field within its state, "Output". Strings that are no expressions although
  // they look like ones are taken as they are: the compiler reports them.
  static Template CompileQueries(const json::value& source, const std::string& location);

  // The expression that is the whole template, or null.
  const Expression* expression() const { return root_.expression.get(); }
  void ForEachQuery(const std::function<void(const Query&)>& visit) const { Visit(root_, visit); }

  // Errors: as in the comment above. Takes the recorded wording where a path finds nothing.
  Result<json::value> Evaluate(const Scope& scope) const;

 private:
  struct Node {
    std::string key;  // without ".$"
    // One of: a constant, an expression, an object or an array of nodes.
    enum class Kind { kConstant, kExpression, kObject, kArray } kind = Kind::kConstant;
    json::value constant;
    std::unique_ptr<Expression> expression;
    std::vector<Node> children;
  };
  static Node CompileNode(const json::value& source, const std::string& location, int depth,
                          std::vector<Fault>& faults);
  static Node CompileQueryNode(const json::value& source, const std::string& location, int depth);
  static void Visit(const Node& node, const std::function<void(const Query&)>& visit);
  static void Fold(Node& node);
  static Result<json::value> EvaluateNode(const Node& node, const Scope& scope);

  Node root_;
};

}  // namespace scones::asl

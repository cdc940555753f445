// A JSONata expression of a state: what stands between "{%" and "%}". Parsed once, then immutable.
// Part of expression.h. Pure. Source: AWS Step Functions Developer Guide, "Transforming data with
// JSONata".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asl/expression.h"
#include "base/json.h"
#include "base/result.h"
#include "jsonata/jsonata.h"

namespace scones::asl {

class Query {
 public:
  // Members of $states, as bits; kWhole: it is also used other than by a member's name.
  enum States : unsigned { kInput = 1, kContext = 2, kResult = 4, kErrorOutput = 8, kWhole = 16 };

  // `text` opens or closes as an expression does, so that it must be one.
  static bool IsMeant(std::string_view text);
  // `location`: the field within its state, "Arguments/FunctionName". Errors: kInvalid; the reason
  // is the diagnostic's code, the message its text.
  static Result<Query> Parse(std::string_view text, std::string location);

  const std::string& text() const { return text_; }
  const std::string& location() const { return location_; }
  // The members of $states that it may read.
  unsigned states() const { return states_; }
  // Variables that it reads ("states" is one), and what it reads of a context that a state's
  // expressions don't have (names, "$", "$$").
  const std::vector<std::string>& free_variables() const { return expression_.free_variables(); }
  const std::vector<std::string>& context_references() const {
    return expression_.context_references();
  }

  // Errors: kInvalid/States.QueryEvaluationError in AWS's words, also where the result is
  // undefined. The location is left in the scope.
  Result<json::value> Evaluate(const Scope& scope) const;
  // And where the result is not of the type that JSONata calls `expected`.
  Result<json::value> EvaluateAs(std::string_view expected, const Scope& scope) const;
  // The error for a `value` that the field can't take.
  Error UnexpectedType(std::string_view expected, const json::value& value,
                       const Scope& scope) const;

 private:
  Query(jsonata::Expression expression, std::string text, std::string location);
  Error Failure(std::string_view what, const Scope& scope) const;

  jsonata::Expression expression_;
  std::string text_;
  std::string location_;
  unsigned states_;
};

}  // namespace scones::asl

// The 18 intrinsic functions of the States Language: parsing of a call and its evaluation.
// Part of expression.h. Pure. Source: AWS Step Functions Developer Guide, "Intrinsic functions".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asl/expression.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

using IntrinsicArguments = std::vector<json::value>;

// One function. Each argument is given as a letter in `signature`: s string, n number, b boolean, a
// array, v any value; '?' marks those after it as optional and '*' any number more of the last.
struct IntrinsicFunction {
  std::string_view name;  // without "States."
  std::string_view signature;
  Result<json::value> (*run)(const IntrinsicArguments& arguments, const Scope& scope);
};

struct IntrinsicCall {
  // A quoted literal is kept as it was written, escapes included: States.Format must tell "\{" from
  // "{".
  struct Literal {
    json::value value;
    std::string raw;  // of a string
  };
  using Argument = std::variant<Literal, Path, std::unique_ptr<IntrinsicCall>>;

  const IntrinsicFunction* function = nullptr;
  std::vector<Argument> arguments;
};

// Errors: kInvalid (unknown function, wrong number of arguments, a literal of the wrong type,
// syntax).
Result<IntrinsicCall> ParseIntrinsic(std::string_view text);

// Errors: kInvalid/States.IntrinsicFailure; kNotFound where an argument's path finds nothing.
Result<json::value> CallIntrinsic(const IntrinsicCall& call, const Scope& scope);

// The function called `name` ("Format"), or null. From intrinsic_functions.cc.
const IntrinsicFunction* FindIntrinsic(std::string_view name);
// "{}" in `pattern` replaced by the arguments from the second on. `pattern` is raw (escapes are
// read).
Result<std::string> FormatIntrinsic(std::string_view pattern, const IntrinsicArguments& arguments);
Error IntrinsicFailure(std::string message);

}  // namespace scones::asl

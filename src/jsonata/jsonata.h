// JSONata 2.0.6: an expression is parsed once and evaluated on JSON values. Pure: no clock, no
// randomness, no I/O but what the environment passes in. Source: the JSONata documentation
// (docs.jsonata.org, version 2.0); errors carry its codes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::jsonata {

// What one evaluation may use; all are enforced, and going beyond one is the error U1001 where
// nothing else is said. The defaults are for expressions that strangers wrote.
struct Limits {
  // Nested evaluations, counted a node of the expression each; never more than 1,000.
  int max_depth = 100;
  // Evaluated nodes and visited items: about a second of work.
  std::uint64_t max_steps = 10'000'000;
  // Of values that the evaluation makes; they live until it ends. Never more than 1 GiB.
  std::size_t max_bytes = std::size_t{128} << 20;
  // Items of one range ([1..N]); beyond: D2014.
  std::uint64_t max_range = 873'782;
};

struct Environment;

// A function of the host, callable as $name(…).
struct NativeFunction {
  std::string name;       // without "$"
  std::string signature;  // JSONata's notation, "<n-n:n>"; empty: any arguments
  // An argument that is absent or undefined is nullopt; so is an undefined result. A function as
  // an argument is the empty string, as $string() has it.
  std::function<Result<std::optional<json::value>>(
      std::span<const std::optional<json::value>> arguments, const Environment& environment)>
      call;
};

// Borrowed for the length of one evaluation. A name is looked up in the expression's own bindings,
// then in `variable`, `functions`, and the function library.
struct Environment {
  const json::value* input = nullptr;  // "$"; null: undefined
  // The value of the variable `name` (without "$"), or null where there is none. May be empty.
  std::function<const json::value*(std::string_view name)> variable;
  std::span<const NativeFunction> functions;
  Timestamp now;                          // $now(), $millis()
  std::function<std::uint64_t()> random;  // the next 64 random bits: $random(), $shuffle()
  Limits limits;
  // Where set: what several evaluations may use of `max_steps` together; each takes from it.
  std::uint64_t* steps_left = nullptr;
};

// Immutable, cheap to copy, safe from any thread.
class Expression {
 public:
  // Errors: kInvalid; the reason is JSONata's code ("S0201"), the message its text.
  static Result<Expression> Parse(std::string_view text);

  const std::string& text() const;
  // Variables that it reads and does not bind itself, without "$", sorted, once each; neither
  // functions of the library nor parameters.
  const std::vector<std::string>& free_variables() const;
  // Names that it looks up in the input as it is given, "$" for the input itself and "$$" for the
  // root, once each: what a host that gives no input has to refuse.
  const std::vector<std::string>& context_references() const;

  // nullopt: undefined. A number that is integral and fits is an int64; one that JSON
  // has no notation for is a double as it is (infinite, NaN). A function in the result
  // is the empty string, as $string() has it. Errors: the reason is JSONata's code, the message
  // its text; kExhausted for a limit (U1001), kInvalid else.
  Result<std::optional<json::value>> Evaluate(const Environment& environment) const;

 private:
  struct Impl;
  explicit Expression(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace scones::jsonata

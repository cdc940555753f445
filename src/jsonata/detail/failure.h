// An error on its way out of the parser or the evaluator: thrown inside this module only, and
// turned into an Error where Parse and Evaluate return.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace scones::jsonata::detail {

// The parts that a message may name; `value` and `value2` are JSON text, the others plain.
struct Failure {
  std::string code;
  std::optional<std::string> token;
  std::optional<std::string> value;
  std::optional<std::string> value2;
  int index = 0;
  std::string type;
  std::string message;  // of $error, $assert; instead of the code's own text
};

Failure MakeFailure(std::string_view code);
Failure TokenFailure(std::string_view code, std::string_view token);
// `value` is JSON text already.
Failure ValueFailure(std::string_view code, std::string value);

// A limit was met: U1001 with `message`.
Failure LimitFailure(std::string_view message);

Error ToError(const Failure& failure);
// An error with JSONata's code as its reason.
Failure FromError(const Error& error);

}  // namespace scones::jsonata::detail

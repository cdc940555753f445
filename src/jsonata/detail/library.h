// The function library: which functions there are, what they take, and what they do. The functions
// themselves are in functions_*.cc. Immutable; safe from any thread.
#pragma once

#include <span>
#include <string_view>

#include "jsonata/detail/signature.h"
#include "jsonata/detail/value.h"

namespace scones::jsonata::detail {

class Evaluator;

struct Call {
  std::span<const Value> arguments;
  Value context;

  // Undefined where the argument is missing.
  Value operator[](std::size_t index) const {
    return index < arguments.size() ? arguments[index] : Value();
  }
};

struct LibraryFunction {
  std::string_view name;
  std::string_view signature;  // empty: any arguments
  int arity;                   // how many arguments a higher-order function passes to it at most
  Value (*run)(Evaluator& evaluator, const Call& call);
};

bool IsLibraryFunction(std::string_view name);
// Null where there is none. The signature is parsed once.
const LibraryFunction* FindLibraryFunction(std::string_view name, const Signature** signature);

std::span<const LibraryFunction> StringFunctions();
std::span<const LibraryFunction> PatternFunctions();
std::span<const LibraryFunction> EncodingFunctions();
std::span<const LibraryFunction> NumberFunctions();
std::span<const LibraryFunction> ArrayFunctions();
std::span<const LibraryFunction> ObjectFunctions();
std::span<const LibraryFunction> HigherOrderFunctions();
std::span<const LibraryFunction> TimeFunctions();

}  // namespace scones::jsonata::detail

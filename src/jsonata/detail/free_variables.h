// Which variables an expression takes from outside. Pure.
#pragma once

#include <string>
#include <vector>

#include "jsonata/detail/ast.h"

namespace scones::jsonata::detail {

// Sorted, once each. A variable that is bound somewhere in an enclosing scope counts as bound
// within a function's body, which may run later; elsewhere only behind its binding.
std::vector<std::string> FreeVariables(const Tree& tree);

}  // namespace scones::jsonata::detail

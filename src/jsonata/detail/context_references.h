// What an expression reads of the context that it is evaluated in, for hosts that give it none.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "jsonata/detail/ast.h"

namespace scones::jsonata::detail {

// Names that are looked up in the outermost context, "$" for that context itself and "$$" for the
// root; each once, in the order in which they are written.
std::vector<std::string> ContextReferences(const Tree& tree);

}  // namespace scones::jsonata::detail

// Which variables each state of a definition reads, as DescribeStateMachine shows them. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/json.h"

namespace scones::asl {

// By state name, states of Map and Parallel states among them; without states that read none.
// `definition` is one that Definition::Parse accepts; only variables that some state assigns count.
std::map<std::string, std::set<std::string>> VariableReferences(const json::object& definition);

}  // namespace scones::asl

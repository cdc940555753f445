// Links: who makes each value of a Graph and how many read it. Private to Simplify's passes, each
// of which makes its own and keeps it true as it goes.
#pragma once

#include <variant>
#include <vector>

#include "nn/detail/graph.h"

namespace scones::nn {

struct Links {
  explicit Links(const Graph& graph)
      : maker(graph.values.size(), -1), readers(graph.values.size(), 0) {
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      const Op& op = graph.ops[i];
      maker[At(op.output)] = static_cast<int>(i);
      for (const ValueId input : op.inputs) ++readers[At(input)];
      if (op.residual) ++readers[At(*op.residual)];
    }
    ++readers[At(graph.output)];
  }
  static std::size_t At(ValueId value) { return static_cast<std::size_t>(value); }

  // Null for the graph's input.
  Op* Maker(Graph& graph, ValueId value) const {
    const int index = maker[At(value)];
    return index < 0 ? nullptr : &graph.ops[static_cast<std::size_t>(index)];
  }
  // The operator that makes `value`, when only one operator reads it; else null.
  Op* SoleMaker(Graph& graph, ValueId value) const {
    return readers[At(value)] == 1 ? Maker(graph, value) : nullptr;
  }

  std::vector<int> maker;  // index of the operator, -1 for the graph's input
  std::vector<int> readers;
};

// An operator that does nothing but apply `function`.
inline bool Applies(const Op* op, Function function) {
  return op != nullptr && std::holds_alternative<Activate>(op->kind) && op->activation &&
         op->activation->function == function;
}

}  // namespace scones::nn

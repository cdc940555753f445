#include "nn/detail/simplify.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace scones::nn {
namespace {

// Who makes each value and how many read it; rebuilt by each pass, which keeps it true as it goes.
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

  // The operator that makes `value`, when only one operator reads it; else null.
  Op* SoleMaker(Graph& graph, ValueId value) const {
    const int index = maker[At(value)];
    if (index < 0 || readers[At(value)] != 1) return nullptr;
    return &graph.ops[static_cast<std::size_t>(index)];
  }

  std::vector<int> maker;
  std::vector<int> readers;
};

void DropUnused(Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  needed[Links::At(graph.output)] = true;
  std::vector<Op> kept;
  for (auto op = graph.ops.rbegin(); op != graph.ops.rend(); ++op) {
    if (!needed[Links::At(op->output)]) continue;
    for (const ValueId input : op->inputs) needed[Links::At(input)] = true;
    kept.push_back(std::move(*op));
  }
  std::reverse(kept.begin(), kept.end());
  graph.ops = std::move(kept);
}

// Scales each output channel's weights and moves its bias.
void Scale(const Affine& affine, std::vector<float>& weights, std::vector<float>& bias) {
  const std::size_t per_channel = bias.empty() ? 0 : weights.size() / bias.size();
  for (std::size_t c = 0; c < bias.size(); ++c) {
    for (std::size_t i = 0; i < per_channel; ++i) weights[c * per_channel + i] *= affine.scale[c];
    bias[c] = bias[c] * affine.scale[c] + affine.shift[c];
  }
}

bool FoldInto(const Affine& affine, Op& before) {
  if (before.activation || before.residual) return false;
  if (auto* conv = std::get_if<Conv>(&before.kind)) {
    Scale(affine, conv->weights, conv->bias);
    return true;
  }
  if (auto* dense = std::get_if<Dense>(&before.kind)) {
    Scale(affine, dense->weights, dense->bias);
    return true;
  }
  if (auto* other = std::get_if<Affine>(&before.kind)) {
    Scale(affine, other->scale, other->shift);
    return true;
  }
  return false;
}

// `op` takes over the result of `absorbed`, whose place in the list is then dropped by the caller.
void TakeOver(Links& links, Op& op, int index, const Op& absorbed) {
  op.output = absorbed.output;
  links.maker[Links::At(op.output)] = index;
}

template <class Absorb>
void Pass(Graph& graph, Absorb absorb) {
  Links links(graph);
  std::vector<bool> gone(graph.ops.size(), false);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) gone[i] = absorb(links, graph.ops[i]);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) graph.ops[kept] = std::move(graph.ops[i]);
    ++kept;
  }
  graph.ops.resize(kept);
}

bool AbsorbAffine(Graph& graph, Links& links, Op& op) {
  const auto* affine = std::get_if<Affine>(&op.kind);
  if (affine == nullptr || op.activation) return false;
  Op* before = links.SoleMaker(graph, op.inputs[0]);
  if (before == nullptr || !FoldInto(*affine, *before)) return false;
  TakeOver(links, *before, links.maker[Links::At(op.inputs[0])], op);
  return true;
}

// The Conv that runs later adds the other value: by then that one is there.
bool AbsorbAdd(Graph& graph, Links& links, Op& op) {
  if (!std::holds_alternative<Add>(op.kind) || op.activation) return false;
  ValueId first = op.inputs[0];
  ValueId second = op.inputs[1];
  const auto made_at = [&](ValueId value) { return links.maker[Links::At(value)]; };
  if (made_at(first) > made_at(second)) std::swap(first, second);
  Op* conv = links.SoleMaker(graph, second);
  if (conv == nullptr || !std::holds_alternative<Conv>(conv->kind) || conv->activation ||
      conv->residual || made_at(first) == made_at(second)) {
    return false;
  }
  conv->residual = first;
  TakeOver(links, *conv, made_at(second), op);
  return true;
}

bool AbsorbActivation(Graph& graph, Links& links, Op& op) {
  if (!std::holds_alternative<Activate>(op.kind)) return false;
  Op* before = links.SoleMaker(graph, op.inputs[0]);
  const bool takes =
      before != nullptr && !before->activation &&
      (std::holds_alternative<Conv>(before->kind) || std::holds_alternative<Dense>(before->kind));
  if (!takes) return false;
  before->activation = op.activation;
  TakeOver(links, *before, links.maker[Links::At(op.inputs[0])], op);
  return true;
}

}  // namespace

void Simplify(Graph& graph) {
  DropUnused(graph);
  Pass(graph, [&](Links& links, Op& op) { return AbsorbAffine(graph, links, op); });
  Pass(graph, [&](Links& links, Op& op) { return AbsorbAdd(graph, links, op); });
  Pass(graph, [&](Links& links, Op& op) { return AbsorbActivation(graph, links, op); });
}

}  // namespace scones::nn

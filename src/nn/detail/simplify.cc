#include "nn/detail/simplify.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "nn/detail/links.h"
#include "nn/detail/recognize.h"

namespace scones::nn {
namespace {

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

// The last dimension of what `op` makes.
int LastAxis(const Graph& graph, const Op& op) {
  return static_cast<int>(graph.values[Links::At(op.output)].size()) - 1;
}

bool FoldInto(const Graph& graph, const Affine& affine, Op& before) {
  if (before.activation || before.residual) return false;
  if (auto* conv = std::get_if<Conv>(&before.kind)) {
    if (affine.axis != 0) return false;
    Scale(affine, conv->weights, conv->bias);
    return true;
  }
  if (auto* dense = std::get_if<Dense>(&before.kind)) {
    if (affine.axis != LastAxis(graph, before)) return false;
    Scale(affine, dense->weights, dense->bias);
    return true;
  }
  if (auto* norm = std::get_if<LayerNorm>(&before.kind)) {
    if (affine.axis != LastAxis(graph, before)) return false;
    Scale(affine, norm->scale, norm->shift);
    return true;
  }
  if (auto* other = std::get_if<Affine>(&before.kind)) {
    if (affine.axis != other->axis) return false;
    Scale(affine, other->scale, other->shift);
    return true;
  }
  return false;
}

// a * x + b for all elements.
bool FoldInto(const Activation& line, Op& before) {
  if (before.activation || before.residual) return false;
  const auto scale = [&](std::vector<float>& weights, std::vector<float>& bias) {
    for (float& weight : weights) weight *= line.alpha;
    for (float& value : bias) value = value * line.alpha + line.beta;
    return true;
  };
  if (auto* conv = std::get_if<Conv>(&before.kind)) return scale(conv->weights, conv->bias);
  if (auto* dense = std::get_if<Dense>(&before.kind)) return scale(dense->weights, dense->bias);
  if (auto* norm = std::get_if<LayerNorm>(&before.kind)) return scale(norm->scale, norm->shift);
  if (auto* affine = std::get_if<Affine>(&before.kind)) return scale(affine->scale, affine->shift);
  if (auto* product = std::get_if<MatMul>(&before.kind); product != nullptr && line.beta == 0) {
    product->scale *= line.alpha;
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
  if (before == nullptr || !FoldInto(graph, *affine, *before)) return false;
  TakeOver(links, *before, links.maker[Links::At(op.inputs[0])], op);
  return true;
}

bool AbsorbLinear(Graph& graph, Links& links, Op& op) {
  if (!Applies(&op, Function::kLinear)) return false;
  Op* before = links.SoleMaker(graph, op.inputs[0]);
  if (before == nullptr || !FoldInto(*op.activation, *before)) return false;
  TakeOver(links, *before, links.maker[Links::At(op.inputs[0])], op);
  return true;
}

// A factor of either side of a product, before it was moved around, is one of the product.
void AbsorbFactors(Graph& graph) {
  const Links links(graph);
  for (Op& op : graph.ops) {
    auto* product = std::get_if<MatMul>(&op.kind);
    if (product == nullptr) continue;
    for (ValueId& input : op.inputs) {
      ValueId* reading = &input;
      Op* maker = links.SoleMaker(graph, *reading);
      while (maker != nullptr && !maker->activation &&
             (std::holds_alternative<Reshape>(maker->kind) ||
              std::holds_alternative<Permute>(maker->kind))) {
        reading = &maker->inputs[0];
        maker = links.SoleMaker(graph, *reading);
      }
      if (!Applies(maker, Function::kLinear) || maker->activation->beta != 0) continue;
      product->scale *= maker->activation->alpha;
      *reading = maker->inputs[0];
    }
  }
}

// Zeros around the input of a convolution are padding of its own.
bool AbsorbPad(Graph& graph, const Links& links, Op& op) {
  auto* conv = std::get_if<Conv>(&op.kind);
  const Op* before = conv == nullptr ? nullptr : links.Maker(graph, op.inputs[0]);
  const Pad* pad = before == nullptr ? nullptr : std::get_if<Pad>(&before->kind);
  if (pad == nullptr || pad->value != 0) return false;
  for (int axis = 0; axis < 2; ++axis) {
    conv->window.pad_begin[axis] += pad->begin[axis];
    conv->window.pad_end[axis] += pad->end[axis];
  }
  op.inputs = before->inputs;
  return false;  // the pad may have other readers; DropUnused sees to it
}

bool TakesResidual(const Op& op) {
  return std::holds_alternative<Conv>(op.kind) || std::holds_alternative<Dense>(op.kind);
}

// The operator that runs later adds the other value: by then that one is there.
bool AbsorbAdd(Graph& graph, Links& links, Op& op) {
  if (!std::holds_alternative<Add>(op.kind) || op.activation) return false;
  ValueId first = op.inputs[0];
  ValueId second = op.inputs[1];
  const auto made_at = [&](ValueId value) { return links.maker[Links::At(value)]; };
  if (made_at(first) > made_at(second)) std::swap(first, second);
  Op* later = links.SoleMaker(graph, second);
  if (later == nullptr || !TakesResidual(*later) || later->activation || later->residual ||
      made_at(first) == made_at(second)) {
    return false;
  }
  later->residual = first;
  TakeOver(links, *later, made_at(second), op);
  return true;
}

bool AbsorbActivation(Graph& graph, Links& links, Op& op) {
  if (!std::holds_alternative<Activate>(op.kind)) return false;
  Op* before = links.SoleMaker(graph, op.inputs[0]);
  const bool takes = before != nullptr && !before->activation &&
                     (TakesResidual(*before) || std::holds_alternative<Add>(before->kind) ||
                      std::holds_alternative<Binary>(before->kind) ||
                      std::holds_alternative<Combine>(before->kind) ||
                      std::holds_alternative<MatMul>(before->kind));
  if (!takes) return false;
  before->activation = op.activation;
  TakeOver(links, *before, links.maker[Links::At(op.inputs[0])], op);
  return true;
}

// A reshape of a reshape, and one that changes nothing.
void MergeReshapes(Graph& graph) {
  const Links links(graph);
  std::vector<ValueId> stands_for(graph.values.size());
  for (std::size_t i = 0; i < stands_for.size(); ++i) stands_for[i] = static_cast<ValueId>(i);
  for (Op& op : graph.ops) {
    for (ValueId& input : op.inputs) input = stands_for[Links::At(input)];
    if (!std::holds_alternative<Reshape>(op.kind)) continue;
    const Op* before = links.Maker(graph, op.inputs[0]);
    if (before != nullptr && std::holds_alternative<Reshape>(before->kind)) {
      op.inputs[0] = before->inputs[0];
    }
    if (op.output != graph.output &&
        graph.values[Links::At(op.inputs[0])] == graph.values[Links::At(op.output)]) {
      stands_for[Links::At(op.output)] = op.inputs[0];
    }
  }
}

// A pad that no convolution took becomes constants beside the picture.
void LowerPads(Graph& graph) {
  std::vector<Op> ops;
  for (Op& op : graph.ops) {
    const auto* found = std::get_if<Pad>(&op.kind);
    if (found == nullptr) {
      ops.push_back(std::move(op));
      continue;
    }
    const Pad pad = *found;
    const auto add = [&](auto kind, std::vector<ValueId> inputs, const Dims& dims) {
      ops.push_back({op.name,
                     std::move(kind),
                     std::move(inputs),
                     static_cast<ValueId>(graph.values.size()),
                     {},
                     {}});
      graph.values.push_back(dims);
      return ops.back().output;
    };
    ValueId value = op.inputs[0];
    Dims dims = graph.values[Links::At(value)];
    for (int axis = 0; axis < 2; ++axis) {
      const auto place = static_cast<std::size_t>(axis) + 1;
      const auto border = [&](std::int64_t size, std::vector<ValueId>& parts) {
        Dims block = dims;
        block[place] = size;
        const auto count = static_cast<std::size_t>(ElementCount(block));
        if (size > 0)
          parts.push_back(add(Literal{std::vector<float>(count, pad.value)}, {}, block));
      };
      std::vector<ValueId> parts;
      border(pad.begin[axis], parts);
      parts.push_back(value);
      border(pad.end[axis], parts);
      if (parts.size() == 1) continue;
      dims[place] += pad.begin[axis] + pad.end[axis];
      value = add(Concat{axis + 1}, std::move(parts), dims);
    }
    ops.back().output = op.output;  // an importer's pad pads something
  }
  graph.ops = std::move(ops);
}

}  // namespace

void Simplify(Graph& graph) {
  DropUnused(graph);
  Recognize(graph);
  DropUnused(graph);
  Pass(graph, [&](Links& links, Op& op) { return AbsorbPad(graph, links, op); });
  MergeReshapes(graph);
  AbsorbFactors(graph);
  DropUnused(graph);
  LowerPads(graph);
  Pass(graph, [&](Links& links, Op& op) {
    return AbsorbAffine(graph, links, op) || AbsorbLinear(graph, links, op);
  });
  Pass(graph, [&](Links& links, Op& op) { return AbsorbAdd(graph, links, op); });
  Pass(graph, [&](Links& links, Op& op) { return AbsorbActivation(graph, links, op); });
}

}  // namespace scones::nn

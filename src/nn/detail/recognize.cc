#include "nn/detail/recognize.h"

#include <cmath>
#include <utility>

#include "nn/detail/links.h"

namespace scones::nn {
namespace {

// Constants in files are rounded in many ways.
bool Near(float a, double b) { return std::fabs(a - b) < 1e-4 * (1 + std::fabs(b)); }

class Recognizer {
 public:
  explicit Recognizer(Graph& graph) : graph_(graph), links_(graph) {}

  void Run() {
    for (Op& op : graph_.ops) {
      const std::vector<ValueId> before = op.inputs;
      MergeLinear(op) || MakeHardSigmoid(op) || MakeProduct(op) || MakeLayerNorm(op);
      for (const ValueId input : before) --links_.readers[Links::At(input)];
      for (const ValueId input : op.inputs) ++links_.readers[Links::At(input)];
    }
  }

 private:
  Op* Maker(ValueId value) const { return links_.Maker(graph_, value); }
  // The value itself, whatever shape it goes under.
  ValueId Root(ValueId value) const {
    const Op* op = Maker(value);
    while (op != nullptr && std::holds_alternative<Reshape>(op->kind)) {
      value = op->inputs[0];
      op = Maker(value);
    }
    return value;
  }
  const Op* RootMaker(ValueId value) const { return Maker(Root(value)); }
  bool Same(ValueId a, ValueId b) const { return Root(a) == Root(b); }
  std::int64_t LastDim(ValueId value) const { return graph_.values[Links::At(value)].back(); }
  // alpha and beta of a linear function, and what it is applied to.
  struct Line {
    float alpha = 1;
    float beta = 0;
    ValueId of = -1;
  };
  Line LineOf(ValueId value) const {
    const Op* op = RootMaker(value);
    if (!Applies(op, Function::kLinear)) return {1, 0, Root(value)};
    return {op->activation->alpha, op->activation->beta, Root(op->inputs[0])};
  }

  void Become(Op& op, ValueId input, const Activation& activation) {
    op.kind = Activate{};
    op.activation = activation;
    // Reshapes lead to the same elements; the operator keeps its own dimensions.
    op.inputs = {input};
  }

  // a * (c * x + d) + b in one.
  bool MergeLinear(Op& op) {
    if (!Applies(&op, Function::kLinear)) return false;
    const Op* before = Maker(op.inputs[0]);
    if (!Applies(before, Function::kLinear)) return false;
    const Activation outer = *op.activation;
    const Activation inner = *before->activation;
    Become(op, before->inputs[0],
           {Function::kLinear, outer.alpha * inner.alpha, outer.alpha * inner.beta + outer.beta});
    return true;
  }

  // clip(a * x + b, 0, h) / h.
  bool MakeHardSigmoid(Op& op) {
    const Op* clip = &op;
    float factor = 1;
    if (Applies(&op, Function::kLinear) && op.activation->beta == 0) {
      factor = op.activation->alpha;
      clip = Maker(op.inputs[0]);
    }
    if (!Applies(clip, Function::kClip) || clip->activation->alpha != 0 ||
        !Near(clip->activation->beta * factor, 1)) {
      return false;
    }
    const Op* line = Maker(clip->inputs[0]);
    if (!Applies(line, Function::kLinear)) return false;
    Become(op, line->inputs[0],
           {Function::kHardSigmoid, line->activation->alpha * factor,
            line->activation->beta * factor});
    return true;
  }

  // x * f(x), perhaps times a number before or after.
  bool MakeProduct(Op& op) {
    float factor = 1;
    const Op* product = &op;
    if (Applies(&op, Function::kLinear) && op.activation->beta == 0) {
      factor = op.activation->alpha;
      product = Maker(op.inputs[0]);
    }
    const Binary* binary = product == nullptr ? nullptr : std::get_if<Binary>(&product->kind);
    if (binary == nullptr || binary->arithmetic != Arithmetic::kMultiply || product->activation) {
      return false;
    }
    for (int side = 0; side < 2; ++side) {
      const ValueId x = product->inputs[static_cast<std::size_t>(side)];
      const ValueId f = product->inputs[static_cast<std::size_t>(1 - side)];
      if (graph_.values[Links::At(x)] != graph_.values[Links::At(f)]) return false;
      const Op* function = RootMaker(f);
      if (function == nullptr) continue;
      std::optional<Activation> found = ProductOf(x, f, factor);
      ValueId base = x;
      if (const Op* line = Maker(x);
          !found && Applies(line, Function::kLinear) && line->activation->beta == 0) {
        base = line->inputs[0];
        found = ProductOf(base, f, factor * line->activation->alpha);
      }
      if (!found) continue;
      Become(op, base, *found);
      return true;
    }
    return false;
  }

  // factor * x * (the value f), as one function of x.
  std::optional<Activation> ProductOf(ValueId x, ValueId f, float factor) const {
    const Op* function = RootMaker(f);
    if (Applies(function, Function::kHardSigmoid) && Same(function->inputs[0], x)) {
      if (factor == 1 && Near(function->activation->alpha, 1.0 / 6) &&
          Near(function->activation->beta, 0.5)) {
        return Activation{Function::kHardSwish};
      }
      return std::nullopt;
    }
    if (Applies(function, Function::kClip)) return HardSwishOf(x, *function, factor);
    if (Applies(function, Function::kSigmoid) && factor == 1) {
      const Line inner = LineOf(function->inputs[0]);
      if (Same(function->inputs[0], x)) return Activation{Function::kSwish, 1};
      if (inner.beta == 0 && Same(inner.of, x)) return Activation{Function::kSwish, inner.alpha};
      return std::nullopt;
    }
    if (Applies(function, Function::kTanh) && factor == 1) {
      const Op* softplus = RootMaker(function->inputs[0]);
      if (Applies(softplus, Function::kSoftplus) && Same(softplus->inputs[0], x)) {
        return Activation{Function::kMish};
      }
      return std::nullopt;
    }
    return GeluOf(x, f, factor);
  }

  // x * clip(x + 3, 0, 6) / 6.
  std::optional<Activation> HardSwishOf(ValueId x, const Op& clip, float factor) const {
    const Line line = LineOf(clip.inputs[0]);
    const float scaled = clip.activation->beta * factor;
    if (clip.activation->alpha == 0 && Near(scaled, 1) && Same(line.of, x) &&
        Near(line.alpha * factor, 1.0 / 6) && Near(line.beta * factor, 0.5)) {
      return Activation{Function::kHardSwish};
    }
    return std::nullopt;
  }

  // x / 2 * (1 + erf(x / sqrt(2))), or the form with tanh.
  std::optional<Activation> GeluOf(ValueId x, ValueId f, float factor) const {
    const Line outer = LineOf(f);
    if (!Near(outer.alpha * factor, 0.5) || !Near(outer.beta * factor, 0.5)) return std::nullopt;
    const Op* function = RootMaker(outer.of);
    if (Applies(function, Function::kErf)) {
      const Line inner = LineOf(function->inputs[0]);
      if (inner.beta == 0 && Near(inner.alpha, std::sqrt(0.5)) && Same(inner.of, x)) {
        return Activation{Function::kGelu};
      }
    }
    if (!Applies(function, Function::kTanh)) return std::nullopt;
    const Line inner = LineOf(function->inputs[0]);
    const Op* sum = RootMaker(inner.of);
    constexpr double kRootOfTwoOverPi = 0.7978845608028654;
    if (sum == nullptr || !std::holds_alternative<Add>(sum->kind) || inner.beta != 0 ||
        !Near(inner.alpha, kRootOfTwoOverPi)) {
      return std::nullopt;
    }
    for (std::size_t side = 0; side < 2; ++side) {
      const Line cube = LineOf(sum->inputs[1 - side]);
      const Op* power = RootMaker(cube.of);
      if (Same(sum->inputs[side], x) && Applies(power, Function::kPower) &&
          power->activation->beta == 3 && Same(power->inputs[0], x) && cube.beta == 0 &&
          Near(cube.alpha * power->activation->alpha, 0.044715)) {
        return Activation{Function::kGeluTanh};
      }
    }
    return std::nullopt;
  }

  // The value whose mean over the last dimension, of `size`, this is; else -1.
  ValueId MeanOf(ValueId value, std::int64_t size) const {
    const Op* op = RootMaker(value);
    const Mean* mean = op == nullptr ? nullptr : std::get_if<Mean>(&op->kind);
    if (mean == nullptr) return -1;
    const Dims& dims = graph_.values[Links::At(op->inputs[0])];
    for (std::size_t i = static_cast<std::size_t>(mean->axis) + 1; i < dims.size(); ++i) {
      if (dims[i] != 1) return -1;
    }
    return dims[static_cast<std::size_t>(mean->axis)] == size ? Root(op->inputs[0]) : -1;
  }

  // d = x - mean(x); d / sqrt(mean(d * d) + epsilon), or times the reciprocal.
  bool MakeLayerNorm(Op& op) {
    const auto* binary = std::get_if<Binary>(&op.kind);
    if (binary == nullptr || op.activation) return false;
    const Op* root = RootMaker(op.inputs[1]);
    if (binary->arithmetic == Arithmetic::kMultiply) {
      if (!Applies(root, Function::kPower) || root->activation->alpha != 1) return false;
      if (root->activation->beta == -1) root = RootMaker(root->inputs[0]);
    } else if (binary->arithmetic != Arithmetic::kDivide) {
      return false;
    }
    const bool is_root =
        Applies(root, Function::kSqrt) ||
        (Applies(root, Function::kPower) && root->activation->alpha == 1 &&
         root->activation->beta == (binary->arithmetic == Arithmetic::kDivide ? 0.5f : -0.5f));
    if (!is_root) return false;
    const Line variance = LineOf(root->inputs[0]);
    const std::int64_t size = LastDim(op.output);
    const ValueId squared = MeanOf(variance.of, size);
    if (variance.alpha != 1 || variance.beta < 0 || squared < 0) return false;
    const ValueId difference = Root(op.inputs[0]);
    if (!IsSquareOf(squared, difference)) return false;
    const Op* minus = Maker(difference);
    const auto* subtract = minus == nullptr ? nullptr : std::get_if<Binary>(&minus->kind);
    if (subtract == nullptr || subtract->arithmetic != Arithmetic::kSubtract ||
        MeanOf(minus->inputs[1], size) != Root(minus->inputs[0]) ||
        graph_.values[Links::At(minus->inputs[0])] != graph_.values[Links::At(op.output)]) {
      return false;
    }
    const auto count = static_cast<std::size_t>(size);
    op.kind =
        LayerNorm{std::vector<float>(count, 1.0f), std::vector<float>(count, 0.0f), variance.beta};
    op.inputs = {minus->inputs[0]};
    return true;
  }

  bool IsSquareOf(ValueId square, ValueId of) const {
    const Op* op = Maker(square);
    if (Applies(op, Function::kPower)) {
      return op->activation->alpha == 1 && op->activation->beta == 2 && Root(op->inputs[0]) == of;
    }
    const Binary* binary = op == nullptr ? nullptr : std::get_if<Binary>(&op->kind);
    return binary != nullptr && binary->arithmetic == Arithmetic::kMultiply &&
           Root(op->inputs[0]) == of && Root(op->inputs[1]) == of;
  }

  Graph& graph_;
  Links links_;
};

}  // namespace

void Recognize(Graph& graph) { Recognizer(graph).Run(); }

}  // namespace scones::nn

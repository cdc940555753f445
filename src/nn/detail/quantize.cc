#include "nn/detail/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace scones::nn {
namespace {

// Below this a range is as good as zero, and its reciprocal must stay a float.
constexpr float kSmallestMagnitude = 1e-12f;

std::size_t Index(ValueId value) { return static_cast<std::size_t>(value); }

Result<void> CheckNames(const Graph& graph, const Calibration& calibration) {
  const auto differs = [](std::string_view what) {
    return Error(Code::kInvalid,
                 fmt::format("the calibration is not of this model ({}): calibrate it anew", what));
  };
  if (calibration.ranges.size() != graph.ops.size() + 1) {
    return differs(fmt::format("it has {} ranges, the model {} values", calibration.ranges.size(),
                               graph.ops.size() + 1));
  }
  for (std::size_t i = 0; i < calibration.ranges.size(); ++i) {
    const ValueRange& range = calibration.ranges[i];
    const std::string& expected = i == 0 ? "input" : graph.ops[i - 1].name;
    if (range.name != expected) {
      return differs(
          fmt::format("range {} is of {}, the model has {} there", i, range.name, expected));
    }
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low > range.high) {
      return differs(fmt::format("the range of {} is {} to {}", range.name, range.low, range.high));
    }
  }
  return {};
}

Int8Format FormatOf(const ValueRange& range, bool never_negative) {
  const float magnitude =
      never_negative ? range.high : std::max(std::abs(range.low), std::abs(range.high));
  const float steps = never_negative ? 255.0f : 127.0f;
  return {!never_negative, std::max(magnitude, kSmallestMagnitude) / steps};
}

}  // namespace

std::vector<bool> NeverNegativeValues(const Graph& graph) {
  std::vector<bool> never(graph.values.size(), false);
  for (const Op& op : graph.ops) {
    const bool passes = std::holds_alternative<Pool>(op.kind) ||
                        std::holds_alternative<Reshape>(op.kind) ||
                        std::holds_alternative<nn::Add>(op.kind);
    bool result = std::holds_alternative<Softmax>(op.kind);
    if (op.activation) {
      result = NeverNegative(*op.activation);
    } else if (passes) {
      result = std::all_of(op.inputs.begin(), op.inputs.end(),
                           [&](ValueId input) { return never[Index(input)]; });
    }
    never[Index(op.output)] = result;
  }
  return never;
}

Result<QuantPlan> PlanInt8(const Graph& graph, const Calibration& calibration) {
  TRY_VOID(CheckNames(graph, calibration));
  const std::vector<bool> never_negative = NeverNegativeValues(graph);
  QuantPlan plan;
  plan.formats.resize(graph.values.size());
  plan.stored.assign(graph.values.size(), false);
  plan.formats[0] = FormatOf(calibration.ranges[0], false);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const ValueId value = graph.ops[i].output;
    plan.formats[Index(value)] = FormatOf(calibration.ranges[i + 1], never_negative[Index(value)]);
  }
  // Backwards, since some operators only hand on what they get.
  for (auto op = graph.ops.rbegin(); op != graph.ops.rend(); ++op) {
    bool wants = std::holds_alternative<Conv>(op->kind);
    const auto* pool = std::get_if<Pool>(&op->kind);
    if (std::holds_alternative<Reshape>(op->kind) ||
        (pool != nullptr && pool->kind == PoolKind::kMax)) {
      wants = plan.IsStored(op->output);
    }
    if (!wants) continue;
    plan.stored[Index(op->inputs[0])] = true;
    if (op->residual && plan.IsStored(op->output)) plan.stored[Index(*op->residual)] = true;
  }
  plan.stored[Index(graph.output)] = false;
  return plan;
}

std::vector<float> ChannelScales(const std::vector<float>& weights, std::size_t channels,
                                 int steps) {
  std::vector<float> scales(channels);
  const std::size_t each = weights.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    float largest = kSmallestMagnitude;
    for (std::size_t i = 0; i < each; ++i) {
      largest = std::max(largest, std::abs(weights[c * each + i]));
    }
    scales[c] = largest / static_cast<float>(steps);
  }
  return scales;
}

}  // namespace scones::nn

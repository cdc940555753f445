// QuantPlan: what an int8 program stores in 8 bits, and in which steps. Pure.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "nn/calibration.h"
#include "nn/detail/graph.h"

namespace scones::nn {

// Real value = scale * stored. Unsigned where no value can be below zero.
struct Int8Format {
  bool is_signed = true;
  float scale = 1;
};

struct QuantPlan {
  std::vector<Int8Format> formats;  // by ValueId
  std::vector<bool> stored;         // by ValueId: who reads it computes in 8 bits

  const Int8Format& FormatOf(ValueId value) const {
    return formats[static_cast<std::size_t>(value)];
  }
  bool IsStored(ValueId value) const { return stored[static_cast<std::size_t>(value)]; }
};

// True for values that the graph itself keeps from being negative. By ValueId.
std::vector<bool> NeverNegativeValues(const Graph& graph);

// Errors: kInvalid when `calibration` is not of `graph` or has a range that is none.
Result<QuantPlan> PlanInt8(const Graph& graph, const Calibration& calibration);

// The largest magnitude of each of the `channels` equal parts of `weights`, over `steps`.
std::vector<float> ChannelScales(const std::vector<float>& weights, std::size_t channels,
                                 int steps);

}  // namespace scones::nn

// WorstOperator: how far each operator of an int8 program is from the same operator at fp32, given
// the operands of the fp32 program. Unlike a network's answers, this says the same of a deep
// network with random weights, in which any small error grows, as of a flat one. For tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/detail/arena.h"
#include "nn/detail/graph.h"
#include "nn/detail/program.h"
#include "nn/detail/quantize.h"
#include "nn/detail/thread_count.h"

namespace scones::nn::testing {

struct OperatorError {
  std::string name;
  double error = 0;  // root mean square, in parts of that of the fp32 result
};

// A program that keeps every value, after it ran on `picture`.
class Observer {
 public:
  Observer(const Graph& graph, const ProgramOptions& options, std::span<const float> picture)
      : engine_(dnnl::engine::kind::cpu, 0), weights_(engine_) {
    program_ = Program::Compile(graph, options, engine_, weights_).value();
    arena_ = MakeArena(program_.arena_bytes()).value();
    program_.Bind(arena_.get());
    std::vector<float> output(static_cast<std::size_t>(
        ElementCount(graph.values[static_cast<std::size_t>(graph.output)])));
    const auto run = program_.Run(dnnl::stream(engine_), picture.data(), output.data());
    EXPECT_TRUE(run) << run.error().message();
  }
  std::vector<float> Of(std::size_t op_index) const {
    const auto values = program_.Observed(op_index);
    return {values.begin(), values.end()};
  }

 private:
  dnnl::engine engine_;
  WeightStore weights_;
  Program program_;
  Arena arena_;
};

inline double RootMeanSquare(const std::vector<float>& got, const std::vector<float>& expected) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += (double{got[i]} - expected[i]) * (double{got[i]} - expected[i]);
    size += double{expected[i]} * expected[i];
  }
  return size == 0 ? std::sqrt(difference) : std::sqrt(difference / size);
}

inline OperatorError WorstOperator(const Graph& graph, const Calibration& calibration,
                                   std::span<const float> picture) {
  const ThreadCount threads(1);
  const QuantPlan plan = PlanInt8(graph, calibration).value();
  const Observer exact(graph, {.observe = true}, picture);
  std::vector<std::size_t> maker(graph.values.size());
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    maker[static_cast<std::size_t>(graph.ops[i].output)] = i;
  }
  OperatorError worst;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    Graph alone{.values = graph.values, .ops = {}, .output = op.output};
    std::vector<ValueId> operands = op.inputs;
    if (op.residual) operands.push_back(*op.residual);
    for (const ValueId value : operands) {
      if (value == 0) continue;
      Literal found{exact.Of(maker[static_cast<std::size_t>(value)])};
      alone.ops.push_back({"operand", std::move(found), {}, value, {}, {}});
    }
    alone.ops.push_back(op);
    const Observer integers(alone, {.precision = Precision::kInt8, .plan = &plan, .observe = true},
                            picture);
    const double error = RootMeanSquare(integers.Of(alone.ops.size() - 1), exact.Of(i));
    if (!(error <= worst.error)) worst = {op.name, error};
  }
  return worst;
}

}  // namespace scones::nn::testing

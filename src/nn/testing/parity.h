// ExpectParity: a net in every precision against the plain loops. For tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "nn/detail/graph.h"
#include "nn/engine.h"
#include "nn/model.h"
#include "nn/testing/reference_net.h"

namespace scones::nn::testing {

inline std::vector<float> Run(const std::shared_ptr<const Model>& model,
                              const EngineOptions& options, ReferenceNet& net, std::int64_t count) {
  auto engine = Engine::Make(model, options);
  EXPECT_TRUE(engine) << engine.error().message();
  std::vector<float> got(static_cast<std::size_t>(count * model->class_count()));
  for (int run = 0; engine && run < 2; ++run) {  // the second finds the arena dirty
    const auto done = (*engine)->Run(net.input(), static_cast<int>(count), got);
    EXPECT_TRUE(done) << done.error().message();
  }
  return got;
}

// Root mean square of the difference, in parts of that of the expected values.
inline double RelativeError(const std::vector<float>& got, const std::vector<double>& expected) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += (got[i] - expected[i]) * (got[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return std::sqrt(difference / size);
}

inline bool HasBFloat16() { return __builtin_cpu_supports("avx512bf16"); }

// Runs `model`, which is `net` up to `output`, on all pictures at once and compares with the plain
// loops. `depth` operators follow each other at most.
inline void ExpectEveryPrecision(ReferenceNet& net, const std::shared_ptr<const Model>& model,
                                 const std::string& output, std::size_t depth,
                                 double tolerance = 1e-4) {
  const auto& expected = net.value(output);
  const auto got = Run(model, {.max_batch = 8}, net, expected.n);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected.v[i], tolerance * (1 + std::abs(expected.v[i]))) << "at " << i;
  }
  // Values and weights each lie within about four standard deviations, which 127 steps share; a
  // uniform error of one step has a deviation of 1 / sqrt(12) of it: 0.9 % each.
  const auto calibration = Calibrate(model, net.input());
  ASSERT_TRUE(calibration) << calibration.error().message();
  const auto integers =
      Run(model, {.precision = Precision::kInt8, .max_batch = 8, .calibration = *calibration}, net,
          expected.n);
  EXPECT_LE(RelativeError(integers, expected.v),
            tolerance == 0 ? 0 : 0.02 * static_cast<double>(depth));
  if (!HasBFloat16()) return;
  // A bf16 is off by 2^-9 at most, and each operator reads two: values and weights.
  const double bound = tolerance == 0 ? 0 : std::ldexp(static_cast<double>(depth), -8);
  const auto rounded =
      Run(model, {.precision = Precision::kBFloat16, .max_batch = 8}, net, expected.n);
  EXPECT_LE(RelativeError(rounded, expected.v), bound);
}

// The same, of a net that simplifies to `expected_ops` operators.
inline void ExpectParity(ReferenceNet& net, const std::string& output, std::size_t expected_ops,
                         double tolerance = 1e-4) {
  const auto model = Model::FromOnnx(net.Finish(output));
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->graph().ops.size(), expected_ops);
  ExpectEveryPrecision(net, *model, output, expected_ops, tolerance);
}

}  // namespace scones::nn::testing

// Models exported from PyTorch, in the folder that SCONES_EXPORTS names (tests/exports), answered
// as PyTorch answers them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "nn/calibration.h"
#include "nn/engine.h"
#include "nn/model.h"
#include "nn/testing/operator_error.h"

namespace scones::nn {
namespace {

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<float> ReadFloats(const std::filesystem::path& path) {
  const std::string bytes = Read(path);
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  return floats;
}

// Largest difference, as a part of the largest answer.
double Difference(const std::vector<float>& got, const std::vector<float>& expected) {
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::fabs(double{expected[i]}));
    difference = std::max(difference, std::fabs(double{got[i]} - expected[i]));
    if (!std::isfinite(got[i])) return INFINITY;
  }
  return difference / largest;
}

// A model with five pictures and PyTorch's answers.
struct Export {
  std::string name;
  std::shared_ptr<const Model> model;
  std::vector<float> input;
  std::vector<float> expected;
  std::size_t picture = 0;
  std::size_t classes = 0;
};

void Load(const std::filesystem::path& onnx, Export& found) {
  const auto model = Model::FromOnnx(Read(onnx));
  ASSERT_TRUE(model) << model.error().message();
  found.model = *model;
  found.input = ReadFloats(std::filesystem::path(onnx).replace_extension("input"));
  found.expected = ReadFloats(std::filesystem::path(onnx).replace_extension("output"));
  found.picture = static_cast<std::size_t>((*model)->input_shape().size());
  found.classes = static_cast<std::size_t>((*model)->class_count());
  ASSERT_EQ(found.input.size(), 5 * found.picture);
  ASSERT_EQ(found.expected.size(), 5 * found.classes);
}

// All five at once, twice, as the second run finds the arena dirty; then one by one.
void ExpectParity(const Export& found, const EngineOptions& options, double tolerance) {
  auto engine = Engine::Make(found.model, options);
  ASSERT_TRUE(engine) << engine.error().message();
  std::vector<float> got(found.expected.size());
  for (int run = 0; run < 2; ++run) {
    const auto done = (*engine)->Run(found.input, 5, got);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_LE(Difference(got, found.expected), tolerance) << "together, run " << run;
  }
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE((*engine)->Run(std::span(found.input).subspan(i * found.picture), 1,
                               std::span(got).subspan(i * found.classes)));
  }
  EXPECT_LE(Difference(got, found.expected), tolerance) << "one by one";
}

// Calls `check` for each model whose name has `part`.
template <class F>
void ForEachExport(std::string_view part, F check) {
  const char* folder = std::getenv("SCONES_EXPORTS");
  if (folder == nullptr) GTEST_SKIP() << "SCONES_EXPORTS is not set; `./x test exports` sets it";
  int models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".onnx" || name.find(part) == std::string::npos) continue;
    SCOPED_TRACE(name);
    Export found{.name = name};
    Load(entry.path(), found);
    if (found.model != nullptr) check(found);
    ++models;
  }
  EXPECT_GT(models, 0) << "no model in " << folder;
}

TEST(Exports, ModelsExportedFromPyTorchAnswerAsPyTorchDoes) {
  ForEachExport("", [](const Export& found) { ExpectParity(found, {.max_batch = 5}, 1e-4); });
}

// Random weights lose more than trained ones (152 layers of them a sixth at bf16); what this holds
// is that every operator meets every data type.
TEST(Exports, TheSameModelsRunInFewerBits) {
  const bool has_bf16 = __builtin_cpu_supports("avx512bf16");
  ForEachExport("opset11", [&](const Export& found) {
    if (has_bf16) {
      ExpectParity(found, {.precision = Precision::kBFloat16, .max_batch = 5}, 0.25);
    }
    const auto calibration = Calibrate(found.model, found.input);
    ASSERT_TRUE(calibration) << calibration.error().message();
    ExpectParity(found,
                 {.precision = Precision::kInt8, .max_batch = 5, .calibration = *calibration}, 0.5);
  });
}

// With random weights, deep networks magnify any error, so that answers say little; operators do.
// Values, weights and results lie within about four standard deviations, which 127 steps share:
// 0.9 % each. Values with rare peaks (after swish, or few and small ones) lose several times that.
TEST(Exports, EveryOperatorAgreesInEightBits) {
  std::set<std::string> seen;  // one form of each model
  ForEachExport("", [&](const Export& found) {
    if (!seen.insert(found.name.substr(0, found.name.find("_opset"))).second) return;
    const auto calibration = Calibrate(found.model, found.input);
    ASSERT_TRUE(calibration) << calibration.error().message();
    const auto worst = testing::WorstOperator(found.model->graph(), *calibration, found.input);
    EXPECT_LE(worst.error, 0.1) << worst.name;
  });
}

}  // namespace
}  // namespace scones::nn

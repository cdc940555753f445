// Models exported from PyTorch, in the folder that SCONES_EXPORTS names (tests/exports), answered
// as PyTorch answers them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nn/engine.h"
#include "nn/model.h"

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

void ExpectParity(const std::filesystem::path& onnx) {
  const auto model = Model::FromOnnx(Read(onnx));
  ASSERT_TRUE(model) << model.error().message();
  const auto input = ReadFloats(std::filesystem::path(onnx).replace_extension("input"));
  const auto expected = ReadFloats(std::filesystem::path(onnx).replace_extension("output"));
  const auto picture = static_cast<std::size_t>((*model)->input_shape().size());
  const auto classes = static_cast<std::size_t>((*model)->class_count());
  const std::size_t pictures = input.size() / picture;
  ASSERT_GE(pictures, 5u);
  ASSERT_EQ(input.size(), pictures * picture);
  ASSERT_EQ(expected.size(), pictures * classes);
  auto engine = Engine::Make(*model, {.max_batch = 5});
  ASSERT_TRUE(engine) << engine.error().message();
  std::vector<float> got(expected.size());
  for (int run = 0; run < 2; ++run) {  // the second finds the arena dirty
    const auto done = (*engine)->Run(input, static_cast<int>(pictures), got);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_LE(Difference(got, expected), 1e-4) << "together, run " << run;
  }
  for (std::size_t i = 0; i < pictures; ++i) {
    ASSERT_TRUE((*engine)->Run(std::span(input).subspan(i * picture), 1,
                               std::span(got).subspan(i * classes)));
  }
  EXPECT_LE(Difference(got, expected), 1e-4) << "one by one";
}

TEST(Exports, ModelsExportedFromPyTorchAnswerAsPyTorchDoes) {
  const char* folder = std::getenv("SCONES_EXPORTS");
  if (folder == nullptr) GTEST_SKIP() << "SCONES_EXPORTS is not set; `./x test exports` sets it";
  int models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path().stem().string());
    ExpectParity(entry.path());
    ++models;
  }
  EXPECT_GT(models, 0) << "no model in " << folder;
}

}  // namespace
}  // namespace scones::nn

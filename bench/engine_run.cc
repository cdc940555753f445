// Our engine as bench/engine/compare.py drives it: commands on standard input, one answer a line.
//   engine_run MODEL.onnx PICTURES MAX_BATCH PRECISION
//   "time BATCH RUNS"    -> median seconds of a run
//   "outputs BATCH FILE" -> "written": float32 [BATCH, classes]
// One thread. PICTURES is a file of float32 pictures, at least MAX_BATCH; int8 is calibrated on
// all.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <vector>

#include "io/file.h"
#include "nn/calibration.h"
#include "nn/engine.h"

namespace scones {
namespace {

struct Subject {
  std::unique_ptr<nn::Engine> engine;
  std::vector<float> pictures;
  std::vector<float> answers;
};

Result<Subject> Load(const std::string& model_path, const std::string& pictures_path, int max_batch,
                     const std::string& precision) {
  TRY(const std::string onnx, io::ReadFile(model_path));
  TRY(const std::string bytes, io::ReadFile(pictures_path));
  TRY(const std::shared_ptr<const nn::Model> model, nn::Model::FromOnnx(onnx));
  nn::EngineOptions options;
  options.max_batch = max_batch;
  TRY(options.precision, nn::ParsePrecision(precision));
  Subject subject;
  subject.pictures.resize(bytes.size() / sizeof(float));
  std::memcpy(subject.pictures.data(), bytes.data(), subject.pictures.size() * sizeof(float));
  if (subject.pictures.size() < static_cast<std::size_t>(model->input_shape().size()) * max_batch) {
    return Error(Code::kInvalid, "too few pictures for MAX_BATCH");
  }
  if (options.precision == nn::Precision::kInt8) {
    TRY(options.calibration, nn::Calibrate(model, subject.pictures));
  }
  TRY(subject.engine, nn::Engine::Make(model, options));
  subject.answers.resize(static_cast<std::size_t>(max_batch) * model->class_count());
  return subject;
}

Result<double> Time(Subject& subject, int batch, int runs) {
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const auto started = std::chrono::steady_clock::now();
    TRY_VOID(subject.engine->Run(subject.pictures, batch, subject.answers));
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[runs / 2];
}

Result<std::string> Answer(Subject& subject, const std::string& command) {
  if (command == "time") {
    int batch = 0;
    int runs = 0;
    std::cin >> batch >> runs;
    TRY(const double seconds, Time(subject, batch, std::max(runs, 1)));
    return fmt::format("{}", seconds);
  }
  if (command == "outputs") {
    int batch = 0;
    std::string path;
    std::cin >> batch >> path;
    TRY_VOID(subject.engine->Run(subject.pictures, batch, subject.answers));
    const auto count = static_cast<std::size_t>(batch) * subject.engine->model().class_count();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(subject.answers.data()),
               static_cast<std::streamsize>(count * sizeof(float)));
    return std::string("written");
  }
  return Error(Code::kInvalid, fmt::format("unknown command '{}'", command));
}

int Main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: engine_run MODEL.onnx PICTURES MAX_BATCH PRECISION\n");
    return 2;
  }
  auto subject = Load(argv[1], argv[2], std::atoi(argv[3]), argv[4]);
  if (!subject) {
    std::cout << "refused: " << subject.error().message() << std::endl;
    return 1;
  }
  std::cout << "ready" << std::endl;
  std::string command;
  while (std::cin >> command) {
    const Result<std::string> answer = Answer(*subject, command);
    std::cout << (answer ? *answer : "refused: " + answer.error().message()) << std::endl;
    if (!answer) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace scones

int main(int argc, char** argv) { return scones::Main(argc, argv); }

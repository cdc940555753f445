#include "endpoints/detail/accuracy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "nn/calibration.h"
#include "vision/image_codec.h"

namespace scones::endpoints::detail {
namespace {

// The class of each picture that the engine finds likeliest.
Result<std::vector<int>> Classify(nn::Engine& engine, const LabelledTensors& tensors) {
  const auto classes = static_cast<std::size_t>(engine.model().class_count());
  const std::size_t size = tensors.values.size() / tensors.labels.size();
  const auto most = static_cast<std::size_t>(engine.options().max_batch);
  std::vector<float> output(most * classes);
  std::vector<int> answers;
  const std::span<const float> values = tensors.values;
  while (answers.size() < tensors.labels.size()) {
    const std::size_t count = std::min(most, tensors.labels.size() - answers.size());
    TRY_VOID(engine.Run(values.subspan(answers.size() * size, count * size),
                        static_cast<int>(count), output));
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = output.data() + i * classes;
      answers.push_back(static_cast<int>(std::max_element(row, row + classes) - row));
    }
  }
  return answers;
}

double Percent(int part, int whole) { return 100.0 * part / whole; }

}  // namespace

Result<LabelledTensors> DecodeCalibration(std::span<const CalibrationPicture> pictures,
                                          const vision::TensorSpec& spec, int class_count) {
  LabelledTensors tensors;
  tensors.values.resize(pictures.size() * spec.size());
  std::span<float> left = tensors.values;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto name = [&] { return fmt::format("model.tar.gz: calibration picture {}", i + 1); };
    if (pictures[i].label >= class_count) {
      return Error(Code::kInvalid, fmt::format("{} has label {}, but the model has {} classes",
                                               name(), pictures[i].label, class_count));
    }
    const auto decoded = vision::DecodeToTensor(pictures[i].bytes, spec, left.first(spec.size()));
    if (!decoded) return decoded.error().Within(name());
    left = left.subspan(spec.size());
    tensors.labels.push_back(pictures[i].label);
  }
  return tensors;
}

Result<AccuracyComparison> CompareAccuracy(nn::Engine& fp32, nn::Engine& candidate,
                                           const LabelledTensors& tensors) {
  TRY(const std::vector<int> reference, Classify(fp32, tensors));
  TRY(const std::vector<int> answers, Classify(candidate, tensors));
  AccuracyComparison comparison;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ++comparison.pictures;
    comparison.right_at_fp32 += reference[i] == tensors.labels[i] ? 1 : 0;
    comparison.right += answers[i] == tensors.labels[i] ? 1 : 0;
    comparison.same_answer += answers[i] == reference[i] ? 1 : 0;
  }
  return comparison;
}

Result<void> CheckAccuracy(const AccuracyComparison& comparison, const PrecisionChoice& choice) {
  if (comparison.LostPoints() <= choice.max_accuracy_loss) return {};
  return Error(
      Code::kInvalid,
      fmt::format("at {} the model is right on {:.2f} % of its {} calibration pictures, at fp32 on "
                  "{:.2f} %: {:.2f} points are lost where at most {:.2f} may be. Choose another "
                  "SCONES_PRECISION, or allow more with SCONES_MAX_ACCURACY_LOSS",
                  choice.precision, Percent(comparison.right, comparison.pictures),
                  comparison.pictures, Percent(comparison.right_at_fp32, comparison.pictures),
                  comparison.LostPoints(), choice.max_accuracy_loss));
}

Result<nn::EngineOptions> SettlePrecision(const std::shared_ptr<const nn::Model>& model,
                                          const Artifact& artifact, const vision::TensorSpec& spec,
                                          const PrecisionChoice& choice, nn::EngineOptions options,
                                          const std::string& name) {
  TRY(options.precision, nn::ParsePrecision(choice.precision));
  if (options.precision == nn::Precision::kFloat32) return options;
  if (artifact.calibration.empty()) {
    if (options.precision == nn::Precision::kInt8) {
      return Error(Code::kInvalid,
                   "int8 needs pictures to calibrate with, and model.tar.gz holds none "
                   "(calibration/calibration.lst and what it names). Train the model again, add "
                   "some, or choose SCONES_PRECISION fp32 or bf16");
    }
    LogInfo("endpoints.precision", "variant={} precision={} pictures=0", LogValue(name),
            choice.precision);
    return options;
  }
  TRY(const LabelledTensors tensors,
      DecodeCalibration(artifact.calibration, spec, model->class_count()));
  nn::EngineOptions reference = options;
  reference.precision = nn::Precision::kFloat32;
  TRY(const auto fp32, nn::Engine::Make(model, reference));
  if (options.precision == nn::Precision::kInt8) {
    TRY(options.calibration, nn::Calibrate(model, tensors.values));
  }
  TRY(const auto candidate, nn::Engine::Make(model, options));
  TRY(const AccuracyComparison comparison, CompareAccuracy(*fp32, *candidate, tensors));
  LogInfo("endpoints.precision",
          "variant={} precision={} pictures={} right_at_fp32={} right={} same_answer={} "
          "lost_points={:.2f} allowed_points={:.2f}",
          LogValue(name), choice.precision, comparison.pictures, comparison.right_at_fp32,
          comparison.right, comparison.same_answer, comparison.LostPoints(),
          choice.max_accuracy_loss);
  TRY_VOID(CheckAccuracy(comparison, choice));
  return options;
}

}  // namespace scones::endpoints::detail

#include "train/calibration.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/calibration.h"
#include "train/detail/evaluation.h"
#include "train/held_out.h"

namespace scones::train {
namespace {

double ShareOfRight(const std::vector<Answer>& answers) {
  auto right = std::count_if(answers.begin(), answers.end(),
                             [](const Answer& answer) { return answer.correct; });
  return static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(answers.size(), 1));
}

Result<void> FitOnHeldOut(const TrainingRequest& request, TrainedModel& model, JobLog& log) {
  double share = request.settings.calibration_share;
  log.Info(
      fmt::format("Calibration: training once more without {:.0f} % of the pictures", 100 * share));
  TRY(HeldOut held_out, PredictHeldOut(request, share));
  if (held_out.labels.empty()) return {};
  Metrics& metrics = model.metrics;
  metrics.temperature = FitTemperature(held_out.logits, held_out.labels);
  FoldTemperature(model.graph, metrics.temperature, model.parameters);
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < held_out.labels.size(); ++i) {
    std::vector<float>& row = held_out.logits[i];
    Softmax(row.data(), row.size(), metrics.temperature);
    answers.push_back(AnswerOf(row, static_cast<std::size_t>(held_out.labels[i])));
  }
  metrics.held_out_accuracy = ShareOfRight(answers);
  metrics.held_out_calibration_error = ExpectedCalibrationError(answers);
  log.Info(fmt::format(
      "Calibration: held-out accuracy {:.4f}, temperature {:.3f}, expected calibration error "
      "{:.4f}",
      metrics.held_out_accuracy, metrics.temperature, metrics.held_out_calibration_error));
  return {};
}

Result<void> MeasureOnValidation(const TrainingRequest& request, TrainedModel& model, JobLog& log) {
  const PictureSet& set = *request.validation;
  const Hyperparameters& settings = request.settings;
  TRY(auto rows, Predict(model, settings, set));
  Evaluation evaluation;
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    int label = set.pictures[i].label;
    evaluation.Count(rows[i].data(), settings.num_classes, label, settings.top_k);
    answers.push_back(AnswerOf(rows[i], static_cast<std::size_t>(label)));
  }
  auto total = static_cast<double>(rows.size());
  Metrics& metrics = model.metrics;
  metrics.validation_correct = evaluation.correct;
  metrics.validation_accuracy = evaluation.correct / total;
  if (settings.top_k > 1) metrics.validation_top_k_accuracy = evaluation.top_k_correct / total;
  metrics.validation_calibration_error = ExpectedCalibrationError(answers);
  log.Info(fmt::format("Validation-expected_calibration_error={:.6f}",
                       metrics.validation_calibration_error));
  return {};
}

}  // namespace

void FoldTemperature(const Graph& graph, double temperature, Parameters& parameters) {
  const std::string& classifier = graph.layers.back().name;
  for (const char* part : {".weight", ".bias"}) {
    for (float& value : parameters.at(classifier + part)) {
      value = static_cast<float>(value / temperature);
    }
  }
}

Result<void> Calibrate(const TrainingRequest& request, TrainedModel& model, JobLog& log) {
  if (request.settings.calibration_share > 0 && !model.metrics.stopped) {
    TRY_VOID(FitOnHeldOut(request, model, log));
  }
  if (request.validation == nullptr) return {};
  return MeasureOnValidation(request, model, log);
}

}  // namespace scones::train

#include "train/model_writer.h"

#include <fmt/format.h>

#include <vector>

#include "base/json.h"
#include "io/file.h"
#include "train/calibration_pictures.h"
#include "train/onnx_writer.h"

namespace scones::train {
namespace {

constexpr int kFormatVersion = 1;
constexpr float kSampleRange = 255;

json::array ClassNames(const Hyperparameters& settings) {
  json::array names;
  for (int i = 0; i < settings.num_classes; ++i) {
    names.emplace_back(settings.class_name_list.empty() ? std::to_string(i)
                                                        : settings.class_name_list[i]);
  }
  return names;
}

json::array InUnits(const std::vector<float>& samples) {
  json::array values;
  for (float sample : samples) values.emplace_back(sample / kSampleRange);
  return values;
}

json::object DescribeMetrics(const Metrics& metrics) {
  json::object result;
  result["train_accuracy"] = metrics.train_accuracy;
  result["train_loss"] = metrics.train_loss;
  if (metrics.validation_accuracy >= 0) {
    result["validation_accuracy"] = metrics.validation_accuracy;
    result["validation_correct"] = metrics.validation_correct;
  }
  if (metrics.validation_top_k_accuracy >= 0) {
    result["validation_top_k_accuracy"] = metrics.validation_top_k_accuracy;
  }
  if (metrics.held_out_accuracy >= 0) {
    result["held_out_accuracy"] = metrics.held_out_accuracy;
    result["held_out_expected_calibration_error"] = metrics.held_out_calibration_error;
  }
  if (metrics.validation_calibration_error >= 0) {
    result["validation_expected_calibration_error"] = metrics.validation_calibration_error;
  }
  result["temperature"] = metrics.temperature;
  result["epochs_run"] = metrics.epochs_run;
  result["kept_epoch"] = metrics.kept_epoch;
  result["stopped_early"] = metrics.stopped;
  result["training_seconds"] = metrics.seconds;
  return result;
}

// Not synced file by file: the model is packed and stored before its job counts as done.
Result<void> WriteCalibration(const std::filesystem::path& directory,
                              const std::vector<CalibrationFile>& files) {
  TRY_VOID(io::RemoveAll(directory));  // of a run that was cut off
  if (files.empty()) return {};
  TRY_VOID(io::MakeDirectories(directory));
  for (const CalibrationFile& file : files) {
    TRY(io::File out, io::File::Open(directory / file.name, io::File::Mode::kCreateNew));
    TRY_VOID(out.Write(file.bytes));
  }
  return {};
}

}  // namespace

std::string DescribeModel(const TrainedModel& model, const Hyperparameters& settings,
                          const ModelFacts& facts) {
  json::object hyperparameters;
  for (const auto& [name, value] : ListValues(settings)) hyperparameters[name] = value;
  json::object root;
  root["format"] = "scones-image-classification";
  root["format_version"] = kFormatVersion;
  root["network"] = model.graph.network;
  root["classes"] = ClassNames(settings);
  root["image_shape"] = {settings.channels, settings.height, settings.width};
  root["color"] = "RGB";
  root["input"] = "data";
  root["output"] = "softmax";
  root["mean"] = InUnits(model.normalization.mean);
  root["std"] = InUnits(model.normalization.standard_deviation);
  root["metrics"] = DescribeMetrics(model.metrics);
  root["trained_on"] = {{"train", facts.trained_on}, {"validation", facts.validated_on}};
  root["seed"] = settings.seed;
  root["hyperparameters"] = std::move(hyperparameters);
  return ToPrettyJson(root) + "\n";
}

Result<void> WriteModel(const std::filesystem::path& directory, const TrainedModel& model,
                        const Hyperparameters& settings, const ModelFacts& facts,
                        const PictureSet& pictures) {
  TRY_VOID(WriteCalibration(directory / "calibration",
                            MakeCalibration(pictures, settings.height, settings.width)));
  TRY_VOID(io::WriteFileDurably(
      directory / "model.onnx",
      EncodeOnnx(model.graph, model.parameters, settings.height, settings.width)));
  return io::WriteFileDurably(directory / "metadata.json", DescribeModel(model, settings, facts));
}

Result<std::filesystem::path> WriteCheckpoint(const std::filesystem::path& directory, int epoch,
                                              const Graph& graph, const Parameters& parameters,
                                              const Hyperparameters& settings) {
  TRY_VOID(io::MakeDirectories(directory));
  std::filesystem::path file = directory / fmt::format("checkpoint-{:04}.onnx", epoch + 1);
  TRY_VOID(
      io::WriteFileDurably(file, EncodeOnnx(graph, parameters, settings.height, settings.width)));
  return file;
}

}  // namespace scones::train

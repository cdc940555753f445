#include "train/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/json.h"
#include "io/file.h"
#include "train/backbone.h"
#include "train/calibration.h"
#include "train/graph.h"
#include "train/job_input.h"
#include "train/model_writer.h"
#include "train/trainer.h"

namespace scones::train {
namespace {

// The original prints settings in this form: {'epochs': '30', 'optimizer': 'sgd'}.
template <class Pairs>
std::string ShowPairs(const Pairs& pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs) {
    if (text.size() > 1) text += ", ";
    text += "'" + name + "': '" + value + "'";
  }
  return text + "}";
}

void LogSettings(const Hyperparameters& settings, JobLog& log) {
  auto values = ListValues(settings);
  log.Info("Final configuration: " + ShowPairs(values));
  log.Info("---- Parameters ----");
  for (const auto& [name, value] : values) {
    if (!value.empty()) log.Info(name + ": " + value);
  }
  log.Info("--------------------");
  if (settings.precision_dtype == "float16") {
    log.Info("precision_dtype float16 is run as bfloat16, which needs no loss scaling");
  }
  if (settings.kv_store != "none") log.Info("kv_store has no effect on one machine");
}

void LogNetwork(const Hyperparameters& settings, JobLog& log) {
  auto graph = MakeResNet(NetworkShape(settings));
  if (!graph) return;
  double operations = CountMultiplyAdds(*graph, settings.height, settings.width);
  log.Info(fmt::format("Network: {}, {:.1f} million multiply-adds a picture", graph->network,
                       operations / 1e6));
}

void WarnAboutSet(const PictureSet& set, const Hyperparameters& settings, JobLog& log) {
  if (static_cast<std::size_t>(settings.num_training_samples) != set.size()) {
    log.Warning(
        fmt::format("num_training_samples is {}, but channel train holds {} pictures; "
                    "training on {}",
                    settings.num_training_samples, set.size(), set.size()));
  }
  std::vector<int> counts(settings.num_classes, 0);
  for (const auto& picture : set.pictures) ++counts[picture.label];
  for (int label = 0; label < settings.num_classes; ++label) {
    if (counts[label] == 0) {
      log.Warning(fmt::format("no training picture has label {}", label));
    }
  }
}

// What training starts from; nothing: at random.
Result<std::optional<StartingPoint>> FindStart(const Hyperparameters& settings, JobLog& log) {
  if (!settings.use_pretrained_model) {
    log.Info("Performing random weight initialization");
    return std::optional<StartingPoint>();
  }
  TRY(Backbone backbone, FindBackbone(NetworkShape(settings)));
  log.Info("Starting from the pretrained weights " + backbone.name + ", trained on " +
           backbone.trained_on);
  return std::optional<StartingPoint>(
      {std::move(backbone.parameters), std::move(backbone.normalization)});
}

Result<void> WriteBackbone(const std::filesystem::path& file, const TrainedModel& model,
                           const Hyperparameters& settings, std::size_t pictures) {
  const Metrics& metrics = model.metrics;
  std::map<std::string, std::string> facts = {
      {"trained_on", fmt::format("{} pictures of {} classes", pictures, settings.num_classes)}};
  if (metrics.validation_accuracy >= 0) {
    facts["validation_accuracy"] = fmt::format("{:.4f}", metrics.validation_accuracy);
  }
  for (const auto& [name, value] : ListValues(settings)) {
    if (!value.empty()) facts["hyperparameter." + name] = value;
  }
  return io::WriteFileDurably(file, EncodeBackbone(model, NetworkShape(settings), facts));
}

Result<void> TrainAndWrite(const std::filesystem::path& root, const std::atomic<bool>& stop,
                           JobLog& log, const JobOptions& options) {
  TRY(JobInput input, ReadJobInput(root));
  log.Info(fmt::format("Merging with provided configuration from {}: {}",
                       (root / "input/config/hyperparameters.json").string(),
                       ShowPairs(input.hyperparameters)));
  TRY(Hyperparameters settings, ParseHyperparameters(input.hyperparameters));
  LogSettings(settings, log);
  LogNetwork(settings, log);
  TRY(PictureSet train, ReadPictures(input, "train", settings, log));
  WarnAboutSet(train, settings, log);
  std::optional<PictureSet> validation;
  if (input.channels.count("validation") != 0) {
    TRY(validation, ReadPictures(input, "validation", settings, log));
  }
  log.Info(fmt::format("{} training and {} validation pictures", train.size(),
                       validation ? validation->size() : 0));

  TRY(std::optional<StartingPoint> start, FindStart(settings, log));
  TrainingRequest request;
  request.settings = settings;
  request.start = start ? &*start : nullptr;
  request.train = &train;
  request.validation = validation ? &*validation : nullptr;
  request.stop = &stop;
  std::filesystem::path directory = root / "model";
  request.checkpoint = [&](int epoch, const Graph& graph,
                           const Parameters& parameters) -> Result<void> {
    TRY(auto file, WriteCheckpoint(directory, epoch, graph, parameters, settings));
    log.Info("Saved checkpoint to \"" + file.string() + "\"");
    return {};
  };
  TRY(TrainedModel model, Train(request, log));
  TRY_VOID(Calibrate(request, model, log));
  TRY_VOID(WriteModel(directory, model, settings,
                      {train.size(), validation ? validation->size() : 0}, train));
  log.Info("Saved checkpoint to \"" + (directory / "model.onnx").string() + "\"");
  if (!options.backbone.empty()) {
    TRY_VOID(WriteBackbone(options.backbone, model, settings, train.size()));
  }
  if (validation) {
    log.Info(fmt::format("The kept model (epoch {}) is right on {} of {} validation pictures",
                         model.metrics.kept_epoch, model.metrics.validation_correct,
                         validation->size()));
  }
  return {};
}

bool IsClientError(const Error& error) {
  return error.code() == Code::kInvalid || error.code() == Code::kNotFound;
}

}  // namespace

ExitCode RunJob(const std::filesystem::path& root, const std::atomic<bool>& stop, JobLog& log,
                const JobOptions& options) {
  auto done = TrainAndWrite(root, stop, log, options);
  if (done) return kSuccess;
  bool client = IsClientError(done.error());
  std::string reason =
      std::string(client ? "ClientError: " : "AlgorithmError: ") + done.error().message();
  log.Error(reason);
  auto directory = io::MakeDirectories(root / "output");
  auto written = io::WriteFileDurably(root / "output" / "failure", reason);
  if (!directory || !written) log.Error("output/failure can't be written");
  return client ? kClientError : kAlgorithmError;
}

}  // namespace scones::train

// The algorithm's settings: parsed once from the strings on the wire, then passed as a value.
// Pure. C++17.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace scones::train {

// Meaning, range and default of every member: the table in hyperparameters.cc, which also makes
// docs/formats/hyperparameters.md.
struct Hyperparameters {
  // Documented by the original algorithm.
  int num_classes = 0;
  int num_training_samples = 0;
  std::string augmentation_type;
  double beta_1 = 0;
  double beta_2 = 0;
  int checkpoint_frequency = 0;  // 0: only the kept epoch
  bool early_stopping = false;
  int early_stopping_min_epochs = 0;
  int early_stopping_patience = 0;
  double early_stopping_tolerance = 0;
  int epochs = 0;
  double eps = 0;
  double gamma = 0;
  std::string image_shape;
  std::string kv_store;
  double learning_rate = 0;
  double lr_scheduler_factor = 0;
  std::string lr_scheduler_step;
  int mini_batch_size = 0;
  double momentum = 0;
  bool multi_label = false;
  int num_layers = 0;
  std::string optimizer;
  std::string precision_dtype;
  int resize = 0;  // 0: as the pictures are
  int top_k = 0;   // 0: not reported
  bool use_pretrained_model = false;
  bool use_weighted_loss = false;
  double weight_decay = 0;

  // Ours.
  std::string recipe;
  int seed = 0;
  int width_factor = 0;
  int batch_parts = 0;
  int stem_stride = 0;
  std::string lr_schedule;
  double warmup_epochs = 0;
  double label_smoothing = 0;
  double mixup_alpha = 0;
  double cutmix_alpha = 0;
  double mix_probability = 0;
  int crop_padding = 0;
  int cutout = 0;
  double zoom = 0;
  double ema_decay = 0;
  double augmentation_off_epochs = 0;
  std::string progressive_resizing;
  std::string model_selection;
  double calibration_share = 0;  // 0: no calibration
  std::string class_names;
  int num_threads = 0;

  // Derived from the texts above by ParseHyperparameters.
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<int> lr_scheduler_steps;
  std::vector<std::string> class_name_list;  // empty, or one a class
  // (fraction of the run, picture size): up to that fraction, pictures are shown at that size.
  std::vector<std::pair<double, int>> progressive_sizes;
};

using HyperparameterTexts = std::map<std::string, std::string>;

// Fills in defaults, checks every value and the rules between them. All that is wrong at once is in
// one message. Errors: kInvalid.
Result<Hyperparameters> ParseHyperparameters(const HyperparameterTexts& given);

// Name and text of every setting as it is used, in the table's order; for the log and metadata.
std::vector<std::pair<std::string, std::string>> ListValues(const Hyperparameters& values);

// The table as Markdown, as it stands in docs/formats/hyperparameters.md.
std::string DescribeHyperparameters();

}  // namespace scones::train

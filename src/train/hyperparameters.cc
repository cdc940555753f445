#include "train/hyperparameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <variant>

#include "train/graph.h"

namespace scones::train {
namespace {

using IntField = int Hyperparameters::*;
using RealField = double Hyperparameters::*;
using FlagField = bool Hyperparameters::*;
using TextField = std::string Hyperparameters::*;
using Field = std::variant<IntField, RealField, FlagField, TextField>;

constexpr double kBig = 1e9;
// Sides of the pictures that the shipped weights were trained on.
constexpr int kPretrainedSide = 32;

struct Row {
  const char* name;
  Field field;
  const char* documented;  // default of the original algorithm; nullptr: must be given
  const char* small;       // default under the small-picture recipe; nullptr: the same
  double low, high;        // of numbers
  const char* choices;     // of texts, " a b ", or nullptr for free text
  const char* meaning;
  const char* fine_tune = nullptr;  // default under that recipe; nullptr: as under small
};

using H = Hyperparameters;

// The one place where names, defaults, ranges and meanings stand.
const std::vector<Row>& Table() {
  static const std::vector<Row> table = {
      {"num_classes", &H::num_classes, nullptr, nullptr, 2, 100000, nullptr,
       "width of the output layer"},
      {"num_training_samples", &H::num_training_samples, nullptr, nullptr, 1, kBig, nullptr,
       "size of the training set; checked against the pictures found"},
      {"augmentation_type", &H::augmentation_type, "none", "crop_color", 0, 0,
       " none crop crop_color crop_color_transform ",
       "crop and flip; also hue, saturation, lightness; also rotation, shear, aspect ratio"},
      {"beta_1", &H::beta_1, "0.9", nullptr, 0, 1, nullptr, "adam: decay of the first moment"},
      {"beta_2", &H::beta_2, "0.999", nullptr, 0, 1, nullptr, "adam: decay of the second moment"},
      {"checkpoint_frequency", &H::checkpoint_frequency, "0", nullptr, 0, kBig, nullptr,
       "also keep the weights of every n-th epoch in the model; 0: only the kept ones"},
      {"early_stopping", &H::early_stopping, "False", nullptr, 0, 0, nullptr,
       "stop when validation accuracy no longer improves"},
      {"early_stopping_min_epochs", &H::early_stopping_min_epochs, "10", nullptr, 1, kBig, nullptr,
       "not before this many epochs"},
      {"early_stopping_patience", &H::early_stopping_patience, "10", nullptr, 1, kBig, nullptr,
       "epochs without improvement"},
      {"early_stopping_tolerance", &H::early_stopping_tolerance, "0.01", nullptr, 0, 1, nullptr,
       "smallest relative improvement that counts"},
      {"epochs", &H::epochs, "30", "150", 1, kBig, nullptr, "passes over the training pictures",
       "16"},
      {"eps", &H::eps, "1e-8", nullptr, 0, 1, nullptr, "adam and rmsprop: epsilon"},
      {"gamma", &H::gamma, "0.9", nullptr, 0, 1, nullptr, "rmsprop: decay"},
      {"image_shape", &H::image_shape, "3,224,224", nullptr, 0, 0, nullptr,
       "channels,height,width of the network's input; pictures are cropped to it"},
      {"kv_store", &H::kv_store, "none", nullptr, 0, 0, " none dist_sync dist_async ",
       "how several machines exchange gradients; no effect on one"},
      {"learning_rate", &H::learning_rate, "0.1", "0.2", 0, 1, nullptr, "largest learning rate",
       "0.05"},
      {"lr_scheduler_factor", &H::lr_scheduler_factor, "0.1", nullptr, 0, 1, nullptr,
       "multiplies the rate at each step epoch"},
      {"lr_scheduler_step", &H::lr_scheduler_step, "", nullptr, 0, 0, nullptr,
       "epochs at which the rate is multiplied, as 10,20"},
      {"mini_batch_size", &H::mini_batch_size, "32", "64", 1, 65536, nullptr,
       "pictures in one step; an incomplete last batch is left out"},
      {"momentum", &H::momentum, "0", "0.9", 0, 1, nullptr, "sgd and nag"},
      {"multi_label", &H::multi_label, "0", nullptr, 0, 0, nullptr,
       "several labels a picture; only 0 is supported"},
      {"num_layers", &H::num_layers, "152", "8", 0, 0,
       " 18 34 50 101 152 200 8 14 20 32 44 56 110 ", "depth of the ResNet", "14"},
      {"optimizer", &H::optimizer, "sgd", "nag", 0, 0, " sgd adam rmsprop nag ", "update rule"},
      {"precision_dtype", &H::precision_dtype, "float32", "bfloat16", 0, 0,
       " float32 float16 bfloat16 ",
       "type of convolutions in training; weights are float32 always, and so is validation"},
      {"resize", &H::resize, "0", nullptr, 0, 8192, nullptr,
       "scale the shorter side to this before cropping; 0: take pictures as they are"},
      {"top_k", &H::top_k, "0", nullptr, 0, kBig, nullptr,
       "also report top-k accuracy for this k > 1; 0: no"},
      {"use_pretrained_model", &H::use_pretrained_model, "0", nullptr, 0, 0, nullptr,
       "start from weights that were trained on other pictures, with a new last layer", "1"},
      {"use_weighted_loss", &H::use_weighted_loss, "0", nullptr, 0, 0, nullptr,
       "multi_label only, so only 0 is supported"},
      {"weight_decay", &H::weight_decay, "0.0001", "0.0005", 0, 1, nullptr,
       "sgd and nag, on weights of convolutions and the output layer", "0.002"},
      {"recipe", &H::recipe, "auto", nullptr, 0, 0, " auto documented small fine_tune ",
       "which column of defaults holds; see above for what auto chooses"},
      {"seed", &H::seed, "0", nullptr, 0, kBig, nullptr,
       "of weights, order and augmentation: same seed and thread count, same model"},
      {"width_factor", &H::width_factor, "1", "2", 1, 16, nullptr,
       "CIFAR-style networks (8, 14, 20, 32, 44, 56, 110 layers): multiplies every channel count"},
      {"stem_stride", &H::stem_stride, "1", "2", 1, 2, nullptr,
       "CIFAR-style networks: 2 computes at half the resolution, after a 5x5 first convolution",
       "1"},
      {"batch_parts", &H::batch_parts, "1", "2", 1, 256, nullptr,
       "the batch is computed in this many parts side by side, each normalised by its own "
       "statistics"},
      {"lr_schedule", &H::lr_schedule, "step", "cosine", 0, 0, " step cosine ",
       "step: by lr_scheduler_*; cosine: from learning_rate to 0 over the run"},
      {"warmup_epochs", &H::warmup_epochs, "0", "4", 0, kBig, nullptr,
       "epochs in which the rate rises linearly from 0", "1"},
      {"label_smoothing", &H::label_smoothing, "0", "0", 0, 0.9, nullptr,
       "share of the target that is spread over all classes"},
      {"mixup_alpha", &H::mixup_alpha, "0", "0.2", 0, 1, nullptr,
       "blend pairs of pictures with weights from Beta(a, a); 0: no"},
      {"cutmix_alpha", &H::cutmix_alpha, "0", "1", 0, 1, nullptr,
       "paste a rectangle of one picture into another, area from Beta(a, a); 0: no"},
      {"mix_probability", &H::mix_probability, "1", "0.8", 0, 1, nullptr,
       "share of the pictures that mixup or cutmix touches", "0.3"},
      {"crop_padding", &H::crop_padding, "0", "4", 0, 1024, nullptr,
       "how far a random crop may lie outside the picture, in pixels, mirrored there"},
      {"zoom", &H::zoom, "0", "0", 0, 1, nullptr,
       "show pictures larger or smaller by up to this share"},
      {"cutout", &H::cutout, "0", "0", 0, 1024, nullptr,
       "side of a random square that is blanked, in pixels"},
      {"ema_decay", &H::ema_decay, "0", "0.99", 0, 0.99999, nullptr,
       "keep a moving average of the weights with this decay per step and use it; 0: no", "0.97"},
      {"augmentation_off_epochs", &H::augmentation_off_epochs, "0", "0", 0, kBig, nullptr,
       "last epochs without mixing, colour, rotation, zoom and cutout"},
      {"progressive_resizing", &H::progressive_resizing, "", "", 0, 0, nullptr,
       "smaller pictures first: 0.5:16,0.8:24 trains half of the run at 16 pixels, then to 0.8 at "
       "24",
       ""},
      {"model_selection", &H::model_selection, "best", "final", 0, 0, " best final ",
       "keep the epoch with the best validation accuracy, or the last one"},
      {"calibration_share", &H::calibration_share, "0", "0", 0, 0.9, nullptr,
       "fit the temperature of the confidence on this share of the training pictures, by a network "
       "that is trained on the others only; 0: no",
       "0.5"},
      {"class_names", &H::class_names, "", nullptr, 0, 0, nullptr,
       "names of the labels 0, 1, ... for the model's metadata, as bicycle,motorcycle"},
      {"num_threads", &H::num_threads, "0", nullptr, 0, 1024, nullptr,
       "threads of computation; 0: one per processor"},
  };
  return table;
}

std::string FormatNumber(double value) {
  char text[400];  // the longest double in fixed notation has 326 characters
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return std::string(text, end);
}

std::string ValidValues(const Row& row) {
  if (std::holds_alternative<FlagField>(row.field)) return "True, False, 1 or 0";
  if (row.choices != nullptr) {
    std::string list;
    for (const char* c = row.choices + 1; *c != '\0'; ++c) {
      if (*c != ' ') {
        list += *c;
      } else if (c[1] != '\0') {
        list += ", ";
      }
    }
    return "one of " + list;
  }
  if (std::holds_alternative<TextField>(row.field)) return "a text: " + std::string(row.meaning);
  std::string kind = std::holds_alternative<IntField>(row.field) ? "an integer" : "a number";
  if (row.high >= kBig) return kind + " of at least " + FormatNumber(row.low);
  return kind + " from " + FormatNumber(row.low) + " to " + FormatNumber(row.high);
}

bool IsChoice(const Row& row, const std::string& text) {
  return text.find(' ') == std::string::npos && !text.empty() &&
         std::string(row.choices).find(" " + text + " ") != std::string::npos;
}

bool ParseNumber(const std::string& text, double& value) {
  const char* end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end && std::isfinite(value);
}

bool ParseFlag(const std::string& text, bool& value) {
  value = text == "True" || text == "true" || text == "1";
  return value || text == "False" || text == "false" || text == "0";
}

// False where the text is not a valid value of the row.
bool Assign(const Row& row, const std::string& text, Hyperparameters& values) {
  if (auto field = std::get_if<FlagField>(&row.field)) return ParseFlag(text, values.*(*field));
  if (row.choices != nullptr && !IsChoice(row, text)) return false;
  if (auto field = std::get_if<TextField>(&row.field)) {
    values.*(*field) = text;
    return true;
  }
  double number = 0;
  if (!ParseNumber(text, number)) return false;
  if (row.choices == nullptr && (number < row.low || number > row.high)) return false;
  if (auto field = std::get_if<IntField>(&row.field)) {
    if (number != std::floor(number)) return false;
    values.*(*field) = static_cast<int>(number);
  } else {
    values.*std::get<RealField>(row.field) = number;
  }
  return true;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    std::size_t end = std::min(text.find(separator, start), text.size());
    std::string part = text.substr(start, end - start);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    parts.push_back(part);
    start = end + 1;
  }
  return parts;
}

bool ParseInt(const std::string& text, int low, int high, int& value) {
  double number = 0;
  if (!ParseNumber(text, number) || number != std::floor(number)) return false;
  if (number < low || number > high) return false;
  value = static_cast<int>(number);
  return true;
}

bool ParseShape(Hyperparameters& values) {
  std::vector<std::string> parts = Split(values.image_shape, ',');
  return parts.size() == 3 && ParseInt(parts[0], 3, 3, values.channels) &&
         ParseInt(parts[1], 8, 4096, values.height) && ParseInt(parts[2], 8, 4096, values.width);
}

bool ParseSteps(Hyperparameters& values) {
  if (values.lr_scheduler_step.empty()) return true;
  for (const std::string& part : Split(values.lr_scheduler_step, ',')) {
    int epoch = 0;
    if (!ParseInt(part, 1, 1000000, epoch)) return false;
    values.lr_scheduler_steps.push_back(epoch);
  }
  return std::is_sorted(values.lr_scheduler_steps.begin(), values.lr_scheduler_steps.end());
}

bool ParseSizes(Hyperparameters& values) {
  if (values.progressive_resizing.empty() || values.progressive_resizing == "none") return true;
  double last = 0;
  for (const std::string& part : Split(values.progressive_resizing, ',')) {
    std::vector<std::string> pair = Split(part, ':');
    double until = 0;
    int size = 0;
    if (pair.size() != 2 || !ParseNumber(pair[0], until) || until <= last || until > 1)
      return false;
    if (!ParseInt(pair[1], 8, std::min(values.height, values.width), size)) return false;
    values.progressive_sizes.emplace_back(until, size);
    last = until;
  }
  return true;
}

bool ParseClassNames(Hyperparameters& values) {
  if (values.class_names.empty()) return true;
  values.class_name_list = Split(values.class_names, ',');
  auto empty = [](const std::string& name) { return name.empty(); };
  return static_cast<int>(values.class_name_list.size()) == values.num_classes &&
         std::none_of(values.class_name_list.begin(), values.class_name_list.end(), empty);
}

using Faults = std::vector<std::string>;

void CheckTexts(Hyperparameters& values, Faults& faults) {
  if (!ParseShape(values)) {
    faults.push_back("image_shape is \"" + values.image_shape +
                     "\": must be channels,height,width with 3 channels (grey pictures are read "
                     "as three equal ones) and sides from 8 to 4096, for example 3,32,32");
    return;
  }
  if (!ParseSteps(values)) {
    faults.push_back("lr_scheduler_step is \"" + values.lr_scheduler_step +
                     "\": must be rising epoch numbers of at least 1, for example 10,20");
  }
  if (!ParseSizes(values)) {
    faults.push_back("progressive_resizing is \"" + values.progressive_resizing +
                     "\": must be rising fraction:size pairs with sizes from 8 to the side of "
                     "image_shape, for example 0.5:16,0.8:24");
  }
}

void CheckClassNames(Hyperparameters& values, Faults& faults) {
  if (ParseClassNames(values)) return;
  faults.push_back("class_names is \"" + values.class_names +
                   "\": must be num_classes names with commas between, for example "
                   "bicycle,motorcycle");
}

void CheckSupport(const Hyperparameters& values, Faults& faults) {
  if (values.multi_label) faults.push_back("multi_label is 1, which is not supported: use 0");
  if (values.use_weighted_loss) {
    faults.push_back("use_weighted_loss is 1, which needs multi_label and is not supported: use 0");
  }
}

void CheckRules(const Hyperparameters& values, Faults& faults) {
  if (values.channels == 0) return;
  int shorter = std::min(values.height, values.width);
  if (values.resize != 0 && values.resize < shorter) {
    faults.push_back("resize is " + std::to_string(values.resize) +
                     ": must be at least the shorter side of image_shape, " +
                     std::to_string(shorter));
  }
  if (values.top_k == 1 || values.top_k > values.num_classes) {
    faults.push_back("top_k is " + std::to_string(values.top_k) +
                     ": must be from 2 to num_classes, " + std::to_string(values.num_classes));
  }
  if (values.checkpoint_frequency > values.epochs) {
    faults.push_back("checkpoint_frequency is " + std::to_string(values.checkpoint_frequency) +
                     ": must be at most epochs, " + std::to_string(values.epochs));
  }
  if (2 * values.crop_padding >= shorter) {
    faults.push_back("crop_padding is " + std::to_string(values.crop_padding) +
                     ": must be less than half of the shorter side of image_shape, " +
                     std::to_string(shorter));
  }
}

Faults FindUnknown(const HyperparameterTexts& given) {
  Faults faults;
  for (const auto& pair : given) {
    auto same = [&](const Row& row) { return pair.first == row.name; };
    if (std::none_of(Table().begin(), Table().end(), same)) {
      faults.push_back("there is no hyperparameter \"" + pair.first + "\"");
    }
  }
  return faults;
}

enum class Recipe { kDocumented, kSmall, kFineTune };

const char* NameOf(Recipe recipe) {
  switch (recipe) {
    case Recipe::kDocumented:
      return "documented";
    case Recipe::kSmall:
      return "small";
    case Recipe::kFineTune:
      return "fine_tune";
  }
  return "";
}

const char* DefaultUnder(Recipe recipe, const Row& row) {
  if (recipe == Recipe::kFineTune && row.fine_tune != nullptr) return row.fine_tune;
  if (recipe != Recipe::kDocumented && row.small != nullptr) return row.small;
  return row.documented;
}

// What a client leaves open is chosen for its pictures: small ones of the size that the shipped
// weights were trained on are fine-tuned, other small ones trained from scratch by our recipe.
Recipe ChooseRecipe(const HyperparameterTexts& given) {
  auto recipe = given.find("recipe");
  for (Recipe named : {Recipe::kDocumented, Recipe::kSmall, Recipe::kFineTune}) {
    if (recipe != given.end() && recipe->second == NameOf(named)) return named;
  }
  Hyperparameters shape;
  auto text = given.find("image_shape");
  if (text != given.end()) shape.image_shape = text->second;
  bool small = text != given.end() && ParseShape(shape) && shape.height <= kSmallPicture &&
               shape.width <= kSmallPicture;
  if (!small) return Recipe::kDocumented;
  auto pretrained = given.find("use_pretrained_model");
  bool wanted = false;
  if (pretrained != given.end() && ParseFlag(pretrained->second, wanted) && wanted) {
    return Recipe::kFineTune;
  }
  if (given.count("num_layers") != 0) return Recipe::kDocumented;
  bool cifar = shape.height == kPretrainedSide && shape.width == kPretrainedSide;
  return cifar && pretrained == given.end() ? Recipe::kFineTune : Recipe::kSmall;
}

std::string TextOf(const Row& row, const Hyperparameters& values) {
  if (auto field = std::get_if<FlagField>(&row.field)) return values.*(*field) ? "True" : "False";
  if (auto field = std::get_if<TextField>(&row.field)) return values.*(*field);
  if (auto field = std::get_if<IntField>(&row.field)) return std::to_string(values.*(*field));
  return FormatNumber(values.*std::get<RealField>(row.field));
}

}  // namespace

Result<Hyperparameters> ParseHyperparameters(const HyperparameterTexts& given) {
  Faults faults = FindUnknown(given);
  Hyperparameters values;
  Recipe recipe = ChooseRecipe(given);
  for (const Row& row : Table()) {
    auto found = given.find(row.name);
    const char* fallback = DefaultUnder(recipe, row);
    if (found == given.end() && fallback == nullptr) {
      faults.push_back(std::string(row.name) + " is missing: must be " + ValidValues(row));
      continue;
    }
    std::string text = found != given.end() ? found->second : fallback;
    if (!Assign(row, text, values)) {
      faults.push_back(std::string(row.name) + " is \"" + text + "\": must be " + ValidValues(row));
    }
  }
  values.recipe = NameOf(recipe);
  CheckTexts(values, faults);
  CheckSupport(values, faults);
  if (faults.empty()) CheckClassNames(values, faults);
  if (faults.empty()) CheckRules(values, faults);
  if (faults.empty()) return values;
  std::string message = "hyperparameters are not valid: ";
  for (std::size_t i = 0; i < faults.size(); ++i) message += (i > 0 ? "; " : "") + faults[i];
  return Error(Code::kInvalid, message);
}

std::vector<std::pair<std::string, std::string>> ListValues(const Hyperparameters& values) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const Row& row : Table()) list.emplace_back(row.name, TextOf(row, values));
  return list;
}

std::string DescribeHyperparameters() {
  auto shown = [](const char* text) {
    if (text == nullptr) return std::string("required");
    return *text == '\0' ? std::string("none") : "`" + std::string(text) + "`";
  };
  std::string out =
      "| name | documented | small | fine_tune | valid | meaning |\n|---|---|---|---|---|---|\n";
  for (const Row& row : Table()) {
    std::string small = row.small == nullptr ? "" : shown(row.small);
    std::string fine_tune = row.fine_tune == nullptr ? "" : shown(row.fine_tune);
    std::string valid = std::holds_alternative<TextField>(row.field) && row.choices == nullptr
                            ? "text"
                            : ValidValues(row);
    out += "| `" + std::string(row.name) + "` | " + shown(row.documented) + " | " + small + " | " +
           fine_tune + " | " + valid + " | " + row.meaning + " |\n";
  }
  return out;
}

}  // namespace scones::train

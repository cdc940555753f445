#include "train/backbone.h"

#include <fmt/format.h>

#include <charconv>

#include "train/embedded_backbones.h"

namespace scones::train {
namespace {

constexpr char kClassifier[] = "classifier.";
constexpr char kFormat[] = "scones-backbone-1";

bool IsClassifier(const std::string& name) { return name.rfind(kClassifier, 0) == 0; }

std::string JoinNumbers(const std::vector<float>& numbers) {
  return fmt::format("{}", fmt::join(numbers, " "));
}

Result<std::vector<float>> SplitNumbers(const std::string& text) {
  std::vector<float> numbers;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    float number = 0;
    auto result = std::from_chars(at, end, number);
    if (result.ec != std::errc()) return Error(Code::kInvalid, "\"" + text + "\" are not numbers");
    numbers.push_back(number);
    at = result.ptr + (result.ptr < end ? 1 : 0);
  }
  return numbers;
}

// The integers that tell one architecture from another.
struct ShapeMember {
  const char* name;
  int ResNetShape::*member;
};
constexpr ShapeMember kShapeMembers[] = {
    {"num_layers", &ResNetShape::num_layers},   {"width_factor", &ResNetShape::width_factor},
    {"stem_stride", &ResNetShape::stem_stride}, {"channels", &ResNetShape::channels},
    {"height", &ResNetShape::height},           {"width", &ResNetShape::width}};

bool SameArchitecture(const ResNetShape& a, const ResNetShape& b) {
  return a.num_layers == b.num_layers && a.width_factor == b.width_factor &&
         a.stem_stride == b.stem_stride && a.channels == b.channels;
}

std::string Describe(const ResNetShape& shape) {
  return fmt::format("num_layers {}, width_factor {}, stem_stride {}", shape.num_layers,
                     shape.width_factor, shape.stem_stride);
}

}  // namespace

std::string EncodeBackbone(const TrainedModel& model, const ResNetShape& shape,
                           const std::map<std::string, std::string>& facts) {
  WeightsFile file{model.parameters, facts};
  file.metadata["format"] = kFormat;
  file.metadata["mean"] = JoinNumbers(model.normalization.mean);
  file.metadata["standard_deviation"] = JoinNumbers(model.normalization.standard_deviation);
  for (const ShapeMember& row : kShapeMembers) {
    file.metadata[row.name] = std::to_string(shape.*row.member);
  }
  std::vector<ParameterSpec> specs;
  for (const ParameterSpec& spec : ListParameters(model.graph)) {
    if (!IsClassifier(spec.name)) specs.push_back(spec);
  }
  return EncodeSafetensors(specs, file);
}

Result<Backbone> ParseBackbone(const std::string& name, std::string_view bytes) {
  TRY(WeightsFile file, ParseSafetensors(bytes));
  auto& facts = file.metadata;
  if (facts["format"] != kFormat) return Error(Code::kInvalid, name + " is not a backbone");
  Backbone backbone{name, {}, std::move(file.parameters), {}, facts["trained_on"]};
  for (const ShapeMember& row : kShapeMembers) {
    TRY(std::vector<float> number, SplitNumbers(facts[row.name]));
    if (number.size() != 1) return Error(Code::kInvalid, name + " lacks " + row.name);
    backbone.shape.*row.member = static_cast<int>(number[0]);
  }
  TRY(backbone.normalization.mean, SplitNumbers(facts["mean"]));
  TRY(backbone.normalization.standard_deviation, SplitNumbers(facts["standard_deviation"]));
  auto channels = static_cast<std::size_t>(backbone.shape.channels);
  if (backbone.normalization.mean.size() != channels ||
      backbone.normalization.standard_deviation.size() != channels) {
    return Error(Code::kInvalid, name + " lacks its normalisation");
  }
  TRY(Graph graph, MakeResNet(backbone.shape));
  for (const ParameterSpec& spec : ListParameters(graph)) {
    if (IsClassifier(spec.name)) continue;
    auto found = backbone.parameters.find(spec.name);
    if (found == backbone.parameters.end() ||
        found->second.size() != static_cast<std::size_t>(spec.Count())) {
      return Error(Code::kInvalid, name + " lacks " + spec.name + " or has another shape of it");
    }
  }
  return backbone;
}

Result<Backbone> FindBackbone(const ResNetShape& shape) {
  std::vector<std::string> present;
  for (std::size_t i = 0; i < kEmbeddedBackboneCount; ++i) {
    const EmbeddedFile& file = kEmbeddedBackbones[i];
    std::string_view bytes(reinterpret_cast<const char*>(file.begin),
                           static_cast<std::size_t>(file.end - file.begin));
    TRY(Backbone backbone, ParseBackbone(file.name, bytes));
    if (SameArchitecture(backbone.shape, shape)) return backbone;
    present.push_back(Describe(backbone.shape));
  }
  return Error(
      Code::kInvalid,
      fmt::format("use_pretrained_model is 1, but there are no pretrained weights for {}; "
                  "there are for: {}. Use one of these (any picture up to {} x {}), or "
                  "use_pretrained_model 0 to train from scratch",
                  Describe(shape), fmt::join(present, "; "), kSmallPicture, kSmallPicture));
}

}  // namespace scones::train

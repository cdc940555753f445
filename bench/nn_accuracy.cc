// What a precision costs: accuracy and agreement of fp32, bf16 and int8 on labelled pictures.
//   nn_accuracy MODEL.onnx METADATA.json TEST.lst TEST_DIR TRAIN.lst TRAIN_DIR [CALIBRATION=512]
// METADATA.json as in docs/formats/model.md. Calibrates on pictures spread over TRAIN.lst.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "endpoints/artifact.h"
#include "io/file.h"
#include "nn/engine.h"
#include "vision/image_codec.h"
#include "vision/lst.h"

namespace scones {
namespace {

constexpr int kBatch = 32;

struct Pictures {
  std::vector<float> values;
  std::vector<int> labels;
};

// Every `stride`th picture of the list.
Result<Pictures> ReadPictures(const std::string& list, const std::string& directory,
                              const vision::TensorSpec& spec, std::size_t stride) {
  TRY(const auto entries, vision::ReadLst(list, directory));
  Pictures pictures;
  for (std::size_t i = 0; i < entries.size(); i += stride) {
    TRY(const std::string bytes, io::ReadFile(directory + "/" + entries[i].path));
    pictures.values.resize(pictures.values.size() + spec.size());
    TRY_VOID(vision::DecodeToTensor(bytes, spec, std::span(pictures.values).last(spec.size())));
    pictures.labels.push_back(entries[i].label);
  }
  return pictures;
}

// The most probable class of each picture.
Result<std::vector<int>> Classify(nn::Engine& engine, const Pictures& pictures) {
  const auto classes = static_cast<std::size_t>(engine.model().class_count());
  const std::size_t size = pictures.values.size() / pictures.labels.size();
  std::vector<float> output(kBatch * classes);
  std::vector<int> best;
  for (std::size_t at = 0; at < pictures.labels.size(); at += kBatch) {
    const std::size_t count = std::min<std::size_t>(kBatch, pictures.labels.size() - at);
    TRY_VOID(engine.Run(std::span(pictures.values).subspan(at * size, count * size),
                        static_cast<int>(count), output));
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = output.begin() + static_cast<std::ptrdiff_t>(i * classes);
      best.push_back(static_cast<int>(
          std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row));
    }
  }
  return best;
}

double Share(const std::vector<int>& a, const std::vector<int>& b) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(same) / static_cast<double>(a.size());
}

Result<void> Compare(const std::vector<std::string>& arguments) {
  TRY(const std::string onnx, io::ReadFile(arguments[0]));
  TRY(const std::string text, io::ReadFile(arguments[1]));
  TRY(const auto metadata, endpoints::ParseModelMetadata(text));
  const vision::TensorSpec spec{metadata.width, metadata.height, metadata.mean, metadata.std};
  TRY(const std::shared_ptr<const nn::Model> model, nn::Model::FromOnnx(onnx));
  if (static_cast<std::int64_t>(spec.size()) != model->input_shape().size()) {
    return Error(Code::kInvalid, "the metadata is of another model");
  }
  TRY(const Pictures test, ReadPictures(arguments[2], arguments[3], spec, 1));
  TRY(const auto train, vision::ReadLst(arguments[4], arguments[5]));
  const std::size_t wanted = arguments.size() > 6 ? std::stoul(arguments[6]) : 512;
  const std::size_t stride =
      std::max<std::size_t>(1, train.size() / std::max<std::size_t>(1, wanted));
  TRY(const Pictures samples, ReadPictures(arguments[4], arguments[5], spec, stride));
  nn::EngineOptions options{.max_batch = kBatch};
  TRY(options.calibration, nn::Calibrate(model, samples.values));
  fmt::print("{} pictures, calibrated on {}\n", test.labels.size(), samples.labels.size());
  std::vector<int> reference;
  for (const auto& [name, precision] :
       {std::pair("fp32", nn::Precision::kFloat32), std::pair("bf16", nn::Precision::kBFloat16),
        std::pair("int8", nn::Precision::kInt8)}) {
    options.precision = precision;
    auto engine = nn::Engine::Make(model, options);
    if (!engine) {
      fmt::print("{}: {}\n", name, engine.error().message());
      continue;
    }
    TRY(const std::vector<int> classes, Classify(**engine, test));
    if (reference.empty()) reference = classes;
    fmt::print("{}: accuracy {:.4f}, agrees with fp32 on {:.4f}, weights {:.1f} MB\n", name,
               Share(classes, test.labels), Share(classes, reference),
               static_cast<double>((*engine)->weight_bytes()) / 1e6);
  }
  return {};
}

}  // namespace
}  // namespace scones

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 6 || arguments.size() > 7) {
    fmt::print(stderr,
               "usage: nn_accuracy MODEL.onnx METADATA.json TEST.lst TEST_DIR TRAIN.lst TRAIN_DIR "
               "[CALIBRATION]\n");
    return 2;
  }
  if (const auto done = scones::Compare(arguments); !done) {
    fmt::print(stderr, "{}\n", done.error().message());
    return 1;
  }
}

// Whole jobs under the training contract, on small drawn pictures.
#include "train/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>

#include "base/json.h"
#include "io/file.h"
#include "nn/engine.h"
#include "nn/model.h"
#include "train/backbone.h"
#include "train/calibration_pictures.h"
#include "train/job_input.h"
#include "train/model_writer.h"
#include "train/onnx_writer.h"
#include "train/random_stream.h"
#include "train/trainer.h"
#include "vision/image_codec.h"
#include "vision/lst.h"

namespace scones::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Label 0: a dark disc on a bright ground; 1: a dark bar. Places, sizes and colours vary.
vision::Image DrawShape(int label, std::uint64_t number) {
  RandomStream random(7, number);
  vision::Image image(32, 32);
  double x0 = random.Uniform(10, 22), y0 = random.Uniform(10, 22), size = random.Uniform(5, 9);
  int ground = 150 + random.Below(80);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) {
      double dx = x - x0, dy = y - y0;
      bool inside = label == 0 ? dx * dx + dy * dy < size * size : std::abs(dx) < 3;
      for (int c = 0; c < 3; ++c) {
        image.At(x, y)[c] = static_cast<std::uint8_t>((inside ? 40 : ground) + random.Below(25));
      }
    }
  }
  return image;
}

// The middle of a picture, as training crops it.
vision::Image CropCenter(const vision::Image& image, int side) {
  vision::Image crop(side, side);
  int left = (image.width - side) / 2;
  int top = (image.height - side) / 2;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) std::copy_n(image.At(left + x, top + y), 3, crop.At(x, y));
  }
  return crop;
}

class Job : public ::testing::Test {
 protected:
  Job() : root_(directory_.path()) {
    settings_ = {{"num_classes", "2"},         {"num_training_samples", "32"},
                 {"image_shape", "3,32,32"},   {"epochs", "8"},
                 {"mini_batch_size", "8"},     {"num_threads", "1"},
                 {"use_pretrained_model", "0"}};
    WritePictures("train", 32);
    WritePictures("validation", 8);
    Write("input/config/inputdataconfig.json", R"({
      "train": {"ContentType": "application/x-image", "TrainingInputMode": "File"},
      "validation": {"ContentType": "application/x-image"},
      "train_lst": {"ContentType": "application/x-image"},
      "validation_lst": {"ContentType": "application/x-image"}})");
  }

  void Write(const std::string& name, const std::string& bytes) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << bytes;
  }
  std::string Read(const std::string& name) {
    auto text = io::ReadFile(root_ / name);
    return text ? *text : "";
  }

  void WritePictures(const std::string& channel, int count) {
    std::string lst;
    for (int i = 0; i < count; ++i) {
      std::string name = "shape_" + std::to_string(i) + ".png";
      std::uint64_t number = i + (channel == "train" ? 0 : 1000);
      Write("input/data/" + channel + "/" + name, vision::EncodePng(DrawShape(i % 2, number)));
      lst += std::to_string(i) + "\t" + std::to_string(i % 2) + "\t" + name + "\n";
    }
    Write("input/data/" + channel + "_lst/" + channel + ".lst", lst);
  }

  ExitCode Run(const JobOptions& options = {}) {
    json::object members;
    for (const auto& [name, value] : settings_) members[name] = value;
    Write("input/config/hyperparameters.json", ToJson(members));
    std::FILE* out = std::fopen((root_ / "log").c_str(), "w");
    JobLog log(out);
    ExitCode code = RunJob(root_, stop_, log, options);
    std::fclose(out);
    return code;
  }

  io::TemporaryDirectory directory_;
  fs::path root_;
  HyperparameterTexts settings_;
  std::atomic<bool> stop_{false};
};

TEST_F(Job, OverfitsThirtyTwoPicturesAndWritesModelAndMetadata) {
  settings_["recipe"] = "documented";
  settings_["num_layers"] = "20";
  settings_["momentum"] = "0.9";
  settings_["learning_rate"] = "0.05";
  settings_["epochs"] = "15";
  settings_["class_names"] = "disc,bar";
  ASSERT_EQ(Run(), kSuccess) << Read("output/failure");
  auto metadata = ParseJson(Read("model/metadata.json"));
  ASSERT_TRUE(metadata);
  const json::object& root = metadata->as_object();
  EXPECT_EQ(root.at("metrics").at("train_accuracy").as_double(), 1.0);
  EXPECT_GE(root.at("metrics").at("validation_accuracy").as_double(), 0.75);
  EXPECT_EQ(root.at("classes"), json::value({"disc", "bar"}));
  EXPECT_EQ(root.at("image_shape"), json::value({3, 32, 32}));
  EXPECT_EQ(root.at("trained_on").at("train").as_int64(), 32);
  EXPECT_EQ(root.at("hyperparameters").at("epochs").as_string(), "15");
  std::string log = Read("log");
  EXPECT_THAT(log, HasSubstr("Epoch[0] Train-accuracy=0."));
  EXPECT_THAT(log, HasSubstr("Epoch[14] Validation-accuracy="));
  EXPECT_THAT(log, HasSubstr("Epoch[3] Time cost="));
  EXPECT_THAT(log, HasSubstr("Storing the best model with validation accuracy: "));
  EXPECT_FALSE(fs::exists(root_ / "output/failure"));
}

TEST_F(Job, PicturesToCalibrateWithTravelWithTheModel) {
  settings_["epochs"] = "1";
  settings_["image_shape"] = "3,24,20";
  ASSERT_EQ(Run(), kSuccess) << Read("output/failure");
  auto list =
      vision::ReadLst(root_ / "model/calibration/calibration.lst", root_ / "model/calibration");
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->size(), 32u);
  for (const vision::LstEntry& entry : *list) {
    auto picture = vision::DecodeImage(Read("model/calibration/" + entry.path));
    ASSERT_TRUE(picture);
    const vision::Image whole = DrawShape(entry.label, entry.index);
    ASSERT_EQ(picture->width, 20);
    ASSERT_EQ(picture->height, 24);
    EXPECT_TRUE(std::equal(picture->At(0, 0), picture->At(0, 0) + 60, whole.At(6, 4)));
  }
}

TEST(CalibrationPictures, TakesAsManyOfEachClassAsOfAnyOtherUpTo512) {
  PictureSet set;
  for (int i = 0; i < 900; ++i) {
    set.pictures.push_back({4, 4, i < 600 ? 0 : i < 880 ? 1 : 2, set.samples.size()});
    set.samples.insert(set.samples.end(), 48, static_cast<std::uint8_t>(i));
  }
  const auto files = MakeCalibration(set, 4, 4);
  ASSERT_EQ(files.size(), 513u);
  auto list = vision::ParseLst(files.back().bytes, "list");
  ASSERT_TRUE(list);
  std::map<int, int> counts;
  for (const vision::LstEntry& entry : *list) ++counts[entry.label];
  EXPECT_EQ(counts, (std::map<int, int>{{0, 246}, {1, 246}, {2, 20}}));
}

TEST_F(Job, FineTuningLearnsFromFewPicturesAndCalibratesItsConfidence) {
  settings_.erase("use_pretrained_model");
  settings_["epochs"] = "4";
  settings_["num_threads"] = "2";
  ASSERT_EQ(Run(), kSuccess) << Read("output/failure");
  EXPECT_THAT(Read("log"), HasSubstr("Starting from the pretrained weights"));
  auto metadata = ParseJson(Read("model/metadata.json"));
  ASSERT_TRUE(metadata);
  const json::object& metrics = metadata->as_object().at("metrics").as_object();
  EXPECT_GE(metrics.at("validation_accuracy").as_double(), 0.75);
  EXPECT_GE(metrics.at("held_out_accuracy").as_double(), 0.6);
  EXPECT_NE(metrics.at("temperature").as_double(), 1.0);
  EXPECT_GE(metrics.at("validation_expected_calibration_error").as_double(), 0);
}

TEST_F(Job, ABackboneIsWrittenWhereAskedFor) {
  settings_["epochs"] = "1";
  fs::path file = root_ / "own.safetensors";
  ASSERT_EQ(Run({file}), kSuccess) << Read("output/failure");
  auto backbone = ParseBackbone("own", Read("own.safetensors"));
  ASSERT_TRUE(backbone) << backbone.error().message();
  EXPECT_EQ(backbone->shape.num_layers, 8);
  EXPECT_EQ(backbone->trained_on, "32 pictures of 2 classes");
}

TEST_F(Job, TheSameSeedGivesTheSameModelByteForByte) {
  settings_["epochs"] = "2";
  settings_["num_threads"] = "2";
  ASSERT_EQ(Run(), kSuccess) << Read("output/failure");
  std::string first = Read("model/model.onnx");
  ASSERT_EQ(Run(), kSuccess);
  EXPECT_TRUE(first == Read("model/model.onnx"));
  settings_["num_threads"] = "1";
  ASSERT_EQ(Run(), kSuccess);
  EXPECT_TRUE(first == Read("model/model.onnx")) << "the number of threads changed the model";
  settings_["seed"] = "1";
  ASSERT_EQ(Run(), kSuccess);
  EXPECT_FALSE(first == Read("model/model.onnx"));
}

TEST_F(Job, EveryOptimiserLearns) {
  std::set<double> losses;
  for (const char* optimizer : {"sgd", "nag", "adam", "rmsprop"}) {
    settings_["recipe"] = "documented";
    settings_["num_layers"] = "20";
    settings_["optimizer"] = optimizer;
    settings_["momentum"] = "0.9";
    settings_["epochs"] = "12";
    bool adaptive = std::string(optimizer) == "adam" || std::string(optimizer) == "rmsprop";
    settings_["learning_rate"] = adaptive ? "0.002" : "0.02";
    ASSERT_EQ(Run(), kSuccess) << optimizer << Read("output/failure");
    auto metadata = ParseJson(Read("model/metadata.json"));
    double loss = metadata->at("metrics").at("train_loss").as_double();
    EXPECT_LT(loss, 0.64) << optimizer;
    EXPECT_TRUE(losses.insert(loss).second) << optimizer << " did what another did";
  }
}

TEST_F(Job, AStopKeepsTheModelSoFar) {
  stop_ = true;
  EXPECT_EQ(Run(), kSuccess);
  EXPECT_TRUE(fs::exists(root_ / "model/model.onnx"));
  EXPECT_THAT(Read("model/metadata.json"), HasSubstr("\"stopped_early\": true"));
}

TEST_F(Job, WritesACheckpointEveryFewEpochs) {
  settings_["epochs"] = "4";
  settings_["checkpoint_frequency"] = "2";
  ASSERT_EQ(Run(), kSuccess) << Read("output/failure");
  EXPECT_TRUE(fs::exists(root_ / "model/checkpoint-0002.onnx"));
  EXPECT_TRUE(fs::exists(root_ / "model/checkpoint-0004.onnx"));
  EXPECT_FALSE(fs::exists(root_ / "model/checkpoint-0001.onnx"));
}

TEST_F(Job, AMissingPictureIsAClientErrorThatNamesListAndPicture) {
  fs::remove(root_ / "input/data/train/shape_5.png");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), StartsWith("ClientError: "));
  EXPECT_THAT(Read("output/failure"), HasSubstr("train.lst line 6 names shape_5.png"));
  EXPECT_FALSE(fs::exists(root_ / "model/model.onnx"));
}

TEST_F(Job, ADamagedPictureIsNamed) {
  Write("input/data/validation/shape_3.png", "not a picture");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("shape_3.png of validation.lst"));
}

TEST_F(Job, ALabelBeyondNumClassesIsNamed) {
  Write("input/data/train_lst/train.lst", "0\t2\tshape_0.png\n");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"),
              HasSubstr("label 2: with num_classes 2 labels must be from 0 to 1"));
}

TEST_F(Job, APictureSmallerThanImageShapeIsRefusedUnlessResized) {
  settings_["image_shape"] = "3,40,40";
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("less than image_shape 3,40,40"));
  settings_["resize"] = "40";
  settings_["epochs"] = "1";
  EXPECT_EQ(Run(), kSuccess) << Read("output/failure");
}

TEST_F(Job, UnknownAndWrongHyperparametersAreClientErrors) {
  settings_["learning_rates"] = "0.1";
  settings_["optimizer"] = "lion";
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("\"learning_rates\""));
  EXPECT_THAT(Read("output/failure"), HasSubstr("optimizer is \"lion\""));
}

TEST_F(Job, AMissingListChannelOrContentTypeIsAClientError) {
  Write("input/config/inputdataconfig.json",
        R"({"train": {"ContentType": "application/x-image"}})");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("needs a channel train_lst"));
  Write("input/config/inputdataconfig.json", R"({"train": {"ContentType": "text/csv"}})");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("must be application/x-image"));
}

TEST_F(Job, SeveralHostsAndPipeModeAreRefused) {
  Write("input/config/resourceconfig.json", R"({"hosts": ["algo-1", "algo-2"]})");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("InstanceCount of 1"));
  fs::remove(root_ / "input/config/resourceconfig.json");
  Write("input/config/inputdataconfig.json",
        R"({"train": {"ContentType": "application/x-recordio", "TrainingInputMode": "Pipe"}})");
  EXPECT_EQ(Run(), kClientError);
  EXPECT_THAT(Read("output/failure"), HasSubstr("TrainingInputMode Pipe"));
}

TEST_F(Job, AWrongSampleCountIsAWarningOnly) {
  settings_["num_training_samples"] = "1000";
  settings_["epochs"] = "1";
  EXPECT_EQ(Run(), kSuccess);
  EXPECT_THAT(Read("log"), HasSubstr("num_training_samples is 1000, but channel train holds 32"));
}

// What a served model answers is what training measured.
TEST_F(Job, TheExportedModelAnswersAsTheTrainedOne) {
  settings_["epochs"] = "1";
  settings_["image_shape"] = "3,16,16";  // for speed
  JobLog log(stderr);
  Write("input/config/hyperparameters.json", "{}");
  for (const char* layers : {"8", "18", "50"}) {
    settings_["num_layers"] = layers;
    auto settings = ParseHyperparameters(settings_);
    auto input = ReadJobInput(root_);
    ASSERT_TRUE(input) << input.error().message();
    auto pictures = ReadPictures(*input, "validation", *settings, log);
    ASSERT_TRUE(pictures) << pictures.error().message();
    TrainingRequest request;
    request.settings = *settings;
    request.train = &*pictures;
    auto trained = Train(request, log);
    ASSERT_TRUE(trained) << trained.error().message();
    auto expected = Predict(*trained, *settings, *pictures);
    ASSERT_TRUE(expected) << expected.error().message();

    auto model = nn::Model::FromOnnx(EncodeOnnx(trained->graph, trained->parameters, 16, 16));
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_TRUE((*model)->outputs_probabilities());
    auto engine = nn::Engine::Make(*model);
    ASSERT_TRUE(engine) << engine.error().message();
    for (std::size_t i = 0; i < pictures->size(); ++i) {
      std::vector<float> tensor(3 * 16 * 16);
      vision::TensorSpec spec{16, 16};
      for (int c = 0; c < 3; ++c) {
        spec.mean[c] = trained->normalization.mean[c] / 255;
        spec.std[c] = trained->normalization.standard_deviation[c] / 255;
      }
      vision::WriteTensor(CropCenter(DrawShape(i % 2, i + 1000), 16), spec, tensor);
      std::vector<float> answer(2);
      ASSERT_TRUE((*engine)->Run(tensor, 1, answer));
      EXPECT_NEAR(answer[0], (*expected)[i][0], 1e-4) << layers << " layers, picture " << i;
    }
  }
}

}  // namespace
}  // namespace scones::train

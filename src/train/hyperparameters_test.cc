#include "train/hyperparameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace scones::train {
namespace {

using ::testing::HasSubstr;

HyperparameterTexts Required() {
  return {{"num_classes", "2"}, {"num_training_samples", "1000"}, {"image_shape", "3,32,32"}};
}

std::string FaultWith(const std::string& name, const std::string& value) {
  HyperparameterTexts texts = Required();
  texts[name] = value;
  auto parsed = ParseHyperparameters(texts);
  return parsed ? "accepted" : parsed.error().message();
}

TEST(Hyperparameters, ThoseOfTheNotebooksAreAccepted) {
  HyperparameterTexts texts = Required();
  texts.insert({{"early_stopping", "True"},
                {"early_stopping_min_epochs", "10"},
                {"epochs", "30"},
                {"mini_batch_size", "32"},
                {"optimizer", "adam"}});
  auto parsed = ParseHyperparameters(texts);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_TRUE(parsed->early_stopping);
  EXPECT_EQ(parsed->epochs, 30);
  EXPECT_EQ(parsed->width, 32);
  EXPECT_EQ(parsed->optimizer, "adam");
}

TEST(Hyperparameters, DefaultsAreTheOriginalsWhenADepthIsAskedFor) {
  HyperparameterTexts texts = Required();
  texts["num_layers"] = "18";
  auto parsed = ParseHyperparameters(texts);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->recipe, "documented");
  EXPECT_EQ(parsed->epochs, 30);
  EXPECT_EQ(parsed->optimizer, "sgd");
  EXPECT_EQ(parsed->momentum, 0);
  EXPECT_EQ(parsed->learning_rate, 0.1);
  EXPECT_EQ(parsed->early_stopping_patience, 10);
  EXPECT_EQ(parsed->model_selection, "best");
}

TEST(Hyperparameters, PicturesOfThePretrainedSizeAreFineTuned) {
  auto parsed = ParseHyperparameters(Required());
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->recipe, "fine_tune");
  EXPECT_TRUE(parsed->use_pretrained_model);
  EXPECT_EQ(parsed->model_selection, "final");
}

TEST(Hyperparameters, SmallPicturesThatAreNotFineTunedGetTheSmallRecipe) {
  for (const auto& [name, value] : HyperparameterTexts{
           {"use_pretrained_model", "0"}, {"image_shape", "3,48,48"}, {"recipe", "small"}}) {
    HyperparameterTexts texts = Required();
    texts[name] = value;
    auto parsed = ParseHyperparameters(texts);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->recipe, "small") << name;
    EXPECT_FALSE(parsed->use_pretrained_model);
    EXPECT_EQ(parsed->num_layers, 8);
  }
}

TEST(Hyperparameters, EverySpellingOfYesAsksForPretrainedWeights) {
  for (const char* yes : {"1", "True", "true"}) {
    HyperparameterTexts texts = Required();
    texts["use_pretrained_model"] = yes;
    auto parsed = ParseHyperparameters(texts);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->recipe, "fine_tune") << yes;
  }
}

TEST(Hyperparameters, PretrainedWeightsOfADepthCanBeAskedFor) {
  HyperparameterTexts texts = Required();
  texts["use_pretrained_model"] = "1";
  texts["num_layers"] = "8";
  texts["image_shape"] = "3,48,48";
  auto parsed = ParseHyperparameters(texts);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->recipe, "fine_tune");
  EXPECT_EQ(parsed->num_layers, 8);
}

TEST(Hyperparameters, LargePicturesGetTheDocumentedDefaults) {
  auto parsed = ParseHyperparameters({{"num_classes", "2"}, {"num_training_samples", "10"}});
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->recipe, "documented");
  EXPECT_EQ(parsed->num_layers, 152);
  EXPECT_EQ(parsed->height, 224);
}

TEST(Hyperparameters, AValueGivenWinsOverTheRecipe) {
  HyperparameterTexts texts = Required();
  texts["epochs"] = "7";
  auto parsed = ParseHyperparameters(texts);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->epochs, 7);
}

TEST(Hyperparameters, AnUnknownNameIsNamed) {
  EXPECT_THAT(FaultWith("learning_rat", "0.1"),
              HasSubstr("there is no hyperparameter \"learning_rat\""));
}

TEST(Hyperparameters, AWrongValueIsNamedWithTheValidRange) {
  EXPECT_THAT(FaultWith("learning_rate", "2"),
              HasSubstr("learning_rate is \"2\": must be a number from 0 to 1"));
  EXPECT_THAT(FaultWith("epochs", "0"),
              HasSubstr("epochs is \"0\": must be an integer of at least 1"));
  EXPECT_THAT(FaultWith("epochs", "1.5"), HasSubstr("must be an integer"));
  EXPECT_THAT(FaultWith("epochs", "ten"), HasSubstr("epochs is \"ten\""));
  EXPECT_THAT(FaultWith("epochs", ""), HasSubstr("epochs is \"\""));
  EXPECT_THAT(FaultWith("optimizer", "lion"), HasSubstr("one of sgd, adam, rmsprop, nag"));
  EXPECT_THAT(FaultWith("optimizer", "sgd adam"), HasSubstr("one of sgd, adam, rmsprop, nag"));
  EXPECT_THAT(FaultWith("num_layers", "21"),
              HasSubstr("one of 18, 34, 50, 101, 152, 200, 8, 14, 20,"));
  EXPECT_THAT(FaultWith("early_stopping", "yes"), HasSubstr("must be True, False, 1 or 0"));
  EXPECT_THAT(FaultWith("learning_rate", "nan"), HasSubstr("learning_rate is \"nan\""));
  EXPECT_THAT(FaultWith("image_shape", "32,32,3"), HasSubstr("for example 3,32,32"));
  EXPECT_THAT(FaultWith("image_shape", "3,32"), HasSubstr("for example 3,32,32"));
  EXPECT_THAT(FaultWith("lr_scheduler_step", "20,10"), HasSubstr("for example 10,20"));
  EXPECT_THAT(FaultWith("progressive_resizing", "0.5:64"), HasSubstr("for example 0.5:16,0.8:24"));
  EXPECT_THAT(FaultWith("class_names", "bicycle"), HasSubstr("for example bicycle,motorcycle"));
}

TEST(Hyperparameters, WhatIsNotSupportedIsRefusedWithWhatToDo) {
  EXPECT_THAT(FaultWith("multi_label", "1"), HasSubstr("not supported: use 0"));
  EXPECT_THAT(FaultWith("use_weighted_loss", "1"), HasSubstr("not supported: use 0"));
}

TEST(Hyperparameters, RulesBetweenValuesAreChecked) {
  EXPECT_THAT(FaultWith("resize", "16"), HasSubstr("at least the shorter side of image_shape, 32"));
  EXPECT_THAT(FaultWith("top_k", "3"), HasSubstr("from 2 to num_classes, 2"));
  EXPECT_THAT(FaultWith("top_k", "1"), HasSubstr("from 2 to num_classes, 2"));
  EXPECT_THAT(FaultWith("checkpoint_frequency", "1000"), HasSubstr("at most epochs"));
  EXPECT_THAT(FaultWith("crop_padding", "16"), HasSubstr("less than half"));
}

TEST(Hyperparameters, EveryFaultIsInOneMessage) {
  auto parsed = ParseHyperparameters({{"epochs", "0"}, {"optimizer", "x"}});
  ASSERT_FALSE(parsed);
  const std::string& message = parsed.error().message();
  EXPECT_THAT(message, HasSubstr("epochs"));
  EXPECT_THAT(message, HasSubstr("optimizer"));
  EXPECT_THAT(message, HasSubstr("num_classes is missing: must be an integer from 2 to 100000"));
  EXPECT_THAT(message, HasSubstr("num_training_samples is missing"));
}

TEST(Hyperparameters, TheDocumentHoldsTheTable) {
  std::ifstream file("docs/formats/hyperparameters.md");
  ASSERT_TRUE(file) << "run from the repository's root";
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr(DescribeHyperparameters()))
      << "replace the table by the output of scones-train --describe-hyperparameters";
}

}  // namespace
}  // namespace scones::train

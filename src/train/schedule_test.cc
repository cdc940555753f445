#include "train/schedule.h"

#include <gtest/gtest.h>

namespace scones::train {
namespace {

Hyperparameters Settings() {
  Hyperparameters settings;
  settings.learning_rate = 0.4;
  settings.lr_schedule = "step";
  settings.lr_scheduler_factor = 0.1;
  settings.lr_scheduler_steps = {10, 20};
  settings.epochs = 30;
  settings.height = settings.width = 32;
  settings.early_stopping_min_epochs = 3;
  settings.early_stopping_patience = 2;
  settings.early_stopping_tolerance = 0.01;
  return settings;
}

TEST(LearningRate, StepsMultiplyItByTheFactor) {
  Hyperparameters settings = Settings();
  EXPECT_DOUBLE_EQ(LearningRateAt(settings, 9.99), 0.4);
  EXPECT_DOUBLE_EQ(LearningRateAt(settings, 10), 0.04);
  EXPECT_NEAR(LearningRateAt(settings, 29), 0.004, 1e-12);
}

TEST(LearningRate, CosineRisesInWarmUpAndFallsToZero) {
  Hyperparameters settings = Settings();
  settings.lr_schedule = "cosine";
  settings.warmup_epochs = 10;
  EXPECT_DOUBLE_EQ(LearningRateAt(settings, 0), 0);
  EXPECT_DOUBLE_EQ(LearningRateAt(settings, 5), 0.2);
  EXPECT_DOUBLE_EQ(LearningRateAt(settings, 10), 0.4);
  EXPECT_NEAR(LearningRateAt(settings, 20), 0.2, 1e-12);
  EXPECT_NEAR(LearningRateAt(settings, 30), 0, 1e-12);
}

TEST(ShownSize, GrowsAsTheRunGoesOn) {
  Hyperparameters settings = Settings();
  settings.progressive_sizes = {{0.5, 16}, {0.8, 24}};
  EXPECT_EQ(ShownSizeAt(settings, 0).height, 16);
  EXPECT_EQ(ShownSizeAt(settings, 0.5).height, 24);
  EXPECT_EQ(ShownSizeAt(settings, 0.8).width, 32);
}

TEST(EarlyStopping, WaitsForThePatienceAndTheFirstEpochs) {
  Hyperparameters settings = Settings();
  EarlyStopping early_stopping(settings);
  EXPECT_FALSE(early_stopping.Observe(0, 0.8));
  EXPECT_FALSE(early_stopping.Observe(1, 0.8));
  EXPECT_TRUE(early_stopping.Observe(2, 0.8));
}

TEST(EarlyStopping, AnImprovementWithinTheToleranceDoesNotCount) {
  Hyperparameters settings = Settings();
  EarlyStopping early_stopping(settings);
  EXPECT_FALSE(early_stopping.Observe(5, 0.800));
  EXPECT_FALSE(early_stopping.Observe(6, 0.805));
  EXPECT_TRUE(early_stopping.Observe(7, 0.807));
}

TEST(EarlyStopping, ARealImprovementStartsTheWaitAnew) {
  Hyperparameters settings = Settings();
  EarlyStopping early_stopping(settings);
  EXPECT_FALSE(early_stopping.Observe(5, 0.80));
  EXPECT_FALSE(early_stopping.Observe(6, 0.80));
  EXPECT_FALSE(early_stopping.Observe(7, 0.90));
  EXPECT_FALSE(early_stopping.Observe(8, 0.90));
  EXPECT_TRUE(early_stopping.Observe(9, 0.90));
}

}  // namespace
}  // namespace scones::train

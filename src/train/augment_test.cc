#include "train/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace scones::train {
namespace {

// One 8x8 picture whose samples are all different.
PictureSet Ramp() {
  PictureSet set;
  set.pictures.push_back({8, 8, 0, 0});
  set.samples.resize(8 * 8 * 3);
  std::iota(set.samples.begin(), set.samples.end(), std::uint8_t{0});
  return set;
}

Normalization Identity() { return {{0, 0, 0}, {1, 1, 1}}; }

TEST(DrawPicture, WithoutAugmentationCopiesTheCentreCrop) {
  PictureSet set = Ramp();
  RandomStream random(1);
  std::vector<float> out(4 * 4 * 3);
  DrawPicture(set, 0, {4, 4, 4, 4}, {}, Identity(), random, out.data());
  EXPECT_EQ(out[0], (2 * 8 + 2) * 3);
  EXPECT_EQ(out.back(), (5 * 8 + 5) * 3 + 2);
}

TEST(DrawPicture, Normalises) {
  PictureSet set = Ramp();
  RandomStream random(1);
  std::vector<float> out(8 * 8 * 3);
  DrawPicture(set, 0, {8, 8, 8, 8}, {}, {{10, 20, 30}, {2, 4, 5}}, random, out.data());
  EXPECT_FLOAT_EQ(out[0], -5);
  EXPECT_FLOAT_EQ(out[1], (1 - 20) / 4.f);
  EXPECT_FLOAT_EQ(out[2], (2 - 30) / 5.f);
}

TEST(DrawPicture, CropAndFlipShowsTheSamePixelsInBothDirections) {
  PictureSet set = Ramp();
  std::vector<float> plain(8 * 8 * 3);
  RandomStream unused(0);
  DrawPicture(set, 0, {8, 8, 8, 8}, {}, Identity(), unused, plain.data());
  Augmentation augmentation;
  augmentation.crop_and_flip = true;
  int flipped = 0;
  int same = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RandomStream random(seed);
    std::vector<float> out(8 * 8 * 3);
    DrawPicture(set, 0, {8, 8, 8, 8}, augmentation, Identity(), random, out.data());
    same += out == plain ? 1 : 0;
    bool mirrored = out[0] == 7 * 3 && out[7 * 3] == 0;
    flipped += mirrored ? 1 : 0;
  }
  EXPECT_EQ(same + flipped, 50);
  EXPECT_GT(same, 10);
  EXPECT_GT(flipped, 10);
}

TEST(DrawPicture, LowerResolutionKeepsTheMeanOfASmoothPicture) {
  PictureSet set;
  set.pictures.push_back({32, 32, 0, 0});
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) set.samples.insert(set.samples.end(), 3, std::uint8_t(x + y));
  }
  RandomStream random(1);
  std::vector<float> out(16 * 16 * 3);
  DrawPicture(set, 0, {16, 16, 32, 32}, {}, Identity(), random, out.data());
  EXPECT_NEAR(std::accumulate(out.begin(), out.end(), 0.0) / out.size(), 31, 0.01);
  EXPECT_FLOAT_EQ(out[0], 1);  // between the pixels 0, 1, 1, 2
}

TEST(DrawPicture, EveryAugmentationStaysWithinTheSamplesRange) {
  PictureSet set = Ramp();
  Augmentation augmentation{true, true, true, 3, 0, 0.5};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomStream random(seed);
    std::vector<float> out(8 * 8 * 3);
    DrawPicture(set, 0, {8, 8, 8, 8}, augmentation, Identity(), random, out.data());
    auto [low, high] = std::minmax_element(out.begin(), out.end());
    EXPECT_GE(*low, 0);
    EXPECT_LE(*high, 255);
  }
}

TEST(DrawPicture, CutoutBlanksASquare) {
  PictureSet set = Ramp();
  Augmentation augmentation;
  augmentation.cutout = 4;
  RandomStream random(3);
  std::vector<float> out(8 * 8 * 3);
  DrawPicture(set, 0, {8, 8, 8, 8}, augmentation, {{-1, -1, -1}, {1, 1, 1}}, random, out.data());
  auto blank = std::count(out.begin(), out.end(), 0.f);
  EXPECT_GE(blank, 2 * 2 * 3);
  EXPECT_LE(blank, 4 * 4 * 3);
}

TEST(CutMix, ReturnsTheShareOfPixelsThatStay) {
  std::vector<float> first(16 * 16 * 3, 0);
  std::vector<float> second(16 * 16 * 3, 1);
  std::vector<float> out(first.size());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random(seed);
    float share = CutMix(first.data(), second.data(), {16, 16, 16, 16}, 3, 0.5, random, out.data());
    auto kept = std::count(out.begin(), out.end(), 0.f);
    EXPECT_FLOAT_EQ(share, static_cast<float>(kept) / out.size());
  }
}

TEST(MixUp, Blends) {
  float first[] = {1, 2};
  float second[] = {3, 6};
  float out[2];
  EXPECT_FLOAT_EQ(MixUp(first, second, 2, 0.75, out), 0.75);
  EXPECT_FLOAT_EQ(out[0], 1.5);
  EXPECT_FLOAT_EQ(out[1], 3);
}

TEST(Normalization, IsTheSetsMeanAndDeviation) {
  PictureSet set;
  set.pictures.push_back({2, 1, 0, 0});
  set.samples = {10, 100, 7, 20, 200, 7};
  Normalization normalization = MeasureNormalization(set);
  EXPECT_FLOAT_EQ(normalization.mean[0], 15);
  EXPECT_FLOAT_EQ(normalization.standard_deviation[0], 5);
  EXPECT_FLOAT_EQ(normalization.mean[1], 150);
  EXPECT_FLOAT_EQ(normalization.standard_deviation[2], 1);  // never 0: it divides
}

TEST(RandomStream, SymmetricBetaHasItsMeanAndSpread) {
  RandomStream random(5);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    double x = random.SymmetricBeta(0.2);
    sum += x;
    squares += (x - 0.5) * (x - 0.5);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
  EXPECT_NEAR(squares / kDraws, 1 / (4 * (2 * 0.2 + 1)), 0.01);
}

}  // namespace
}  // namespace scones::train

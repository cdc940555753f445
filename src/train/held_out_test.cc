#include "train/held_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scones::train {
namespace {

using ::testing::ElementsAre;

// Pictures of one pixel whose samples are their number; labels as given.
PictureSet Numbered(const std::vector<int>& labels) {
  PictureSet set;
  for (int label : labels) {
    auto number = static_cast<std::uint8_t>(set.pictures.size());
    set.pictures.push_back({1, 1, label, set.samples.size()});
    set.samples.insert(set.samples.end(), 3, number);
  }
  return set;
}

TEST(HeldOut, ASelectionHasItsOwnSamples) {
  PictureSet set = Numbered({0, 1, 0, 1});
  PictureSet selected = Select(set, {3, 0});
  ASSERT_EQ(selected.size(), 2u);
  EXPECT_EQ(selected.pictures[0].label, 1);
  EXPECT_EQ(selected.samples[selected.pictures[0].offset], 3);
  EXPECT_EQ(selected.samples[selected.pictures[1].offset], 0);
}

TEST(HeldOut, TheSameShareOfEachLabelIsHeldOut) {
  EXPECT_THAT(ChooseHeldOut(Numbered({0, 0, 0, 0, 1, 1, 1, 1}), 0.5), ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(ChooseHeldOut(Numbered({1, 0, 1, 1, 0, 0}), 0.34), ElementsAre(3, 5));
  EXPECT_THAT(ChooseHeldOut(Numbered({0, 1}), 0.5), ElementsAre());
}

}  // namespace
}  // namespace scones::train

#include "endpoints/batch_policy.h"

#include <gtest/gtest.h>

namespace scones::endpoints {
namespace {

using std::chrono::milliseconds;

BatchPolicy::Time At(int ms) { return BatchPolicy::Time(milliseconds(ms)); }

TEST(BatchPolicy, ALoneRequestIsDispatchedAtOnce) {
  BatchPolicy policy({.max_batch = 8});
  EXPECT_EQ(policy.Decide(At(0)).dispatch, 0);
  EXPECT_TRUE(policy.OnArrival(At(1)));
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 1);
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 0);
}

TEST(BatchPolicy, WhatArrivedDuringARunFormsTheNextBatchUpToTheLimit) {
  BatchPolicy policy({.max_batch = 4});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(policy.OnArrival(At(i)));
  EXPECT_EQ(policy.Decide(At(10)).dispatch, 4);
  EXPECT_EQ(policy.waiting(), 2);
  EXPECT_EQ(policy.Decide(At(10)).dispatch, 2);
}

TEST(BatchPolicy, SizesArePowersOfTwoSoThatTheFirstOfSevenWaitForFourOnly) {
  BatchPolicy policy({.max_batch = 32});
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(policy.OnArrival(At(0)));
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 4);
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 2);
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 1);
  EXPECT_EQ(BatchPolicy({.max_batch = 12}).preferred_batch(), 8);
}

TEST(BatchPolicy, ABatchIsNoLargerThanPays) {
  struct Case {
    const char* what;
    BatchPolicy::Costs costs;  // seconds of 1, 2, 4, 8 ... pictures
    int preferred;
  };
  const Case cases[] = {
      {"nothing known", {}, 32},
      {"a large network gains nothing", {0.1, 0.2, 0.4, 0.8, 1.6, 3.2}, 1},
      {"measured to two only", {0.1, 0.2}, 1},
      {"a small network's fixed costs are shared", {100e-6, 200e-6, 400e-6, 800e-6, 1600e-6}, 8},
      {"larger is cheaper to the end", {10e-3, 15e-3, 24e-3, 40e-3, 70e-3, 120e-3}, 32},
      {"eight is best, larger ones leave the cache", {1e-3, 1.8e-3, 3.4e-3, 6e-3, 14e-3, 30e-3}, 8},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(BatchPolicy({.max_batch = 32, .costs = c.costs}).preferred_batch(), c.preferred)
        << c.what;
  }
}

TEST(BatchPolicy, AFullQueueRefusesAndHasRoomAgainAfterADispatch) {
  BatchPolicy policy({.max_batch = 1, .max_queue = 2});
  EXPECT_TRUE(policy.OnArrival(At(0)));
  EXPECT_TRUE(policy.OnArrival(At(0)));
  EXPECT_FALSE(policy.OnArrival(At(0)));
  EXPECT_EQ(policy.Decide(At(0)).dispatch, 1);
  EXPECT_TRUE(policy.OnArrival(At(0)));
}

TEST(BatchPolicy, RequestsThatWaitedTooLongExpireBeforeOthersRun) {
  BatchPolicy policy({.max_batch = 8, .max_queue_delay = milliseconds(100)});
  EXPECT_TRUE(policy.OnArrival(At(0)));
  EXPECT_TRUE(policy.OnArrival(At(50)));
  EXPECT_TRUE(policy.OnArrival(At(60)));
  const auto decision = policy.Decide(At(151));
  EXPECT_EQ(decision.expired, 2);
  EXPECT_EQ(decision.dispatch, 1);
}

}  // namespace
}  // namespace scones::endpoints

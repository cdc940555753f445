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

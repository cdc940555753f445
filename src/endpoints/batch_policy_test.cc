#include "endpoints/batch_policy.h"

#include <gtest/gtest.h>

namespace scones::endpoints {
namespace {

using std::chrono::milliseconds;

BatchPolicy::Time At(int ms) { return BatchPolicy::Time(milliseconds(ms)); }

TEST(BatchPolicy, ALoneRequestIsDispatchedAtOnce) {
  BatchPolicy policy({.max_batch = 8});
  EXPECT_EQ(policy.Decide(At(0)).dispatch, 0);
  EXPECT_TRUE(policy.OnArrival(At(100)));
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 1);
  EXPECT_EQ(policy.Decide(At(1)).dispatch, 0);
}

TEST(BatchPolicy, WhatArrivedDuringARunFormsTheNextBatchUpToTheLimit) {
  BatchPolicy policy({.max_batch = 4});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(policy.OnArrival(At(100 + i)));
  EXPECT_EQ(policy.Decide(At(10)).dispatch, 4);
  EXPECT_EQ(policy.waiting(), 2);
  EXPECT_EQ(policy.Decide(At(10)).dispatch, 2);
}

TEST(BatchPolicy, SizesArePowersOfTwoSoThatTheFirstOfSevenWaitForFourOnly) {
  BatchPolicy policy({.max_batch = 32});
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(policy.OnArrival(At(100)));
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
  EXPECT_TRUE(policy.OnArrival(At(100)));
  EXPECT_TRUE(policy.OnArrival(At(100)));
  EXPECT_FALSE(policy.OnArrival(At(100)));
  EXPECT_EQ(policy.Decide(At(0)).dispatch, 1);
  EXPECT_TRUE(policy.OnArrival(At(100)));
}

TEST(BatchPolicy, ARequestThatCannotBeAnsweredInTimeIsNotRun) {
  struct Case {
    const char* what;
    BatchPolicy::Costs costs;    // the first: the shortest time an answer takes
    std::vector<int> deadlines;  // ms, in the order of arrival
    int now;
    int expired;
    int dispatch;
  };
  const Case cases[] = {
      {"all in time", {}, {100, 150, 160}, 100, 0, 2},
      {"what is late makes room for others", {}, {100, 150, 160}, 151, 2, 1},
      {"all late", {}, {100, 150, 160}, 161, 3, 0},
      {"late behind one in time", {}, {300, 100, 200}, 250, 2, 1},
      {"too little time left to run", {0.050}, {100, 200}, 51, 1, 1},
      {"just enough time left to run", {0.050}, {100, 200}, 50, 0, 1},
      {"nothing waits", {0.050}, {}, 1000, 0, 0},
  };
  for (const Case& c : cases) {
    BatchPolicy policy({.max_batch = 8, .costs = c.costs});
    for (const int deadline : c.deadlines) EXPECT_TRUE(policy.OnArrival(At(deadline)));
    const auto decision = policy.Decide(At(c.now));
    EXPECT_EQ(decision.expired, c.expired) << c.what;
    EXPECT_EQ(decision.dispatch, c.dispatch) << c.what;
  }
}

TEST(BatchPolicy, RequestsWaitInTheOrderOfTheirDeadlines) {
  BatchPolicy policy({.max_batch = 1});
  EXPECT_EQ(policy.OnArrival(At(100)), 0u);
  EXPECT_EQ(policy.OnArrival(At(300)), 1u);
  EXPECT_EQ(policy.OnArrival(At(200)), 1u);
  EXPECT_EQ(policy.OnArrival(At(300)), 3u);  // of equal ones the first stays before
  EXPECT_EQ(policy.OnArrival(At(50)), 0u);
}

}  // namespace
}  // namespace scones::endpoints

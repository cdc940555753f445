#include "asl/retry.h"

#include <gtest/gtest.h>

namespace scones::asl {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(RetryTest, DelaysGrowByTheBackoffRateUpToTheirMaximum) {
  Retrier retrier;
  retrier.interval_seconds = 3;
  retrier.backoff_rate = 1.5;
  EXPECT_EQ(RetryDelay(retrier, 0, 0), seconds(3));
  EXPECT_EQ(RetryDelay(retrier, 1, 0), microseconds(4'500'000));
  EXPECT_EQ(RetryDelay(retrier, 2, 0), microseconds(6'750'000));
  retrier.max_delay_seconds = 5;
  EXPECT_EQ(RetryDelay(retrier, 2, 0), seconds(5));
}

TEST(RetryTest, DelaysStayFiniteForAbsurdAttempts) {
  Retrier retrier;
  retrier.backoff_rate = 1e300;
  EXPECT_LE(RetryDelay(retrier, 1'000'000, 0), seconds(31'622'400));
}

TEST(RetryTest, FullJitterStaysBelowTheDelay) {
  Retrier retrier;
  retrier.interval_seconds = 10;
  retrier.full_jitter = true;
  EXPECT_EQ(RetryDelay(retrier, 0, 0), seconds(0));
  EXPECT_LE(RetryDelay(retrier, 0, ~std::uint64_t{0}), seconds(10));
  EXPECT_EQ(RetryDelay(retrier, 0, std::uint64_t{1} << 63), seconds(5));
}

TEST(RetryTest, WildcardsMatchAsTheLanguageSays) {
  const Failure task{"Boom", std::nullopt, true};
  const Failure own{"Boom", std::nullopt, false};
  EXPECT_TRUE(Matches({"Other", "Boom"}, own));
  EXPECT_TRUE(Matches({"States.ALL"}, own));
  EXPECT_TRUE(Matches({"States.TaskFailed"}, task));
  EXPECT_FALSE(Matches({"States.TaskFailed"}, own));
  EXPECT_FALSE(Matches({"States.TaskFailed"}, {"States.Timeout", std::nullopt, true}));
  EXPECT_TRUE(Matches({"States.Timeout"}, {"States.HeartbeatTimeout", std::nullopt, true}));
  EXPECT_FALSE(Matches({"States.ALL", "States.Runtime"}, {"States.Runtime", std::nullopt}));
  EXPECT_TRUE(Matches({"States.ALL"}, {std::nullopt, std::nullopt}));
  EXPECT_FALSE(Matches({""}, {std::nullopt, std::nullopt}));
}

}  // namespace
}  // namespace scones::asl

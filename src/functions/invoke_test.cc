// Limits of invocations, environments that run side by side, and the asynchronous queue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "functions/detail/testing.h"

namespace scones::functions {
namespace {

using testing::HasSubstr;

// ---- Limits -------------------------------------------------------------------------------------

TEST_F(FunctionsTest, PayloadsBeyondTheirLimitAreRefused) {
  ASSERT_TRUE(CreateNative());
  const auto text = [](std::size_t bytes) { return "\"" + std::string(bytes - 2, 'x') + "\""; };
  EXPECT_TRUE(Invoke(text(kMaxSyncPayloadBytes - 100), "n"));
  EXPECT_EQ(Invoke(text(kMaxSyncPayloadBytes + 1), "n").error().reason(),
            "RequestTooLargeException");
  EXPECT_TRUE(Invoke(text(kMaxAsyncPayloadBytes), "n", InvocationType::kEvent));
  EXPECT_EQ(Invoke(text(kMaxAsyncPayloadBytes + 1), "n", InvocationType::kEvent).error().reason(),
            "RequestTooLargeException");
  EXPECT_EQ(Invoke("{no json", "n").error().reason(), "InvalidRequestContentException");
}

TEST_F(FunctionsTest, AResponseBeyondSixMegabytesIsAFunctionError) {
  ASSERT_TRUE(CreatePython("def lambda_handler(e, c): return 'x' * e\n"));
  EXPECT_EQ(Invoke("5000000")->payload.size(), 5'000'002u);
  EXPECT_EQ(StringOr(InvokeFailing("6500000"), "errorType", ""), "Function.ResponseSizeTooLarge");
  EXPECT_EQ(Invoke("1")->payload, "\"x\"");
}

TEST_F(FunctionsTest, ReservedConcurrencyLimitsWhatRunsAtOnce) {
  ASSERT_TRUE(CreatePython("import time\ndef lambda_handler(e, c): time.sleep(e)\n"));
  ASSERT_TRUE(shards_.RunAndWait(
      functions_->UpdateExtras({.name = "f"}, [](FunctionExtras& extras) -> Result<void> {
        extras.reserved_concurrency = 1;
        return {};
      })));
  std::thread first([&] { EXPECT_TRUE(Invoke("1")); });
  ASSERT_TRUE(Eventually([&] { return sink_.text().find("START") != std::string::npos; }));
  EXPECT_EQ(Invoke("0").error().reason(), "TooManyRequestsException");
  first.join();
  EXPECT_TRUE(Invoke("0"));
}

TEST_F(FunctionsTest, NoMoreProcessesThanMayBeAreStarted) {
  options_.max_environments = 1;
  Reopen();
  ASSERT_TRUE(CreatePython("import time\ndef lambda_handler(e, c): time.sleep(e)\n"));
  ASSERT_TRUE(Create("g", {.runtime = "provided", .handler = "h"},
                     MakeZip({{"bootstrap", "#!/bin/sh\nexit 5\n"}}).value()));
  std::thread first([&] { EXPECT_TRUE(Invoke("1")); });
  ASSERT_TRUE(Eventually([&] { return sink_.text().find("START") != std::string::npos; }));
  EXPECT_EQ(Invoke("0", "g").error().reason(), "TooManyRequestsException");
  first.join();
  // The warm one, now unused, makes room.
  EXPECT_THAT(StringOr(InvokeFailing("0", "g"), "errorMessage", ""), HasSubstr("exit status 5"));
}

TEST_F(FunctionsTest, ConcurrentInvocationsRunInEnvironmentsOfTheirOwn) {
  ASSERT_TRUE(CreatePython(
      "import os, time\ndef lambda_handler(e, c):\n  time.sleep(0.3)\n  return os.getpid()\n"));
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> pids;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto result = Invoke();
      ASSERT_TRUE(result);
      const std::lock_guard lock(mutex);
      pids.insert(result->payload);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pids.size(), 4u);
}

TEST_F(FunctionsTest, UnusedEnvironmentsEnd) {
  options_.idle_timeout = std::chrono::seconds(0);
  Reopen();
  ASSERT_TRUE(CreatePython("import os\ndef lambda_handler(e, c): return os.getpid()\n"));
  const int pid = std::atoi(Invoke()->payload.c_str());
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(Eventually([&] { return ::kill(pid, 0) != 0; }));
}

TEST_F(FunctionsTest, StopEndsInvocationsUnderWay) {
  ASSERT_TRUE(CreatePython("import time\ndef lambda_handler(e, c): time.sleep(60)\n", {}, 100));
  std::thread waiting([&] { EXPECT_EQ(Invoke().error().code(), Code::kCancelled); });
  ASSERT_TRUE(Eventually([&] { return sink_.text().find("START") != std::string::npos; }));
  functions_->Stop();
  waiting.join();
  EXPECT_EQ(Invoke().error().code(), Code::kUnavailable);
}

// ---- Asynchronous -------------------------------------------------------------------------------

TEST_F(FunctionsTest, AnAsynchronousEventIsTriedThreeTimes) {
  ASSERT_TRUE(CreatePython("def lambda_handler(e, c):\n  print('try')\n  raise Exception(e)\n"));
  const auto queued = Invoke("1", "f", InvocationType::kEvent);
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->status, 202);
  const auto tries = [&] {
    const std::string text = sink_.text();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(": try\n", at)) != text.npos; ++at) ++count;
    return count;
  };
  EXPECT_TRUE(Eventually([&] { return tries() == 3; }));
  // Dropped after that: a later event finds the queue going on, and there is no fourth try.
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateCode(
      {.name = "f"},
      {MakeZip({{"lambda_function.py", "def lambda_handler(e, c): print('done')"}}).value()}, {})));
  ASSERT_TRUE(Invoke("1", "f", InvocationType::kEvent));
  EXPECT_TRUE(Eventually([&] { return sink_.text().find(": done\n") != std::string::npos; }));
  EXPECT_EQ(tries(), 3u);
}

TEST_F(FunctionsTest, AQueuedEventRunsAfterARestart) {
  options_.async_retry_delays = {std::chrono::seconds(1)};
  options_.async_concurrency = 0;  // nothing runs before the restart
  Reopen();
  ASSERT_TRUE(CreateNative());
  ASSERT_TRUE(Invoke("[1]", "n", InvocationType::kEvent));
  EXPECT_EQ(sink_.text(), "");
  options_.async_concurrency = 1;
  Reopen();
  EXPECT_TRUE(
      Eventually([&] { return sink_.text().find("/aws/lambda/n: END") != std::string::npos; }));
}

TEST_F(FunctionsTest, ADryRunChecksAndRunsNothing) {
  ASSERT_TRUE(CreateNative());
  const auto checked = Invoke("{}", "n", InvocationType::kDryRun);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->status, 204);
  EXPECT_EQ(sink_.text(), "");
  EXPECT_EQ(Invoke("{}", "absent", InvocationType::kDryRun).error().reason(),
            "ResourceNotFoundException");
}

}  // namespace
}  // namespace scones::functions

// TestState's tasks: run by the service's runner, in no execution, for five minutes at most.
#include <gtest/gtest.h>

#include <future>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

class TestStateServiceTest : public WorkflowsTest {
 protected:
  // Under way until the runner answers or the time is over.
  std::future<Result<asl::TestStateResult>> Test(const std::string& more = "") {
    asl::TestStateRequest request;
    request.definition = R"({"Type":"Task","Resource":"arn:aws:lambda:us-east-1:1:function:f",)" +
                         more + R"("End":true})";
    return std::async(std::launch::async, [this, request = std::move(request)] {
      return Await(service->TestState(request, kRole));
    });
  }
};

TEST_F(TestStateServiceTest, ATaskIsRunAndItsAnswerShown) {
  auto test = Test();
  ASSERT_TRUE(TaskWaits());
  runner.waiting()[0].done(TaskOutcome::Succeeded("7"));
  const auto result = test.get();
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->status, asl::TestStatus::kSucceeded);
  EXPECT_EQ(result->output, "7");
  EXPECT_TRUE(runner.cancelled().empty());
}

TEST_F(TestStateServiceTest, AfterItsTimeTheTaskIsCancelledAndHasTimedOut) {
  for (const auto& [more, limit] : {std::pair{"", 300}, std::pair{R"("TimeoutSeconds":5,)", 5}}) {
    runner.Forget();
    auto test = Test(more);
    ASSERT_TRUE(TaskWaits());
    const std::size_t before = runner.cancelled().size();
    Advance(std::chrono::seconds(limit));
    const auto result = test.get();
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->status, asl::TestStatus::kFailed);
    EXPECT_EQ(result->error, "States.Timeout");
    EXPECT_EQ(runner.cancelled().size(), before + 1);
    runner.waiting()[0].done(TaskOutcome::Succeeded("late"));
  }
}

TEST_F(TestStateServiceTest, AServiceThatEndsAnswersWhatIsUnderWay) {
  auto test = Test();
  ASSERT_TRUE(TaskWaits());
  service.reset();
  const auto result = test.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace scones::workflows::testing

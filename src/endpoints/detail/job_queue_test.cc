#include "endpoints/detail/job_queue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace scones::endpoints::detail {
namespace {

using std::chrono::seconds;

constexpr std::size_t kTensorSize = 4;

// Jobs whose answers are kept by number.
class JobQueueTest : public ::testing::Test {
 protected:
  Job MakeJob(int number, seconds left = seconds(60)) {
    const auto now = std::chrono::steady_clock::now();
    Job job{queue_.TakeTensor(), {.deadline = now + left}, now};
    job.input.front() = static_cast<float>(number);
    job.invocation.done = [this, number](Result<InvokeResponse> answer) {
      answered_ += fmt::format("{} {};", number, answer ? "ok" : answer.error().reason());
    };
    return job;
  }
  void Push(int number, seconds left = seconds(60)) {
    Job job = MakeJob(number, left);
    ASSERT_TRUE(queue_.Push(job));
  }
  std::string Take() {
    queue_.Take(batch_);
    std::string numbers;
    for (const Job& job : batch_) numbers += fmt::format("{} ", job.input.front());
    return numbers;
  }

  JobQueue queue_{{.max_batch = 4, .max_queue = 5}, kTensorSize};
  std::vector<Job> batch_;
  std::string answered_;
};

TEST_F(JobQueueTest, GivesBatchesInTheOrderOfDeadlines) {
  EXPECT_EQ(Take(), "");
  Push(1, seconds(30));
  Push(2, seconds(20));
  Push(3, seconds(40));
  EXPECT_EQ(queue_.waiting(), 3u);
  EXPECT_EQ(Take(), "2 1 ");
  EXPECT_EQ(Take(), "3 ");
  EXPECT_EQ(Take(), "");
  EXPECT_EQ(answered_, "");
}

TEST_F(JobQueueTest, LeavesAJobThatFindsNoPlaceToItsCaller) {
  for (int i = 0; i < 5; ++i) Push(i);
  Job job = MakeJob(5);
  EXPECT_EQ(queue_.Push(job).error().reason(), "ThrottlingException");
  ASSERT_TRUE(job.invocation.done);
  EXPECT_EQ(job.input.front(), 5);
}

TEST_F(JobQueueTest, AnswersWhatIsTooLateInsteadOfRunningIt) {
  Push(1, seconds(-1));
  Push(2);
  EXPECT_EQ(Take(), "2 ");
  EXPECT_EQ(answered_, "1 ServiceUnavailable;");
}

TEST_F(JobQueueTest, UsesTensorsAgain) {
  Push(1);
  EXPECT_EQ(Take(), "1 ");
  const float* const used = batch_.front().input.data();
  EXPECT_EQ(Take(), "");
  const Tensor again = queue_.TakeTensor();
  EXPECT_EQ(again.data(), used);
  EXPECT_EQ(again.size(), kTensorSize);
}

TEST_F(JobQueueTest, AnswersAllOnceClosed) {
  Push(1);
  Push(2);
  queue_.Close();
  EXPECT_EQ(answered_, "1 ServiceUnavailable;2 ServiceUnavailable;");
  Job job = MakeJob(3);
  EXPECT_EQ(queue_.Push(job).error().reason(), "ServiceUnavailable");
  EXPECT_EQ(Take(), "");
}

}  // namespace
}  // namespace scones::endpoints::detail

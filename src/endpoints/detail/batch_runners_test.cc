// Both kinds of BatchRunners: every job is answered, right, once, and nothing begins after Stop.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "base/json.h"
#include "endpoints/detail/model_shards.h"
#include "endpoints/detail/model_threads.h"
#include "endpoints/testing/model_tar.h"

namespace scones::endpoints::detail {
namespace {

constexpr std::size_t kShards = 3;
constexpr std::size_t kPixels = 8 * 8;

enum class Kind { kThreads, kShards };

std::vector<std::unique_ptr<BatchRunner>> MakeRunners(int count) {
  const auto model = nn::Model::FromOnnx(testing::ColourOnnx()).value();
  std::vector<std::unique_ptr<BatchRunner>> runners;
  for (int i = 0; i < count; ++i) {
    runners.push_back(std::make_unique<BatchRunner>(nn::Engine::Make(model).value(), 1.0,
                                                    Answerer(nullptr, nullptr)));
  }
  return runners;
}

// A picture of zeros, without anyone who waits for its answer.
Job MakeJob(JobQueue& queue) {
  const auto now = std::chrono::steady_clock::now();
  Job job{queue.TakeTensor(), {.deadline = now + std::chrono::seconds(60)}, now};
  std::fill(job.input.begin(), job.input.end(), 0.0f);
  return job;
}

class BatchRunnersTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kShards) {
      runners_ = std::make_shared<ModelShards>(shards_, queue_, MakeRunners(2));
    } else {
      runners_ = std::make_shared<ModelThreads>(queue_, MakeRunners(2));
    }
  }

  // Queues a picture of one colour.
  void Submit(std::size_t colour, io::Completion<Result<InvokeResponse>> done) {
    Job job = MakeJob(*queue_);
    std::fill_n(job.input.begin() + static_cast<std::ptrdiff_t>(colour * kPixels), kPixels, 1.0f);
    job.invocation.done = std::move(done);
    ASSERT_TRUE(queue_->Push(job));
    runners_->Wake();
  }
  // Position of the largest probability in [a, b, c].
  static std::size_t ColourOf(const InvokeResponse& response) {
    const json::array values = ParseJson(response.body)->as_array();
    const auto less = [](const json::value& a, const json::value& b) {
      return a.as_double() < b.as_double();
    };
    return static_cast<std::size_t>(std::max_element(values.begin(), values.end(), less) -
                                    values.begin());
  }

  io::Shards shards_{kShards};
  std::shared_ptr<JobQueue> queue_ = std::make_shared<JobQueue>(
      BatchPolicy::Options{.max_batch = 8, .max_queue = 10'000}, 3 * kPixels);
  std::shared_ptr<BatchRunners> runners_;
};

TEST_P(BatchRunnersTest, AnswerEveryJobOfManyThreads) {
  constexpr int kThreads = 6;
  constexpr int kEach = 300;
  std::atomic<int> right = 0;
  std::atomic<int> left = kThreads * kEach;
  std::promise<void> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto colour = static_cast<std::size_t>((t + i) % 3);
        Submit(colour, [&, colour](Result<InvokeResponse> answer) {
          right += answer && ColourOf(*answer) == colour ? 1 : 0;
          if (--left == 0) all.set_value();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(right, kThreads * kEach);
}

TEST_P(BatchRunnersTest, ALoneJobIsAnsweredWithoutAnother) {
  for (int i = 0; i < 20; ++i) {
    std::promise<bool> answered;
    Submit(1, [&](Result<InvokeResponse> answer) { answered.set_value(answer.has_value()); });
    EXPECT_TRUE(answered.get_future().get());
  }
}

TEST_P(BatchRunnersTest, NothingBeginsOnceTheyHaveStopped) {
  std::string answered;
  Job waiting = MakeJob(*queue_);
  waiting.invocation.done = [&](Result<InvokeResponse> answer) {
    answered += answer ? "ok;" : answer.error().reason() + ";";
  };
  ASSERT_TRUE(queue_->Push(waiting));
  queue_->Close();
  runners_->Stop();
  Job late = MakeJob(*queue_);
  EXPECT_FALSE(queue_->Push(late));
  runners_->Wake();
  runners_->Stop();
  EXPECT_EQ(answered, "ServiceUnavailable;");
  shards_.Stop();
  runners_.reset();
}

INSTANTIATE_TEST_SUITE_P(, BatchRunnersTest, ::testing::Values(Kind::kThreads, Kind::kShards),
                         [](const auto& info) {
                           return info.param == Kind::kThreads ? "Threads" : "Shards";
                         });

io::Task<std::optional<std::size_t>> ShardThatAnswers(JobQueue& queue, BatchRunners& runners,
                                                      io::Shards& shards) {
  std::optional<std::size_t> answered_on;
  auto start = [&](io::Completion<bool> resume) {
    Job job = MakeJob(queue);
    job.invocation.done = [&, resume](Result<InvokeResponse>) {
      answered_on = shards.Current();
      resume(true);
    };
    if (queue.Push(job)) runners.Wake();
  };
  (void)co_await io::Await<bool>(std::move(start));
  co_return answered_on == shards.Current() ? answered_on : std::nullopt;
}

TEST(ModelShards, ALoneRequestIsAnsweredOnTheShardThatItCameTo) {
  io::Shards shards(2);
  const auto queue = std::make_shared<JobQueue>(BatchPolicy::Options{}, 3 * kPixels);
  const auto runners = std::make_shared<ModelShards>(shards, queue, MakeRunners(1));
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(shards.RunAndWait(ShardThatAnswers(*queue, *runners, shards)));
  }
}

}  // namespace
}  // namespace scones::endpoints::detail

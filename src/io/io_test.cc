#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "io/blocking_pool.h"
#include "io/file.h"
#include "io/process.h"
#include "io/shards.h"

namespace scones::io {
namespace {

Task<Result<int>> Add(BlockingPool& pool, int a, int b) {
  auto job = [a, b]() -> Result<int> { return a + b; };
  CO_TRY(const int sum, co_await pool.Run(std::move(job)));
  co_return sum;
}

Task<int> AwaitFrom(std::function<void(Completion<int>)> start) {
  co_return co_await Await<int>(std::move(start));
}

Task<std::optional<std::size_t>> CurrentOf(const Shards& shards) { co_return shards.Current(); }

TEST(Shards, AThreadKnowsWhichShardOfWhichSetItIs) {
  Shards shards(2);
  const Shards others(1);
  EXPECT_EQ(shards.Current(), std::nullopt);
  std::set<std::size_t> seen;
  for (int i = 0; i < 4; ++i) seen.insert(shards.RunAndWait(CurrentOf(shards)).value());
  EXPECT_EQ(seen, (std::set<std::size_t>{0, 1}));
  EXPECT_EQ(shards.RunAndWait(CurrentOf(others)), std::nullopt);
}

TEST(CompletionBatch, HoldsResultsBackUntilItEndsAndThenResumesEveryone) {
  Shards shards(2);
  std::mutex mutex;
  std::vector<Completion<int>> waiting;
  std::vector<std::thread> callers;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      sum += shards.RunAndWait(AwaitFrom([&](Completion<int> done) {
        const std::lock_guard lock(mutex);
        waiting.push_back(std::move(done));
      }));
    });
  }
  const auto all_wait = [&] {
    const std::lock_guard lock(mutex);
    return waiting.size() == 8;
  };
  while (!all_wait()) std::this_thread::yield();
  {
    const CompletionBatch batch;
    ASSERT_EQ(CompletionBatch::Current(), &batch);
    for (int i = 0; i < 8; ++i) waiting[static_cast<std::size_t>(i)](1 << i);
    EXPECT_EQ(sum, 0);
  }
  EXPECT_EQ(CompletionBatch::Current(), nullptr);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 255);
}

TEST(BlockingPool, WhatAJobHoldsMayPostToThePoolWhenItGoes) {
  BlockingPool pool("test", 1, 10);
  std::promise<void> posted;
  struct PostsWhenItGoes {
    PostsWhenItGoes(BlockingPool& to, std::promise<void>& done) : pool(to), posted(done) {}
    PostsWhenItGoes(const PostsWhenItGoes&) = delete;
    ~PostsWhenItGoes() {
      pool.TryPost([done = &posted] { done->set_value(); });
    }
    BlockingPool& pool;
    std::promise<void>& posted;
  };
  auto held = std::make_shared<PostsWhenItGoes>(pool, posted);
  ASSERT_TRUE(pool.TryPost([held = std::move(held)] {}));
  EXPECT_EQ(posted.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(BlockingPool, ResumesTheCallerWithTheJobsResult) {
  Shards shards(2);
  BlockingPool pool("test", 2, 10);
  EXPECT_EQ(shards.RunAndWait(Add(pool, 2, 3)).value(), 5);
}

TEST(BlockingPool, RefusesWhenItsQueueIsFull) {
  Shards shards(1);
  BlockingPool pool("test", 0, 0);
  EXPECT_EQ(shards.RunAndWait(Add(pool, 2, 3)).error().reason(), "SlowDown");
}

TEST(File, DurableWriteReplacesTheWholeFile) {
  TemporaryDirectory directory;
  const Path path = directory.path() / "file";
  ASSERT_TRUE(WriteFileDurably(path, "first version"));
  ASSERT_TRUE(WriteFileDurably(path, "second"));
  EXPECT_EQ(ReadFile(path).value(), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()),
                          std::filesystem::directory_iterator()),
            1);
}

TEST(File, FaultsSayWhatAndWhere) {
  EXPECT_EQ(ReadFile("/nonexistent/file").error().code(), Code::kNotFound);
  Result<File> full = File::Open("/dev/full", File::Mode::kAppend);
  ASSERT_TRUE(full);
  const Result<void> written = full->Write("y");
  EXPECT_EQ(written.error().code(), Code::kExhausted);
  EXPECT_EQ(written.error().message(),
            "cannot write '/dev/full': the disk is full; free some space and try again");
}

ProcessOptions Shell(std::string script, std::vector<std::string>& lines) {
  return {.command = {"/bin/sh", "-c", std::move(script)},
          .environment = {{"GREETING", "hello"}},
          .directory = "/",
          .on_line = [&lines](std::string_view line) { lines.emplace_back(line); }};
}

TEST(Process, DeliversLinesAndExitCode) {
  std::vector<std::string> lines;
  auto process =
      Process::Start(Shell("echo $GREETING; echo $HOME; printf end; exit 3", lines)).value();
  EXPECT_EQ(process->Wait().code, 3);
  EXPECT_EQ(lines, (std::vector<std::string>{"hello", "", "end"}));
}

TEST(Process, KillTakesTheWholeGroup) {
  std::vector<std::string> lines;
  auto process = Process::Start(Shell("sleep 1000 & sleep 1000", lines)).value();
  process->Signal(SIGKILL);
  EXPECT_EQ(process->Wait().signal, SIGKILL);
}

TEST(Process, EndsThoughAGrandchildHoldsItsOutput) {
  std::vector<std::string> lines;
  auto process = Process::Start(Shell("setsid sleep 5 & echo done", lines)).value();
  EXPECT_EQ(process->Wait().code, 0);
  EXPECT_EQ(lines, std::vector<std::string>{"done"});
}

TEST(Process, AProgramThatIsNotThereIsAnError) {
  EXPECT_EQ(Process::Start({.command = {"/no/such/program"}}).error().code(), Code::kNotFound);
}

TEST(Process, OnceDrainedComesAfterWhatWasWrittenBefore) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> seen;
  const auto note = [&](std::string text) {
    const std::lock_guard lock(mutex);
    seen.push_back(std::move(text));
    changed.notify_all();
  };
  TemporaryDirectory directory;
  ProcessOptions options;
  options.command = {"/bin/sh", "-c", "echo one; printf two; : > written; exec sleep 60"};
  options.directory = directory.path();
  options.on_line = [&](std::string_view line) { note(std::string(line)); };
  auto process = Process::Start(std::move(options)).value();
  while (!std::filesystem::exists(directory.path() / "written")) std::this_thread::yield();
  process->OnceDrained([&] { note("drained"); });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return !seen.empty() && seen.back() == "drained"; });
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "two", "drained"}));
}

TEST(Process, RunsAsAnotherUserWhereTheServerIsRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  std::string line;
  ProcessOptions options;
  options.command = {"/bin/sh", "-c", "id -u; id -G >&2"};
  options.user_id = 45'001;
  options.on_line = [&](std::string_view text) { line += std::string(text) + ";"; };
  auto process = Process::Start(std::move(options)).value();
  EXPECT_EQ(process->Wait().code, 0);
  EXPECT_EQ(line, "45001;45001;");
}

}  // namespace
}  // namespace scones::io

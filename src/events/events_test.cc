#include "events/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "io/file.h"

namespace scones::events {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kMachine = "arn:aws:states:eu-west-1:123456789012:stateMachine:m";
constexpr const char* kPattern = R"({"source": ["shop"]})";

class ManualClock final : public Clock {
 public:
  Timestamp Now() const override {
    return Timestamp(std::chrono::microseconds(microseconds_.load()));
  }
  void Advance(std::chrono::microseconds by) { microseconds_ += by.count(); }

 private:
  // 2026-11-22T08:30:00Z
  std::atomic<std::int64_t> microseconds_{1'795'336'200'000'000};
};

// Keeps what comes; answers as it is told.
class FakeRunner final : public TargetRunner {
 public:
  Result<void> CheckKind(const std::string& arn) const override {
    if (arn.starts_with("arn:aws:states:") || arn.starts_with("arn:aws:lambda:")) return {};
    return Error(Code::kInvalid, "no such kind");
  }
  Result<void> CheckExists(const std::string&) const override { return {}; }

  io::Task<Result<void>> Run(Delivery delivery) override {
    const std::lock_guard lock(mutex_);
    tries_.push_back(std::move(delivery));
    changed_.notify_all();
    if (failures_ == 0) co_return Result<void>();
    --failures_;
    co_return Error(failure_code_, "Fault", "not now");
  }

  void Fail(int times, Code code = Code::kUnavailable) {
    const std::lock_guard lock(mutex_);
    failures_ = times;
    failure_code_ = code;
  }
  // Waits for so many tries in all.
  std::vector<Delivery> WaitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return tries_.size() >= count; }))
        << tries_.size() << " of " << count;
    return tries_;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return tries_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Delivery> tries_;
  int failures_ = 0;
  Code failure_code_ = Code::kUnavailable;
};

// The service over a directory.
class Service {
 public:
  explicit Service(const io::Path& directory, Options options = {},
                   std::chrono::microseconds later = {})
      : shards_(1) {
    clock_.Advance(later);
    database_ = db::Database::Open(directory / "test.db", {}).value();
    events_ = Events::Open(*database_, shards_, clock_, Identity(), options).value();
  }
  ~Service() {
    events_->Stop();
    shards_.Stop();
  }

  Events* operator->() { return events_.get(); }
  db::Database& database() { return *database_; }
  ManualClock& clock() { return clock_; }
  template <class T>
  T Run(io::Task<T> task) {
    return shards_.RunAndWait(std::move(task));
  }
  void Advance(std::chrono::microseconds by) {
    clock_.Advance(by);
    events_->Wake();
  }
  // After the thread has looked at everything that is there now, and has delivered it.
  void Settle() {
    const std::uint64_t before = events_->counters().looks;
    Await([&] {
      events_->Wake();
      const Counters now = events_->counters();
      return now.looks >= before + 2 && now.waiting == 0;
    });
  }
  template <class Condition>
  void Await(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }

  std::string Put(PutRuleRequest rule, std::vector<Target> targets) {
    const std::string name = rule.name;
    const Result<std::string> arn = Run(events_->PutRule(std::move(rule)));
    EXPECT_TRUE(arn) << arn.error().message();
    const auto failed = Run(events_->PutTargets(name, std::move(targets)));
    EXPECT_TRUE(failed) << failed.error().message();
    return arn.value_or("");
  }
  Result<void> Tell(const std::string& id, const std::string& order_key = "") {
    std::vector<Event> events;
    events.push_back({.id = id,
                      .source = "shop",
                      .detail_type = "Sale",
                      .time = clock_.Now(),
                      .resources = {},
                      .detail = {{"n", 1}},
                      .order_key = order_key});
    return Run(events_->PutEvents(std::move(events)));
  }

 private:
  ManualClock clock_;
  io::Shards shards_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Events> events_;
};

PutRuleRequest PatternRule(std::string name = "rule") {
  return {.name = std::move(name), .event_pattern = kPattern};
}
PutRuleRequest ScheduleRule(std::string expression) {
  return {.name = "timed", .schedule_expression = std::move(expression)};
}
Target To(std::string id, std::string arn = kMachine) {
  return {.id = std::move(id), .arn = std::move(arn)};
}

class EventsTest : public testing::Test {
 protected:
  io::TemporaryDirectory directory_;
  FakeRunner runner_;
};

TEST_F(EventsTest, AnEventGoesToEveryTargetOfTheRulesThatWantIt) {
  Service service(directory_.path());
  service->Start(runner_);
  service.Put(PatternRule("a"), {To("1"), To("2")});
  service.Put(PatternRule("b"), {To("1")});
  service.Put({.name = "other", .event_pattern = R"({"source": ["bank"]})"}, {To("1")});
  ASSERT_TRUE(service.Tell("e-1"));
  const std::vector<Delivery> tries = runner_.WaitFor(3);
  std::set<std::string> names;
  for (const Delivery& one : tries) {
    names.insert(one.name);
    EXPECT_TRUE(one.name.starts_with("e-1_")) << one.name;
    EXPECT_LE(one.name.size(), 80U);
    EXPECT_THAT(one.input, HasSubstr(R"("detail-type":"Sale")"));
    EXPECT_THAT(one.input, HasSubstr(R"("detail":{"n":1})"));
  }
  EXPECT_EQ(names.size(), 3U);
  service.Settle();
  EXPECT_EQ(runner_.count(), 3U);
}

TEST_F(EventsTest, ADisabledRuleIsSilent) {
  Service service(directory_.path());
  service->Start(runner_);
  service.Put(PatternRule(), {To("1")});
  ASSERT_TRUE(service.Run(service->SetEnabled("rule", false)));
  ASSERT_TRUE(service.Tell("e-1"));
  ASSERT_TRUE(service.Run(service->SetEnabled("rule", true)));
  ASSERT_TRUE(service.Tell("e-2"));
  EXPECT_TRUE(runner_.WaitFor(1).at(0).name.starts_with("e-2_"));
}

TEST_F(EventsTest, ARateFiresEveryPeriodAndDoesNotCatchUp) {
  Service service(directory_.path());
  service->Start(runner_);
  const std::string arn = service.Put(ScheduleRule("rate(1 minute)"), {To("1")});
  service.Advance(seconds(59));
  service.Advance(seconds(1));
  EXPECT_THAT(runner_.WaitFor(1).at(0).input,
              testing::AllOf(HasSubstr(R"("detail-type":"Scheduled Event")"), HasSubstr(arn),
                             HasSubstr(R"("time":"2026-11-22T08:31:00Z")")));
  service.Settle();
  // Ten minutes pass at once: one fire, then the next period.
  service.Advance(minutes(10));
  runner_.WaitFor(2);
  service.Settle();
  service.Advance(minutes(1));
  EXPECT_THAT(runner_.WaitFor(3).at(2).input, HasSubstr(R"("time":"2026-11-22T08:42:00Z")"));
  service.Settle();
  EXPECT_EQ(runner_.count(), 3U);
}

TEST_F(EventsTest, WhatPassedWhileTheServiceWasDownDoesNotFire) {
  {
    Service service(directory_.path());
    service->Start(runner_);
    service.Put(ScheduleRule("cron(31 8 * * ? *)"), {To("1")});
  }
  Service service(directory_.path(), {}, minutes(5));
  service->Start(runner_);
  service.Settle();
  EXPECT_EQ(runner_.count(), 0U);
  service.Advance(std::chrono::days(1));
  EXPECT_THAT(runner_.WaitFor(1).at(0).input, HasSubstr(R"("time":"2026-11-23T08:31:00Z")"));
}

TEST_F(EventsTest, ChangingRulesDoesNotDelayATimeThatIsDue) {
  Service service(directory_.path());
  service.Put(ScheduleRule("cron(31 8 * * ? *)"), {To("1")});
  ASSERT_TRUE(service.Tell("loads the rules"));
  service.clock().Advance(minutes(1));
  service.Put(PatternRule(), {To("1")});
  service->Start(runner_);
  EXPECT_THAT(runner_.WaitFor(1).at(0).input, HasSubstr("Scheduled Event"));
}

TEST_F(EventsTest, ADeliveryIsTriedAgainLaterAndLaterUnderTheSameName) {
  Service service(directory_.path());
  service->Start(runner_);
  service.Put(PatternRule(), {To("1")});
  runner_.Fail(3);
  ASSERT_TRUE(service.Tell("e-1"));
  std::uint64_t tries = 1;
  for (const int wait : {1, 2, 4}) {
    // The outcome must have been stored for the clock to matter.
    service.Await([&] { return service->counters().retried == tries; });
    service.Advance(seconds(wait));
    service.Await([&] {
      service->Wake();
      return runner_.count() == tries + 1;
    });
    ++tries;
  }
  const std::vector<Delivery> all = runner_.WaitFor(4);
  for (const Delivery& one : all) EXPECT_EQ(one.name, all[0].name);
  service.Settle();
  EXPECT_EQ(service->counters().delivered, 1U);
  EXPECT_EQ(service->counters().retried, 3U);
}

TEST_F(EventsTest, TheRetryPolicyEndsTheTries) {
  Service service(directory_.path());
  service->Start(runner_);
  Target target = To("1");
  target.retry_policy = RetryPolicy{60, 0};
  service.Put(PatternRule(), {target});
  runner_.Fail(1);
  ASSERT_TRUE(service.Tell("e-1"));
  runner_.WaitFor(1);
  service.Settle();
  EXPECT_EQ(service->counters().given_up, 1U);
}

TEST_F(EventsTest, ARefusalByTheTargetEndsTheTries) {
  Service service(directory_.path());
  service->Start(runner_);
  service.Put(PatternRule(), {To("1")});
  runner_.Fail(1, Code::kNotFound);
  ASSERT_TRUE(service.Tell("e-1"));
  runner_.WaitFor(1);
  service.Settle();
  EXPECT_EQ(service->counters().given_up, 1U);
  EXPECT_EQ(service->counters().retried, 0U);
}

TEST_F(EventsTest, AcceptedEventsAreDeliveredAfterARestartInTheirOrder) {
  {
    Service service(directory_.path());
    service.Put(PatternRule(), {To("1")});
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(service.Tell("e-" + std::to_string(i), "bucket/key"));
    }
    // Never started: nothing has been delivered.
  }
  Service service(directory_.path());
  EXPECT_EQ(service->counters().waiting, 100U);
  service->Start(runner_);
  const std::vector<Delivery> tries = runner_.WaitFor(100);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(tries[i].name.starts_with("e-" + std::to_string(i) + "_")) << tries[i].name;
  }
}

TEST_F(EventsTest, AFailedDeliveryHoldsBackThoseOfItsKeyAlone) {
  Service service(directory_.path());
  service.Put(PatternRule(), {To("1")});
  ASSERT_TRUE(service.Tell("e-1", "b/x"));
  ASSERT_TRUE(service.Tell("e-2", "b/x"));
  ASSERT_TRUE(service.Tell("e-3", "b/y"));
  runner_.Fail(1);
  service->Start(runner_);
  std::vector<Delivery> tries = runner_.WaitFor(2);
  EXPECT_TRUE(tries[0].name.starts_with("e-1_"));
  EXPECT_TRUE(tries[1].name.starts_with("e-3_"));
  service.Await([&] { return service->counters().waiting == 2; });
  service.Await([&] { return service->counters().retried == 1; });
  EXPECT_EQ(runner_.count(), 2U);
  service.clock().Advance(seconds(1));
  service.Await([&] {
    service->Wake();
    return runner_.count() == 4;
  });
  tries = runner_.WaitFor(4);
  EXPECT_TRUE(tries[2].name.starts_with("e-1_"));
  EXPECT_TRUE(tries[3].name.starts_with("e-2_"));
}

TEST_F(EventsTest, AFullQueueRefusesEventsAndKeepsDelivering) {
  Options options;
  options.max_deliveries = 3;
  Service service(directory_.path(), options);
  service.Put(PatternRule(), {To("1")});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(service.Tell("e-" + std::to_string(i)));
  EXPECT_EQ(service.Tell("late").error().reason(), "ThrottlingException");
  service->Start(runner_);
  runner_.WaitFor(3);
  service.Settle();
  EXPECT_TRUE(service.Tell("again"));
}

TEST_F(EventsTest, AnEventOfATransactionThatFailsIsNotAccepted) {
  Service service(directory_.path());
  service->Start(runner_);
  service.Put(PatternRule(), {To("1")});
  const auto job = [&](db::Connection& connection) -> Result<void> {
    TRY_VOID(service->Accept(connection, {.id = "e-1", .source = "shop", .detail_type = "x"}));
    return Error(Code::kInvalid, "the caller changed its mind");
  };
  EXPECT_FALSE(service.database().WriteAndWait(job));
  ASSERT_TRUE(service.Tell("e-2"));
  EXPECT_TRUE(runner_.WaitFor(1).at(0).name.starts_with("e-2_"));
}

TEST_F(EventsTest, RulesAndTargetsAreKeptListedAndRemoved) {
  {
    Service service(directory_.path());
    service->Start(runner_);
    PutRuleRequest rule = PatternRule("a");
    rule.description = "d";
    rule.tags = {{"k", "v"}};
    Target target = To("1");
    target.input_transformer = InputTransformer{{{"n", "$.detail.n"}}, R"({"n": <n>})"};
    target.retry_policy = RetryPolicy{120, 3};
    const std::string arn = service.Put(rule, {target, To("2", "arn:aws:lambda:::function:f")});
    EXPECT_EQ(arn, "arn:aws:events:us-east-1:000000000000:rule/a");
    service.Put(PatternRule("b"), {To("1")});
    ASSERT_TRUE(service.Run(service->TagResource(arn, {{"x", "y"}})));
    ASSERT_TRUE(service.Run(service->UntagResource(arn, {"k"})));
  }
  Service service(directory_.path());
  const Rule rule = service->DescribeRule("a").value();
  EXPECT_EQ(rule.description, "d");
  EXPECT_EQ(rule.event_pattern, kPattern);
  EXPECT_EQ(rule.tags, (std::map<std::string, std::string>{{"x", "y"}}));
  const Page<Target> targets = service->ListTargets("a", "", 1).value();
  ASSERT_EQ(targets.items.size(), 1U);
  EXPECT_EQ(targets.items[0].input_transformer->input_template, R"({"n": <n>})");
  EXPECT_EQ(targets.items[0].retry_policy->maximum_event_age_s, 120);
  EXPECT_EQ(service->ListTargets("a", targets.next, 10).value().items.at(0).id, "2");
  EXPECT_THAT(service->ListRuleNamesByTarget(kMachine, "", 10).value().items,
              ElementsAre("a", "b"));
  EXPECT_EQ(service->ListRules("b", "", 10).value().items.size(), 1U);

  EXPECT_THAT(service.Run(service->DeleteRule("b")).error().message(), HasSubstr("has targets"));
  const auto failed = service.Run(service->RemoveTargets("b", {"1", "gone"})).value();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].code, "ResourceNotFoundException");
  ASSERT_TRUE(service.Run(service->DeleteRule("b")));
  EXPECT_EQ(service->DescribeRule("b").error().reason(), "ResourceNotFoundException");
  EXPECT_TRUE(service.Run(service->DeleteRule("b")));
}

TEST_F(EventsTest, RefusesRulesAndTargetsThatCannotWork) {
  Options options;
  options.max_rules = 2;
  options.max_targets = 2;
  Service service(directory_.path(), options);
  service->Start(runner_);
  const auto reason = [&](PutRuleRequest request) {
    const auto put = service.Run(service->PutRule(std::move(request)));
    return put ? std::string() : put.error().reason();
  };
  EXPECT_EQ(reason({.name = "bad name", .event_pattern = kPattern}), "ValidationException");
  EXPECT_EQ(reason({.name = "r"}), "ValidationException");
  EXPECT_EQ(reason({.name = "r", .event_pattern = "{}"}), "InvalidEventPatternException");
  EXPECT_EQ(reason({.name = "r", .schedule_expression = "rate(1 minutes)"}), "ValidationException");
  EXPECT_EQ(reason(PatternRule("r1")), "");
  EXPECT_EQ(reason(PatternRule("r2")), "");
  EXPECT_EQ(reason(PatternRule("r3")), "LimitExceededException");
  EXPECT_EQ(reason(PatternRule("r2")), "");

  const auto refused = [&](const std::string& rule, std::vector<Target> targets) {
    const auto put = service.Run(service->PutTargets(rule, std::move(targets)));
    return put ? std::string() : put.error().reason();
  };
  EXPECT_EQ(refused("gone", {To("1")}), "ResourceNotFoundException");
  EXPECT_EQ(refused("r1", {To("1", "arn:aws:sqs:us-east-1:000000000000:q")}),
            "ValidationException");
  EXPECT_EQ(refused("r1", {To("1"), To("2"), To("3")}), "LimitExceededException");
  EXPECT_TRUE(service->ListTargets("r1", "", 10).value().items.empty());
}

// ---- A crash at every step ----------------------------------------------------------------------

constexpr int kCrashed = 86;

// Delivers by appending the name to a file: what was done before the crash stays known.
class FileRunner final : public TargetRunner {
 public:
  explicit FileRunner(io::Path path) : path_(std::move(path)) {}
  Result<void> CheckKind(const std::string&) const override { return {}; }
  Result<void> CheckExists(const std::string&) const override { return {}; }
  io::Task<Result<void>> Run(Delivery delivery) override {
    const std::string line = delivery.name + "\n";
    std::FILE* file = std::fopen(path_.c_str(), "a");
    if (file != nullptr) {
      std::fputs(line.c_str(), file);
      std::fclose(file);
    }
    co_return Result<void>();
  }

 private:
  const io::Path path_;
};

TEST(EventsCrashChild, Works) {
  const char* directory = std::getenv("SCONES_EVENTS_CRASH_DIRECTORY");
  if (directory == nullptr) GTEST_SKIP() << "run by the crash test";
  const int acknowledged = std::atoi(std::getenv("SCONES_EVENTS_CRASH_PIPE"));
  Service service(directory);
  FileRunner runner(io::Path(directory) / "delivered");
  service->Start(runner);
  for (char step = 'a'; step < 'f'; ++step) {
    if (service.Tell(std::string("event-") + step, "key")) {
      (void)!::write(acknowledged, &step, 1);
    }
  }
  service.Settle();
}

std::string RunUntilCrash(const io::Path& directory, const std::string& point) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("SCONES_CRASH_POINT", point.c_str(), 1);
    ::setenv("SCONES_EVENTS_CRASH_DIRECTORY", directory.c_str(), 1);
    ::setenv("SCONES_EVENTS_CRASH_PIPE", std::to_string(ends[1]).c_str(), 1);
    ::execl("/proc/self/exe", "events_test", "--gtest_filter=EventsCrashChild.Works",
            "--gtest_brief=1", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string acknowledged;
  char step = 0;
  while (::read(ends[0], &step, 1) == 1) acknowledged.push_back(step);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_TRUE(WEXITSTATUS(status) == kCrashed || WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
  if (WEXITSTATUS(status) == 0) acknowledged.push_back('!');
  return acknowledged;
}

TEST(EventsCrash, WhatWasAcceptedIsDeliveredWhateverStepIsCutOff) {
  int crashes = 0;
  for (const char* name :
       {"events.accepted", "events.delivered", "db.before_commit", "db.after_commit"}) {
    for (int passage = 1; passage <= 6; ++passage) {
      const std::string point = std::string(name) + ":" + std::to_string(passage);
      SCOPED_TRACE(point);
      io::TemporaryDirectory directory;
      { Service(directory.path()).Put(PatternRule(), {To("1")}); }
      const std::string acknowledged = RunUntilCrash(directory.path(), point);
      if (acknowledged.find('!') == std::string::npos) ++crashes;
      {
        Service service(directory.path());
        FileRunner runner(directory.path() / "delivered");
        service->Start(runner);
        service.Settle();
      }
      std::vector<std::string> order;
      std::string text = io::ReadFile(directory.path() / "delivered").value_or(std::string());
      for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
        const std::string line = text.substr(at, end - at);
        if (std::find(order.begin(), order.end(), line) == order.end()) order.push_back(line);
      }
      // Each accepted event under one name, first deliveries in order.
      for (const char step : acknowledged) {
        if (step == '!') continue;
        const std::string prefix = std::string("event-") + step + "_";
        EXPECT_EQ(std::count_if(order.begin(), order.end(),
                                [&](const std::string& one) { return one.starts_with(prefix); }),
                  1)
            << prefix;
      }
      EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    }
  }
  EXPECT_GE(crashes, 12);
}

}  // namespace
}  // namespace scones::events

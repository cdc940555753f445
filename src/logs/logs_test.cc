#include "logs/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/database.h"
#include "io/file.h"

namespace scones::logs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SetClock final : public Clock {
 public:
  Timestamp Now() const override { return FromEpochMilliseconds(now_ms); }
  std::int64_t now_ms = 1'800'000'000'000;
};

class LogsTest : public testing::Test {
 protected:
  void SetUp() override { Reopen({}); }
  void Reopen(Options options) {
    logs_.reset();
    database_.reset();
    database_ = db::Database::Open(directory_.path() / "db", {}).value();
    logs_ = Logs::Open(options, *database_, clock_).value();
  }
  // Lines "prefix0", "prefix1", … a second apart from `first_s` on.
  void AppendLines(const std::string& stream, const std::string& prefix, int count,
                   int first_s = 0) {
    for (int i = 0; i < count; ++i) {
      logs_->Append("g", stream,
                    {{FromEpochMilliseconds((first_s + i) * 1000), prefix + std::to_string(i)}});
    }
  }
  static std::vector<std::string> Messages(const std::vector<StoredEvent>& events) {
    std::vector<std::string> messages;
    for (const StoredEvent& event : events) messages.push_back(event.message);
    return messages;
  }

  io::TemporaryDirectory directory_;
  SetClock clock_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Logs> logs_;
};

TEST_F(LogsTest, LinesComeBackInOrderAndSurviveARestart) {
  AppendLines("s", "a", 3);
  logs_->Append("g", "s", {{FromEpochMilliseconds(5000), std::string("b\0\n\xff", 4)}});
  Reopen({});
  const auto page = logs_->GetEvents({.group = "g", .stream = "s"});
  ASSERT_TRUE(page);
  EXPECT_THAT(Messages(page->events), ElementsAre("a0", "a1", "a2", std::string("b\0\n\xff", 4)));
  EXPECT_EQ(EpochMilliseconds(page->events[1].time), 1000);
}

TEST_F(LogsTest, ForwardTokensFollowAStreamAndStayAtItsEnd) {
  AppendLines("s", "a", 5);
  EventQuery query{.group = "g", .stream = "s", .from = EventQuery::From::kHead, .limit = 3};
  auto page = logs_->GetEvents(query);
  EXPECT_THAT(Messages(page->events), ElementsAre("a0", "a1", "a2"));
  query.token = page->forward;
  page = logs_->GetEvents(query);
  EXPECT_THAT(Messages(page->events), ElementsAre("a3", "a4"));
  query.token = page->forward;
  page = logs_->GetEvents(query);
  EXPECT_THAT(page->events, IsEmpty());
  EXPECT_EQ(page->forward, query.token) << "the end gives the same token again";
  AppendLines("s", "b", 1);
  page = logs_->GetEvents(query);
  EXPECT_THAT(Messages(page->events), ElementsAre("b0"));
}

TEST_F(LogsTest, TheTailIsReadBackwards) {
  AppendLines("s", "a", 5);
  EventQuery query{.group = "g", .stream = "s", .limit = 2};
  auto page = logs_->GetEvents(query);
  EXPECT_THAT(Messages(page->events), ElementsAre("a3", "a4"));
  query.token = page->backward;
  page = logs_->GetEvents(query);
  EXPECT_THAT(Messages(page->events), ElementsAre("a1", "a2"));
  query.token = page->backward;
  page = logs_->GetEvents(query);
  EXPECT_THAT(Messages(page->events), ElementsAre("a0"));
  query.token = page->backward;
  page = logs_->GetEvents(query);
  EXPECT_THAT(page->events, IsEmpty());
  EXPECT_EQ(page->backward, query.token);
}

TEST_F(LogsTest, TimesBoundWhatIsRead) {
  AppendLines("s", "a", 6);
  const auto page = logs_->GetEvents({.group = "g",
                                      .stream = "s",
                                      .start = FromEpochMilliseconds(2000),
                                      .end = FromEpochMilliseconds(4000)});
  EXPECT_THAT(Messages(page->events), ElementsAre("a2", "a3"));
}

TEST_F(LogsTest, APageEndsAtOneMegabyteAndTheNextGoesOn) {
  for (int i = 0; i < 30; ++i) {
    logs_->Append("g", "s", {{FromEpochMilliseconds(i), std::string(100'000, 'x')}});
  }
  EventQuery query{.group = "g", .stream = "s", .from = EventQuery::From::kHead};
  std::size_t count = 0, pages = 0;
  while (true) {
    const auto page = logs_->GetEvents(query);
    ASSERT_TRUE(page);
    if (page->events.empty()) break;
    count += page->events.size();
    ++pages;
    query.token = page->forward;
  }
  EXPECT_EQ(count, 30u);
  EXPECT_EQ(pages, 3u);
}

TEST_F(LogsTest, StreamsAreListedByNameOrByLastEvent) {
  AppendLines("x/a", "l", 1, 50);
  AppendLines("x/b", "l", 1, 90);
  AppendLines("x/c", "l", 1, 10);
  AppendLines("y", "l", 1, 99);
  const auto names = [&](StreamQuery query) {
    std::string all;
    while (true) {
      const auto page = logs_->ListStreams(query);
      EXPECT_TRUE(page);
      for (const LogStream& stream : page->items) all += stream.name + " ";
      if (page->next.empty()) return all;
      query.after = page->next;
    }
  };
  using Order = StreamQuery::Order;
  using Direction = StreamQuery::Direction;
  EXPECT_EQ(names({.group = "g", .prefix = "x/"}), "x/a x/b x/c ");
  EXPECT_EQ(names({.group = "g", .prefix = "x/", .limit = 1}), "x/a x/b x/c ");
  EXPECT_EQ(names({.group = "g",
                   .order = Order::kLastEvent,
                   .direction = Direction::kDescending,
                   .limit = 3}),
            "y x/b x/a x/c ");
}

TEST_F(LogsTest, FilterFindsTermsAcrossStreamsInOrderOfTime) {
  AppendLines("one", "INFO start ", 2, 0);
  AppendLines("two", "ERROR \"disk full\" ", 2, 1);
  AppendLines("three", "ERROR network ", 1, 3);
  const auto find = [&](FilterQuery query) {
    std::vector<std::string> all;
    while (true) {
      const auto page = logs_->Filter(query);
      EXPECT_TRUE(page);
      for (const std::string& message : Messages(page->items)) all.push_back(message);
      if (page->next.empty()) return all;
      query.after = page->next;
    }
  };
  EXPECT_THAT(find({.group = "g", .pattern = "ERROR"}),
              ElementsAre("ERROR \"disk full\" 0", "ERROR \"disk full\" 1", "ERROR network 0"));
  EXPECT_THAT(find({.group = "g", .pattern = "ERROR -network", .limit = 1}).size(), 2u);
  EXPECT_THAT(find({.group = "g", .pattern = "\"start 1\""}), ElementsAre("INFO start 1"));
  EXPECT_THAT(find({.group = "g", .pattern = "?network ?INFO"}).size(), 3u);
  EXPECT_THAT(find({.group = "g", .streams = {"one"}, .start = FromEpochMilliseconds(1000)}),
              ElementsAre("INFO start 1"));
  EXPECT_THAT(find({.group = "g", .stream_prefix = "t"}).size(), 3u);
  EXPECT_EQ(logs_->Filter({.group = "g", .pattern = "{ $.a = 1 }"}).error().reason(),
            "InvalidParameterException");
}

TEST_F(LogsTest, WhatIsAbsentOrThereAlreadyIsAnError) {
  EXPECT_EQ(logs_->GetEvents({.group = "g", .stream = "s"}).error().message(),
            "The specified log group does not exist.");
  ASSERT_TRUE(logs_->CreateGroup("g", {}));
  EXPECT_EQ(logs_->CreateGroup("g", {}).error().reason(), "ResourceAlreadyExistsException");
  EXPECT_EQ(logs_->GetEvents({.group = "g", .stream = "s"}).error().message(),
            "The specified log stream does not exist.");
  ASSERT_TRUE(logs_->CreateStream("g", "s"));
  EXPECT_EQ(logs_->CreateStream("g", "s").error().reason(), "ResourceAlreadyExistsException");
  EXPECT_EQ(logs_->CreateGroup("a b", {}).error().reason(), "InvalidParameterException");
  EXPECT_EQ(logs_->CreateStream("g", "a:b").error().reason(), "InvalidParameterException");
  for (const char* token : {"x", "f/", "f/x", "f/-1", "f/99999999999999999999"}) {
    EXPECT_EQ(logs_->GetEvents({.group = "g", .stream = "s", .token = token}).error().reason(),
              "InvalidParameterException");
  }
  ASSERT_TRUE(logs_->DeleteStream("g", "s"));
  ASSERT_TRUE(logs_->DeleteGroup("g"));
  EXPECT_THAT(logs_->ListGroups("", "", 10)->items, IsEmpty());
}

TEST_F(LogsTest, TheOldestLinesOfAStreamThatIsTooLargeGo) {
  Reopen({.max_stream_bytes = 300'000});
  for (int i = 0; i < 20; ++i) {
    logs_->Append("g", "s", {{FromEpochMilliseconds(i), std::string(70'000, char('a' + i))}});
    logs_->Flush();
  }
  const auto page =
      logs_->GetEvents({.group = "g", .stream = "s", .from = EventQuery::From::kHead});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->events.size(), 4u);
  EXPECT_EQ(page->events.front().message[0], 'q');
  EXPECT_EQ(page->events.back().sequence, 19);
  EXPECT_LE(logs_->ListGroups("", "", 1)->items[0].stored_bytes, 300'000);
}

TEST_F(LogsTest, LinesOlderThanTheRetentionGoWithTheirStream) {
  AppendLines("old", "a", 2);
  logs_->Append("g", "new", {{clock_.Now(), "b"}});
  ASSERT_TRUE(logs_->SetRetention("g", 1));
  Reopen({});  // which trims
  logs_->Flush();
  const auto streams = logs_->ListStreams({.group = "g"});
  ASSERT_EQ(streams->items.size(), 1u);
  EXPECT_EQ(streams->items[0].name, "new");
}

TEST_F(LogsTest, LinesBeyondTheBoundOnPendingOnesAreDroppedAndLongOnesCut) {
  Reopen({.flush_interval = std::chrono::hours(1),
          .max_pending_bytes = 1000,
          .max_message_bytes = 10});
  logs_->Append("g", "s", {{clock_.Now(), std::string(100, 'x')}});
  for (int i = 0; i < 1000; ++i) logs_->Append("g", "s", {{clock_.Now(), "y"}});
  const auto page = logs_->GetEvents({.group = "g", .stream = "s"});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->events.front().message, std::string(10, 'x'));
  EXPECT_LT(page->events.size(), 100u);
}

}  // namespace
}  // namespace scones::logs

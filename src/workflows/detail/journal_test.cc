#include "workflows/detail/journal.h"

#include <gtest/gtest.h>

namespace scones::workflows {
namespace {

asl::HistoryEvent Event(std::int64_t id, asl::EventType type, json::object details) {
  return {.id = id,
          .previous_id = id - 1,
          .type = type,
          .timestamp = Timestamp(std::chrono::microseconds(1'700'000'000'000'000 + id * 1000)),
          .details = std::move(details)};
}

TEST(Journal, GivesBackWhatWasAppended) {
  JournalWriter writer(R"({"the":"input"})");
  const std::vector<asl::HistoryEvent> events = {
      Event(1, asl::EventType::kExecutionStarted,
            {{"input", R"({"the":"input"})"}, {"roleArn", "r"}}),
      Event(2, asl::EventType::kTaskStateEntered,
            {{"input", "a longer text that comes again"},
             {"inputDetails", {{"truncated", false}}},
             {"number", 5},
             {"negative", -7},
             {"large", std::uint64_t(-1)},
             {"half", 0.5},
             {"nothing", nullptr},
             {"list", {1, "two", true}}}),
      Event(3, asl::EventType::kTaskStateExited, {{"output", "a longer text that comes again"}})};
  for (const asl::HistoryEvent& event : events) writer.Append(event);
  writer.Append(asl::Outcome{
      .status = asl::ExecutionStatus::kFailed, .output = "", .error = "E", .cause = std::nullopt});
  const Result<JournalChunk> chunk = ReadJournal(writer.bytes(), R"({"the":"input"})");
  ASSERT_TRUE(chunk) << chunk.error().message();
  ASSERT_EQ(chunk->events.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(chunk->events[i].id, events[i].id);
    EXPECT_EQ(chunk->events[i].previous_id, events[i].previous_id);
    EXPECT_EQ(chunk->events[i].type, events[i].type);
    EXPECT_EQ(chunk->events[i].timestamp, events[i].timestamp);
    EXPECT_EQ(ToJson(chunk->events[i].details), ToJson(events[i].details));
  }
  EXPECT_EQ(chunk->outcome->error, "E");
  EXPECT_FALSE(chunk->outcome->cause);
}

TEST(Journal, StoresAPayloadThatStatesPassOnOnce) {
  const std::string payload = "\"" + std::string(10'000, 'x') + "\"";
  JournalWriter writer(payload);
  for (int id = 1; id <= 100; ++id) {
    writer.Append(Event(id, asl::EventType::kPassStateEntered, {{"input", payload}}));
  }
  EXPECT_LT(writer.bytes().size(), 2'000u);
}

TEST(Journal, GoesOnWithAStoredPiece) {
  JournalWriter before("{}");
  before.Append(Event(1, asl::EventType::kExecutionStarted, {{"input", "{}"}}));
  const auto read = ReadJournal(before.bytes(), "{}");
  JournalWriter after("{}", before.bytes(), read->last_micros);
  after.Append(Event(2, asl::EventType::kPassStateEntered, {{"input", "{}"}}));
  const auto both = ReadJournal(after.bytes(), "{}");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->events[1].timestamp, Event(2, asl::EventType::kPassStateEntered, {}).timestamp);
}

TEST(Journal, DamagedBytesAreAnErrorAndNothingWorse) {
  JournalWriter writer("{}");
  writer.Append(Event(1, asl::EventType::kTaskStateEntered,
                      {{"input", "some text that is long"}, {"list", {1, 2, 3}}}));
  writer.Append(Event(2, asl::EventType::kTaskStateExited, {{"output", "some text that is long"}}));
  const std::string good = writer.bytes();
  for (std::size_t cut = 1; cut < good.size(); ++cut) (void)ReadJournal(good.substr(0, cut), "{}");
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      (void)ReadJournal(bad, "{}");
    }
  }
  EXPECT_FALSE(ReadJournal(good.substr(0, good.size() - 1), "{}"));
  EXPECT_FALSE(ReadJournal(std::string(1, '\x70'), "{}"));
}

}  // namespace
}  // namespace scones::workflows

// Random state machines on the real engine and the real tables, with a virtual clock and a seeded
// sequence of crashes, failing writes and answers that come late, twice and in any order.
// SCONES_SIMULATION_SEEDS says how many seeds each test runs; SCONES_SIMULATION_FIRST_SEED at which
// to begin, to run a failed one again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/log.h"
#include "io/file.h"
#include "io/shards.h"
#include "workflows/detail/random_machine.h"
#include "workflows/detail/schema.h"
#include "workflows/detail/simulated_service.h"

namespace scones::workflows::testing {
namespace {

constexpr char kRole[] = "arn:aws:iam::000000000000:role/scones";

std::uint64_t Number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

bool IsAnyOf(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != text.npos; });
}

// What no history may show, whatever happened. Empty where all is well.
std::string FaultIn(const SimulatedService::Ended& ended) {
  std::map<std::int64_t, std::string> followed;
  std::int64_t id = 0;
  for (const asl::HistoryEvent& event : ended.history) {
    const std::string type(asl::EventTypeName(event.type));
    const auto at = fmt::format("event {} ({}): ", event.id, type);
    if (event.id != ++id) return at + fmt::format("{} was expected", id);
    if (event.previous_id < 0 || event.previous_id >= event.id) return at + "follows no earlier";
    const bool last = event.id == static_cast<std::int64_t>(ended.history.size());
    const bool redriven = event.type == asl::EventType::kExecutionRedriven;
    const bool ends = type.starts_with("Execution") && type != "ExecutionStarted" && !redriven;
    const bool goes_on = !last && ended.history[static_cast<std::size_t>(event.id)].type ==
                                      asl::EventType::kExecutionRedriven;
    if (ends != (last || goes_on)) return at + "the end is not the last event, nor redriven";
    if (redriven) followed.clear();  // what had not succeeded goes on once more
    if (event.previous_id == 0 || IsAnyOf(type, {"Execution", "Aborted", "Map", "Parallel"})) {
      continue;
    }
    // One state or task goes on once: its event is followed once.
    const asl::HistoryEvent& before =
        ended.history[static_cast<std::size_t>(event.previous_id) - 1];
    if (IsAnyOf(asl::EventTypeName(before.type), {"Execution", "Map", "Parallel"})) continue;
    const auto [place, first] = followed.emplace(event.previous_id, type);
    if (!first) return at + fmt::format("event {} went on twice", event.previous_id);
  }
  return id == 0 ? "no history" : "";
}

// How often each event type comes, with the state's name where the event tells it. An acceptance
// that a crash took away is not made up for when the outcome comes by token.
std::map<std::string, int> EventCounts(const SimulatedService::Ended& ended) {
  std::map<std::string, int> counts;
  for (const asl::HistoryEvent& event : ended.history) {
    if (event.type == asl::EventType::kTaskSubmitted) continue;
    ++counts[std::string(asl::EventTypeName(event.type)) + StringOr(event.details, "name", "")];
  }
  return counts;
}

class Simulation : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);  // disks fail by design
    Begin();
  }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }

  // With a database of its own.
  void Begin() {
    machines_.reset();
    database_.reset();
    auto opened = db::Database::Open(directory_.path() / fmt::format("db{}", ++databases_), {});
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = std::move(*opened);
    ASSERT_TRUE(database_->Migrate(Migrations()));
    made_ = 0;
    machines_ = std::make_unique<MachineTable>(*database_, clock_, Identity{}, options_);
  }

  RevisionPtr Make(const std::string& definition) {
    auto created = shards_.RunAndWait(machines_->Create(
        {.name = fmt::format("m{}", ++made_), .definition = definition, .role_arn = kRole}));
    EXPECT_TRUE(created) << created.error().message() << "\n" << definition;
    if (!created) return nullptr;
    return *machines_->Current(created->arn);
  }

  std::vector<SimulatedService::Ended> Run(const std::string& definition, std::uint64_t seed,
                                           SimulatedService::Chaos chaos) {
    const RevisionPtr revision = Make(definition);
    if (revision == nullptr) return {};
    SimulatedService service(*database_, *machines_, seed, chaos);
    const std::string fault = service.Run(revision, 3, R"({"n":0,"items":[0,1,2,3]})");
    EXPECT_EQ(fault, "") << "seed " << seed << "\n" << definition;
    crashes_ += service.crashes();
    for (const SimulatedService::Ended& ended : service.ended()) {
      EXPECT_EQ(FaultIn(ended), "") << "seed " << seed << ", " << ended.name << "\n" << definition;
    }
    return service.ended();
  }

  const std::uint64_t seeds_ = Number("SCONES_SIMULATION_SEEDS", 100);
  const std::uint64_t first_ = Number("SCONES_SIMULATION_FIRST_SEED", 1);
  int crashes_ = 0;

 private:
  io::TemporaryDirectory directory_;
  io::Shards shards_{1};
  SystemClock clock_;
  Options options_{.max_state_machines = 1'000'000};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<MachineTable> machines_;
  int made_ = 0;
  int databases_ = 0;
};

TEST_F(Simulation, CalmMachinesEndAsWithoutCrashesInWhateverOrderTheirTasksAnswer) {
  for (std::uint64_t seed = first_; seed < first_ + seeds_ && !HasFailure(); ++seed) {
    const std::string definition = RandomMachine(seed, true).Make();
    const auto expected = Run(definition, seed, {.crashes = false, .reorders = false});
    const auto actual = Run(definition, seed, {});
    ASSERT_EQ(expected.size(), 3U);
    ASSERT_EQ(actual.size(), 3U);
    for (const SimulatedService::Ended& ended : actual) {
      const std::string where = fmt::format("seed {}, {}\n{}", seed, ended.name, definition);
      EXPECT_EQ(asl::ExecutionStatusName(ended.status),
                asl::ExecutionStatusName(expected[0].status))
          << where;
      EXPECT_EQ(ended.outcome.output, expected[0].outcome.output) << where;
      EXPECT_EQ(EventCounts(ended), EventCounts(expected[0])) << where;
    }
  }
  EXPECT_GT(crashes_, 0);
}

TEST_F(Simulation, WildMachinesKeepTheirHistoryAndEnd) {
  int redriven = 0;
  for (std::uint64_t seed = first_; seed < first_ + seeds_ && !HasFailure(); ++seed) {
    const auto ended =
        Run(RandomMachine(seed, false).Make(), seed,
            {.crashes = true, .reorders = true, .stops = seed % 3 == 0, .redrives = seed % 2 == 0});
    EXPECT_EQ(ended.size(), 3U);
    for (const SimulatedService::Ended& one : ended) {
      redriven += EventCounts(one)["ExecutionRedriven"];
    }
  }
  EXPECT_GT(crashes_, 0);
  EXPECT_GT(redriven, 0);
}

TEST_F(Simulation, TheSameSeedGivesTheSameHistory) {
  const auto text = [](const std::vector<SimulatedService::Ended>& all) {
    std::string lines;
    for (const SimulatedService::Ended& ended : all) {
      for (const asl::HistoryEvent& event : ended.history) {
        lines += fmt::format("{} {} {} {} {}\n", event.id, event.previous_id,
                             asl::EventTypeName(event.type),
                             event.timestamp.time_since_epoch().count(), ToJson(event.details));
      }
    }
    return lines;
  };
  for (std::uint64_t seed = first_; seed < first_ + seeds_ / 10 + 1 && !HasFailure(); ++seed) {
    const std::string definition = RandomMachine(seed, false).Make();
    Begin();
    const auto first = Run(definition, seed, {});
    Begin();
    const auto second = Run(definition, seed, {});
    EXPECT_EQ(text(first), text(second)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace scones::workflows::testing

// Versions and aliases of state machines: publishing, routing, listing, deleting.
#include <gmock/gmock.h>

#include <set>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

std::string Pass(const std::string& result) {
  return R"({"StartAt":"P","States":{"P":{"Type":"Pass","Result":")" + result +
         R"(","End":true}}})";
}

class VersionsTest : public WorkflowsTest {
 protected:
  // A machine with versions 1 … count; version N answers "vN".
  std::string Versions(int count) {
    const std::string machine = Create("m", Pass("v1"));
    Publish(machine);
    for (int i = 2; i <= count; ++i) {
      EXPECT_TRUE(Await(service->UpdateStateMachine(
          {.arn = machine, .definition = Pass("v" + std::to_string(i)), .publish_as = ""})));
    }
    return machine;
  }
  std::string Publish(const std::string& machine) {
    const auto version = Await(service->PublishStateMachineVersion(machine, {}, ""));
    EXPECT_TRUE(version) << version.error().message();
    return version ? version->arn : "";
  }
  Result<StateMachineAlias> Alias(const std::string& name, std::vector<Route> routes) {
    return Await(service->CreateStateMachineAlias(
        {.name = name, .description = "d", .routes = std::move(routes)}));
  }
  std::string ReasonOf(const Error& error) { return error.reason(); }
};

TEST_F(VersionsTest, ARevisionIsPublishedOnceUnlessItsVersionWasDeleted) {
  const std::string machine = Create("m", Pass("v1"));
  EXPECT_EQ(Publish(machine), machine + ":1");
  EXPECT_EQ(Publish(machine), machine + ":1");
  ASSERT_TRUE(Await(service->DeleteStateMachineVersion(machine + ":1")));
  EXPECT_EQ(Publish(machine), machine + ":2");
}

TEST_F(VersionsTest, OnlyTheCurrentRevisionIsPublished) {
  const std::string machine = Create("m", Pass("v1"));
  EXPECT_TRUE(Await(service->PublishStateMachineVersion(machine, "INITIAL", "")));
  const auto updated =
      Await(service->UpdateStateMachine({.arn = machine, .definition = Pass("v2")}));
  ASSERT_TRUE(updated);
  const auto late = Await(service->PublishStateMachineVersion(machine, "INITIAL", ""));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason(), "ConflictException");
  EXPECT_EQ(late.error().message(),
            "Failed to publish the State Machine version for revision INITIAL. The current State "
            "Machine revision is " +
                updated->revision_id + ".");
  EXPECT_TRUE(Await(service->PublishStateMachineVersion(machine, updated->revision_id, "")));
}

TEST_F(VersionsTest, AnExecutionRunsTheVersionThatItWasStartedBy) {
  const std::string machine = Versions(2);
  const std::string old_one = Start(machine + ":1", "old");
  EXPECT_EQ(Ended(old_one).output, "\"v1\"");
  EXPECT_EQ(Ended(old_one).state_machine_arn, machine);
  EXPECT_EQ(Ended(old_one).version_arn, machine + ":1");
  EXPECT_EQ(Ended(Start(machine, "current")).version_arn, "");
  const auto history = service->GetExecutionHistory(old_one, HistoryOrder::kOldestFirst, {});
  ASSERT_TRUE(history);
  EXPECT_EQ(StringOr(history->items[0].details, "stateMachineVersionArn", ""), machine + ":1");
  for (const char* qualifier : {":3", ":nobody"}) {
    const auto none = TryStart(machine + qualifier, "none");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().reason(), "StateMachineDoesNotExist");
  }
}

TEST_F(VersionsTest, AnAliasRoutesByWeight) {
  const std::string machine = Versions(2);
  const auto alias = Alias("PROD", {
                                       {.version_arn = machine + ":1", .weight = 100},
                                   });
  ASSERT_TRUE(alias) << alias.error().message();
  for (int i = 0; i < 5; ++i) {
    const Execution ended = Ended(Start(alias->arn, "all-" + std::to_string(i)));
    EXPECT_EQ(ended.output, "\"v1\"");
    EXPECT_EQ(ended.alias_arn, alias->arn);
    EXPECT_EQ(ended.version_arn, machine + ":1");
  }
  ASSERT_TRUE(Await(service->UpdateStateMachineAlias(
      {.arn = alias->arn,
       .description = {},
       .routes = {{{.version_arn = machine + ":1", .weight = 50},
                   {.version_arn = machine + ":2", .weight = 50}}}})));
  std::set<std::string> outputs;
  // A fair coin that falls on one side 64 times is not one.
  for (int i = 0; i < 64 && outputs.size() < 2; ++i) {
    outputs.insert(Ended(Start(alias->arn, "half-" + std::to_string(i))).output.value_or(""));
  }
  EXPECT_EQ(outputs, (std::set<std::string>{"\"v1\"", "\"v2\""}));
}

TEST_F(VersionsTest, ExecutionsAreListedByMachineVersionAndAlias) {
  const std::string machine = Versions(2);
  const auto alias = Alias("PROD", {{.version_arn = machine + ":2", .weight = 100}});
  ASSERT_TRUE(alias);
  Ended(Start(machine, "plain"));
  Ended(Start(machine + ":1", "one"));
  Ended(Start(machine + ":2", "two"));
  Ended(Start(alias->arn, "aliased"));
  const auto names = [&](const std::string& arn) {
    std::vector<std::string> listed;
    const auto page = service->ListExecutions(arn, {}, {});
    EXPECT_TRUE(page) << page.error().message();
    if (page) {
      for (const ExecutionSummary& item : page->items) listed.push_back(item.name);
    }
    return listed;
  };
  EXPECT_THAT(names(machine), ::testing::ElementsAre("aliased", "two", "one", "plain"));
  EXPECT_THAT(names(machine + ":1"), ::testing::ElementsAre("one"));
  EXPECT_THAT(names(machine + ":2"), ::testing::ElementsAre("aliased", "two"));
  EXPECT_THAT(names(alias->arn), ::testing::ElementsAre("aliased"));
  EXPECT_EQ(service->ListExecutions(machine + ":9", {}, {}).error().reason(),
            "StateMachineDoesNotExist");
}

TEST_F(VersionsTest, AVersionThatAnAliasRoutesToIsKept) {
  const std::string machine = Versions(2);
  ASSERT_TRUE(Alias("B", {{.version_arn = machine + ":1", .weight = 100}}));
  ASSERT_TRUE(Alias("A", {{.version_arn = machine + ":2", .weight = 40},
                          {.version_arn = machine + ":1", .weight = 60}}));
  const auto kept = Await(service->DeleteStateMachineVersion(machine + ":1"));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message(),
            "Version to be deleted must not be referenced by an alias. Current list of aliases "
            "referencing this version: [A, B]");
  const auto routed = service->ListStateMachineAliases(machine + ":2", {});
  ASSERT_TRUE(routed);
  EXPECT_EQ(routed->items.size(), 1u);
  for (const char* name : {":A", ":B", ":B"}) {
    ASSERT_TRUE(Await(service->DeleteStateMachineAlias(machine + name)));
  }
  EXPECT_TRUE(Await(service->DeleteStateMachineVersion(machine + ":1")));
  EXPECT_TRUE(Await(service->DeleteStateMachineVersion(machine + ":1")));
}

TEST_F(VersionsTest, RoutesThatMakeNoSenseAreRefused) {
  const std::string machine = Versions(2);
  const std::string other = Create("other", Pass("x"));
  Publish(other);
  const auto refusal = [&](std::vector<Route> routes) {
    const auto made = Alias("PROD", std::move(routes));
    EXPECT_FALSE(made);
    return made ? "" : made.error().reason() + ": " + made.error().message();
  };
  EXPECT_EQ(refusal({{.version_arn = machine + ":1", .weight = 60},
                     {.version_arn = machine + ":2", .weight = 50}}),
            "ValidationException: Sum of routing configuration weights must equal 100. Received: "
            "[60, 50]");
  EXPECT_EQ(refusal({{.version_arn = machine + ":1", .weight = 50},
                     {.version_arn = machine + ":1", .weight = 50}}),
            "ValidationException: Routing configuration must contain distinct state machine "
            "version ARNs. Received: [" +
                machine + ":1, " + machine + ":1]");
  EXPECT_EQ(refusal({{.version_arn = machine, .weight = 100}}),
            "ValidationException: Routing configuration must contain state machine version ARNs. "
            "Received: [" +
                machine + "]");
  EXPECT_THAT(refusal({{.version_arn = machine + ":1", .weight = 50},
                       {.version_arn = other + ":1", .weight = 50}}),
              ::testing::StartsWith("ValidationException"));
  EXPECT_THAT(refusal({{.version_arn = machine + ":7", .weight = 100}}),
              ::testing::StartsWith("ResourceNotFound"));
}

TEST_F(VersionsTest, TheNumbersOfVersionsAndAliasesAreLimited) {
  service.reset();
  options.max_versions = 2;
  options.max_aliases = 1;
  Reopen();
  const std::string machine = Versions(2);
  const auto third = Await(
      service->UpdateStateMachine({.arn = machine, .definition = Pass("v3"), .publish_as = ""}));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().reason(), "ServiceQuotaExceededException");
  // The update was refused as a whole.
  EXPECT_EQ(service->DescribeStateMachine(machine)->definition, Pass("v2"));
  ASSERT_TRUE(Alias("A", {{.version_arn = machine + ":1", .weight = 100}}));
  EXPECT_EQ(Alias("B", {{.version_arn = machine + ":1", .weight = 100}}).error().reason(),
            "ServiceQuotaExceededException");
}

TEST_F(VersionsTest, VersionsAndAliasesGoWithTheirMachineAndOutliveARestart) {
  const std::string machine = Versions(3);
  ASSERT_TRUE(Alias("A", {{.version_arn = machine + ":3", .weight = 100}}));
  Reopen();
  auto page = service->ListStateMachineVersions(machine, {.max_results = 2});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].arn, machine + ":3");
  page = service->ListStateMachineVersions(machine,
                                           {.max_results = 2, .next_token = page->next_token});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(service->DescribeStateMachineAlias(machine + ":A")->routes[0].version_arn,
            machine + ":3");
  ASSERT_TRUE(Await(service->DeleteStateMachine(machine)));
  Create("m", Pass("v1"));
  EXPECT_TRUE(service->ListStateMachineVersions(machine, {})->items.empty());
  EXPECT_TRUE(service->ListStateMachineAliases(machine, {})->items.empty());
  EXPECT_EQ(Publish(machine), machine + ":1");
}

}  // namespace
}  // namespace scones::workflows::testing

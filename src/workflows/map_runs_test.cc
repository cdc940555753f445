// Distributed Maps through the service: children as executions of their own, batches, objects,
// tolerated failures, stops, restarts.
#include <gtest/gtest.h>

#include <set>

#include "workflows/detail/testing.h"

namespace scones::workflows::testing {
namespace {

using asl::ExecutionStatus;

// Objects in memory.
class FakeMapData final : public MapData {
 public:
  Result<std::string> Read(const asl::ItemFetch& object, std::size_t) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(object.bucket + "/" + object.key);
    if (found != objects_.end()) return found->second;
    return Error(Code::kNotFound, "NoSuchKey", "The specified key does not exist.");
  }
  Result<asl::ListedPage> List(const asl::ItemFetch& listing) override {
    const std::lock_guard lock(mutex_);
    asl::ListedPage page;
    const std::string prefix = listing.bucket + "/";
    for (const auto& [address, bytes] : objects_) {
      const std::string key = address.substr(prefix.size());
      if (!address.starts_with(prefix + listing.key) || key <= listing.after) continue;
      page.objects.push_back({.key = key, .size = static_cast<std::int64_t>(bytes.size())});
      page.last = false;
      return page;  // one a page
    }
    return page;
  }
  Result<void> Write(const std::string& bucket, const std::string& key,
                     std::string bytes) override {
    const std::lock_guard lock(mutex_);
    objects_[bucket + "/" + key] = std::move(bytes);
    return {};
  }
  std::map<std::string, std::string> objects() {
    const std::lock_guard lock(mutex_);
    return objects_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

std::string Processor(const std::string& states, const std::string& type = "STANDARD") {
  return R"("ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":")" + type +
         R"("},)" + states + "}";
}
constexpr char kPass[] = R"("StartAt":"P","States":{"P":{"Type":"Pass","End":true}})";
constexpr char kTask[] =
    R"("StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:T","End":true}})";

std::string MapMachine(const std::string& fields) {
  return R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",)" + fields +
         R"(,"End":true}}})";
}

class MapRunsTest : public WorkflowsTest {
 protected:
  void SetUp() override {
    map_data = &objects;
    WorkflowsTest::SetUp();
  }
  std::string RunOf(const std::string& execution) {
    const auto listed = service->ListMapRuns(execution, {});
    EXPECT_TRUE(listed) << listed.error().message();
    return listed && !listed->items.empty() ? listed->items[0].arn : "";
  }
  std::vector<ExecutionSummary> Children(const std::string& run) {
    const auto listed = service->ListMapRunExecutions(run, {}, {.max_results = 1000});
    EXPECT_TRUE(listed) << listed.error().message();
    return listed ? listed->items : std::vector<ExecutionSummary>();
  }
  // Once nothing is left to be done for it.
  MapRun Described(const std::string& run) {
    auto described = service->DescribeMapRun(run);
    EXPECT_TRUE(described) << described.error().message();
    return described.value_or(MapRun{});
  }

  FakeMapData objects;
};

TEST_F(MapRunsTest, ChildrenAreExecutionsAndTheirOutputsTheResultInOrder) {
  const std::string machine = Create("m", MapMachine(Processor(kPass)));
  const std::string parent = Start(machine, "e", "[5,6,7]");
  EXPECT_EQ(Ended(parent).output, "[5,6,7]");
  EXPECT_EQ(EventTypes(parent),
            (std::vector<std::string>{"ExecutionStarted", "MapStateEntered", "MapStateStarted",
                                      "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded",
                                      "MapStateExited", "ExecutionSucceeded"}));
  const std::string run = RunOf(parent);
  EXPECT_TRUE(run.starts_with("arn:aws:states:us-east-1:000000000000:mapRun:m/L:")) << run;
  const MapRun described = Described(run);
  EXPECT_EQ(described.status, MapRunStatus::kSucceeded);
  EXPECT_EQ(described.execution_arn, parent);
  EXPECT_EQ(described.executions.succeeded, 3);
  EXPECT_EQ(described.items.total, 3);
  const auto children = Children(run);
  ASSERT_EQ(children.size(), 3u);
  EXPECT_TRUE(children[0].arn.starts_with("arn:aws:states:us-east-1:000000000000:execution:m/L:"));
  EXPECT_EQ(children[2].item_count, 1);
  const auto child = service->DescribeExecution(children[2].arn);
  ASSERT_TRUE(child) << child.error().message();
  EXPECT_EQ(child->input, "5");
  EXPECT_EQ(child->map_run_arn, run);
  EXPECT_EQ(EventTypes(children[2].arn).back(), "ExecutionSucceeded");
  // The machine's own list has no children.
  EXPECT_EQ(service->ListExecutions(machine, {}, {})->items.size(), 1u);
}

TEST_F(MapRunsTest, NoItemsAreAnEmptyResult) {
  const std::string parent = Start(Create("m", MapMachine(Processor(kPass))), "e", "[]");
  EXPECT_EQ(Ended(parent).output, "[]");
}

TEST_F(MapRunsTest, ExpressChildrenLeaveNoExecutions) {
  runner.On("T", [](const TaskRequest& request) {
    return TaskOutcome::Succeeded("[" + request.task.input + "]");
  });
  const std::string parent =
      Start(Create("m", MapMachine(Processor(kTask, "EXPRESS"))), "e", "[1,2]");
  EXPECT_EQ(Ended(parent).output, "[[1],[2]]");
  EXPECT_TRUE(Children(RunOf(parent)).empty());
  EXPECT_EQ(Described(RunOf(parent)).executions.succeeded, 2);
}

TEST_F(MapRunsTest, NoMoreChildrenRunThanAllowed) {
  const std::string parent = Start(
      Create("m", MapMachine(R"("MaxConcurrency":2,)" + Processor(kTask))), "e", "[1,2,3,4,5]");
  ASSERT_TRUE(TaskWaits(2));
  const std::string run = RunOf(parent);
  EXPECT_EQ(Described(run).executions.running, 2);
  EXPECT_EQ(Described(run).executions.pending(), 3);
  EXPECT_EQ(runner.waiting().size(), 2u);
  ASSERT_TRUE(Await(service->UpdateMapRun({.arn = run, .max_concurrency = 4})));
  ASSERT_TRUE(TaskWaits(4));
  runner.On("T", [](const TaskRequest&) { return TaskOutcome::Succeeded("0"); });
  for (const auto& one : runner.waiting()) one.done(TaskOutcome::Succeeded("9"));
  EXPECT_EQ(Ended(parent).output, "[9,9,9,9,0]");
  EXPECT_EQ(Described(run).limits.max_concurrency, 4);
}

TEST_F(MapRunsTest, AFailureBeyondTheToleratedEndsTheRunAndItsChildren) {
  const std::string machine =
      Create("m", MapMachine(R"("ToleratedFailureCount":1,)" + Processor(kTask)));
  const std::string parent = Start(machine, "e", "[1,2,3]");
  ASSERT_TRUE(TaskWaits(3));
  const auto waiting = runner.waiting();
  waiting[0].done(TaskOutcome::Failed("Bad", "one"));
  waiting[1].done(TaskOutcome::Failed("Bad", "two"));
  const Execution ended = Ended(parent);
  EXPECT_EQ(ended.status, ExecutionStatus::kFailed);
  EXPECT_EQ(ended.error, "States.ExceedToleratedFailureThreshold");
  EXPECT_EQ(ended.cause, "The specified tolerated failure threshold was exceeded");
  const MapRun run = Described(RunOf(parent));
  EXPECT_EQ(run.status, MapRunStatus::kFailed);
  EXPECT_EQ(run.executions.failed, 2);
  EXPECT_EQ(run.executions.aborted, 1);
}

TEST_F(MapRunsTest, ToleratedFailuresAreInTheResultWithTheirCause) {
  runner.On("T", [](const TaskRequest& request) {
    if (request.task.input == "2") return TaskOutcome::Failed("Bad", "two");
    return TaskOutcome::Succeeded("0");
  });
  const std::string parent =
      Start(Create("m", MapMachine(R"("ToleratedFailurePercentage":50,)" + Processor(kTask))), "e",
            "[1,2,3]");
  const Execution ended = Ended(parent);
  ASSERT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  const auto output = ParseJson(*ended.output);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->at(0), 0);
  EXPECT_EQ(output->at(1).at("Error"), "Bad");
  EXPECT_EQ(output->at(1).at("Status"), "FAILED");
}

TEST_F(MapRunsTest, ItemsComeFromAnObjectInBatchesAndResultsGoToABucket) {
  ASSERT_TRUE(objects.Write("in", "d.csv", "a\n1\n2\n3\n"));
  const std::string machine = Create(
      "m",
      MapMachine(
          R"("ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV",
          "CSVHeaderLocation":"FIRST_ROW"},"Parameters":{"Bucket":"in","Key.$":"$.key"}},
          "ItemBatcher":{"MaxItemsPerBatch":2},"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",
          "Parameters":{"Bucket":"out","Prefix":"p"}},)" +
          Processor(kPass)));
  const std::string parent = Start(machine, "e", R"({"key":"d.csv"})");
  const Execution ended = Ended(parent);
  ASSERT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  const std::string run = RunOf(parent);
  const std::string id = run.substr(run.rfind(':') + 1);
  const auto output = ParseJson(*ended.output);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->at("ResultWriterDetails").at("Key"), json::value("p/" + id + "/manifest.json"));
  const auto written = objects.objects();
  ASSERT_TRUE(written.contains("out/p/" + id + "/SUCCEEDED_0.json"));
  const auto results = ParseJson(written.at("out/p/" + id + "/SUCCEEDED_0.json"));
  ASSERT_TRUE(results);
  EXPECT_EQ(results->at(0).at("Output"), R"({"Items":[{"a":"1"},{"a":"2"}]})");
  EXPECT_EQ(results->at(1).at("Output"), R"({"Items":[{"a":"3"}]})");
  EXPECT_EQ(Described(run).items.total, 3);
  EXPECT_EQ(Described(run).executions.total, 2);
  EXPECT_EQ(Described(run).results_written, 2);
  EXPECT_EQ(Children(run)[1].item_count, 2);
}

TEST_F(MapRunsTest, AListingIsReadPageByPage) {
  for (const char* key : {"p/1", "p/2", "q/3"}) ASSERT_TRUE(objects.Write("in", key, "x"));
  const std::string parent =
      Start(Create("m", MapMachine(R"("ItemReader":{"Resource":"arn:aws:states:::s3:listObjectsV2",
          "Parameters":{"Bucket":"in","Prefix":"p/"}},"ItemSelector":{"k.$":"$$.Map.Item.Value.Key"},)" +
                                   Processor(kPass))),
            "e");
  EXPECT_EQ(Ended(parent).output, R"([{"k":"p/1"},{"k":"p/2"}])");
}

TEST_F(MapRunsTest, AReaderThatFailsFailsTheRunAndCanBeCaught) {
  const std::string parent =
      Start(Create("m",
                   R"({"StartAt":"M","States":{"M":{"Type":"Map","ItemReader":{"Resource":
             "arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},
             "Parameters":{"Bucket":"in","Key":"none"}},"Catch":[{"ErrorEquals":["States.ItemReaderFailed"],
             "Next":"C"}],)" +
                       Processor(kPass) + R"(,"End":true},"C":{"Type":"Pass","End":true}}})"),
            "e");
  EXPECT_EQ(Ended(parent).output,
            R"({"Error":"States.ItemReaderFailed","Cause":"The specified key does not exist."})");
  EXPECT_EQ(Described(RunOf(parent)).status, MapRunStatus::kFailed);
}

TEST_F(MapRunsTest, StoppingTheParentStopsItsChildren) {
  const std::string parent = Start(Create("m", MapMachine(Processor(kTask))), "e", "[1,2]");
  ASSERT_TRUE(TaskWaits(2));
  ASSERT_TRUE(Await(service->StopExecution(parent, "", "")));
  const std::string run = RunOf(parent);
  ASSERT_TRUE(Eventually([&] { return Described(run).executions.aborted == 2; }));
  EXPECT_EQ(Described(run).status, MapRunStatus::kAborted);
  for (const ExecutionSummary& child : Children(run)) {
    EXPECT_EQ(child.status, ExecutionStatus::kAborted);
  }
}

TEST_F(MapRunsTest, ARunGoesOnAfterARestart) {
  const std::string parent =
      Start(Create("m", MapMachine(R"("MaxConcurrency":2,)" + Processor(kTask))), "e", "[1,2,3,4]");
  ASSERT_TRUE(TaskWaits(2));
  runner.waiting()[0].done(TaskOutcome::Succeeded("\"a\""));
  ASSERT_TRUE(TaskWaits(3));
  Reopen();
  ASSERT_TRUE(TaskWaits(2));
  const std::string run = RunOf(parent);
  EXPECT_EQ(Described(run).executions.succeeded, 1);
  runner.On("T",
            [](const TaskRequest& request) { return TaskOutcome::Succeeded(request.task.input); });
  for (const auto& one : runner.waiting()) {
    one.done(TaskOutcome::Succeeded(one.request.task.input));
  }
  EXPECT_EQ(Ended(parent).output, R"(["a",2,3,4])");
  EXPECT_EQ(Described(run).executions.succeeded, 4);
  EXPECT_EQ(Children(run).size(), 4u);
}

TEST_F(MapRunsTest, AChildOfAnAbortedRunDoesNotOutliveARestart) {
  const std::string parent = Start(Create("m", MapMachine(Processor(kTask))), "e", "[1]");
  ASSERT_TRUE(TaskWaits(1));
  ASSERT_TRUE(Await(service->StopExecution(parent, "", "")));
  Reopen();
  const std::string run = RunOf(parent);
  EXPECT_TRUE(Eventually([&] { return Described(run).executions.aborted == 1; }));
}

TEST_F(MapRunsTest, MapsMayBeNested) {
  const std::string inner = R"("StartAt":"I","States":{"I":{"Type":"Map","Label":"K",)" +
                            Processor(kPass) + R"(,"End":true}})";
  const std::string parent = Start(Create("m", MapMachine(Processor(inner))), "e", "[[1],[2,3]]");
  EXPECT_EQ(Ended(parent).output, "[[1],[2,3]]");
  const auto children = Children(RunOf(parent));
  ASSERT_EQ(children.size(), 2u);
  const std::string nested = RunOf(children[0].arn);
  EXPECT_NE(nested.find(":mapRun:m/L/K:"), std::string::npos) << nested;
  EXPECT_EQ(Described(nested).execution_arn, children[0].arn);
  EXPECT_EQ(Children(nested).size(), 2u);
}

TEST_F(MapRunsTest, AMapInALoopHasARunEachTime) {
  const std::string machine = R"~({"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.v",)~" +
                              Processor(kPass) +
                              R"~(,"ResultPath":"$.v","Next":"D"},
      "D":{"Type":"Pass","Parameters":{"v.$":"$.v","n.$":"States.MathAdd($.n,-1)"},"Next":"C"},
      "C":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"M"}],
      "Default":"E"},"E":{"Type":"Succeed"}}})~";
  const std::string parent = Start(Create("m", machine), "e", R"({"v":[1],"n":3})");
  EXPECT_EQ(Ended(parent).output, R"({"v":[1],"n":0})");
  std::set<std::string> runs;
  const auto listed = service->ListMapRuns(parent, {});
  ASSERT_TRUE(listed);
  for (const auto& run : listed->items) runs.insert(run.arn);
  EXPECT_EQ(runs.size(), 3u);
  const auto page = service->ListMapRuns(parent, {.max_results = 2});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 2u);
  const auto rest =
      service->ListMapRuns(parent, {.max_results = 2, .next_token = page->next_token});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->items.size(), 1u);
}

TEST_F(MapRunsTest, CallsNameWhatIsNotThere) {
  EXPECT_EQ(service->DescribeMapRun("arn:aws:states:us-east-1:000000000000:mapRun:m/L:x")
                .error()
                .reason(),
            "ResourceNotFound");
  EXPECT_EQ(service->DescribeMapRun("arn:aws:states:us-east-1:000000000000:execution:m:x")
                .error()
                .reason(),
            "InvalidArn");
}

}  // namespace
}  // namespace scones::workflows::testing

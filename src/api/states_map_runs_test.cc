// Map runs over the wire: what DescribeMapRun, ListMapRuns, UpdateMapRun and the calls about child
// executions answer.
#include <gtest/gtest.h>

#include <thread>

#include "api/states.h"
#include "base/json.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones::api {
namespace {

constexpr char kMachine[] = R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",
    "MaxConcurrency":2,"ToleratedFailurePercentage":12.5,"ItemBatcher":{"MaxItemsPerBatch":2},
    "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}})";

class NoTasks final : public workflows::TaskRunner {
 public:
  void Start(workflows::TaskRequest, workflows::TaskDone) override {}
  void Cancel(const std::string&, std::uint64_t) override {}
};

io::Task<json::object> Send(JsonDialect& dialect, std::string operation, std::string body) {
  http::Request request;
  request.method = "POST";
  request.headers.Add("X-Amz-Target", "AWSStepFunctions." + operation);
  const std::unique_ptr<http::BodyStream> stream = http::MakeStringBody(std::move(body));
  http::Response response = co_await dialect.Handle(Call{}, std::move(request), *stream);
  const Result<json::value> parsed = ParseJson(response.body.empty() ? "{}" : response.body);
  co_return parsed && parsed->is_object() ? parsed->get_object() : json::object();
}

class StatesMapRunsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = db::Database::Open(directory_.path() / "db", {});
    ASSERT_TRUE(opened);
    database_ = std::move(*opened);
    auto made = workflows::Workflows::Open(*database_, runner_, clock_, Identity{}, {});
    ASSERT_TRUE(made);
    service_ = std::move(*made);
    AddStatesOperations(dialect_, *service_);
    const json::object machine =
        Ask("CreateStateMachine",
            {{"name", "m"}, {"definition", kMachine}, {"roleArn", "arn:aws:iam::0:role/r"}});
    machine_ = StringOr(machine, "stateMachineArn", "");
    const json::object started =
        Ask("StartExecution", {{"stateMachineArn", machine_}, {"input", "[1,2,3]"}});
    execution_ = StringOr(started, "executionArn", "");
    while (StringOr(Ask("DescribeExecution", {{"executionArn", execution_}}), "status", "") ==
           "RUNNING") {
      std::this_thread::yield();
    }
    const json::object listed = Ask("ListMapRuns", {{"executionArn", execution_}});
    ASSERT_EQ(listed.at("mapRuns").as_array().size(), 1u) << ToJson(listed);
    run_ = listed.at("mapRuns").at(0).as_object();
  }
  void TearDown() override {
    service_.reset();
    database_.reset();
  }

  json::object Ask(const std::string& operation, const json::object& input) {
    return shards_.RunAndWait(Send(dialect_, operation, ToJson(input)));
  }

  io::TemporaryDirectory directory_;
  io::Shards shards_{1};
  SystemClock clock_;
  NoTasks runner_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<workflows::Workflows> service_;
  JsonDialect dialect_{
      {.target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"}};
  std::string machine_;
  std::string execution_;
  json::object run_;
};

TEST_F(StatesMapRunsTest, ListMapRunsNamesTheExecutionAndItsMachine) {
  EXPECT_EQ(StringOr(run_, "executionArn", ""), execution_);
  EXPECT_EQ(StringOr(run_, "stateMachineArn", ""), machine_);
  EXPECT_TRUE(run_.contains("startDate"));
  EXPECT_TRUE(run_.contains("stopDate"));
}

TEST_F(StatesMapRunsTest, DescribeMapRunCountsItemsAndExecutions) {
  const json::object run = Ask("DescribeMapRun", {{"mapRunArn", run_.at("mapRunArn")}});
  EXPECT_EQ(StringOr(run, "status", ""), "SUCCEEDED") << ToJson(run);
  EXPECT_EQ(FindInteger(run, "maxConcurrency"), 2);
  EXPECT_EQ(run.at("toleratedFailurePercentage").as_double(), 12.5);
  EXPECT_EQ(FindInteger(run.at("itemCounts").as_object(), "succeeded"), 3);
  EXPECT_EQ(FindInteger(run.at("executionCounts").as_object(), "succeeded"), 2);
  EXPECT_EQ(FindInteger(run.at("executionCounts").as_object(), "pending"), 0);
}

TEST_F(StatesMapRunsTest, ChildrenAreListedByTheirRunAndNameIt) {
  const json::object listed = Ask("ListExecutions", {{"mapRunArn", run_.at("mapRunArn")}});
  const json::array& children = listed.at("executions").as_array();
  ASSERT_EQ(children.size(), 2u);
  EXPECT_EQ(children[1].at("itemCount"), 2);
  EXPECT_EQ(children[1].at("mapRunArn"), run_.at("mapRunArn"));
  const json::object child =
      Ask("DescribeExecution", {{"executionArn", children[1].at("executionArn")}});
  EXPECT_EQ(StringOr(child, "input", ""), R"({"Items":[1,2]})") << ToJson(child);
  EXPECT_EQ(child.at("mapRunArn"), run_.at("mapRunArn"));
  const json::object machine =
      Ask("DescribeStateMachineForExecution", {{"executionArn", children[1].at("executionArn")}});
  EXPECT_EQ(machine.at("mapRunArn"), run_.at("mapRunArn")) << ToJson(machine);
  EXPECT_EQ(StringOr(machine, "label", ""), "L");
}

TEST_F(StatesMapRunsTest, LimitsAreChangedAndChecked) {
  EXPECT_EQ(ToJson(Ask("UpdateMapRun",
                       {{"mapRunArn", run_.at("mapRunArn")}, {"toleratedFailureCount", 4}})),
            "{}");
  const json::object run = Ask("DescribeMapRun", {{"mapRunArn", run_.at("mapRunArn")}});
  EXPECT_EQ(FindInteger(run, "toleratedFailureCount"), 4);
  const json::object refused = Ask(
      "UpdateMapRun", {{"mapRunArn", run_.at("mapRunArn")}, {"toleratedFailurePercentage", 101}});
  EXPECT_NE(StringOr(refused, "__type", "").find("ValidationException"), std::string::npos);
  const json::object absent =
      Ask("DescribeMapRun", {{"mapRunArn", StringOr(run_, "mapRunArn", "") + "x"}});
  EXPECT_NE(StringOr(absent, "__type", "").find("ResourceNotFound"), std::string::npos);
}

TEST_F(StatesMapRunsTest, RedrivesOfAMapRunAreShownAndFiltered) {
  const std::string machine =
      StringOr(Ask("CreateStateMachine",
                   {{"name", "f"},
                    {"definition", R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",
               "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
               "StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}},"End":true}}})"},
                    {"roleArn", "arn:aws:iam::0:role/r"}}),
               "stateMachineArn", "");
  const json::object started =
      Ask("StartExecution", {{"stateMachineArn", machine}, {"input", "[1]"}});
  const json::object execution{{"executionArn", started.at("executionArn")}};
  const auto wait = [&] {
    while (StringOr(Ask("DescribeExecution", execution), "status", "") == "RUNNING") {
      std::this_thread::yield();
    }
  };
  wait();
  EXPECT_TRUE(Ask("RedriveExecution", execution).contains("redriveDate"));
  wait();
  const json::object listed = Ask("ListMapRuns", execution);
  ASSERT_EQ(listed.at("mapRuns").as_array().size(), 1u);
  const json::value arn = listed.at("mapRuns").at(0).at("mapRunArn");
  const json::object run = Ask("DescribeMapRun", {{"mapRunArn", arn}});
  EXPECT_EQ(FindInteger(run, "redriveCount"), 1) << ToJson(run);
  EXPECT_TRUE(run.contains("redriveDate"));
  EXPECT_EQ(FindInteger(run.at("itemCounts").as_object(), "failed"), 1);
  EXPECT_EQ(FindInteger(run.at("itemCounts").as_object(), "pendingRedrive"), 0);
  const json::object children =
      Ask("ListExecutions", {{"mapRunArn", arn}, {"redriveFilter", "REDRIVEN"}});
  ASSERT_EQ(children.at("executions").as_array().size(), 1u) << ToJson(children);
  EXPECT_EQ(children.at("executions").at(0).at("redriveCount"), 1);
  for (const json::object& more : {json::object{{"redriveFilter", "NOT_REDRIVEN"}},
                                   json::object{{"statusFilter", "PENDING_REDRIVE"}}}) {
    json::object input{{"mapRunArn", arn}};
    input.insert(more.begin(), more.end());
    EXPECT_TRUE(Ask("ListExecutions", input).at("executions").as_array().empty());
  }
  const json::object child{{"executionArn", children.at("executions").at(0).at("executionArn")}};
  const json::object described = Ask("DescribeExecution", child);
  EXPECT_EQ(StringOr(described, "redriveStatus", ""), "REDRIVABLE_BY_MAP_RUN");
  EXPECT_FALSE(described.contains("redriveStatusReason"));
  const json::object refused = Ask("RedriveExecution", child);
  EXPECT_EQ(StringOr(refused, "message", StringOr(refused, "Message", "")),
            "Labeled Execution ARNs are not supported for this API")
      << ToJson(refused);
}

}  // namespace
}  // namespace scones::api

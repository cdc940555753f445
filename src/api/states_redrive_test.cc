// RedriveExecution on the wire: what it answers and refuses, and what the other calls say of it.
#include <gtest/gtest.h>

#include <thread>

#include "api/states.h"
#include "base/json.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones::api {
namespace {

constexpr char kMachine[] =
    R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,
    "Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",
    "Parameters":{"n.$":"$$.Execution.RedriveCount"}}}})";

// Fails until the execution has been redriven.
class RepairedRunner final : public workflows::TaskRunner {
 public:
  void Start(workflows::TaskRequest request, workflows::TaskDone done) override {
    done(request.task.input == R"({"n":0})" ? workflows::TaskOutcome::Failed("E", "why")
                                            : workflows::TaskOutcome::Succeeded("1"));
  }
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

class StatesRedriveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = *db::Database::Open(directory_.path() / "db", {});
    service_ = *workflows::Workflows::Open(*database_, runner_, clock_, Identity{}, {});
    AddStatesOperations(dialect_, *service_);
    const json::object created = Call(
        "CreateStateMachine",
        {{"name", "m"}, {"definition", kMachine}, {"roleArn", "arn:aws:iam::000000000000:role/r"}});
    machine_ = StringOr(created, "stateMachineArn", "");
    execution_ = StringOr(Call("StartExecution", {{"stateMachineArn", machine_}, {"name", "e"}}),
                          "executionArn", "");
  }

  json::object Call(const std::string& operation, json::object request) {
    return shards_.RunAndWait(Send(dialect_, operation, ToJson(request)));
  }
  // Once it has ended.
  json::object Described() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      json::object execution = Call("DescribeExecution", {{"executionArn", execution_}});
      if (StringOr(execution, "status", "") != "RUNNING") return execution;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
  }

  io::TemporaryDirectory directory_;
  io::Shards shards_{1};
  SystemClock clock_;
  RepairedRunner runner_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<workflows::Workflows> service_;
  JsonDialect dialect_{
      {.target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"}};
  std::string machine_;
  std::string execution_;
};

TEST_F(StatesRedriveTest, ARedriveIsAnsweredWithItsDateAndShownByTheOtherCalls) {
  json::object failed = Described();
  EXPECT_EQ(failed["redriveStatus"], "REDRIVABLE");
  EXPECT_FALSE(failed.contains("redriveStatusReason"));
  EXPECT_FALSE(failed.contains("redriveDate"));
  EXPECT_EQ(failed["redriveCount"], 0);
  const json::object request{{"executionArn", execution_}, {"clientToken", "t"}};
  json::object redriven = Call("RedriveExecution", request);
  ASSERT_TRUE(redriven.contains("redriveDate")) << ToJson(redriven);
  json::object ended = Described();
  EXPECT_EQ(ended["status"], "SUCCEEDED");
  EXPECT_EQ(ended["redriveCount"], 1);
  EXPECT_EQ(ended["redriveDate"], redriven["redriveDate"]);
  EXPECT_EQ(ended["redriveStatus"], "NOT_REDRIVABLE");
  EXPECT_EQ(ended["redriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven");
  EXPECT_EQ(Call("RedriveExecution", request), redriven) << "the same token";
  const json::object listed = Call("ListExecutions", {{"stateMachineArn", machine_}});
  EXPECT_EQ(listed.at("executions").at(0).at("redriveCount"), 1);
  const json::object history = Call("GetExecutionHistory", {{"executionArn", execution_}});
  const json::value& event = history.at("events").at(6);
  EXPECT_EQ(event.at("type"), "ExecutionRedriven");
  EXPECT_EQ(event.at("executionRedrivenEventDetails"), json::value({{"redriveCount", 1}}));
}

TEST_F(StatesRedriveTest, RefusalsAreWordedAsTheServiceDoes) {
  (void)Described();
  json::object refused = Call("RedriveExecution", {{"executionArn", execution_ + "x"}});
  EXPECT_EQ(refused["__type"], "ExecutionDoesNotExist");
  refused = Call("RedriveExecution", {{"executionArn", execution_}, {"clientToken", ""}});
  EXPECT_EQ(refused["__type"], "ValidationException");
  ASSERT_TRUE(Call("RedriveExecution", {{"executionArn", execution_}}).contains("redriveDate"));
  (void)Described();
  refused = Call("RedriveExecution", {{"executionArn", execution_}});
  EXPECT_EQ(refused["__type"], "ExecutionNotRedrivable");
  EXPECT_EQ(StringOr(refused, "message", ""),
            "Execution " + execution_ +
                " invalid for redrive as: Execution is SUCCEEDED and cannot be "
                "redriven");
  refused = Call("ListExecutions", {{"stateMachineArn", machine_}, {"redriveFilter", "REDRIVEN"}});
  EXPECT_EQ(refused["message"],
            "RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN");
}

}  // namespace
}  // namespace scones::api

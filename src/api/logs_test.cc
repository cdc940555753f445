// CloudWatch Logs' operations through their dialect.
#include "api/logs.h"

#include <gtest/gtest.h>

#include "api/json_dialect.h"
#include "base/json.h"
#include "db/database.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones::api {
namespace {

class LogsOperationsTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = db::Database::Open(directory_.path() / "db", {}).value();
    logs_ = logs::Logs::Open({}, *database_, clock_).value();
    AddLogsOperations(dialect_, *logs_, disk_);
  }
  json::object Call(const std::string& operation, const std::string& input) {
    http::Request request{.method = "POST", .target = "/"};
    request.headers.Add("X-Amz-Target", "Logs_20140328." + operation);
    request.headers.Add("Content-Type", "application/x-amz-json-1.1");
    auto body = http::MakeStringBody(input);
    const auto response = shards_.RunAndWait(Handle(std::move(request), *body));
    EXPECT_TRUE(response);
    status_ = response->status;
    const auto parsed = ParseJson(response->body);
    return parsed && parsed->is_object() ? parsed->get_object() : json::object();
  }
  io::Task<Result<http::Response>> Handle(http::Request request, http::BodyStream& body) {
    co_return co_await dialect_.Handle({.now = clock_.Now()}, std::move(request), body);
  }

  io::TemporaryDirectory directory_;
  SystemClock clock_;
  io::Shards shards_{1};
  io::BlockingPool disk_{"disk", 1, 10};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<logs::Logs> logs_;
  JsonDialect dialect_{JsonDialect::Options{.target_prefix = "Logs_20140328",
                                            .content_type = "application/x-amz-json-1.1",
                                            .validation_error = "InvalidParameterException"}};
  int status_ = 0;
};

TEST_F(LogsOperationsTest, LinesOfAServiceAreFoundAndRead) {
  logs_->Append("/aws/lambda/f", "s1",
                {{FromEpochMilliseconds(1000), "one"}, {FromEpochMilliseconds(2000), "two"}});
  json::object answer = Call("DescribeLogGroups", R"({"logGroupNamePrefix":"/aws/"})");
  ASSERT_EQ(status_, 200);
  EXPECT_EQ(answer.at("logGroups").at(0).at("logGroupName"), "/aws/lambda/f");
  EXPECT_EQ(answer.at("logGroups").at(0).at("arn"),
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*");
  answer = Call("DescribeLogStreams",
                R"({"logGroupName":"/aws/lambda/f","orderBy":"LastEventTime","descending":true})");
  EXPECT_EQ(answer.at("logStreams").at(0).at("lastEventTimestamp"), 2000);
  answer = Call(
      "GetLogEvents",
      R"({"logGroupName":"/aws/lambda/f","logStreamName":"s1","startFromHead":true,"limit":1})");
  EXPECT_EQ(answer.at("events").at(0).at("message"), "one");
  const std::string token(answer.at("nextForwardToken").as_string());
  EXPECT_EQ(token.substr(0, 2), "f/");
  answer =
      Call("GetLogEvents",
           R"({"logGroupName":"/aws/lambda/f","logStreamName":"s1","nextToken":")" + token + "\"}");
  EXPECT_EQ(answer.at("events").at(0).at("message"), "two");
  answer = Call("FilterLogEvents",
                R"({"logGroupName":"/aws/lambda/f","filterPattern":"two","startTime":1500})");
  EXPECT_EQ(answer.at("events").as_array().size(), 1u);
  EXPECT_EQ(answer.at("events").at(0).at("logStreamName"), "s1");
}

TEST_F(LogsOperationsTest, AnAgentPutsItsOwnEvents) {
  EXPECT_EQ(ToJson(Call("CreateLogGroup", R"({"logGroupName":"g"})")), "{}");
  Call("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
  Call("PutLogEvents",
       R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":5,"message":"m"}]})");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(Call("GetLogEvents", R"({"logGroupName":"g","logStreamName":"s"})")
                .at("events")
                .at(0)
                .at("timestamp"),
            5);
  Call("PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":7})");
  EXPECT_EQ(Call("DescribeLogGroups", "{}").at("logGroups").at(0).at("retentionInDays"), 7);
  Call("DeleteLogGroup", R"({"logGroupName":"g"})");
  EXPECT_TRUE(Call("DescribeLogGroups", "{}").at("logGroups").as_array().empty());
}

TEST_F(LogsOperationsTest, WrongRequestsAreRefused) {
  const auto type = [&](const std::string& operation, const std::string& input) {
    const std::string name = StringOr(Call(operation, input), "__type", "");
    EXPECT_EQ(status_, 400) << operation << " " << input;
    return name;
  };
  Call("CreateLogGroup", R"({"logGroupName":"g"})");
  Call("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
  EXPECT_EQ(type("CreateLogGroup", R"({"logGroupName":"g"})"), "ResourceAlreadyExistsException");
  EXPECT_EQ(type("GetLogEvents", R"({"logGroupName":"g","logStreamName":"x"})"),
            "ResourceNotFoundException");
  EXPECT_EQ(type("GetLogEvents", R"({"logGroupName":"g"})"), "InvalidParameterException");
  EXPECT_EQ(type("GetLogEvents", R"({"logGroupName":"g","logStreamName":"s","limit":0})"),
            "InvalidParameterException");
  EXPECT_EQ(type("GetLogEvents", R"({"logGroupName":"g","logStreamName":"s","nextToken":"?"})"),
            "InvalidParameterException");
  EXPECT_EQ(type("DescribeLogStreams", R"({"logGroupName":"absent"})"),
            "ResourceNotFoundException");
  EXPECT_EQ(
      type(
          "PutLogEvents",
          R"({"logGroupName":"g","logStreamName":"x","logEvents":[{"timestamp":5,"message":"m"}]})"),
      "ResourceNotFoundException");
  EXPECT_EQ(type("PutLogEvents", R"({"logGroupName":"g","logStreamName":"s","logEvents":[]})"),
            "InvalidParameterException");
  EXPECT_EQ(
      type(
          "PutLogEvents",
          R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":5,"message":"m"},{"timestamp":4,"message":"m"}]})"),
      "InvalidParameterException");
}

}  // namespace
}  // namespace scones::api

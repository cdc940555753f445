#include "asl/test_state.h"

#include <gtest/gtest.h>

namespace scones::asl {
namespace {

constexpr char kTask[] = R"("Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
    "Parameters":{"FunctionName":"f"})";
constexpr char kMap[] = R"("Type":"Map","ItemsPath":"$.items","End":true,
    "ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index"})";

std::string Task(std::string_view more) {
  return "{" + std::string(kTask) + std::string(more) + "}";
}
std::string Map(std::string_view mode, std::string_view more) {
  return "{" + std::string(kMap) + R"(,"ItemProcessor":{"ProcessorConfig":)" + std::string(mode) +
         R"(,"StartAt":"Child","States":{"Child":{"Type":"Pass","End":true}}})" +
         std::string(more) + "}";
}
constexpr char kInline[] = R"({"Mode":"INLINE"})";
constexpr char kDistributed[] = R"({"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"})";

TestStateRequest Request(std::string definition) {
  TestStateRequest request;
  request.definition = std::move(definition);
  request.input = R"({"items":[1,2,3]})";
  return request;
}
TestStateRequest::Mock Mocked(std::string text) {
  TestStateRequest::Mock mock;
  mock.result = std::move(text);
  return mock;
}
TestStateRequest::Mock Failure(std::string error, std::string cause = "mock") {
  TestStateRequest::Mock mock;
  mock.error_output = {.error = std::move(error), .cause = std::move(cause)};
  return mock;
}

Result<StateTest> Start(const TestStateRequest& request, std::optional<std::string> role_arn = {}) {
  const TestStateIdentity identity{.arn_prefix = "arn:aws:states:us-east-1:1",
                                   .execution_id = "e",
                                   .machine_id = "m",
                                   .role_arn = std::move(role_arn),
                                   .region = "us-east-1",
                                   .random_seed = 1,
                                   .task_token_key = "key"};
  return StateTest::Start(request, identity, Timestamp(std::chrono::seconds(1'000'000'000)));
}
TestStateResult Tested(const TestStateRequest& request) {
  auto test = Start(request);
  EXPECT_TRUE(test) << (test ? "" : test.error().message());
  return test ? test->Finish() : TestStateResult{};
}
std::string RefusalOf(const TestStateRequest& request) {
  auto test = Start(request);
  EXPECT_FALSE(test);
  return test ? "" : test.error().message();
}
std::string Shown(const TestStateResult& result, std::string_view stage) {
  const json::value* value = FindMember(result.inspection, stage);
  if (value == nullptr) return "absent";
  return value->is_string() ? std::string(value->get_string()) : ToJson(*value);
}

TEST(TestStateTest, AMockedErrorIsRetriableAsLongAsItsRetrierAllows) {
  TestStateRequest request = Request(Task(
      R"(,"End":true,"Retry":[{"ErrorEquals":["X"]},{"ErrorEquals":["E"],"IntervalSeconds":2,
      "MaxAttempts":3,"BackoffRate":2}])"));
  request.mock = Failure("E");
  request.retrier_retry_count = 1;
  const TestStateResult retriable = Tested(request);
  EXPECT_EQ(retriable.status, TestStatus::kRetriable);
  EXPECT_EQ(retriable.error, "E");
  EXPECT_EQ(retriable.output, std::nullopt);
  EXPECT_EQ(Shown(retriable, "errorDetails"),
            R"({"retryIndex":1,"retryBackoffIntervalSeconds":4})");
  request.retrier_retry_count = 3;
  const TestStateResult failed = Tested(request);
  EXPECT_EQ(failed.status, TestStatus::kFailed);
  EXPECT_EQ(failed.cause, "mock");
  EXPECT_EQ(Shown(failed, "errorDetails"), "absent");
}

TEST(TestStateTest, ACaughtErrorShowsWhatTheCatcherMakesOfIt) {
  TestStateRequest request = Request(Task(
      R"(,"End":true,"Catch":[{"ErrorEquals":["E"],"ResultPath":"$.error","Next":"Caught"}])"));
  request.mock = Failure("E");
  const TestStateResult caught = Tested(request);
  EXPECT_EQ(caught.status, TestStatus::kCaughtError);
  EXPECT_EQ(caught.next_state, "Caught");
  EXPECT_EQ(caught.output, R"({"items":[1,2,3],"error":{"Error":"E","Cause":"mock"}})");
  EXPECT_EQ(Shown(caught, "afterResultPath"), caught.output);
  EXPECT_EQ(Shown(caught, "errorDetails"), R"({"catchIndex":0})");
}

TEST(TestStateTest, AGivenContextReplacesTheMadeOneWholly) {
  TestStateRequest request = Request(
      R"({"Type":"Task","End":true,"Resource":"arn:aws:states:::lambda:invoke",
          "Parameters":{"FunctionName":"f","Payload.$":"$$"}})");
  request.mock = Mocked("{}");
  request.context = R"({"State":{"Name":"Configured"}})";
  EXPECT_EQ(Shown(Tested(request), "afterParameters"),
            R"({"FunctionName":"f","Payload":{"State":{"Name":"Configured"}}})");
  request.context.reset();
  const std::string made = Shown(Tested(request), "afterParameters");
  EXPECT_NE(made.find(R"("Name":"StateName")"), std::string::npos) << made;
  EXPECT_NE(made.find("arn:aws:states:us-east-1:1:express:m:e"), std::string::npos) << made;
}

TEST(TestStateTest, AMapShowsItsItemsAndTakesTheMockedResults) {
  TestStateRequest request = Request(Map(kInline, ""));
  request.mock = Mocked("[10,20,30]");
  const TestStateResult result = Tested(request);
  EXPECT_EQ(result.status, TestStatus::kSucceeded);
  EXPECT_EQ(result.output, "[10,20,30]");
  EXPECT_EQ(Shown(result, "afterItemsPath"), "[1, 2, 3]");
  EXPECT_EQ(Shown(result, "afterItemSelector"), R"([{"v":1,"i":0}, {"v":2,"i":1}, {"v":3,"i":2}])");
  EXPECT_EQ(Shown(result, "maxConcurrency"), "0");
  EXPECT_EQ(Shown(result, "result"), "absent");
  request.mock = Mocked("[1]");
  EXPECT_EQ(RefusalOf(request), "Input array does not equal the mocked result array's size");
  request.mock = Mocked("{}");
  EXPECT_EQ(RefusalOf(request), "Mocked result must be an array.");
}

TEST(TestStateTest, ABatchedMapHasAsManyResultsAsBatches) {
  TestStateRequest request = Request(
      Map(kDistributed,
          R"(,"ItemBatcher":{"MaxItemsPerBatch":2},"MaxConcurrency":2,"ToleratedFailureCount":1)"));
  request.mock = Mocked("[10,20]");
  const TestStateResult result = Tested(request);
  EXPECT_EQ(result.output, "[10,20]");
  EXPECT_EQ(Shown(result, "afterItemBatcher"),
            R"([{"Items":["{\"v\":1,\"i\":0}","{\"v\":2,\"i\":1}"]}, )"
            R"({"Items":["{\"v\":3,\"i\":2}"]}])");
  EXPECT_EQ(Shown(result, "toleratedFailureCount"), "1");
  EXPECT_EQ(Shown(result, "maxConcurrency"), "2");
  // Failures count before the results are looked at.
  request.mock = Mocked("[10,20,30]");
  request.map_iteration_failure_count = 2;
  const TestStateResult exceeded = Tested(request);
  EXPECT_EQ(exceeded.error, "States.ExceedToleratedFailureThreshold");
  EXPECT_EQ(exceeded.cause, "The specified tolerated failure threshold was exceeded");
  request.map_iteration_failure_count = 3;
  EXPECT_EQ(RefusalOf(request),
            "Map iteration failure count must be less than or equal to the number of Map "
            "iterations");
}

TEST(TestStateTest, AnItemReadersDataIsGiven) {
  std::string reader =
      Map(kDistributed,
          R"(,"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":
      {"InputType":"JSON","ItemsPointer":"/items"},"Parameters":{"Bucket":"b","Key":"k"}})");
  reader.replace(reader.find(R"("ItemsPath":"$.items",)"), 22, "");
  TestStateRequest request = Request(reader);
  request.mock = Mocked("[10,20]");
  EXPECT_EQ(RefusalOf(request),
            "ItemReader data must be specified when testing a Map state with ItemReader "
            "specified.");
  request.map_item_reader_data = R"({"items":[4,5]})";
  const TestStateResult result = Tested(request);
  EXPECT_EQ(result.status, TestStatus::kSucceeded);
  EXPECT_EQ(Shown(result, "afterItemsPointer"), "[4,5]");
  EXPECT_EQ(Shown(result, "afterItemSelector"), R"([{"v":4,"i":0}, {"v":5,"i":1}])");
}

TEST(TestStateTest, ATaskWithoutAMockIsRunByTheCaller) {
  const TestStateRequest request =
      Request(Task(R"(,"ResultSelector":{"p.$":"$.Payload"},"Next":"N")"));
  auto test = Start(request, "arn:aws:iam::1:role/r");
  ASSERT_TRUE(test) << test.error().message();
  ASSERT_NE(test->task(), nullptr);
  EXPECT_EQ(test->task()->input, R"({"FunctionName":"f"})");
  test->TaskDone(TaskSucceeded{test->task()->seq, R"({"Payload":7})"});
  EXPECT_EQ(test->task(), nullptr);
  const TestStateResult result = test->Finish();
  EXPECT_EQ(result.output, R"({"p":7})");
  EXPECT_EQ(result.next_state, "N");
  EXPECT_EQ(Shown(result, "result"), R"({"Payload":7})");
}

TEST(TestStateTest, AWaitPassesAtOnceButNotLongerThanATestMayTake) {
  EXPECT_EQ(Tested(Request(R"({"Type":"Wait","Seconds":300,"Next":"N"})")).next_state, "N");
  const TestStateResult longer = Tested(Request(R"({"Type":"Wait","Seconds":301,"End":true})"));
  EXPECT_EQ(longer.status, TestStatus::kFailed);
  EXPECT_EQ(longer.error, "States.Timeout");
}

TEST(TestStateTest, VariablesAreSeenAndShownWithWhatIsAssigned) {
  TestStateRequest request =
      Request(R"({"Type":"Pass","Parameters":{"x.$":"$a"},"Assign":{"b":2},"End":true})");
  request.variables = R"({"a":1})";
  const TestStateResult result = Tested(request);
  EXPECT_EQ(result.output, R"({"x":1})");
  EXPECT_EQ(Shown(result, "variables"), R"({"a":1,"b":2})");
  request.variables = "[]";
  EXPECT_EQ(RefusalOf(request), "Variables must be a valid JSON object");
}

TEST(TestStateTest, MocksThatDontFitAreRefused) {
  TestStateRequest request = Request(Task(R"(,"End":true)"));
  request.mock = TestStateRequest::Mock{};
  EXPECT_EQ(RefusalOf(request),
            "One of the following fields is required for a test mock: [result, errorOutput].");
  request.mock = Failure("");
  EXPECT_EQ(RefusalOf(request), "An error was not specified in the mocked error output.");
  request.mock = Mocked("null");
  EXPECT_EQ(RefusalOf(request), "Mocked result must be a valid JSON object.");
  request.mock = Mocked(R"({"Payload":{"ok":true}})");
  EXPECT_EQ(RefusalOf(request),
            "Mock result schema validation error: Field 'Payload' must be a string");
  request.mock->validation = FieldValidation::kNone;
  EXPECT_EQ(Tested(request).output, R"({"Payload":{"ok":true}})");
  request.map_iteration_failure_count = 1;
  EXPECT_EQ(RefusalOf(request),
            "MapIterationFailureCount is only supported when testing a Map state.");
}

TEST(TestStateTest, RequiredFieldsOfAResultAreAskedForWhenStrict) {
  TestStateRequest request = Request(
      R"({"Type":"Task","Resource":"arn:aws:states:::states:startExecution","End":true,
          "Parameters":{"StateMachineArn":"arn"}})");
  request.mock = Mocked(R"({"ExecutionArn":"a"})");
  EXPECT_EQ(RefusalOf(request),
            "Mock result schema validation error: Required field 'StartDate' is missing");
  request.mock->validation = FieldValidation::kPresent;
  EXPECT_EQ(Tested(request).status, TestStatus::kSucceeded);
}

TEST(TestStateTest, AFaultOfTheStateIsPlacedInTheMachineThatTheServiceMakesOfIt) {
  const std::string message = RefusalOf(Request(R"({"Type":"Pass","End":true,"Foo":1})"));
  EXPECT_NE(message.find("/States/StateName"), std::string::npos) << message;
  EXPECT_FALSE(Start(Request("not JSON")));
}

}  // namespace
}  // namespace scones::asl

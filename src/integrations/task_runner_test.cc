// Tasks against real workflow and object services in process; SageMaker is played by the tests, so
// that they decide when a job ends and when the server is cut off.
#include "integrations/task_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "api/states.h"
#include "asl/integrations.h"
#include "db/database.h"
#include "http/server.h"
#include "integrations/http_task.h"
#include "integrations/s3_wire.h"
#include "io/file.h"
#include "io/log_sink.h"
#include "objects/objects.h"

namespace scones::integrations {
namespace {

using asl::ExecutionStatus;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using workflows::Execution;

constexpr char kRole[] = "arn:aws:iam::000000000000:role/r";

class NoLogs final : public io::LogSink {
 public:
  void Append(std::string, std::string, std::vector<io::LogEvent>) override {}
};

// Training jobs as the tests want them.
struct Trainer {
  std::mutex mutex;
  int created = 0;
  int stopped = 0;
  bool exists = false;
  bool hang = false;  // the next creation happens, but its answer never comes
  std::string status = "InProgress";
  double creation_time = 0;
  io::Completion<bool> never;

  void Set(std::string wanted) {
    const std::lock_guard lock(mutex);
    status = std::move(wanted);
  }
  int count() {
    const std::lock_guard lock(mutex);
    return created;
  }
};

io::Task<Result<json::value>> CreateJob(Trainer& trainer, api::Call call, json::object input) {
  bool hang = false;
  {
    const std::lock_guard lock(trainer.mutex);
    ++trainer.created;
    if (trainer.exists) {
      co_return Error(Code::kExists, "ResourceInUse", "Job name must be unique");
    }
    trainer.exists = true;
    trainer.creation_time = EpochSeconds(call.now);
    hang = trainer.hang;
  }
  if (hang) {
    (void)co_await io::Await<bool>([&](io::Completion<bool> done) { trainer.never = done; });
  }
  co_return json::object{{"TrainingJobArn", "arn:job/" + StringOr(input, "TrainingJobName", "")}};
}

io::Task<Result<json::value>> DescribeJob(Trainer& trainer, json::object input) {
  const std::lock_guard lock(trainer.mutex);
  co_return json::object{{"TrainingJobName", StringOr(input, "TrainingJobName", "")},
                         {"TrainingJobArn", "arn:job/j"},
                         {"TrainingJobStatus", trainer.status},
                         {"CreationTime", trainer.creation_time}};
}

io::Task<Result<json::value>> StopJob(Trainer& trainer) {
  const std::lock_guard lock(trainer.mutex);
  ++trainer.stopped;
  co_return json::object();
}

bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 10'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

class TaskRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { Close(); }

  void Open() {
    shards = std::make_unique<io::Shards>(2);
    database = *db::Database::Open(directory.path() / "db", {});
    objects = *objects::ObjectStore::Open(*database, disk, clock,
                                          {.directory = directory.path() / "objects"});
    functions = *functions::Functions::Open(
        {.data_dir = directory.path() / "functions"},
        {.database = *database, .shards = *shards, .logs = logs, .clock = clock, .identity = {}});
    runner = std::make_unique<ServiceTaskRunner>(
        ServiceTaskRunner::Dependencies{
            .functions = *functions, .shards = *shards, .clock = clock, .identity = {}},
        ServiceTaskRunner::Options{.http = {.allowed_hosts = allowed_hosts, .region = "us-east-1"},
                                   .first_poll = std::chrono::milliseconds(1),
                                   .last_poll = std::chrono::milliseconds(5)});
    service = *workflows::Workflows::Open(*database, *runner, clock, Identity{}, {});
    states = std::make_unique<api::JsonDialect>(api::JsonDialect::Options{
        .target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"});
    api::AddStatesOperations(*states, *service);
    sagemaker = std::make_unique<api::JsonDialect>(api::JsonDialect::Options{
        .target_prefix = "SageMaker", .content_type = "application/x-amz-json-1.1"});
    sagemaker->Add("CreateTrainingJob", [this](api::Call call, json::object input) {
      return CreateJob(trainer, std::move(call), std::move(input));
    });
    sagemaker->Add("DescribeTrainingJob", [this](api::Call, json::object input) {
      return DescribeJob(trainer, std::move(input));
    });
    sagemaker->Add("StopTrainingJob", [this](api::Call, json::object) { return StopJob(trainer); });
    s3 = std::make_unique<api::S3Dialect>(*objects);
    runner->Connect({.workflows = *service, .states = *states, .sagemaker = *sagemaker, .s3 = *s3});
  }
  // A coroutine that hangs is lost with its shard, as in a crash.
  void Close() {
    runner->Stop();
    service.reset();
    runner.reset();
    functions->Stop();
    shards->Stop();
    trainer.never = {};
    functions.reset();
    objects.reset();
    database.reset();
  }
  void Reopen() {
    Close();
    Open();
  }

  std::string Create(const std::string& name, const std::string& states_text) {
    auto created = shards->RunAndWait(service->CreateStateMachine(
        {.name = name,
         .definition = R"({"StartAt":"A","States":)" + states_text + "}",
         .role_arn = kRole}));
    EXPECT_TRUE(created) << created.error().message();
    return created ? created->arn : "";
  }
  // One Task state.
  std::string CreateTask(const std::string& resource, const std::string& parameters,
                         const std::string& more = "") {
    return Create("m" + std::to_string(++machines),
                  R"({"A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::)" + resource +
                      R"(","Parameters":)" + parameters + more + "}}");
  }
  std::string Start(const std::string& machine) {
    auto started = shards->RunAndWait(service->StartExecution({.state_machine_arn = machine}));
    EXPECT_TRUE(started) << started.error().message();
    return started ? started->arn : "";
  }
  Execution Ended(const std::string& arn) {
    EXPECT_TRUE(Eventually([&] {
      return service->DescribeExecution(arn)->status != ExecutionStatus::kRunning;
    })) << arn;
    return *service->DescribeExecution(arn);
  }
  Execution Run(const std::string& resource, const std::string& parameters) {
    return Ended(Start(CreateTask(resource, parameters)));
  }
  bool HasEvent(const std::string& arn, asl::EventType type) {
    const auto history =
        service->GetExecutionHistory(arn, workflows::HistoryOrder::kOldestFirst, {});
    for (const auto& event : history->items) {
      if (event.type == type) return true;
    }
    return false;
  }
  void MakeBucket() {
    ASSERT_TRUE(shards->RunAndWait(objects->CreateBucket("bucket", "us-east-1")));
  }

  io::TemporaryDirectory directory;
  SystemClock clock;
  io::BlockingPool disk{"disk", 2, 1000};
  NoLogs logs;
  Trainer trainer;
  std::vector<std::string> allowed_hosts;
  int machines = 0;
  std::unique_ptr<io::Shards> shards;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<objects::ObjectStore> objects;
  std::unique_ptr<functions::Functions> functions;
  std::unique_ptr<ServiceTaskRunner> runner;
  std::unique_ptr<workflows::Workflows> service;
  std::unique_ptr<api::JsonDialect> states;
  std::unique_ptr<api::JsonDialect> sagemaker;
  std::unique_ptr<api::S3Dialect> s3;
};

// ---- S3 -----------------------------------------------------------------------------------------

TEST_F(TaskRunnerTest, ObjectsAreWrittenReadListedCopiedAndDeleted) {
  MakeBucket();
  const auto put = Run("aws-sdk:s3:putObject", R"({"Bucket":"bucket","Key":"a","Body":{"x":1}})");
  EXPECT_EQ(put.status, ExecutionStatus::kSucceeded) << *put.cause;
  EXPECT_THAT(*put.output, HasSubstr(R"("ChecksumType":"FULL_OBJECT")"));
  const auto got = Run("aws-sdk:s3:getObject", R"({"Bucket":"bucket","Key":"a"})");
  EXPECT_THAT(*got.output, HasSubstr(R"("Body":"{\"x\":1}")"));
  EXPECT_THAT(*got.output, HasSubstr(R"("ContentLength":7)"));
  const auto copied =
      Run("aws-sdk:s3:copyObject", R"({"Bucket":"bucket","Key":"b","CopySource":"bucket/a"})");
  EXPECT_THAT(*copied.output, HasSubstr(R"("CopyObjectResult":{)"));
  const auto listed = Run("aws-sdk:s3:listObjectsV2", R"({"Bucket":"bucket"})");
  EXPECT_THAT(*listed.output, HasSubstr(R"("KeyCount":2)"));
  EXPECT_THAT(*listed.output, HasSubstr(R"("Contents":[{"Key":"a")"));
  EXPECT_EQ(Run("aws-sdk:s3:deleteObject", R"({"Bucket":"bucket","Key":"a"})").output, "{}");
  const auto many =
      Run("aws-sdk:s3:deleteObjects", R"({"Bucket":"bucket","Delete":{"Objects":[{"Key":"b"}]}})");
  EXPECT_EQ(many.output, R"({"Deleted":[{"Key":"b"}]})");
  EXPECT_EQ(Run("aws-sdk:s3:deleteBucket", R"({"Bucket":"bucket"})").output, "{}");
}

TEST_F(TaskRunnerTest, ErrorsOfS3HaveTheSdksNamesAndCauses) {
  MakeBucket();
  const auto key = Run("aws-sdk:s3:getObject", R"({"Bucket":"bucket","Key":"none"})");
  EXPECT_EQ(key.error, "S3.NoSuchKeyException");
  EXPECT_THAT(*key.cause, StartsWith("The specified key does not exist. (Service: S3, Status Code: "
                                     "404, Request ID: "));
  const auto bucket = Run("aws-sdk:s3:putObject", R"({"Bucket":"no-bucket","Key":"k"})");
  EXPECT_EQ(bucket.error, "S3.NoSuchBucketException");
  const auto head = Run("aws-sdk:s3:headObject", R"({"Bucket":"bucket","Key":"none"})");
  EXPECT_EQ(head.error, "S3.NoSuchKeyException");
  EXPECT_THAT(*head.cause, StartsWith("null (Service: S3, Status Code: 404"));
  const auto bad = Run("aws-sdk:s3:getObject", R"({"Bucket":"bucket"})");
  EXPECT_EQ(bad.error, "S3.SdkClientException");
}

TEST_F(TaskRunnerTest, AnObjectTooLargeForAStateIsRefused) {
  MakeBucket();
  const auto body = http::MakeStringBody(std::string(300'000, 'x'));
  ASSERT_TRUE(shards->RunAndWait(objects->Put({"bucket", "large", ""}, *body, {})));
  const auto ended = Run("aws-sdk:s3:getObject", R"({"Bucket":"bucket","Key":"large"})");
  EXPECT_EQ(ended.error, "States.DataLimitExceeded");
}

// ---- Executions ---------------------------------------------------------------------------------

TEST_F(TaskRunnerTest, AnExecutionOfAForeignArnRunsTheMachineOfThatNameHere) {
  Create("child", R"({"A":{"Type":"Pass","Result":{"x":1},"End":true}})");
  const auto ended = Run(
      "states:startExecution.sync:2",
      R"({"StateMachineArn":"arn:aws-cn:states:cn-north-1:123456789012:stateMachine:child","Input":{"i":1}})");
  EXPECT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  EXPECT_THAT(*ended.output, HasSubstr(R"("Output":{"x":1})"));
  EXPECT_THAT(*ended.output, HasSubstr(R"("Input":{"i":1})"));
  EXPECT_THAT(*ended.output, HasSubstr(R"("Status":"SUCCEEDED")"));
}

TEST_F(TaskRunnerTest, AChildsFailureIsTheTasksFailure) {
  const std::string child =
      Create("child", R"({"A":{"Type":"Fail","Error":"Mine","Cause":"because"}})");
  const auto ended = Run("states:startExecution.sync", R"({"StateMachineArn":")" + child + "\"}");
  EXPECT_EQ(ended.error, "States.TaskFailed");
  EXPECT_THAT(*ended.cause, HasSubstr(R"("Error":"Mine")"));
}

TEST_F(TaskRunnerTest, StoppingAnExecutionStopsTheOneItWaitsFor) {
  const std::string child = Create("child", R"({"A":{"Type":"Wait","Seconds":600,"End":true}})");
  const std::string arn = Start(CreateTask("states:startExecution.sync",
                                           R"({"Name":"c","StateMachineArn":")" + child + "\"}"));
  ASSERT_TRUE(Eventually([&] { return HasEvent(arn, asl::EventType::kTaskSubmitted); }));
  ASSERT_TRUE(shards->RunAndWait(service->StopExecution(arn, "", "")));
  const std::string child_arn = "arn:aws:states:us-east-1:000000000000:execution:child:c";
  EXPECT_EQ(Ended(child_arn).status, ExecutionStatus::kAborted);
}

TEST_F(TaskRunnerTest, AWaitForAnExecutionGoesOnAfterARestart) {
  const std::string child = Create(
      "child",
      R"({"A":{"Type":"Task","Resource":"arn:aws:states:::sagemaker:createTrainingJob.sync","Parameters":{"TrainingJobName":"j"},"End":true}})");
  const std::string arn =
      Start(CreateTask("states:startExecution.sync", R"({"StateMachineArn":")" + child + "\"}"));
  ASSERT_TRUE(Eventually([&] { return trainer.count() == 1; }));
  ASSERT_TRUE(Eventually([&] { return HasEvent(arn, asl::EventType::kTaskSubmitted); }));
  Reopen();
  trainer.Set("Completed");
  EXPECT_EQ(Ended(arn).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(service->ListExecutions(child, std::nullopt, {})->items.size(), 1u);
}

TEST_F(TaskRunnerTest, CallsOfStepFunctionsAreIntegrations) {
  const auto ended = Run("aws-sdk:sfn:listStateMachines", R"({"MaxResults":1})");
  EXPECT_THAT(*ended.output, HasSubstr(R"("StateMachines":[{"StateMachineArn":")"));
  const auto failed =
      Run("aws-sdk:sfn:describeExecution",
          R"({"ExecutionArn":"arn:aws:states:us-east-1:000000000000:execution:m:none"})");
  EXPECT_EQ(failed.error, "Sfn.ExecutionDoesNotExistException");
}

// ---- Training jobs ------------------------------------------------------------------------------

constexpr char kTrain[] = "sagemaker:createTrainingJob.sync";
constexpr char kJob[] = R"({"TrainingJobName":"j"})";

TEST_F(TaskRunnerTest, ATrainingJobIsWaitedForAndItsDescriptionIsTheResult) {
  const std::string arn = Start(CreateTask(kTrain, kJob));
  ASSERT_TRUE(Eventually([&] { return HasEvent(arn, asl::EventType::kTaskSubmitted); }));
  EXPECT_EQ(service->DescribeExecution(arn)->status, ExecutionStatus::kRunning);
  trainer.Set("Completed");
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, ExecutionStatus::kSucceeded);
  EXPECT_THAT(*ended.output, HasSubstr(R"("TrainingJobStatus":"Completed")"));
}

TEST_F(TaskRunnerTest, ATrainingJobThatFailsFailsItsTask) {
  trainer.Set("Failed");
  const auto ended = Run(kTrain, kJob);
  EXPECT_EQ(ended.error, "States.TaskFailed");
  EXPECT_THAT(*ended.cause, HasSubstr(R"("TrainingJobStatus":"Failed")"));
}

TEST_F(TaskRunnerTest, AnAcceptedJobIsNotSubmittedAgainAfterARestart) {
  const std::string arn = Start(CreateTask(kTrain, kJob));
  ASSERT_TRUE(Eventually([&] { return HasEvent(arn, asl::EventType::kTaskSubmitted); }));
  Reopen();
  trainer.Set("Completed");
  EXPECT_EQ(Ended(arn).status, ExecutionStatus::kSucceeded);
  EXPECT_EQ(trainer.count(), 1);
}

TEST_F(TaskRunnerTest, ASubmissionWhoseAnswerWasLostIsRecognised) {
  trainer.hang = true;
  const std::string arn = Start(CreateTask(kTrain, kJob));
  ASSERT_TRUE(Eventually([&] { return trainer.count() == 1; }));
  Reopen();
  ASSERT_TRUE(Eventually([&] { return trainer.count() == 2; }));  // and is told that it exists
  trainer.Set("Completed");
  const Execution ended = Ended(arn);
  EXPECT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  EXPECT_TRUE(HasEvent(arn, asl::EventType::kTaskSubmitted));
}

TEST_F(TaskRunnerTest, SomeoneElsesJobOfTheSameNameIsAnError) {
  trainer.exists = true;
  EXPECT_EQ(Run(kTrain, kJob).error, "SageMaker.ResourceInUseException");
}

TEST_F(TaskRunnerTest, AJobIsStoppedWhenItsTaskTimesOut) {
  const auto ended = Ended(Start(CreateTask(kTrain, kJob, R"(,"TimeoutSeconds":1)")));
  EXPECT_EQ(ended.error, "States.Timeout");
  EXPECT_TRUE(Eventually([&] {
    const std::lock_guard lock(trainer.mutex);
    return trainer.stopped == 1;
  }));
}

// ---- HTTP ---------------------------------------------------------------------------------------

io::Task<http::Response> Answer(http::Request request, http::BodyStream& body) {
  http::Response response;
  if (request.target == "/none") {
    response.status = 404;
    response.body = "not here";
    co_return response;
  }
  if (request.target == "/binary") {
    response.body = "\xFF\xFEok\xC3\xA9";
    co_return response;
  }
  const std::string text = (co_await http::ReadAll(body, 1000)).value_or("");
  response.headers.Add("Content-Type", "application/json");
  response.body = ToJson(json::value{{"target", request.target},
                                     {"method", request.method},
                                     {"type", request.headers.Get("Content-Type")},
                                     {"given", request.headers.Get("X-Given")},
                                     {"body", text}});
  co_return response;
}

class HttpTaskRunnerTest : public TaskRunnerTest {
 protected:
  void SetUp() override {
    web = *http::Server::Start(web_shards, {.address = "127.0.0.1", .port = 0}, Answer);
    host = "127.0.0.1:" + std::to_string(web->port());
    TaskRunnerTest::SetUp();
  }
  Execution Invoke(const std::string& members) {
    return Run("http:invoke", R"({"ApiEndpoint":"http://)" + host + members + "}");
  }
  io::Shards web_shards{1};
  std::unique_ptr<http::Server> web;
  std::string host;
};

TEST_F(HttpTaskRunnerTest, NoHostIsReachedUnlessItIsNamed) {
  const Execution ended = Invoke(R"(/","Method":"GET")");
  EXPECT_EQ(ended.error, "States.Http.HostNotAllowed");
  EXPECT_THAT(*ended.cause, HasSubstr("--allow-http " + host));
}

TEST_F(HttpTaskRunnerTest, ARequestIsSentAndItsAnswerIsTheResult) {
  allowed_hosts = {host};
  Reopen();
  const Execution ended = Invoke(
      R"(/path","Method":"POST","Headers":{"X-Given":"yes"},"QueryParameters":{"q":["a b","c"]},)"
      R"("RequestBody":{"x":1})");
  ASSERT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  const json::value output = *ParseJson(*ended.output);
  EXPECT_EQ(output.at("StatusCode"), 200);
  EXPECT_EQ(output.at("StatusText"), "OK");
  EXPECT_EQ(output.at("ResponseBody").at("target"), "/path?q=a%20b&q=c");
  EXPECT_EQ(output.at("ResponseBody").at("body"), R"({"x":1})");
  EXPECT_EQ(output.at("ResponseBody").at("given"), "yes");
  EXPECT_EQ(output.at("Headers").at("Content-Type"), json::array{"application/json"});

  const Execution form = Invoke(R"(/","Method":"POST","RequestBody":{"a":[1,2]},)"
                                R"("Transform":{"RequestBodyEncoding":"URL_ENCODED"})");
  EXPECT_THAT(*form.output, HasSubstr(R"("body":"a%5B0%5D=1&a%5B1%5D=2")"));
}

TEST_F(HttpTaskRunnerTest, AnAnswerThatIsNoTextIsShownAsText) {
  allowed_hosts = {host};
  Reopen();
  const Execution ended = Invoke(R"(/binary","Method":"GET")");
  ASSERT_EQ(ended.status, ExecutionStatus::kSucceeded) << ended.cause.value_or("");
  EXPECT_EQ(ParseJson(*ended.output)->at("ResponseBody"), "\uFFFD\uFFFDok\u00E9");
}

TEST(AllowedHostsTest, AddressesOfThisMachineAndItsLinkAreReachedOnlyWhereNamed) {
  const AllowedHosts names({"example.com", "*.internal"});
  for (const char* address :
       {"127.0.0.1", "::1", "0.0.0.0", "::", "169.254.169.254", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::7f00:1", "224.0.0.1", "255.255.255.255"}) {
    EXPECT_FALSE(names.MayConnect(address)) << address;
  }
  EXPECT_TRUE(names.MayConnect("93.184.216.34"));
  EXPECT_TRUE(names.MayConnect("64:ff9b::5db8:d822"));
  EXPECT_TRUE(AllowedHosts({"localhost:80"}).MayConnect("127.0.0.1"));
  EXPECT_TRUE(AllowedHosts({"169.254.1.1"}).MayConnect("169.254.1.1"));
}

TEST_F(HttpTaskRunnerTest, StatusesAndConnectionsAreErrorsOfTheirOwn) {
  allowed_hosts = {"127.0.0.1"};
  Reopen();
  const Execution missing = Invoke(R"(/none","Method":"GET")");
  EXPECT_EQ(missing.error, "States.Http.StatusCode.404");
  EXPECT_EQ(missing.cause, "not here");
  const Execution connection = Invoke(
      R"(/","Method":"GET","Authentication":{"ConnectionArn":"arn:aws:events:::connection/x"})");
  EXPECT_EQ(connection.error, "States.Runtime");
  EXPECT_THAT(*connection.cause, HasSubstr("EventBridge"));
  const Execution closed =
      Run("http:invoke", R"({"ApiEndpoint":"http://127.0.0.1:1/","Method":"GET"})");
  EXPECT_EQ(closed.error, "States.Http.Socket");
}

// ---- The table ----------------------------------------------------------------------------------

TEST_F(TaskRunnerTest, EveryActionThatIsTakenAtCreationHasAnOperation) {
  for (const std::string& action : asl::ProvidedActions("aws-sdk:s3")) {
    EXPECT_NE(FindS3Operation(action), nullptr) << action;
  }
  for (std::string action : asl::ProvidedActions("aws-sdk:sfn")) {
    action[0] = static_cast<char>(std::toupper(action[0]));
    EXPECT_TRUE(states->Has(action)) << action;
  }
}

}  // namespace
}  // namespace scones::integrations

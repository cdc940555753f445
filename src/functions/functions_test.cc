#include "functions/functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "base/json.h"
#include "db/database.h"
#include "functions/package.h"
#include "io/log_sink.h"
#include "io/shards.h"

namespace scones::functions {
namespace {

using testing::HasSubstr;
using testing::Not;

class RecordingSink final : public io::LogSink {
 public:
  void Append(std::string group, std::string, std::vector<io::LogEvent> events) override {
    const std::lock_guard lock(mutex_);
    for (const io::LogEvent& event : events) text_ += group + ": " + event.message + "\n";
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

io::Task<Result<std::string>> Echo(InvokeContext context, std::string event) {
  if (event == R"("fail")") co_return Error(Code::kInvalid, "KeyError", "'x'");
  if (event == R"("large")") co_return std::string(kMaxSyncPayloadBytes + 1, ' ');
  if (event == R"("hang")") co_await io::SleepFor(std::chrono::hours(1));
  co_return R"({"name":")" + context.function_name + R"(","event":)" + event + "}";
}

class FunctionsTest : public testing::Test {
 protected:
  void SetUp() override {
    // As the server's data directory must be: functions of a root server run as other users.
    ::chmod(directory_.path().c_str(), 0755);
    options_.data_dir = directory_.path() / "functions";
    options_.endpoint_url = "http://127.0.0.1:1";
    options_.access_key_id = "AKID";
    options_.secret_access_key = "SECRET";
    options_.native["echo"] = Echo;
    options_.async_retry_delays = {std::chrono::seconds(0), std::chrono::seconds(0)};
    Reopen();
  }
  void TearDown() override { functions_.reset(); }

  void Reopen() {
    functions_.reset();
    database_.reset();
    database_ = db::Database::Open(directory_.path() / "db", {}).value();
    auto opened = Functions::Open(options_, {.database = *database_,
                                             .shards = shards_,
                                             .logs = sink_,
                                             .clock = clock_,
                                             .identity = {}});
    ASSERT_TRUE(opened) << opened.error().message();
    functions_ = std::move(*opened);
  }

  Result<FunctionConfiguration> Create(const std::string& name, FunctionSettings settings,
                                       std::string zip) {
    settings.role = "arn:aws:iam::000000000000:role/r";
    return shards_.RunAndWait(functions_->Create(name, std::move(settings), {std::move(zip)}, {}));
  }
  Result<FunctionConfiguration> CreatePython(const std::string& code,
                                             std::map<std::string, std::string> environment = {},
                                             std::int64_t timeout_s = 10) {
    return Create("f",
                  {.runtime = "python3.11",
                   .handler = "lambda_function.lambda_handler",
                   .timeout_s = timeout_s,
                   .memory_mb = 256,
                   .environment = std::move(environment)},
                  MakeZip({{"lambda_function.py", code}}).value());
  }
  Result<FunctionConfiguration> CreateShell(const std::string& script) {
    return Create("f", {.runtime = "provided.al2023", .handler = "h", .timeout_s = 10},
                  MakeZip({{"bootstrap", "#!/bin/bash\n" + script, 0755}}).value());
  }
  Result<FunctionConfiguration> CreateNative(std::int64_t timeout_s = 10) {
    return Create("n",
                  {.runtime = "provided.al2023", .handler = "scones.echo", .timeout_s = timeout_s},
                  MakeWorkflowPackage({}).value());
  }
  Result<InvokeResult> Invoke(const std::string& payload = "{}", const std::string& name = "f",
                              InvocationType type = InvocationType::kRequestResponse) {
    return shards_.RunAndWait(functions_->Invoke(
        {.function = FunctionRef::Parse(name).value(), .payload = payload, .type = type}));
  }
  // The error document of an invocation that must fail in the function.
  json::object InvokeFailing(const std::string& payload = "{}", const std::string& name = "f") {
    const auto result = Invoke(payload, name);
    EXPECT_TRUE(result) << result.error().message();
    if (!result) return {};
    EXPECT_EQ(result->function_error, "Unhandled") << result->payload;
    const auto parsed = ParseJson(result->payload);
    return parsed && parsed->is_object() ? parsed->get_object() : json::object();
  }
  template <class Condition>
  bool Eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  io::TemporaryDirectory directory_;
  SystemClock clock_;
  RecordingSink sink_;
  io::Shards shards_{2};
  Options options_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Functions> functions_;
};

// ---- Python -------------------------------------------------------------------------------------

TEST_F(FunctionsTest, APythonHandlerRunsUnchangedAndItsPrintsAreInTheLogTail) {
  ASSERT_TRUE(CreatePython(R"(
import os
def lambda_handler(event, context):
    print("hello", event["who"], context.function_name, context.memory_limit_in_mb)
    print("unfinished", end="")
    return {"sum": event["a"] + 1, "handler": os.environ["_HANDLER"]}
)"));
  const auto result = Invoke(R"({"who":"world","a":41})");
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->payload, R"({"sum": 42, "handler": "lambda_function.lambda_handler"})");
  EXPECT_EQ(result->function_error, "");
  EXPECT_EQ(result->executed_version, "$LATEST");
  const std::string& id = result->request_id;
  EXPECT_THAT(result->log_tail, HasSubstr("START RequestId: " + id +
                                          " Version: $LATEST\n"
                                          "hello world f 256\nunfinished\nEND RequestId: " +
                                          id));
  EXPECT_THAT(result->log_tail, HasSubstr("Init Duration: "));
  EXPECT_THAT(sink_.text(), HasSubstr("/aws/lambda/f: hello world f 256\n"));
}

TEST_F(FunctionsTest, AnEnvironmentIsUsedAgainWhileItIsWarm) {
  ASSERT_TRUE(CreatePython("n = 0\ndef lambda_handler(e, c):\n  global n\n  n += 1\n  return n\n"));
  EXPECT_EQ(Invoke()->payload, "1");
  EXPECT_EQ(Invoke()->payload, "2");
  EXPECT_EQ(Invoke()->payload, "3");
}

TEST_F(FunctionsTest, APythonExceptionHasLambdasErrorShape) {
  ASSERT_TRUE(CreatePython("def lambda_handler(event, context):\n  raise KeyError('k')\n"));
  const json::object error = InvokeFailing();
  EXPECT_EQ(StringOr(error, "errorMessage", ""), "'k'");
  EXPECT_EQ(StringOr(error, "errorType", ""), "KeyError");
  EXPECT_EQ(StringOr(error, "requestId", "").size(), 36u);
  ASSERT_NE(FindArray(error, "stackTrace"), nullptr);
  EXPECT_EQ(FindArray(error, "stackTrace")->at(0),
            "  File \"/var/task/lambda_function.py\", line 2, in lambda_handler\n"
            "    raise KeyError('k')\n");
}

TEST_F(FunctionsTest, AModuleOrHandlerThatIsMissingIsAnInitError) {
  ASSERT_TRUE(CreatePython("import nonsense_module\n"));
  json::object error = InvokeFailing();
  EXPECT_EQ(StringOr(error, "errorType", ""), "Runtime.ImportModuleError");
  EXPECT_EQ(StringOr(error, "errorMessage", ""),
            "Unable to import module 'lambda_function': No module named 'nonsense_module'");

  SettingsUpdate update{.handler = "lambda_function.other"};
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateCode(
      {.name = "f"}, {MakeZip({{"lambda_function.py", "x = 1"}}).value()}, {})));
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateSettings({.name = "f"}, update)));
  error = InvokeFailing();
  EXPECT_EQ(StringOr(error, "errorType", ""), "Runtime.HandlerNotFound");
  EXPECT_EQ(StringOr(error, "errorMessage", ""),
            "Handler 'other' missing on module 'lambda_function'");
}

TEST_F(FunctionsTest, ASyntaxErrorAndAnUnserializableResultAreReported) {
  ASSERT_TRUE(CreatePython("def lambda_handler(event, context)\n  return 1\n"));
  EXPECT_EQ(StringOr(InvokeFailing(), "errorType", ""), "Runtime.UserCodeSyntaxError");
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateCode(
      {.name = "f"},
      {MakeZip({{"lambda_function.py", "def lambda_handler(e, c): return {1, 2}"}}).value()}, {})));
  const json::object error = InvokeFailing();
  EXPECT_EQ(StringOr(error, "errorType", ""), "Runtime.MarshalError");
  EXPECT_EQ(StringOr(error, "errorMessage", ""),
            "Unable to marshal response: Object of type set is not JSON serializable");
}

TEST_F(FunctionsTest, AFunctionThatTakesTooLongIsKilledAndTheNextRunsAfresh) {
  ASSERT_TRUE(
      CreatePython("import time\ndef lambda_handler(e, c):\n  time.sleep(e)\n  return "
                   "c.get_remaining_time_in_millis() > 0\n",
                   {}, 1));
  const auto late = Invoke("60");
  ASSERT_TRUE(late);
  EXPECT_EQ(late->payload, R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: )" +
                               late->request_id + R"( Error: Task timed out after 1.00 seconds"})");
  EXPECT_THAT(late->log_tail, HasSubstr(late->request_id + " Task timed out after 1.00 seconds\n"));
  EXPECT_EQ(Invoke("0")->payload, "true");
}

TEST_F(FunctionsTest, ACrashIsAnExitErrorAndTheNextRunsAfresh) {
  ASSERT_TRUE(
      CreatePython("import os, sys\ndef lambda_handler(e, c):\n  print('last words')\n"
                   "  if e == 9: os.kill(os.getpid(), 9)\n  if e: os._exit(e)\n  return 'ok'\n"));
  const auto crashed = Invoke("3");
  ASSERT_TRUE(crashed);
  EXPECT_EQ(crashed->payload, R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: )" +
                                  crashed->request_id +
                                  R"( Error: Runtime exited with error: exit status 3"})");
  EXPECT_THAT(crashed->log_tail, HasSubstr("last words\n"));
  EXPECT_THAT(StringOr(InvokeFailing("9"), "errorMessage", ""), HasSubstr("signal: killed"));
  EXPECT_EQ(Invoke("0")->payload, "\"ok\"");
}

TEST_F(FunctionsTest, AFunctionThatUsesTooMuchMemoryIsKilled) {
  ASSERT_TRUE(
      CreatePython("import time\ndef lambda_handler(e, c):\n  x = bytearray(600 << 20)\n"
                   "  for i in range(0, len(x), 4096): x[i] = 1\n  time.sleep(9)\n"));
  EXPECT_EQ(StringOr(InvokeFailing(), "errorType", ""), "Runtime.OutOfMemory");
}

TEST_F(FunctionsTest, AFunctionSeesLambdasVariablesAndItsOwnButNoneOfTheServers) {
  ::setenv("SERVER_SECRET", "hush", 1);
  ASSERT_TRUE(CreatePython(
      "import os\ndef lambda_handler(e, c): return sorted(os.environ) + [os.environ['MINE'], "
      "os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_ACCESS_KEY_ID'], os.getcwd() == "
      "os.environ['LAMBDA_TASK_ROOT']]\n",
      {{"MINE", "yes"}}));
  const auto result = Invoke();
  ASSERT_TRUE(result);
  EXPECT_THAT(result->payload, Not(HasSubstr("SERVER_SECRET")));
  EXPECT_THAT(result->payload, Not(HasSubstr("SCONES")));
  EXPECT_THAT(result->payload, HasSubstr(R"("yes", "http://127.0.0.1:1", "AKID", true])"));
}

TEST_F(FunctionsTest, FunctionsOfARootServerRunAsUsersOfTheirOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(CreatePython("import os\ndef lambda_handler(e, c): return os.getuid()\n"));
  const auto result = Invoke();
  ASSERT_TRUE(result);
  const int user = std::atoi(result->payload.c_str());
  EXPECT_GE(user, 45'000) << result->payload;
  EXPECT_LT(user, 55'000);
}

// ---- Custom runtimes ----------------------------------------------------------------------------

TEST_F(FunctionsTest, ABootstrapOfAnyLanguageWorksThroughTheRuntimeApi) {
  ASSERT_TRUE(Create("f", {.runtime = "provided.al2023", .handler = "h"},
                     MakeZip({{"bootstrap", R"(#!/usr/bin/python3
import http.client, os
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    c.request("GET", "/2018-06-01/runtime/invocation/next")
    r = c.getresponse()
    event = r.read().decode()
    id = r.headers["Lambda-Runtime-Aws-Request-Id"]
    assert int(r.headers["Lambda-Runtime-Deadline-Ms"]) > 0
    c.request("POST", f"/2018-06-01/runtime/invocation/{'x' * 36}/response", "{}")
    r = c.getresponse(); r.read()
    assert r.status == 400, r.status
    if event == '"fail"':
        c.request("POST", f"/2018-06-01/runtime/invocation/{id}/error", '{"errorType":"Mine"}')
    else:
        c.request("POST", f"/2018-06-01/runtime/invocation/{id}/response", '{"got":' + event + "}")
    r = c.getresponse(); r.read()
    assert r.status == 202, r.status
)"}}).value()));
  EXPECT_EQ(Invoke("[1]")->payload, R"({"got":[1]})");
  EXPECT_EQ(StringOr(InvokeFailing("\"fail\""), "errorType", ""), "Mine");
  EXPECT_EQ(Invoke("[2]")->payload, R"({"got":[2]})");
}

TEST_F(FunctionsTest, ABootstrapThatExitsAtOnceIsReported) {
  ASSERT_TRUE(CreateShell("echo starting; exit 7"));
  const json::object error = InvokeFailing();
  EXPECT_EQ(StringOr(error, "errorType", ""), "Runtime.ExitError");
  EXPECT_THAT(StringOr(error, "errorMessage", ""), HasSubstr("exit status 7"));
  EXPECT_THAT(sink_.text(), HasSubstr("/aws/lambda/f: starting\n"));
}

TEST_F(FunctionsTest, ABootstrapThatCannotRunIsReported) {
  ASSERT_TRUE(Create("f", {.runtime = "provided", .handler = "h"},
                     MakeZip({{"bootstrap", "#!/no/such/program\n"}}).value()));
  for (int i = 0; i < 3; ++i) {
    const json::object error = InvokeFailing();
    EXPECT_EQ(StringOr(error, "errorType", ""), "Runtime.InvalidEntrypoint");
    EXPECT_THAT(StringOr(error, "errorMessage", ""), HasSubstr("bootstrap"));
  }
}

TEST_F(FunctionsTest, APackageWithoutABootstrapIsReported) {
  ASSERT_TRUE(Create("f", {.runtime = "provided", .handler = "h"}, MakeZip({{"x", "y"}}).value()));
  EXPECT_EQ(StringOr(InvokeFailing(), "errorType", ""), "Runtime.InvalidEntrypoint");
}

TEST_F(FunctionsTest, OneFunctionCannotTakeAnothersEvents) {
  // "f" tells its port, then takes its time; "thief" polls that port.
  ASSERT_TRUE(
      CreatePython("import os, time\ndef lambda_handler(e, c):\n"
                   "  if e == 'port': return os.environ['AWS_LAMBDA_RUNTIME_API']\n  return e\n"));
  const std::string address = std::string(ParseJson(Invoke("\"port\"")->payload)->get_string());
  ASSERT_TRUE(Create("thief",
                     {.runtime = "python3.11", .handler = "t.h", .timeout_s = 10, .memory_mb = 256},
                     MakeZip({{"t.py", R"(
import http.client
def h(event, context):
    statuses = []
    for headers in ({}, {"Scones-Runtime-Key": "0" * 48}):
        c = http.client.HTTPConnection(event, timeout=5)
        c.request("GET", "/2018-06-01/runtime/invocation/next", headers=headers)
        statuses.append(c.getresponse().status)
    return statuses
)"}}).value()));
  EXPECT_EQ(Invoke("\"" + address + "\"", "thief")->payload, "[403, 403]");
  EXPECT_EQ(Invoke("\"mine\"")->payload, "\"mine\"");
}

// ---- Native -------------------------------------------------------------------------------------

TEST_F(FunctionsTest, ANativeFunctionRunsForAMarkedPackage) {
  const auto created = CreateNative();
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_TRUE(created->native);
  const auto result = Invoke("[7]", "arn:aws:lambda:eu-west-3:820235860091:function:n:$LATEST");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->payload, R"({"name":"n","event":[7]})");
  EXPECT_THAT(result->log_tail, HasSubstr("START RequestId: " + result->request_id));
  EXPECT_THAT(result->log_tail, HasSubstr("REPORT RequestId: " + result->request_id));
}

TEST_F(FunctionsTest, ANativeFailureHasPythonsErrorShape) {
  ASSERT_TRUE(CreateNative());
  const json::object error = InvokeFailing("\"fail\"", "n");
  EXPECT_EQ(StringOr(error, "errorMessage", ""), "'x'");
  EXPECT_EQ(StringOr(error, "errorType", ""), "KeyError");
  EXPECT_EQ(StringOr(InvokeFailing("\"large\"", "n"), "errorType", ""),
            "Function.ResponseSizeTooLarge");
}

TEST_F(FunctionsTest, ANativeFunctionTimesOut) {
  ASSERT_TRUE(CreateNative(1));
  const auto result = Invoke("\"hang\"", "n");
  ASSERT_TRUE(result);
  EXPECT_THAT(result->payload, HasSubstr("Task timed out after 1.00 seconds"));
}

TEST_F(FunctionsTest, WithoutTheMarkerAHandlerOfThatNameIsTheUsers) {
  const auto created = Create("f", {.runtime = "provided.al2023", .handler = "scones.echo"},
                              MakeZip({{"bootstrap", "#!/bin/sh\nexit 4\n"}}).value());
  ASSERT_TRUE(created);
  EXPECT_FALSE(created->native);
  EXPECT_THAT(StringOr(InvokeFailing(), "errorMessage", ""), HasSubstr("exit status 4"));
}

// ---- Limits -------------------------------------------------------------------------------------

TEST_F(FunctionsTest, PayloadsBeyondTheirLimitAreRefused) {
  ASSERT_TRUE(CreateNative());
  const auto text = [](std::size_t bytes) { return "\"" + std::string(bytes - 2, 'x') + "\""; };
  EXPECT_TRUE(Invoke(text(kMaxSyncPayloadBytes - 100), "n"));
  EXPECT_EQ(Invoke(text(kMaxSyncPayloadBytes + 1), "n").error().reason(),
            "RequestTooLargeException");
  EXPECT_TRUE(Invoke(text(kMaxAsyncPayloadBytes), "n", InvocationType::kEvent));
  EXPECT_EQ(Invoke(text(kMaxAsyncPayloadBytes + 1), "n", InvocationType::kEvent).error().reason(),
            "RequestTooLargeException");
  EXPECT_EQ(Invoke("{no json", "n").error().reason(), "InvalidRequestContentException");
}

TEST_F(FunctionsTest, AResponseBeyondSixMegabytesIsAFunctionError) {
  ASSERT_TRUE(CreatePython("def lambda_handler(e, c): return 'x' * e\n"));
  EXPECT_EQ(Invoke("5000000")->payload.size(), 5'000'002u);
  EXPECT_EQ(StringOr(InvokeFailing("6500000"), "errorType", ""), "Function.ResponseSizeTooLarge");
  EXPECT_EQ(Invoke("1")->payload, "\"x\"");
}

TEST_F(FunctionsTest, ReservedConcurrencyLimitsWhatRunsAtOnce) {
  ASSERT_TRUE(CreatePython("import time\ndef lambda_handler(e, c): time.sleep(e)\n"));
  ASSERT_TRUE(shards_.RunAndWait(
      functions_->UpdateExtras({.name = "f"}, [](FunctionExtras& extras) -> Result<void> {
        extras.reserved_concurrency = 1;
        return {};
      })));
  std::thread first([&] { EXPECT_TRUE(Invoke("1")); });
  ASSERT_TRUE(Eventually([&] { return sink_.text().find("START") != std::string::npos; }));
  EXPECT_EQ(Invoke("0").error().reason(), "TooManyRequestsException");
  first.join();
  EXPECT_TRUE(Invoke("0"));
}

TEST_F(FunctionsTest, NoMoreProcessesThanMayBeAreStarted) {
  options_.max_environments = 1;
  Reopen();
  ASSERT_TRUE(CreatePython("import time\ndef lambda_handler(e, c): time.sleep(e)\n"));
  ASSERT_TRUE(Create("g", {.runtime = "provided", .handler = "h"},
                     MakeZip({{"bootstrap", "#!/bin/sh\nexit 5\n"}}).value()));
  std::thread first([&] { EXPECT_TRUE(Invoke("1")); });
  ASSERT_TRUE(Eventually([&] { return sink_.text().find("START") != std::string::npos; }));
  EXPECT_EQ(Invoke("0", "g").error().reason(), "TooManyRequestsException");
  first.join();
  // The warm one, now unused, makes room.
  EXPECT_THAT(StringOr(InvokeFailing("0", "g"), "errorMessage", ""), HasSubstr("exit status 5"));
}

TEST_F(FunctionsTest, ConcurrentInvocationsRunInEnvironmentsOfTheirOwn) {
  ASSERT_TRUE(CreatePython(
      "import os, time\ndef lambda_handler(e, c):\n  time.sleep(0.3)\n  return os.getpid()\n"));
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> pids;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto result = Invoke();
      ASSERT_TRUE(result);
      const std::lock_guard lock(mutex);
      pids.insert(result->payload);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pids.size(), 4u);
}

TEST_F(FunctionsTest, UnusedEnvironmentsEnd) {
  options_.idle_timeout = std::chrono::seconds(0);
  Reopen();
  ASSERT_TRUE(CreatePython("import os\ndef lambda_handler(e, c): return os.getpid()\n"));
  const int pid = std::atoi(Invoke()->payload.c_str());
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(Eventually([&] { return ::kill(pid, 0) != 0; }));
}

TEST_F(FunctionsTest, StopEndsInvocationsUnderWay) {
  ASSERT_TRUE(CreatePython("import time\ndef lambda_handler(e, c): time.sleep(60)\n", {}, 100));
  std::thread waiting([&] { EXPECT_EQ(Invoke().error().code(), Code::kCancelled); });
  ASSERT_TRUE(Eventually([&] { return sink_.text().find("START") != std::string::npos; }));
  functions_->Stop();
  waiting.join();
  EXPECT_EQ(Invoke().error().code(), Code::kUnavailable);
}

// ---- Asynchronous -------------------------------------------------------------------------------

TEST_F(FunctionsTest, AnAsynchronousEventIsTriedThreeTimes) {
  ASSERT_TRUE(CreatePython("def lambda_handler(e, c):\n  print('try')\n  raise Exception(e)\n"));
  const auto queued = Invoke("1", "f", InvocationType::kEvent);
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->status, 202);
  const auto tries = [&] {
    const std::string text = sink_.text();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(": try\n", at)) != text.npos; ++at) ++count;
    return count;
  };
  EXPECT_TRUE(Eventually([&] { return tries() == 3; }));
  // Dropped after that: a later event finds the queue going on, and there is no fourth try.
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateCode(
      {.name = "f"},
      {MakeZip({{"lambda_function.py", "def lambda_handler(e, c): print('done')"}}).value()}, {})));
  ASSERT_TRUE(Invoke("1", "f", InvocationType::kEvent));
  EXPECT_TRUE(Eventually([&] { return sink_.text().find(": done\n") != std::string::npos; }));
  EXPECT_EQ(tries(), 3u);
}

TEST_F(FunctionsTest, AQueuedEventRunsAfterARestart) {
  options_.async_retry_delays = {std::chrono::seconds(1)};
  options_.async_concurrency = 0;  // nothing runs before the restart
  Reopen();
  ASSERT_TRUE(CreateNative());
  ASSERT_TRUE(Invoke("[1]", "n", InvocationType::kEvent));
  EXPECT_EQ(sink_.text(), "");
  options_.async_concurrency = 1;
  Reopen();
  EXPECT_TRUE(
      Eventually([&] { return sink_.text().find("/aws/lambda/n: END") != std::string::npos; }));
}

TEST_F(FunctionsTest, ADryRunChecksAndRunsNothing) {
  ASSERT_TRUE(CreateNative());
  const auto checked = Invoke("{}", "n", InvocationType::kDryRun);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->status, 204);
  EXPECT_EQ(sink_.text(), "");
  EXPECT_EQ(Invoke("{}", "absent", InvocationType::kDryRun).error().reason(),
            "ResourceNotFoundException");
}

// ---- Records ------------------------------------------------------------------------------------

TEST_F(FunctionsTest, FunctionsVersionsAndAliasesSurviveARestart) {
  ASSERT_TRUE(CreatePython("def lambda_handler(e, c): return 'old'\n", {{"AB", "b"}}));
  const auto version = shards_.RunAndWait(functions_->PublishVersion({.name = "f"}, "first", {}));
  ASSERT_TRUE(version);
  EXPECT_EQ(version->version, "1");
  EXPECT_THAT(version->arn, HasSubstr(":function:f:1"));
  const auto again = shards_.RunAndWait(functions_->PublishVersion({.name = "f"}, "", {}));
  EXPECT_EQ(again->version, "1") << "nothing has changed since";
  ASSERT_TRUE(shards_.RunAndWait(
      functions_->UpdateExtras({.name = "f"}, [](FunctionExtras& extras) -> Result<void> {
        extras.aliases["live"] = {.name = "live", .version = "1"};
        return {};
      })));
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateCode(
      {.name = "f"},
      {MakeZip({{"lambda_function.py", "def lambda_handler(e, c): return 'new'"}}).value()}, {})));
  Reopen();
  EXPECT_EQ(functions_->Get({.name = "f"})->settings.environment.at("AB"), "b");
  EXPECT_EQ(functions_->ListVersions({.name = "f"})->size(), 2u);
  EXPECT_EQ(Invoke()->payload, "\"new\"");
  EXPECT_EQ(Invoke("{}", "f:1")->payload, "\"old\"");
  EXPECT_EQ(Invoke("{}", "f:live")->payload, "\"old\"");
  EXPECT_EQ(Invoke("{}", "f:live")->executed_version, "1");
  EXPECT_EQ(Invoke("{}", "f:2").error().reason(), "ResourceNotFoundException");
}

TEST_F(FunctionsTest, ANameThatExistsIsAConflictAndADeletedFunctionIsGone) {
  ASSERT_TRUE(CreateNative());
  const auto conflict = CreateNative();
  EXPECT_EQ(conflict.error().reason(), "ResourceConflictException");
  EXPECT_EQ(conflict.error().message(), "Function already exist: n");
  ASSERT_TRUE(shards_.RunAndWait(functions_->Delete({.name = "n"})));
  EXPECT_EQ(Invoke("{}", "n").error().message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:n");
  EXPECT_EQ(shards_.RunAndWait(functions_->Delete({.name = "n"})).error().reason(),
            "ResourceNotFoundException");
  Reopen();
  EXPECT_TRUE(functions_->List().empty());
}

TEST_F(FunctionsTest, CodeThatNobodyUsesIsRemoved) {
  const auto count = [&] {
    std::error_code none;
    std::size_t files = 0;
    for (const char* part : {"packages", "code", "partial"}) {
      for ([[maybe_unused]] const auto& entry :
           std::filesystem::directory_iterator(options_.data_dir / part, none)) {
        ++files;
      }
    }
    return files;
  };
  ASSERT_TRUE(CreateNative());
  EXPECT_EQ(count(), 2u);
  ASSERT_TRUE(shards_.RunAndWait(functions_->Delete({.name = "n"})));
  EXPECT_TRUE(Eventually([&] { return count() == 0; }));
  std::ofstream(options_.data_dir / "packages" / "stray.zip") << "x";
  Reopen();
  EXPECT_EQ(count(), 0u);
}

TEST_F(FunctionsTest, SettingsOutOfBoundsAreRefusedByName) {
  const std::string zip = MakeZip({{"bootstrap", "x"}}).value();
  const auto refusal = [&](FunctionSettings settings, const std::string& name = "f") {
    const auto created = Create(name, std::move(settings), zip);
    return created ? "created" : created.error().reason() + ": " + created.error().message();
  };
  EXPECT_THAT(refusal({.runtime = "cobol", .handler = "h"}), HasSubstr("'runtime'"));
  EXPECT_THAT(refusal({.runtime = "python3.x1", .handler = "h"}), HasSubstr("'runtime'"));
  EXPECT_THAT(refusal({.runtime = "provided"}), HasSubstr("'handler'"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h", .timeout_s = 901}),
              HasSubstr("'timeout'"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h", .memory_mb = 64}),
              HasSubstr("'memorySize'"));
  EXPECT_THAT(
      refusal({.runtime = "provided", .handler = "h", .environment = {{"AWS_REGION", "x"}}}),
      HasSubstr("reserved keys"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h", .environment = {{"1x", "x"}}}),
              HasSubstr("regular expression"));
  EXPECT_THAT(refusal({.runtime = "provided",
                       .handler = "h",
                       .environment = {{"BIG", std::string(5000, 'x')}}}),
              HasSubstr("4KB limit"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h"}, "../x"),
              HasSubstr("'functionName'"));
  EXPECT_TRUE(functions_->List().empty());
}

TEST(FunctionRef, ResolvesNamesAndArnsOfAnyAccount) {
  const auto parse = [](std::string_view text, std::string_view qualifier = "") {
    const auto reference = FunctionRef::Parse(text, qualifier);
    return reference ? reference->name + "|" + reference->qualifier : reference.error().reason();
  };
  EXPECT_EQ(parse("f"), "f|");
  EXPECT_EQ(parse("f:1"), "f|1");
  EXPECT_EQ(parse("arn:aws:lambda:us-east-1:820235860091:function:f:$LATEST"), "f|$LATEST");
  EXPECT_EQ(parse("arn:aws-cn:lambda:x:1:function:f"), "f|");
  EXPECT_EQ(parse("123456789012:function:f:live"), "f|live");
  EXPECT_EQ(parse("f", "2"), "f|2");
  EXPECT_EQ(parse("f:1", "2"), "InvalidParameterValueException");
  for (const char* bad :
       {"", "a b", "f:", "f:1:2", "arn:aws:s3:::b", "arn:aws:lambda:r:a:layer:f", "../f"}) {
    EXPECT_EQ(parse(bad), "ValidationException") << bad;
  }
}

}  // namespace
}  // namespace scones::functions

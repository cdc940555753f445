// What a function's code may do and how its failures are told: Python, bootstraps, native.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "functions/detail/testing.h"

namespace scones::functions {
namespace {

using testing::HasSubstr;
using testing::Not;

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

}  // namespace
}  // namespace scones::functions

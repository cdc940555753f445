// What the tests of this module share: an installation in a directory of its own, with a native
// function "echo" and a sink that keeps the log.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "db/database.h"
#include "functions/functions.h"
#include "functions/package.h"
#include "io/log_sink.h"
#include "io/shards.h"

namespace scones::functions {

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

inline io::Task<Result<std::string>> Echo(InvokeContext context, std::string event) {
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

}  // namespace scones::functions

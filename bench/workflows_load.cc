// Load for bench/workflows.sh: deploys three native functions and the state machine of a file to a
// server, starts executions over HTTP with signed requests, and reports how many durable executions
// the server completes per second. Every execution is checked to have succeeded. Then the same with
// the whole history of each execution read back when it has ended.
//   workflows_load URL CREDENTIALS_FILE STATE_MACHINE_FILE EXECUTIONS CONCURRENCY
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "client/aws_client.h"
#include "functions/package.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kRole[] = "arn:aws:iam::000000000000:role/scones";
// What the last function of the workflow lets pass.
constexpr char kInput[] =
    R"({"statusCode":200,"body":{"image_data":"","s3_bucket":"bench","s3_key":"test/a.png",)"
    R"("inferences":[0.98,0.02]}})";

[[noreturn]] void Fail(const std::string& what) {
  fmt::print(stderr, "workflows_load: {}\n", what);
  std::exit(1);
}

template <class T>
T Must(Result<T> result, std::string_view what) {
  if (!result) Fail(fmt::format("{}: {}", what, result.error().message()));
  return std::move(*result);
}

class Load {
 public:
  Load(client::AwsClient& aws, io::Shards& shards) : aws_(aws), shards_(shards) {}

  void Deploy(const std::string& definition) {
    const std::string package = Must(functions::MakeWorkflowPackage(""), "package");
    for (const char* name : {"serializerImageData", "imageClassificationInference",
                             "filterLowConfidencePredictions"}) {
      client::AwsRequest request{
          .service = "lambda", .method = "POST", .path = "/2015-03-31/functions"};
      request.headers.Add("Content-Type", "application/json");
      request.body = ToJson(json::object{{"FunctionName", name},
                                         {"Runtime", "provided.al2023"},
                                         {"Role", kRole},
                                         {"Handler", "scones.filter_confidence"},
                                         {"Code", {{"ZipFile", Base64Encode(package)}}}});
      Must(shards_.RunAndWait(aws_.Call(std::move(request))), "CreateFunction");
    }
    const json::object created =
        Call("CreateStateMachine",
             {{"name", "workflows-load"}, {"definition", definition}, {"roleArn", kRole}});
    machine_ = StringOr(created, "stateMachineArn", "");
  }

  // Starts `count` executions from `concurrency` clients, and waits until all have ended.
  struct Outcome {
    double seconds = 0;
    std::vector<double> start_ms;  // latency of StartExecution, sorted
  };
  Outcome Run(std::int64_t count, std::int64_t concurrency, bool read_history) {
    read_history_ = read_history;
    Outcome outcome;
    std::atomic<std::int64_t> left{count};
    std::latch done(concurrency);
    std::vector<std::vector<double>> latencies(static_cast<std::size_t>(concurrency));
    const SteadyClock::time_point begin = SteadyClock::now();
    for (std::vector<double>& mine : latencies) shards_.Spawn(Client(left, done, mine));
    done.wait();
    while (!ListPage("RUNNING", "").at("executions").as_array().empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    outcome.seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
    for (const std::vector<double>& mine : latencies) {
      outcome.start_ms.insert(outcome.start_ms.end(), mine.begin(), mine.end());
    }
    std::sort(outcome.start_ms.begin(), outcome.start_ms.end());
    return outcome;
  }

  std::int64_t events_read() const { return events_read_; }

  std::int64_t CountSucceeded() {
    std::int64_t count = 0;
    std::string token;
    do {
      const json::object page = ListPage("SUCCEEDED", token);
      count += static_cast<std::int64_t>(page.at("executions").as_array().size());
      token = StringOr(page, "nextToken", "");
    } while (!token.empty());
    return count;
  }

 private:
  json::object Call(const std::string& operation, json::object input) {
    return Must(shards_.RunAndWait(aws_.CallJson("states", operation, std::move(input))),
                operation);
  }

  json::object ListPage(const std::string& status, const std::string& token) {
    json::object input{
        {"stateMachineArn", machine_}, {"statusFilter", status}, {"maxResults", 1000}};
    if (!token.empty()) input["nextToken"] = token;
    return Call("ListExecutions", std::move(input));
  }

  io::Task<void> Client(std::atomic<std::int64_t>& left, std::latch& done,
                        std::vector<double>& latencies) {
    std::string before;  // the execution started last; by now it has most likely ended
    while (left.fetch_sub(1) > 0) {
      const SteadyClock::time_point begin = SteadyClock::now();
      json::object input{{"stateMachineArn", machine_}, {"input", kInput}};
      Result<json::object> started =
          co_await aws_.CallJson("states", "StartExecution", std::move(input));
      if (!started) Fail("StartExecution: " + started.error().message());
      latencies.push_back(
          std::chrono::duration<double, std::milli>(SteadyClock::now() - begin).count());
      if (!read_history_) continue;
      if (!before.empty()) co_await ReadHistory(before);
      before = StringOr(*started, "executionArn", "");
    }
    if (!before.empty()) co_await ReadHistory(before);
    done.count_down();
  }

  // Until its last event is there. The three-Task machine writes 17 events.
  io::Task<void> ReadHistory(std::string arn) {
    while (true) {
      json::object input{{"executionArn", arn}, {"maxResults", 1000}};
      Result<json::object> page =
          co_await aws_.CallJson("states", "GetExecutionHistory", std::move(input));
      if (!page) Fail("GetExecutionHistory: " + page.error().message());
      const json::array& events = page->at("events").as_array();
      if (!events.empty() &&
          StringOr(events.back().as_object(), "type", "") == "ExecutionSucceeded") {
        events_read_ += static_cast<std::int64_t>(events.size());
        co_return;
      }
    }
  }

  client::AwsClient& aws_;
  io::Shards& shards_;
  std::string machine_;
  bool read_history_ = false;
  std::atomic<std::int64_t> events_read_{0};
};

}  // namespace
}  // namespace scones

int main(int argc, char** argv) {
  using namespace scones;  // NOLINT: a program of one file
  if (argc != 6) Fail("usage: URL CREDENTIALS_FILE STATE_MACHINE_FILE EXECUTIONS CONCURRENCY");
  const std::int64_t count = std::atoll(argv[4]);
  const std::int64_t concurrency = std::atoll(argv[5]);
  SystemClock clock;
  io::Shards shards(1);
  const client::AwsConfig config =
      Must(client::LoadAwsConfig({.endpoint_url = argv[1], .credentials_file = argv[2]},
                                 client::ProcessEnvironment()),
           "configuration");
  client::AwsClient aws(config, clock);
  Load load(aws, shards);
  load.Deploy(Must(io::ReadFile(argv[3]), argv[3]));
  const std::int64_t warm_up = std::min<std::int64_t>(count / 10, 1'000);
  load.Run(warm_up, concurrency, false);
  const Load::Outcome outcome = load.Run(count, concurrency, false);
  const Load::Outcome read_back = load.Run(count, concurrency, true);
  const std::int64_t succeeded = load.CountSucceeded();
  if (succeeded != warm_up + 2 * count) {
    Fail(fmt::format("{} executions of {} succeeded", succeeded, warm_up + 2 * count));
  }
  const auto percentile = [&](double share) {
    return outcome.start_ms[static_cast<std::size_t>(share * double(outcome.start_ms.size() - 1))];
  };
  fmt::print(
      "{{\"executions\":{},\"concurrency\":{},\"seconds\":{:.3f},\"executions_per_second\":{:.0f},"
      "\"start_ms\":{{\"p50\":{:.2f},\"p95\":{:.2f},\"p99\":{:.2f}}},"
      "\"with_history_per_second\":{:.0f},\"events_read\":{}}}\n",
      count, concurrency, outcome.seconds, double(count) / outcome.seconds, percentile(0.5),
      percentile(0.95), percentile(0.99), double(count) / read_back.seconds, load.events_read());
}

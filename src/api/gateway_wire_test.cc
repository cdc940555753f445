// boto3 signs, the gateway verifies: over real sockets, with every Python here that has boto3.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "api/gateway.h"
#include "api/iam.h"
#include "api/sts.h"
#include "http/server.h"
#include "io/file.h"
#include "io/process.h"

namespace scones::api {
namespace {

constexpr char kScript[] = "src/api/gateway_wire_test.py";
constexpr char kKey[] = "AKIAIOSFODNN7EXAMPLE";
constexpr char kSecret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

class EchoDialect final : public Dialect {
 public:
  explicit EchoDialect(bool s3) : s3_(s3) {}
  io::Task<http::Response> Handle(Call, http::Request request, http::BodyStream& body) override {
    Result<std::string> bytes = co_await http::ReadAll(body, 100 << 20);
    http::Response response;
    if (!bytes) {
      response.status = 400;
      response.body = bytes.error().message();
    } else if (!s3_) {
      response.body = "{}";
    } else if (request.method == "POST") {
      response.body = "<DeleteResult/>";
    } else if (request.method == "GET") {
      response.body = request.method + " " + request.target;
    }
    response.headers.Add("Content-Type", s3_ ? "application/xml" : "application/json");
    co_return response;
  }

 private:
  const bool s3_;
};

// All programs named python3 in the PATH, each once.
std::set<std::string> Pythons() {
  std::set<std::string> found;
  std::string list = std::getenv("PATH") != nullptr ? std::getenv("PATH") : "";
  list += ":/usr/bin:";
  for (std::size_t end = 0; (end = list.find(':')) != std::string::npos; list.erase(0, end + 1)) {
    const std::string path = list.substr(0, end) + "/python3";
    char resolved[4096];
    if (::access(path.c_str(), X_OK) == 0 && ::realpath(path.c_str(), resolved) != nullptr) {
      // A shim of a version manager must be called by its own name.
      found.insert(path.find("shims") == std::string::npos ? resolved : path);
    }
  }
  return found;
}

struct Ran {
  int code = 0;
  std::string output;
};

Ran RunCommand(std::vector<std::string> command) {
  Ran ran;
  const char* const home = std::getenv("HOME");
  const char* const path = std::getenv("PATH");
  io::ProcessOptions options{.command = std::move(command)};
  options.environment = {{"HOME", home != nullptr ? home : "/"},
                         {"PATH", path != nullptr ? path : "/usr/bin:/bin"},
                         {"AWS_EC2_METADATA_DISABLED", "true"}};
  options.directory = std::filesystem::current_path();
  options.on_line = [&ran](std::string_view line) { ran.output.append(line).append("\n"); };
  auto process = io::Process::Start(std::move(options));
  if (!process) return {-1, process.error().message()};
  ran.code = (*process)->Wait().code;
  return ran;
}

TEST(GatewayWireTest, EveryBoto3HereComesThroughAndWrongKeysDoNot) {
  if (!std::filesystem::exists(kScript)) GTEST_SKIP() << kScript << " is not here";
  io::TemporaryDirectory folder;
  const io::Path file = folder.path() / "credentials";
  std::ofstream(file) << "[default]\naws_access_key_id = " << kKey
                      << "\naws_secret_access_key = " << kSecret << "\n";
  ::chmod(file.c_str(), 0600);
  const auto credentials = *auth::Credentials::OpenOrCreate(file);
  const SystemClock clock;
  EchoDialect s3(true);
  EchoDialect json(false);
  QueryDialect sts(kStsNamespace);
  QueryDialect iam(kIamNamespace);
  AddStsActions(sts, *credentials);
  AddIamActions(iam);
  Gateway gateway({.dialects = {{"s3", &s3},
                                {"states", &json},
                                {"sagemaker", &json},
                                {"sagemaker-runtime", &json},
                                {"lambda", &json},
                                {"logs", &json},
                                {"sts", &sts},
                                {"iam", &iam}}},
                  *credentials, clock);
  io::Shards shards(2);
  const auto server = *http::Server::Start(shards, {}, gateway.handler());
  const std::string endpoint = "http://127.0.0.1:" + std::to_string(server->port());
  int with_boto3 = 0;
  for (const std::string& python : Pythons()) {
    if (RunCommand({python, "-c", "import boto3"}).code != 0) continue;
    ++with_boto3;
    const Ran ran = RunCommand({python, kScript, endpoint, kKey, kSecret});
    EXPECT_EQ(ran.code, 0) << python << "\n" << ran.output;
    RecordProperty("boto3_" + std::to_string(with_boto3), ran.output);
  }
  if (with_boto3 == 0) GTEST_SKIP() << "no python3 with boto3 is here";
}

}  // namespace
}  // namespace scones::api

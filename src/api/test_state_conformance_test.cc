// TestState as AWS answered it: the shared corpus' recorded calls, through the JSON dialect against
// a workflow service in process. Skipped where the corpus is absent. Each miss is named.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "api/states.h"
#include "base/json.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones::api {
namespace {

namespace fs = std::filesystem;

// What passes today of 120; a change that makes one fail lowers it.
constexpr std::size_t kPassed = 120;

// Functions as the recordings' do.
class RecordedFunctions final : public workflows::TaskRunner {
 public:
  void Start(workflows::TaskRequest request, workflows::TaskDone done) override {
    const bool lambda = request.task.kind == asl::TaskKind::kFunction;
    done(lambda ? workflows::TaskOutcome::Succeeded(R"("HelloWorld!")")
                : workflows::TaskOutcome::Failed("States.TaskFailed", "no such integration"));
  }
  void Cancel(const std::string&, std::uint64_t) override {}
};

struct Answer {
  int status = 0;
  json::object body;
};

io::Task<Answer> Send(JsonDialect& dialect, std::string body) {
  http::Request request;
  request.method = "POST";
  request.headers.Add("X-Amz-Target", "AWSStepFunctions.TestState");
  const std::unique_ptr<http::BodyStream> stream = http::MakeStringBody(std::move(body));
  http::Response response = co_await dialect.Handle(Call{}, std::move(request), *stream);
  Answer answer{.status = response.status, .body = {}};
  const Result<json::value> parsed = ParseJson(response.body.empty() ? "{}" : response.body);
  if (parsed && parsed->is_object()) answer.body = parsed->get_object();
  co_return answer;
}

class Installation {
 public:
  Installation() {
    database_ = *db::Database::Open(directory_.path() / "db", {});
    Identity identity;
    identity.account = "111111111111";
    service_ = *workflows::Workflows::Open(*database_, runner_, clock_, identity, {});
    AddStatesOperations(dialect_, *service_);
  }
  Answer Call(const std::string& body) { return shards_.RunAndWait(Send(dialect_, body)); }

 private:
  io::TemporaryDirectory directory_;
  io::Shards shards_{1};  // outlives the database's thread, which answers coroutines on it
  SystemClock clock_;
  RecordedFunctions runner_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<workflows::Workflows> service_;
  JsonDialect dialect_{
      {.target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"}};
};

// A recorded leaf that stands for what differs from run to run.
bool IsVolatile(const json::value& expected) {
  const json::string* text = expected.if_string();
  if (text == nullptr) return false;
  static const std::set<std::string> words = {"date", "datetime", "timestamp", "start-time"};
  return text->find('<') != json::string::npos || words.contains(std::string(*text));
}

std::string Difference(const json::value& expected, const json::value& actual,
                       const std::string& at) {
  const auto differs = [&] {
    return at + ": expected " + ToJson(expected).substr(0, 200) + " got " +
           ToJson(actual).substr(0, 200);
  };
  if (IsVolatile(expected)) return "";
  if (actual.is_string() && (expected.is_object() || expected.is_array())) {
    const Result<json::value> inner = ParseJson(std::string_view(actual.get_string()));
    return inner ? Difference(expected, *inner, at) : differs();
  }
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.get_object()) {
      if (key == "ResponseMetadata") continue;
      const json::value* member = actual.get_object().if_contains(key);
      if (member == nullptr) return at + "." + std::string(key) + " is missing";
      std::string inner = Difference(value, *member, at + "." + std::string(key));
      if (!inner.empty()) return inner;
    }
    for (const auto& [key, value] : actual.get_object()) {
      if (!expected.get_object().contains(key)) return at + "." + std::string(key) + " is too much";
    }
    return "";
  }
  if (expected.is_array() && actual.is_array()) {
    if (expected.get_array().size() != actual.get_array().size()) return differs();
    for (std::size_t i = 0; i < expected.get_array().size(); ++i) {
      std::string inner = Difference(expected.get_array()[i], actual.get_array()[i],
                                     at + "[" + std::to_string(i) + "]");
      if (!inner.empty()) return inner;
    }
    return "";
  }
  return ToJson(expected) == ToJson(actual) ? "" : differs();
}

std::string RunCase(Installation& installation, const json::object& recording) {
  const json::object& expected = recording.at("expected").as_object();
  const Answer answer = installation.Call(ToJson(recording.at("request")));
  if (const json::object* response = FindObject(expected, "response")) {
    if (answer.status != 200) return "refused: " + ToJson(answer.body).substr(0, 300);
    return Difference(*response, answer.body, "");
  }
  if (answer.status < 400) return "expected a refusal, got " + ToJson(answer.body).substr(0, 300);
  // A request that the client's own library refused has no recorded answer.
  const json::string* code = FindString(expected, "error_code");
  if (code == nullptr) return "";
  if (StringOr(answer.body, "__type", "") != std::string_view(*code)) {
    return "expected " + std::string(*code) + " got " + ToJson(answer.body).substr(0, 300);
  }
  const std::string message = StringOr(expected, "message", "");
  const std::string got = StringOr(answer.body, "message", "");
  return message == got ? "" : "expected \"" + message + "\" got \"" + got + "\"";
}

TEST(TestStateConformance, AnswersAsRecorded) {
  const char* shared = std::getenv("SCONES_SHARED");
  const fs::path folder =
      fs::path(shared != nullptr ? shared : "../shared") / "corpus" / "asl" / "test_state";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Installation installation;
  std::size_t passed = 0;
  for (const fs::path& file : files) {
    const Result<json::value> recording = ParseJson(io::ReadFile(file).value_or(""));
    ASSERT_TRUE(recording) << file;
    const std::string fault = RunCase(installation, recording->as_object());
    if (fault.empty()) {
      ++passed;
    } else {
      std::cout << "not passed: " << file.stem().string() << ": " << fault << "\n";
    }
  }
  std::cout << passed << " of " << files.size() << " recorded calls of TestState\n";
  EXPECT_GE(passed, kPassed);
}

TEST(TestStateConformance, TheStateThatCausedAnErrorIsNamedByAStatesName) {
  Installation installation;
  const auto named = [&](const std::string& name) {
    return installation.Call(ToJson(json::object{
        {"definition",
         R"({"Type":"Parallel","Branches":[{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}],
             "End":true})"},
        {"mock", {{"errorOutput", {{"error", "E"}, {"cause", "x"}}}}},
        {"stateConfiguration", {{"errorCausedByState", name}}}}));
  };
  EXPECT_EQ(StringOr(named("P").body, "error", ""), "E");
  EXPECT_EQ(named("").status, 400);
  EXPECT_EQ(named(std::string(81, 'P')).status, 400);
}

}  // namespace
}  // namespace scones::api

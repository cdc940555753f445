// Step Functions' calls as AWS answered them: ordered calls (api_sequence) and single errors
// (api_error) of the shared corpus, through the JSON dialect against a workflow service in process.
// Skipped where the corpus is absent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "api/states.h"
#include "base/json.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones::api {
namespace {

namespace fs = std::filesystem;

// What passes today; a change that makes one fail lowers it.
constexpr std::size_t kSequencesPassed = 86;
constexpr std::size_t kErrorsPassed = 42;

fs::path Corpus() {
  const char* shared = std::getenv("SCONES_SHARED");
  return fs::path(shared != nullptr ? shared : "../shared") / "corpus" / "asl";
}

// "create_state_machine" -> "CreateStateMachine".
std::string OperationName(std::string_view snake) {
  std::string name;
  bool upper = true;
  for (const char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      name.push_back(upper ? static_cast<char>(std::toupper(c)) : c);
      upper = false;
    }
  }
  return name;
}

class EchoRunner final : public workflows::TaskRunner {
 public:
  void Start(workflows::TaskRequest request, workflows::TaskDone done) override {
    done(workflows::TaskOutcome::Succeeded(request.task.input));
  }
  void Cancel(const std::string&, std::uint64_t) override {}
};

struct Answer {
  int status = 0;
  json::object body;
};

io::Task<Answer> Send(JsonDialect& dialect, std::string operation, std::string body) {
  http::Request request;
  request.method = "POST";
  request.headers.Add("X-Amz-Target", "AWSStepFunctions." + operation);
  const std::unique_ptr<http::BodyStream> stream = http::MakeStringBody(std::move(body));
  http::Response response = co_await dialect.Handle(Call{}, std::move(request), *stream);
  Answer answer{.status = response.status, .body = {}};
  const Result<json::value> parsed = ParseJson(response.body.empty() ? "{}" : response.body);
  if (parsed && parsed->is_object()) answer.body = parsed->get_object();
  co_return answer;
}

// A service of its own for one case.
class Installation {
 public:
  Installation() {
    database_ = *db::Database::Open(directory_.path() / "db", {});
    Identity identity;
    identity.account = "111111111111";
    service_ = *workflows::Workflows::Open(*database_, runner_, clock_, identity, {});
    AddStatesOperations(dialect_, *service_);
  }

  Answer Call(const std::string& operation, const std::string& body) {
    return shards_.RunAndWait(Send(dialect_, operation, body));
  }
  // Until the execution has ended, or a while is over: some cases wait for a minute.
  void AwaitEnd(const std::string& execution_arn) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto execution = service_->DescribeExecution(execution_arn);
      if (!execution || execution->status != asl::ExecutionStatus::kRunning) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  io::TemporaryDirectory directory_;
  io::Shards shards_{1};  // outlives the database's thread, which answers coroutines on it
  SystemClock clock_;
  EchoRunner runner_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<workflows::Workflows> service_;
  JsonDialect dialect_{
      {.target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"}};
};

void ReplaceAll(std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) return;
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// A recorded text in which <…> stands for anything.
bool TextMatches(const std::string& expected, const std::string& actual) {
  static const std::set<std::string> anything = {"datetime", "timestamp", "start-time",
                                                 "creation-date", "date"};
  if (anything.contains(expected)) return true;
  static const std::regex role("s[nf]+_role_arn.*");
  if (std::regex_match(expected, role)) return true;
  if (expected.find('<') == std::string::npos) return expected == actual;
  static const std::regex special(R"([.*+?^${}()|\[\]\\])");
  std::string pattern = std::regex_replace(expected, special, R"(\$&)");
  pattern = std::regex_replace(pattern, std::regex("<[^>]*>"), "[\\s\\S]*");
  return std::regex_match(actual, std::regex(pattern));
}

// Where `actual` differs from the recorded value; empty where it does not.
std::string Difference(const json::value& expected, const json::value& actual,
                       const std::string& at) {
  const auto differs = [&] {
    return at + ": expected " + ToJson(expected).substr(0, 200) + " got " +
           ToJson(actual).substr(0, 200);
  };
  if (expected.is_string()) {
    const std::string text(expected.get_string());
    if (actual.is_string()) {
      return TextMatches(text, std::string(actual.get_string())) ? "" : differs();
    }
    return TextMatches(text, "\x01") ? "" : differs();
  }
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

// "An error occurred (Code) when calling the X operation: message" or {"Error": {Code, Message}}.
std::optional<std::pair<std::string, std::string>> RecordedError(const json::value& recorded) {
  if (recorded.is_object()) {
    const json::object* error = FindObject(recorded.get_object(), "Error");
    if (error == nullptr) return std::nullopt;
    return std::pair(StringOr(*error, "Code", ""), StringOr(*error, "Message", ""));
  }
  if (!recorded.is_string()) return std::nullopt;
  const std::string text(recorded.get_string());
  std::smatch match;
  static const std::regex form(
      R"(An error occurred \((\w+)\) when calling the \w+ operation: ([\s\S]*))");
  if (!std::regex_match(text, match, form)) return std::nullopt;
  return std::pair(match[1].str(), match[2].str());
}

// `text` with the recording's own names for what it calls by others.
std::string Replaced(std::string text, const json::object& recording) {
  const json::array* replacements = FindArray(recording, "replacements");
  if (replacements == nullptr) return text;
  for (const json::value& pair : *replacements) {
    ReplaceAll(text, std::string(pair.as_array()[0].as_string()),
               std::string(pair.as_array()[1].as_string()));
  }
  return text;
}

// Answers to calls on state machines have this member since then.
constexpr char kEncryption[] = "encryptionConfiguration";
void RemoveLaterMembers(json::object& answer, const json::object& recording) {
  // "DD-MM-YYYY, …".
  const std::string recorded = StringOr(recording, "recorded_date", "");
  if (recorded.size() < 10) return;
  const std::string month = recorded.substr(6, 4) + recorded.substr(2, 3);
  if (month < "2024-07") answer.erase(kEncryption);
}

std::string CompareError(const std::pair<std::string, std::string>& expected, const Answer& answer,
                         const json::object& recording) {
  if (answer.status < 400) return "expected " + expected.first + ", but the call succeeded";
  const std::string code = StringOr(answer.body, "__type", "");
  const std::string message = Replaced(StringOr(answer.body, "message", ""), recording);
  if (code != expected.first) return "expected " + expected.first + " got " + code + ": " + message;
  if (TextMatches(expected.second, message)) return "";
  return "expected \"" + expected.second + "\" got \"" + message + "\"";
}

std::string CompareBody(const json::value& expected, json::object body,
                        const json::object& recording) {
  RemoveLaterMembers(body, recording);
  std::string fault = Difference(expected, body, "");
  if (fault.empty()) return fault;
  const Result<json::value> replaced = ParseJson(Replaced(ToJson(body), recording));
  return replaced && Difference(expected, *replaced, "").empty() ? "" : fault;
}

struct Outcome {
  std::set<std::string> passed_keys;  // of steps that have a recorded answer
  std::string fault;                  // the first; empty where all agree
};

Outcome RunSequence(const json::object& recording) {
  Installation installation;
  std::map<std::string, std::string> arns;  // recorded -> ours
  Outcome outcome;
  std::string next_token;
  for (const json::value& value : recording.at("steps").as_array()) {
    const json::object& step = value.as_object();
    const std::string operation = OperationName(StringOr(step, "op", ""));
    const json::value* recorded = FindMember(step, "expected");
    const json::value expected = recorded == nullptr ? json::value() : *recorded;
    // What the client's own library refused never reached AWS.
    if (expected.is_string() && expected.get_string().starts_with("Parameter validation failed")) {
      continue;
    }
    std::string request = ToJson(step.at("request"));
    for (auto arn = arns.rbegin(); arn != arns.rend(); ++arn) {
      ReplaceAll(request, arn->first, arn->second);
    }
    if (operation == "GetExecutionHistory" || operation == "DescribeExecution") {
      const Result<json::value> asked = ParseJson(request);
      installation.AwaitEnd(StringOr(asked->get_object(), "executionArn", ""));
    }
    // A token of the answer before was left out of the recording.
    ReplaceAll(request, R"("nextToken":null)", R"("nextToken":")" + next_token + "\"");
    const Answer answer = installation.Call(operation, request);
    next_token = StringOr(answer.body, "nextToken", "");
    if (const json::string* recorded_arn = FindString(step, "fake_arn")) {
      for (const char* member : {"executionArn", "stateMachineArn"}) {
        const std::string arn = StringOr(answer.body, member, "");
        if (arn.empty()) continue;
        if (arn != *recorded_arn) arns[std::string(*recorded_arn)] = arn;
        break;
      }
    }
    std::string fault;
    if (const auto error = RecordedError(expected)) {
      fault = CompareError(*error, answer, recording);
    } else if (expected.is_object()) {
      fault = answer.status == 200 ? CompareBody(expected, answer.body, recording)
                                   : "failed: " + ToJson(answer.body);
    } else if (answer.status != 200 && !FindBool(step, "expect_error").value_or(false)) {
      fault = "failed: " + ToJson(answer.body);
    }
    const std::string key = StringOr(step, "snapshot_key", "");
    if (fault.empty()) {
      outcome.passed_keys.insert(key);
    } else if (outcome.fault.empty()) {
      outcome.fault = operation + " (" + key + "): " + fault;
    }
  }
  return outcome;
}

json::object Load(const fs::path& path) {
  return ParseJson(io::ReadFile(path).value_or("")).value_or(json::value{}).as_object();
}

std::vector<fs::path> Files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Recordings that lost what their request said: no service can answer them as recorded.
std::string LostInRecording(const std::string& id) {
  static const std::map<std::string, std::string> lost = {
      {"sfn_api.TestSnfApi_test_create_update_state_machine_same_parameters.seq",
       "both roles became one ARN, so that the update changes nothing"},
      {"sfn_api_aliasing.TestSfnApiAliasing_test_base_lifecycle_create_update_describe.seq",
       "all versions became number 1, so that both routes lead to one"},
      {"sfn_api_aliasing.TestSfnApiAliasing_test_delete_version_with_alias.seq",
       "all versions became number 1, so that the alias is not moved"},
      {"sfn_api_logs.TestSnfApiLogs_test_update_logging_configuration.seq",
       "the first request holds what the last one changed it to"}};
  const auto known = lost.find(id);
  return known == lost.end() ? "" : " (lost in the recording: " + known->second + ")";
}

TEST(StatesConformance, OrderedCallsAreAnsweredAsByAws) {
  if (!fs::exists(Corpus())) GTEST_SKIP() << "no corpus at " << Corpus();
  std::size_t passed = 0;
  std::size_t count = 0;
  for (const fs::path& path : Files(Corpus() / "api_sequence")) {
    const json::object recording = Load(path);
    ++count;
    const Outcome outcome = RunSequence(recording);
    if (outcome.fault.empty()) {
      ++passed;
    } else {
      const std::string id = StringOr(recording, "id", "");
      std::cout << "not passed: " << id << ": " << outcome.fault << LostInRecording(id) << "\n";
    }
  }
  std::cout << "api_sequence: " << passed << " passed of " << count << "\n";
  EXPECT_GE(passed, kSequencesPassed);
}

TEST(StatesConformance, ErrorsAreNamedAndWordedAsByAws) {
  if (!fs::exists(Corpus())) GTEST_SKIP() << "no corpus at " << Corpus();
  std::map<std::string, json::object> sequences;
  for (const fs::path& path : Files(Corpus() / "api_sequence")) {
    json::object recording = Load(path);
    const std::string id = StringOr(recording, "id", "");
    sequences[id.substr(0, id.size() - 4)] = std::move(recording);  // without ".seq"
  }
  std::size_t passed = 0;
  std::size_t of_the_client = 0;
  for (const fs::path& path : Files(Corpus() / "api_error")) {
    const json::object recording = Load(path);
    const std::string id = StringOr(recording, "id", "");
    const json::object& expected = recording.at("expected").as_object();
    if (expected.at("error_code").is_null()) {
      ++of_the_client;
      continue;
    }
    const std::size_t dot = id.rfind('.');
    const auto sequence = sequences.find(id.substr(0, dot));
    std::string fault;
    if (sequence != sequences.end()) {
      const Outcome outcome = RunSequence(sequence->second);
      if (!outcome.passed_keys.contains(id.substr(dot + 1))) fault = outcome.fault;
    } else {
      Installation installation;
      fault =
          CompareError({StringOr(expected, "error_code", ""), StringOr(expected, "message", "")},
                       installation.Call(OperationName(StringOr(recording, "op", "")),
                                         ToJson(recording.at("request"))),
                       recording);
    }
    if (fault.empty()) {
      ++passed;
    } else {
      std::cout << "not passed: " << id << ": " << fault << "\n";
    }
  }
  std::cout << "api_error: " << passed << " passed; " << of_the_client
            << " are refused by the client's library\n";
  EXPECT_GE(passed, kErrorsPassed);
}

}  // namespace
}  // namespace scones::api

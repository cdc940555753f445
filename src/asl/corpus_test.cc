// Runs the recorded Step Functions cases of ../shared/corpus against the pure core: definitions
// through Validate and Parse, executions through Step() with virtual time and scripted functions,
// compared on status, output, error, cause and the whole history. Every case that does not pass is
// listed by name; the counts may only grow. Skipped, and said so, where the corpus is absent.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "asl/corpus_runner.h"
#include "asl/definition.h"
#include "asl/path.h"
#include "base/json.h"

namespace scones::asl {
namespace {

namespace fs = std::filesystem;

fs::path CorpusRoot() {
  const char* shared = std::getenv("SCONES_SHARED");
  return fs::path(shared != nullptr ? shared : "../shared") / "corpus";
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct IndexRow {
  std::string kind, klass, path, id;
};

std::vector<IndexRow> ReadIndex() {
  std::ifstream file(CorpusRoot() / "asl" / "INDEX.tsv");
  std::vector<IndexRow> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
    if (fields.size() > 10) rows.push_back({fields[1], fields[3], fields[10], fields[0]});
  }
  return rows;
}

json::object ReadCase(const fs::path& path) {
  auto value = ParseJson(ReadText(path));
  return value && value->is_object() ? value->get_object() : json::object();
}

class Tally {
 public:
  void Count(const std::string& group, const std::string& id, const std::string& problem) {
    ++total_[group];
    if (problem.empty()) {
      ++passed_[group];
    } else {
      fmt::print("  {} {}: {}\n", group, id, problem);
    }
  }
  int passed(const std::string& group) const {
    const auto found = passed_.find(group);
    return found == passed_.end() ? 0 : found->second;
  }
  void Print() const {
    for (const auto& [group, total] : total_)
      fmt::print("{}: {} of {} pass\n", group, passed(group), total);
  }

 private:
  std::map<std::string, int> total_;
  std::map<std::string, int> passed_;
};

TEST(AslCorpus, ExecutionsEndAsRecorded) {
  if (!fs::exists(CorpusRoot())) GTEST_SKIP() << "no corpus at " << CorpusRoot();
  Tally tally;
  for (const IndexRow& row : ReadIndex()) {
    if (row.kind != "execution" || (!row.klass.starts_with("pure") && row.klass != "lambda"))
      continue;
    const json::object one = ReadCase(CorpusRoot() / "asl" / row.path);
    tally.Count("execution/" + row.klass, row.id, RunCorpusCase(one));
  }
  tally.Print();
  EXPECT_GE(tally.passed("execution/pure"), kPurePassed);
  EXPECT_GE(tally.passed("execution/pure_distmap"), kDistributedMapPassed);
  EXPECT_GE(tally.passed("execution/lambda"), kLambdaPassed);
}

// Without warnings, as a caller gets who doesn't ask for them.
std::vector<Diagnostic> Errors(std::string_view text, MachineType type) {
  std::vector<Diagnostic> found = Validate(text, type);
  std::erase_if(found, [](const Diagnostic& one) { return one.severity != Severity::kError; });
  return found;
}

std::string CheckRefusal(const json::object& one, const std::string& klass) {
  const json::object& request = one.at("request").as_object();
  const json::object& expected = one.at("expected").as_object();
  const auto type = StringOr(request, "type", "STANDARD") == "EXPRESS" ? MachineType::kExpress
                                                                       : MachineType::kStandard;
  auto diagnostics = Errors(request.at("definition").as_string(), type);
  if (diagnostics.empty()) return "accepted";
  const Error error = InvalidDefinition(diagnostics);
  if (error.reason() != StringOr(expected, "error_code", "")) return "code " + error.reason();
  if (klass != "aws_message") return "";
  std::string message = StringOr(expected, "message", "");
  message = std::regex_replace(message, std::regex("<partition>"), "aws");
  return error.message() == message ? "" : error.message();
}

TEST(AslCorpus, InvalidDefinitionsAreRefusedAsRecorded) {
  if (!fs::exists(CorpusRoot())) GTEST_SKIP() << "no corpus at " << CorpusRoot();
  Tally tally;
  for (const IndexRow& row : ReadIndex()) {
    if (row.kind != "validation") continue;
    tally.Count("validation/" + row.klass, row.id,
                CheckRefusal(ReadCase(CorpusRoot() / "asl" / row.path), row.klass));
  }
  tally.Print();
  EXPECT_GE(tally.passed("validation/aws_message"), 7);
  EXPECT_GE(tally.passed("validation/code_only"), 87);
}

TEST(AslCorpus, DiagnosticsAreAsRecorded) {
  if (!fs::exists(CorpusRoot())) GTEST_SKIP() << "no corpus at " << CorpusRoot();
  Tally tally;
  for (const IndexRow& row : ReadIndex()) {
    if (row.kind != "validate_definition") continue;
    const json::object one = ReadCase(CorpusRoot() / "asl" / row.path);
    const json::object& request = one.at("request").as_object();
    json::array actual;
    for (const Diagnostic& diagnostic :
         Errors(request.at("definition").as_string(), MachineType::kStandard)) {
      json::object item = {
          {"severity", "ERROR"}, {"code", diagnostic.code}, {"message", diagnostic.message}};
      if (!diagnostic.location.empty()) item["location"] = diagnostic.location;
      actual.emplace_back(std::move(item));
    }
    const json::value& expected = one.at("expected").at("response").at("diagnostics");
    tally.Count("validate_definition", row.id, JsonEquals(actual, expected) ? "" : ToJson(actual));
  }
  tally.Print();
  EXPECT_GE(tally.passed("validate_definition"), 7);
}

TEST(AslCorpus, StaticDefinitionsAreClassified) {
  if (!fs::exists(CorpusRoot())) GTEST_SKIP() << "no corpus at " << CorpusRoot();
  Tally tally;
  for (const auto& entry : fs::directory_iterator(CorpusRoot() / "asl-static")) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".json")) continue;
    const bool valid = name.starts_with("valid");
    const auto diagnostics = Errors(ReadText(entry.path()), MachineType::kStandard);
    const std::string problem =
        diagnostics.empty() ? "accepted" : InvalidDefinition(diagnostics).message();
    tally.Count(valid ? "static/valid" : "static/invalid", name,
                valid == diagnostics.empty() ? "" : problem);
  }
  tally.Print();
  EXPECT_GE(tally.passed("static/valid"), kStaticValidPassed);
  EXPECT_GE(tally.passed("static/invalid"), kStaticInvalidPassed);
}

}  // namespace
}  // namespace scones::asl

// The JSONata test suite, read in place: every case is run, misses are named, and their number may
// not grow.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "jsonata/jsonata.h"

namespace scones::jsonata {
namespace {

namespace fs = std::filesystem;

fs::path Corpus() {
  const char* shared = std::getenv("SCONES_SHARED");
  return fs::path(shared != nullptr ? shared : "../shared") / "corpus/jsonata";
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Two cases have half of a surrogate pair in their expression, which is no JSON text here; with its
// backslash doubled, it is the expression's escape instead of the file's.
Result<json::value> ReadJson(const fs::path& path) {
  std::string text = ReadFile(path);
  for (std::size_t at = text.find("\\uD800"); at != std::string::npos;
       at = text.find("\\uD800", at + 2))
    text.insert(at, "\\");
  return ParseJson(text, {512});
}

bool Same(const json::value& expected, const json::value& actual) {
  if (expected.is_number() && actual.is_number()) {
    const double a = expected.to_number<double>();
    const double b = actual.to_number<double>();
    return a == b || std::fabs(a - b) <= 1e-13 * std::fabs(a);
  }
  if (expected.kind() != actual.kind()) return false;
  if (expected.is_array()) {
    const json::array& a = expected.get_array();
    const json::array& b = actual.get_array();
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), Same);
  }
  if (expected.is_object()) {
    if (expected.get_object().size() != actual.get_object().size()) return false;
    for (const auto& [key, value] : expected.get_object()) {
      const json::value* other = actual.get_object().if_contains(key);
      if (other == nullptr || !Same(value, *other)) return false;
    }
    return true;
  }
  return expected == actual;
}

// Why a case does not pass; empty: it does.
class Runner {
 public:
  std::string Run(const json::object& test) {
    const json::value* expression = FindMember(test, "expr");
    std::string text = StringOr(test, "expr", "");
    if (const json::string* file = FindString(test, "expr-file"))
      text = ReadFile(folder_ / std::string(*file));
    else if (expression == nullptr)
      return "no expression";
    std::optional<json::value> input;
    if (const json::value* data = FindMember(test, "data")) {
      input = *data;
    } else if (const json::string* name = FindString(test, "dataset")) {
      input = Dataset(std::string(*name));
    }
    const std::string expected_code = ExpectedCode(test);
    Result<Expression> parsed = Expression::Parse(text);
    if (!parsed) return Judge(expected_code, parsed.error());
    Result<std::optional<json::value>> result = Evaluate(*parsed, test, input);
    if (!result) return Judge(expected_code, result.error());
    const std::string shown = *result ? ToJson(**result).substr(0, 300) : "undefined";
    if (!expected_code.empty()) return "got " + shown + " instead of the error " + expected_code;
    const json::value* expected = FindMember(test, "result");
    if (expected == nullptr) return *result ? "got " + shown + " instead of undefined" : "";
    if (*result && Same(*expected, **result)) return "";
    return "got " + shown + " instead of " + ToJson(*expected).substr(0, 300);
  }

  void set_folder(const fs::path& folder) { folder_ = folder; }

 private:
  static std::string ExpectedCode(const json::object& test) {
    if (const json::object* error = FindObject(test, "error")) return StringOr(*error, "code", "");
    return StringOr(test, "code", "");
  }

  static std::string Judge(const std::string& expected, const Error& error) {
    if (error.reason() == expected) return "";
    return "got the error " + error.reason() + " (" + error.message() + ")" +
           (expected.empty() ? "" : " instead of " + expected);
  }

  const json::value& Dataset(const std::string& name) {
    const auto found = datasets_.find(name);
    if (found != datasets_.end()) return found->second;
    Result<json::value> read = ReadJson(Corpus() / "datasets" / (name + ".json"));
    return datasets_.emplace(name, read ? *std::move(read) : json::value()).first->second;
  }

  static Result<std::optional<json::value>> Evaluate(const Expression& expression,
                                                     const json::object& test,
                                                     const std::optional<json::value>& input) {
    Environment environment;
    if (input) environment.input = &*input;
    const json::object* bindings = FindObject(test, "bindings");
    environment.variable = [bindings](std::string_view name) -> const json::value* {
      return bindings != nullptr ? FindMember(*bindings, name) : nullptr;
    };
    environment.now = FromEpochMilliseconds(1'700'000'000'123);
    std::uint64_t state = 1;
    environment.random = [&state] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return state ^ (state >> 29);
    };
    environment.limits.max_depth = static_cast<int>(FindInteger(test, "depth").value_or(500));
    environment.limits.max_range = 10'000'000;
    environment.limits.max_bytes = std::size_t{1} << 30;
    environment.limits.max_steps = 3'000'000;
    return expression.Evaluate(environment);
  }

  fs::path folder_;
  std::map<std::string, json::value> datasets_;
};

struct Tally {
  int passed = 0;
  int total = 0;
  int eval_passed = 0;
  int eval_total = 0;
  std::vector<std::string> misses;
};

Tally RunAll() {
  Tally tally;
  Runner runner;
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(Corpus() / "groups")) {
    if (entry.path().extension() == ".json") files.insert(entry.path());
  }
  for (const fs::path& file : files) {
    runner.set_folder(file.parent_path());
    Result<json::value> read = ReadJson(file);
    const std::string group = file.parent_path().filename();
    const std::string name = group + "/" + file.stem().string();
    if (!read) {
      tally.misses.push_back(name + ": " + read.error().message());
      ++tally.total;
      continue;
    }
    json::array tests;
    if (read->is_array()) {
      tests = read->get_array();
    } else {
      tests.push_back(*read);
    }
    for (std::size_t i = 0; i < tests.size(); ++i) {
      const std::string miss = runner.Run(tests[i].get_object());
      const bool eval = group == "function-eval";
      ++(eval ? tally.eval_total : tally.total);
      if (miss.empty()) ++(eval ? tally.eval_passed : tally.passed);
      if (!miss.empty() && !eval)
        tally.misses.push_back(name + "[" + std::to_string(i) + "]: " + miss);
    }
  }
  return tally;
}

TEST(CorpusTest, JsonataTestSuitePasses) {
  if (!fs::exists(Corpus() / "groups")) GTEST_SKIP() << "no test suite at " << Corpus();
  const Tally tally = RunAll();
  for (const std::string& miss : tally.misses) std::cout << "miss: " << miss << "\n";
  std::cout << tally.passed << " of " << tally.total
            << " cases pass; of $eval, which Step Functions "
            << "refuses, " << tally.eval_passed << " of " << tally.eval_total << "\n";
  EXPECT_EQ(tally.misses.size(), 0u);
}

}  // namespace
}  // namespace scones::jsonata

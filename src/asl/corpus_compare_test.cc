// Comparison with what was recorded, with the recorder's ways undone (see the corpus' README).
#include "asl/corpus_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "asl/path.h"

namespace scones::asl {
namespace {

// As the recorder did it: a string that starts with '{' is parsed one level deep.
json::value Unwrapped(const json::value& value) {
  if (const json::string* text = value.if_string()) {
    if (text->starts_with("{")) {
      auto parsed = ParseJson(*text);
      if (parsed) return *std::move(parsed);
    }
    return value;
  }
  if (const json::object* object = value.if_object()) {
    json::object out;
    for (const auto& member : *object) out.emplace(member.key(), Unwrapped(member.value()));
    return out;
  }
  if (const json::array* array = value.if_array()) {
    json::array out;
    for (const json::value& element : *array) out.push_back(Unwrapped(element));
    return out;
  }
  return value;
}

bool IsWildcard(std::string_view key, std::string_view expected, const Replacements& replacements) {
  const auto& ignored = replacements.ignored;
  if (std::find(ignored.begin(), ignored.end(), expected) != ignored.end()) return true;
  static const std::regex kPlaceholder("<[^<>]*>");
  if (expected == "timestamp" || expected == "date" || expected == "datetime" ||
      expected == "start-time") {
    return true;
  }
  // Volatile headers whose placeholder is the name of their member.
  const bool volatile_header = key.ends_with("RequestId") || key.ends_with("Trace-Id");
  if (volatile_header && expected == key) return true;
  return key == "roleArn" || key == "RoleArn" ||
         std::regex_search(expected.begin(), expected.end(), kPlaceholder);
}

// The text with each placeholder standing for any run of characters.
bool MatchesText(std::string_view key, std::string_view expected, std::string_view actual,
                 const Replacements& replacements) {
  if (expected == actual || expected == replacements.Apply(actual)) return true;
  if (!IsWildcard(key, expected, replacements)) return false;
  if (expected.find('<') == std::string_view::npos) return true;
  std::vector<std::string> pieces(1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t end = expected[i] == '<' ? expected.find('>', i) : std::string_view::npos;
    if (end != std::string_view::npos) {
      pieces.emplace_back();
      i = end;
    } else {
      pieces.back().push_back(expected[i]);
    }
  }
  const auto matches = [&](std::string_view text) {
    if (!text.starts_with(pieces.front()) || !text.ends_with(pieces.back())) return false;
    std::size_t at = 0;
    for (const std::string& piece : pieces) {
      const std::size_t found = text.find(piece, at);
      if (found == std::string_view::npos) return false;
      at = found + piece.size();
    }
    return true;
  };
  return matches(actual) || matches(replacements.Apply(actual));
}

// Empty when alike, else where they differ.
std::string Compare(const json::value& expected, const json::value& actual,
                    const std::string& place, std::string_view key,
                    const Replacements& replacements) {
  const json::string* text = expected.if_string();
  if (text != nullptr) {
    if (actual.is_string() && MatchesText(key, *text, actual.get_string(), replacements)) return "";
    if (!actual.is_string() && IsWildcard(key, *text, replacements)) return "";
    // A function's error is JSON as its runtime writes it; where it puts spaces has changed over
    // time.
    const bool error_text = key == "Cause" && text->starts_with("{") && actual.is_string();
    auto wanted = error_text ? ParseJson(*text) : Result<json::value>();
    auto got = error_text ? ParseJson(actual.get_string()) : Result<json::value>();
    if (wanted && got) return Compare(*wanted, *got, place, "", replacements);
    // A variable's value is JSON text; the placeholder may be inside a string of it.
    if (text->starts_with("\"") && actual.is_string()) {
      wanted = ParseJson(*text);
      got = ParseJson(actual.get_string());
      if (wanted && got && *wanted != expected)
        return Compare(*wanted, *got, place, key, replacements);
    }
  } else if (const json::object* object = expected.if_object();
             object != nullptr && actual.is_object()) {
    for (const auto& member : *object) {
      const json::value* other = actual.get_object().if_contains(member.key());
      if (other == nullptr)
        return fmt::format("{}/{} is missing", place, std::string_view(member.key()));
      std::string problem = Compare(member.value(), *other,
                                    fmt::format("{}/{}", place, std::string_view(member.key())),
                                    member.key(), replacements);
      if (!problem.empty()) return problem;
    }
    if (object->size() == actual.get_object().size()) return "";
  } else if (const json::array* array = expected.if_array();
             array != nullptr && actual.is_array()) {
    const json::array& others = actual.get_array();
    for (std::size_t i = 0; i < std::min(array->size(), others.size()); ++i) {
      std::string problem =
          Compare((*array)[i], others[i], fmt::format("{}[{}]", place, i), "", replacements);
      if (!problem.empty()) return problem;
    }
    if (array->size() == others.size()) return "";
  } else if (JsonEquals(expected, actual)) {
    return "";
  }
  const std::string wanted = ToJson(expected).substr(0, 300);
  return fmt::format("{}: expected {} but got {}", place, wanted, ToJson(actual).substr(0, 300));
}

// The recorder hid the order inside a Parallel state: it zeroed the ids of the events after a
// ParallelStateStarted, sorted them, and replaced the stretch up to the next end event by them
// (which drops a ParallelStateSucceeded before its ParallelStateExited). Done here in the same way.
void HideParallelOrder(std::vector<json::object>& events) {
  std::size_t start = 0;
  bool inside = false;
  bool seen = false;
  std::vector<json::object> stretch;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string type = StringOr(events[i], "type", "");
    if (type == "ParallelStateSucceeded" || type == "ParallelStateAborted" ||
        type == "ParallelStateExited" || type == "ParallelStateFailed") {
      if (seen) {
        const auto begin = events.begin() + static_cast<std::ptrdiff_t>(std::min(start, i));
        const auto at = events.erase(begin, events.begin() + static_cast<std::ptrdiff_t>(i));
        events.insert(at, stretch.begin(), stretch.end());
      }
      inside = false;
    } else if (type == "ParallelStateStarted") {
      inside = seen = true;
      stretch.clear();
      start = i + 1;
    } else if (inside) {
      events[i]["id"] = json::array{0};
      events[i]["previousEventId"] = 0;
      stretch.push_back(events[i]);
    }
  }
}

// Until 2024 AWS gave MapRunSucceeded as what led to a distributed Map's MapStateExited, since then
// MapRunStarted; recordings of the same machine differ by their date. Both are right.
void AcceptBothMapRunLinks(const json::array& expected, std::vector<json::object>& actual) {
  for (std::size_t i = 3; i < std::min(expected.size(), actual.size()); ++i) {
    const bool exit = StringOr(actual[i], "type", "") == "MapStateExited" &&
                      StringOr(actual[i - 2], "type", "") == "MapRunSucceeded";
    if (!exit) continue;
    const json::value& linked = expected[i].at("previousEventId");
    if (linked == actual[i - 2].at("id") || linked == actual[i - 2].at("previousEventId")) {
      actual[i]["previousEventId"] = linked;
    }
  }
}

bool IsUnordered(const json::value& event) {
  return !event.at("id").is_int64() || event.at("id") == 0;
}

}  // namespace

std::string CompareHistory(const json::array& expected, const std::vector<HistoryEvent>& history,
                           const Replacements& replacements) {
  std::vector<json::object> actual;
  for (const HistoryEvent& event : history) {
    json::object one = {{"id", event.id},
                        {"previousEventId", event.previous_id},
                        {"timestamp", "timestamp"},
                        {"type", EventTypeName(event.type)}};
    if (!EventDetailsMember(event.type).empty()) {
      one[EventDetailsMember(event.type)] = Unwrapped(event.details);
    }
    actual.push_back(std::move(one));
  }
  // Recorded with reverseOrder.
  if (expected.size() > 1 && expected.back().at("id") == 1)
    std::reverse(actual.begin(), actual.end());
  if (std::any_of(expected.begin(), expected.end(), IsUnordered)) HideParallelOrder(actual);
  AcceptBothMapRunLinks(expected, actual);
  for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
    if (!IsUnordered(expected[i])) {
      std::string problem =
          Compare(expected[i], actual[i], fmt::format("history[{}]", i), "", replacements);
      if (!problem.empty()) return problem;
      continue;
    }
    // Any one of the actual stretch that is not taken yet.
    bool found = false;
    for (std::size_t j = i; j < actual.size() && !found && IsUnordered(actual[j]); ++j) {
      found = Compare(expected[i], actual[j], "", "", replacements).empty();
      if (found) std::swap(actual[i], actual[j]);
    }
    if (!found)
      return fmt::format("history[{}]: no match for {}", i, ToJson(expected[i]).substr(0, 300));
  }
  if (expected.size() == actual.size()) return "";
  std::string types;
  for (const json::object& one : actual) types += " " + StringOr(one, "type", "");
  return fmt::format("history has {} events instead of {}:{}", actual.size(), expected.size(),
                     types);
}

std::string CompareOutcome(const json::object& expected, const std::optional<Outcome>& outcome,
                           const Replacements& replacements) {
  const std::string status(
      ExecutionStatusName(outcome ? outcome->status : ExecutionStatus::kRunning));
  if (status != StringOr(expected, "status", "")) {
    return fmt::format("status {} {} {}", status, outcome ? outcome->error.value_or("") : "",
                       outcome ? outcome->cause.value_or("") : "");
  }
  if (const json::value* output = FindMember(expected, "output")) {
    auto actual = ParseJson(outcome->output);
    if (!actual) return "output is not JSON";
    std::string problem =
        Compare(Unwrapped(*output), Unwrapped(*actual), "output", "", replacements);
    if (!problem.empty()) return problem;
  }
  for (const auto& [name, actual] : {std::pair{"error", outcome ? outcome->error : std::nullopt},
                                     std::pair{"cause", outcome ? outcome->cause : std::nullopt}}) {
    const json::value* wanted = FindMember(expected, name);
    if (wanted == nullptr) continue;
    const json::value got = actual ? Unwrapped(json::value(*actual)) : json::value();
    std::string problem = Compare(*wanted, got, name, "", replacements);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace scones::asl

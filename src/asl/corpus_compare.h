// Test support: compares an execution with a recorded one. Test code only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asl/history.h"
#include "asl/step.h"
#include "base/json.h"

namespace scones::asl {

// What the case says of volatile values.
struct Replacements {
  std::vector<std::pair<std::string, std::string>> texts;  // recorded value, placeholder
  std::vector<std::string> ignored;  // placeholders of values that may be anything

  explicit Replacements(const json::object& one) {
    for (const json::value& pair : one.at("replacements").as_array()) {
      texts.emplace_back(pair.at(0).as_string(), pair.at(1).as_string());
    }
    for (const json::value& pair : one.at("ignore_jsonpaths").as_array()) {
      ignored.emplace_back(pair.at(1).as_string());
    }
  }

  std::string Apply(std::string_view text) const {
    std::string out(text);
    for (const auto& [value, placeholder] : texts) {
      for (std::size_t at = out.find(value); at != std::string::npos;
           at = out.find(value, at + placeholder.size())) {
        out.replace(at, value.size(), placeholder);
      }
    }
    return out;
  }
};

// Empty when alike, else the first place that differs.
std::string CompareHistory(const json::array& expected, const std::vector<HistoryEvent>& history,
                           const Replacements& replacements);
std::string CompareOutcome(const json::object& expected, const std::optional<Outcome>& outcome,
                           const Replacements& replacements);

}  // namespace scones::asl
